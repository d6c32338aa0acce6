// TicksService: DAGs that come, change and go; pause, drain, freeze; what pauses a DAG by itself.
#include <utility>

#include "scheduler/control/actor.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/service/ticks_service.h"

namespace baton {
namespace {

AuditRow audit_by_itself(const std::string& action, const std::string& dag_id, const std::string& why, WallUs at) {
  RunRow of;
  of.dag_id = dag_id;
  return audit_row({"baton", "", ""}, action, of, why, at);
}

}  // namespace

/// A version of a DAG that a file has brought.
struct TicksService::Arrival {
  std::string file, version, schedule_hash;
  ScheduledDag dag;
  ServiceRows rows;
  std::function<void()> done;
};

// ---- files ----

void TicksService::put_dag(const std::string& dag_id, const std::string& file, const std::string& version,
                           const std::string& schedule_hash, ScheduledDag dag, ServiceRows rows,
                           std::function<void()> done) {
  auto arrival = std::make_shared<Arrival>(
      Arrival{file, version, schedule_hash, std::move(dag), std::move(rows), std::move(done)});
  Scheduled& of = dag_named(dag_id);
  when_settled(of, [this, &of, arrival] { arrive(of, std::move(*arrival)); });
}

void TicksService::arrive(Scheduled& dag, Arrival arrival) {
  dag.is_busy = true;
  if (dag.row.schedule_since == kNoTime) return first_seen(dag, std::move(arrival));
  const WallUs now = loop_.wall_now();
  if (dag.row.stale.holds()) {  // a DAG without a file has no ticks: there are none to account for
    dag.row.stale = {};
    dag.row.schedule_since = now;
    dag.state = edited(dag.state, now);
    return take_version(dag, std::move(arrival));
  }
  if (dag.row.schedule_hash == arrival.schedule_hash) return take_version(dag, std::move(arrival));
  const auto later = std::make_shared<Arrival>(std::move(arrival));
  end_schedule(dag, now, [this, &dag, later, now] {
    dag.state = edited(dag.state, now);
    dag.row.schedule_since = now;
    take_version(dag, std::move(*later));
  });
}

void TicksService::first_seen(Scheduled& dag, Arrival arrival) {
  const WallUs now = loop_.wall_now();
  dag.row.schedule_since = now;
  dag.state = {};
  dag.state.cursor = now;
  if (arrival.dag.schedule) {
    const FirstSight sight = first_sight(*arrival.dag.schedule, now);
    dag.state = sight.state;
    if (sight.begins_paused) {
      dag.row.paused = {now, std::string(kPausedByCatchup)};
      host_.hold_dag(dag.row.dag_id, true);
      host_.say("DAG \"" + dag.row.dag_id + "\" begins paused: more than " + std::to_string(kCatchupUnasked) +
                " ticks since its start would be caught up; resume it to run them");
    }
  }
  take_version(dag, std::move(arrival));
}

/// What was due of its schedule up to `now`, or waits, ends in records. Comes back to itself until all of it is written;
/// the DAG is busy until `then`.
void TicksService::end_schedule(Scheduled& dag, WallUs now, std::function<void()> then) {
  if (!dag.known) {
    const auto found = [this, &dag, now, then = std::move(then)](Result<ScheduledDag> old) {
      dag.known = old ? std::move(old).value() : ScheduledDag{};  // one that cannot be read has nothing to account for
      end_schedule(dag, now, then);
    };
    return host_.find_schedule(dag.row.dag_id, dag.row.version, guarded(found));
  }
  if (!dag.known->schedule) return then();
  const TickReason reason = why_no_run(dag.row, gate_).value_or(TickReason::catchup);
  const TickPlan plan = plan_edit(*dag.known->schedule, dag.state, now, reason);
  if (plan.is_empty() || BATON_BUG(edit_forgets_what_was_due)) return then();
  const auto written = [this, &dag, plan, now, then = std::move(then)] {
    dag.state = plan.after;
    end_schedule(dag, now, then);
  };
  host_.write(rows_of(dag, plan), {}, guarded(written));
}

/// From here on new runs get this version.
void TicksService::take_version(Scheduled& dag, Arrival arrival) {
  dag.row.file = arrival.file;
  dag.row.version = arrival.version;
  dag.row.schedule_hash = arrival.schedule_hash;
  dag.known = std::move(arrival.dag);
  arrival.rows.cursors.push_back({dag.row.dag_id, dag.state.cursor, next_tick_of(dag)});
  forget_wake(dag);
  write_dag(dag, std::move(arrival.rows), {}, [this, &dag, done = std::move(arrival.done)] {
    if (done) done();
    settled(dag);
  });
}

WallUs TicksService::next_tick_of(const Scheduled& dag) const {
  if (!dag.known || !dag.known->schedule) return kNoTime;
  const auto next = dag.known->schedule->ticks.next_tick(dag.state.cursor);
  return next ? next->run_after : kNoTime;
}

void TicksService::lose_dag(const std::string& dag_id, const std::string& why, ServiceRows rows,
                            std::function<void()> done) {
  Scheduled& dag = dag_named(dag_id);
  const auto lose = [this, &dag, why, rows = std::move(rows), done = std::move(done)] {
    dag.is_busy = true;
    forget_wake(dag);
    const WallUs now = loop_.wall_now();
    const auto stale = [this, &dag, why, rows, done, now] {
      dag.row.stale = {now, why};
      dag.row.file.clear();
      write_dag(dag, rows, {}, [this, &dag, done] {
        if (done) done();
        settled(dag);
      });
    };
    dag.row.stale.holds() || dag.row.schedule_since == kNoTime ? stale() : end_schedule(dag, now, stale);
  };
  when_settled(dag, lose);
}

bool TicksService::forget_dag(const std::string& dag_id) {
  const auto found = dags_.find(dag_id);
  if (found == dags_.end()) return true;
  Scheduled& dag = found->second;
  if (!dag.row.file.empty() || !dag.open.empty() || dag.is_busy || !dag.afterwards.empty()) return false;
  forget_wake(dag);
  dags_.erase(found);
  return true;
}

void TicksService::write_dag(const Scheduled& dag, ServiceRows rows, std::vector<AuditRow> audit,
                             std::function<void()> done) {
  rows.dags.push_back(dag.row);
  host_.write(std::move(rows), std::move(audit), guarded(std::move(done)));
}

// ---- pause, drain, freeze ----

Result<TicksService::Scheduled*> TicksService::find(const std::string& dag_id) {
  const auto found = dags_.find(dag_id);
  if (found != dags_.end() && found->second.row.schedule_since != kNoTime) return &found->second;
  return Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
}

/// Holding counts from now on, going on only when it is durable: what a crash takes back is never a run too many.
void TicksService::change_holds(Scheduled& dag, const Held& paused, const Held& draining, AuditRow audit,
                                std::function<void()> done) {
  const WallUs now = loop_.wall_now();
  const std::optional<TickReason> was = why_no_run(dag.row, gate_);
  if (was) miss(dag.state, {now, *was, *was != TickReason::drained});
  const bool goes_on = !paused.holds();
  if (goes_on && dag.row.paused.holds()) dag.row.failed_in_row = 0;
  dag.row.paused = paused;
  dag.row.draining = draining;
  forget_wake(dag);
  if (!goes_on) host_.hold_dag(dag.row.dag_id, true);
  write_dag(dag, {}, {std::move(audit)}, [this, &dag, goes_on, done = std::move(done)] {
    if (goes_on && !dag.row.paused.holds()) host_.hold_dag(dag.row.dag_id, false);
    if (done) done();
    take_step(dag);
  });
}

/// What is asked for holds already. It may be on its way to the store still: the answer comes behind it.
void TicksService::tell_durable(OnHeld done) {
  host_.write({}, {}, guarded([done = std::move(done)] { done(Unit{}); }));
}

void TicksService::pause(const std::string& dag_id, const Held& held, AuditRow audit, OnHeld done) {
  const auto dag = find(dag_id);
  if (!dag) return done(dag.error());
  if ((*dag)->row.paused.holds()) return tell_durable(std::move(done));
  change_holds(**dag, held, {}, std::move(audit), [done = std::move(done)] { done(Unit{}); });
}

void TicksService::drain(const std::string& dag_id, const Held& held, AuditRow audit, OnHeld done) {
  const auto dag = find(dag_id);
  if (!dag) return done(dag.error());
  Scheduled& of = **dag;
  if (of.row.paused.holds() || of.row.draining.holds()) return tell_durable(std::move(done));
  change_holds(of, {}, held, std::move(audit), [this, &of, done = std::move(done)] {
    done(Unit{});
    pause_drained(of);
  });
}

void TicksService::resume(const std::string& dag_id, AuditRow audit, OnHeld done) {
  const auto dag = find(dag_id);
  if (!dag) return done(dag.error());
  if (!(*dag)->row.paused.holds() && !(*dag)->row.draining.holds()) return tell_durable(std::move(done));
  change_holds(**dag, {}, {}, std::move(audit), [done = std::move(done)] { done(Unit{}); });
}

/// A draining DAG whose last run has ended is paused, by whoever drained it.
void TicksService::pause_drained(Scheduled& dag) {
  if (!dag.row.draining.holds() || dag.row.paused.holds() || !dag.open.empty()) return;
  const WallUs now = loop_.wall_now();
  const Held paused{now, dag.row.draining.by};
  change_holds(dag, paused, {}, audit_by_itself("pause", dag.row.dag_id, "drained", now), nullptr);
}

void TicksService::freeze(const Held& held, const std::string& why, AuditRow audit, OnHeld done) {
  if (gate_.frozen.holds()) return tell_durable(std::move(done));
  look();  // what is due was due before
  gate_.frozen = held;
  gate_.frozen_why = why;
  host_.freeze(true);
  ServiceRows rows;
  rows.server.push_back({"frozen", "1", held.since, held.by, why});
  host_.write(std::move(rows), {std::move(audit)}, guarded([done = std::move(done)] { done(Unit{}); }));
}

void TicksService::thaw(AuditRow audit, OnHeld done) {
  if (!gate_.frozen.holds()) return tell_durable(std::move(done));
  ServiceRows rows;
  rows.server.push_back({"frozen", "", kNoTime, "", ""});
  host_.write(std::move(rows), {std::move(audit)}, guarded([this, done = std::move(done)] {
                miss_all(loop_.wall_now(), TickReason::frozen);
                gate_.frozen = {};
                gate_.frozen_why.clear();
                host_.freeze(false);
                done(Unit{});
                look();
              }));
}

// ---- runs that end ----

void TicksService::run_ended(const RunRow& run, std::int32_t failed_runs_max) {
  Scheduled& dag = dag_named(run.dag_id);
  dag.open.erase(run.run_no);
  if (dag.row.schedule_since == kNoTime) return;
  count_failure(dag, run, failed_runs_max);
  pause_drained(dag);
  take_step(dag);  // there may be room now
}

void TicksService::run_dropped(const RunRow& run) {
  Scheduled& dag = dag_named(run.dag_id);
  dag.open.erase(run.run_no);
  if (dag.row.schedule_since == kNoTime) return;
  pause_drained(dag);
  take_step(dag);
}

/// Backfills and what a person has ended say nothing of the DAG's health.
void TicksService::count_failure(Scheduled& dag, const RunRow& run, std::int32_t failed_runs_max) {
  if (run.type == RunType::backfill || run.reason == Reason::stopped || run.reason == Reason::marked) return;
  const std::int32_t before = dag.row.failed_in_row;
  dag.row.failed_in_row = run.state == RunState::failed ? before + 1 : 0;
  if (dag.row.failed_in_row == before) return;
  const bool too_many = failed_runs_max > 0 && dag.row.failed_in_row >= failed_runs_max;
  if (!too_many || dag.row.paused.holds()) return write_dag(dag, {}, {}, [] {});
  const WallUs now = loop_.wall_now();
  const std::string why = std::to_string(dag.row.failed_in_row) + " runs have failed in a row";
  host_.say("DAG \"" + dag.row.dag_id + "\" is paused: " + why);
  change_holds(dag, {now, std::string(kPausedByFailures)}, {}, audit_by_itself("pause", dag.row.dag_id, why, now),
               nullptr);
}

}  // namespace baton
