#include "scheduler/service/ticks_service.h"

#include <algorithm>

#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr DurationUs kLookEvery = kMinute;  // a wall timer is never trusted for longer: the clock may step
/// Before whatever a clock shows. Who is put in front with what it shows now would, were it set back, stand behind all
/// until it has come there again.
constexpr WallUs kInFront = 0;

}  // namespace

void TicksService::start(const ServiceSnapshot& found) {
  const Moment now{loop_.wall_now(), loop_.mono_now()};
  WallUs newest = found.newest;  // no cursor was ever ahead of the clock that moved it
  for (const DagRow& row : found.dags) newest = std::max(newest, row.cursor);
  for (const TickRecordRow& row : found.waiting) newest = std::max(newest, row.to);
  clock_.emplace(now, newest);
  gate_.is_clock_suspect = clock_->state() == ClockWatch::State::suspect;
  if (gate_.is_clock_suspect) host_.say("the clock is earlier than what is stored: no scheduled runs for now");
  for (const ServerStateRow& row : found.server) {
    if (row.name != "frozen") continue;
    gate_.frozen = {row.since, row.actor};
    gate_.frozen_why = row.reason;
  }
  if (gate_.frozen.holds() && !BATON_BUG(freeze_forgotten_at_restart)) host_.freeze(true);
  for (const DagRow& row : found.dags) {
    Scheduled& dag = dag_named(row.dag_id);
    dag.row = row;
    dag.state.cursor = row.cursor;
  }
  for (const TickRecordRow& row : found.waiting) {
    if (BATON_BUG(waiting_ticks_lost_at_restart)) break;
    dag_named(row.dag_id).state.waiting.push_back({row.from, row.to, row.ticks, row.reason, row.run_no});
  }
  for (const TickRecordRow& row : found.last) {
    dag_named(row.dag_id).state.last = TickRange{row.from, row.to, row.ticks, row.reason, row.run_no};
  }
  for (auto& [id, dag] : dags_) {
    if (dag.row.version.empty() || dag.row.schedule_since == kNoTime) continue;  // it has nothing but runs yet
    if (dag.row.paused.holds() && !BATON_BUG(pause_forgotten_at_restart)) host_.hold_dag(id, true);
    const DagGate gate = gate_of(dag.row, {});
    if (gate != DagGate::active) continue;  // when it goes on, its ticks are told by what held it
    if (!BATON_BUG(restart_misses_nothing)) {
      miss(dag.state, {now.wall, gate_.frozen.holds() ? TickReason::frozen : TickReason::catchup, true});
    }
    if (!dag.state.waiting.empty()) {
      wake_dag(dag, kInFront);
    } else if (dag.row.next_tick != kNoTime) {
      wake_dag(dag, dag.row.next_tick);
    }
  }
  set_timer();
}

void TicksService::stop() {
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
  clock_.reset();  // runs that end from here on make room for nobody
}

std::optional<WallUs> TicksService::next_wake() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

const DagRow* TicksService::dag(const std::string& dag_id) const {
  const auto found = dags_.find(dag_id);
  return found == dags_.end() ? nullptr : &found->second.row;
}

TicksService::Scheduled& TicksService::dag_named(const std::string& dag_id) {
  Scheduled& dag = dags_[dag_id];
  dag.row.dag_id = dag_id;
  return dag;
}

// ---- time ----

/// Everything that is due by now. Where the server is held, those that are due stay in front until it goes on.
void TicksService::look() {
  if (!clock_) return;
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
  const Moment now{loop_.wall_now(), loop_.mono_now()};
  clock_seen(clock_->look(now));
  if (!gate_.frozen.holds() && !gate_.is_clock_suspect) {
    std::vector<Scheduled*> due;
    while (!due_.empty() && due_.begin()->first <= now.wall) {
      due.push_back(due_.begin()->second);
      forget_wake(*due.back());
    }
    for (Scheduled* dag : due) take_step(*dag);
  }
  set_timer();
}

void TicksService::clock_seen(const ClockWatch::Seen& seen) {
  const WallUs now = loop_.wall_now();
  if (seen.became_suspect) {
    gate_.is_clock_suspect = true;
    host_.say("the clock has jumped: no scheduled runs until it has been steady for two minutes");
  }
  if (seen.became_trusted) {
    gate_.is_clock_suspect = false;
    host_.say("the clock is trusted again");
    for (auto& [id, dag] : dags_) {
      // Nobody acts on a time that is in doubt, but what comes meanwhile is dated by it.
      if (!seen.went_back_far && !lies_ahead(dag.state, now + kClockTrust)) continue;
      when_settled(dag, [this, &dag = dag] { take_back(dag, loop_.wall_now()); });
      // Where the server is frozen too: who is not in front now would wait for the time that never was.
      if (gate_of(dag.row, {}) == DagGate::active && dag.row.schedule_since != kNoTime) wake_dag(dag, kInFront);
    }
  }
  if (seen.has_missed) miss_all(now, seen.became_trusted ? TickReason::clock : TickReason::catchup);
}

/// What the clock has told of a time that has not come counts for nothing. Written at once: after a restart nothing but
/// the rows would tell that the cursor lies ahead.
void TicksService::take_back(Scheduled& dag, WallUs now) {
  if (!lies_ahead(dag.state, now) || BATON_BUG(future_that_never_was_stays)) return;
  dag.is_busy = true;
  if (!dag.known) {
    const auto found = [this, &dag, now](Result<ScheduledDag> read) {
      if (!dag.known) dag.known = read ? std::move(read).value() : ScheduledDag{};
      take_back(dag, now);
    };
    return host_.find_schedule(dag.row.dag_id, dag.row.version, guarded(found));
  }
  TickPlan plan;
  ServiceRows rows;
  if (dag.known->schedule) {
    plan = pull_back(*dag.known->schedule, dag.state, now);
    rows = rows_of(dag, plan);
  } else {
    plan.after = edited({}, now);
    rows.cursors.push_back({dag.row.dag_id, now, kNoTime});
  }
  std::erase_if(dag.state.missed, [now](const MissedSpan& span) { return span.until > now; });
  host_.write(std::move(rows), {}, guarded([this, &dag, plan] { written(dag, plan); }));
}

/// Those that are due: nobody saw them as they fell due.
void TicksService::miss_all(WallUs now, TickReason reason) {
  for (const auto& [wake, dag] : due_) {
    if (wake > now) break;
    miss(dag->state, {now, reason, true});
  }
}

void TicksService::trust_clock() {
  if (clock_) clock_seen(clock_->trust({loop_.wall_now(), loop_.mono_now()}));
  set_timer();
}

void TicksService::set_timer() {
  if (timer_ != 0) loop_.cancel(timer_);
  DurationUs wait = kLookEvery;
  const bool is_held = gate_.frozen.holds() || gate_.is_clock_suspect;
  if (!due_.empty() && !is_held) wait = std::clamp<DurationUs>(due_.begin()->first - loop_.wall_now(), 0, kLookEvery);
  timer_ = loop_.call_at(loop_.mono_now() + wait, guarded([this] { look(); }));
}

void TicksService::wake_dag(Scheduled& dag, WallUs at) {
  if (dag.wake == at) return;
  forget_wake(dag);
  dag.wake = at;
  const bool is_first = due_.empty() || at < due_.begin()->first;
  due_.insert({at, &dag});
  if (is_first && clock_ && timer_ != 0) set_timer();  // 0: look() sets it when it is through
}

void TicksService::forget_wake(Scheduled& dag) {
  if (dag.wake != kNoTime) due_.erase({dag.wake, &dag});
  dag.wake = kNoTime;
}

// ---- plans ----

void TicksService::take_step(Scheduled& dag) {
  if (!clock_ || dag.is_busy || gate_of(dag.row, {}) != DagGate::active) return;
  if (why_no_run(dag.row, gate_)) return wake_dag(dag, kInFront);  // for when the server goes on
  if (!dag.known) return learn_schedule(dag);
  if (!dag.known->schedule || !dag.known->schedule->ticks.has_ticks()) return;
  const TickSchedule& schedule = *dag.known->schedule;
  const TickPlan plan = plan_ticks(schedule, dag.state, {loop_.wall_now(), open_scheduled(dag)});
  if (!plan.is_empty()) return carry_out(dag, plan);
  if (const auto next = wake_at(schedule, dag.state)) wake_dag(dag, *next);
}

void TicksService::learn_schedule(Scheduled& dag) {
  dag.is_busy = true;
  const auto learned = [this, &dag, version = dag.row.version](Result<ScheduledDag> found) {
    if (!found) host_.say("the schedule of DAG \"" + dag.row.dag_id + "\" cannot be read: " + found.error().message);
    if (found && dag.row.version == version && !dag.known) dag.known = std::move(found).value();
    if (!found && !dag.known) dag.known.emplace();
    settled(dag);
  };
  host_.find_schedule(dag.row.dag_id, dag.row.version, guarded(learned));
}

ServiceRows TicksService::rows_of(const Scheduled& dag, const TickPlan& plan) const {
  ServiceRows rows;
  const auto next = dag.known->schedule->ticks.next_tick(plan.after.cursor);
  rows.cursors.push_back({dag.row.dag_id, plan.after.cursor, next ? next->run_after : kNoTime});
  const WallUs now = loop_.wall_now();
  for (const TickRange& range : plan.records) {
    rows.ticks.push_back({dag.row.dag_id, range.from, range.to, range.ticks, range.reason, range.run_no, now});
  }
  return rows;
}

void TicksService::carry_out(Scheduled& dag, const TickPlan& plan) {
  dag.is_busy = true;
  if (!plan.run) {
    return host_.write(rows_of(dag, plan), {}, guarded([this, &dag, plan] { written(dag, plan); }));
  }
  const auto made = std::make_shared<RunNo>(0);
  const auto done = [this, &dag, plan, made](const PartVerdict& verdict) { run_made(dag, plan, *made, verdict); };
  *made = host_.make_run({dag.row.dag_id, dag.row.version, *plan.run}, rows_of(dag, plan), guarded(done));
  dag.open[*made] = true;
}

/// The date may have a run that somebody else has made: then the tick ends in a record of that.
void TicksService::run_made(Scheduled& dag, const TickPlan& plan, RunNo run_no, const PartVerdict& verdict) {
  if (!verdict.is_done()) {
    dag.open.erase(run_no);
    const TickPlan recorded = BATON_BUG(taken_date_not_recorded) ? plan : with_existing(plan, verdict.run_no);
    return host_.write(rows_of(dag, recorded), {}, guarded([this, &dag, recorded] { written(dag, recorded); }));
  }
  if (plan.cancels_open) {
    const std::map<RunNo, bool> open = dag.open;
    for (const auto& [other, is_scheduled] : open) {
      if (is_scheduled && other != run_no) host_.stop_run(other);
    }
  }
  written(dag, plan);
}

void TicksService::written(Scheduled& dag, const TickPlan& plan) {
  std::vector<MissedSpan> missed = std::move(dag.state.missed);  // told while the plan was on its way
  dag.state = plan.after;
  std::erase_if(missed, [&](const MissedSpan& span) { return span.until <= dag.state.cursor; });
  dag.state.missed = std::move(missed);
  dag.row.cursor = dag.state.cursor;
  settled(dag);
}

void TicksService::settled(Scheduled& dag) {
  dag.is_busy = false;
  while (!dag.is_busy && !dag.afterwards.empty()) {
    const std::function<void()> then = std::move(dag.afterwards.front());
    dag.afterwards.pop_front();
    then();
  }
  if (!dag.is_busy) take_step(dag);
}

void TicksService::when_settled(Scheduled& dag, std::function<void()> then) {
  if (!dag.is_busy && dag.afterwards.empty()) return then();
  dag.afterwards.push_back(std::move(then));
}

// ---- runs ----

std::int32_t TicksService::open_scheduled(const Scheduled& dag) const {
  return static_cast<std::int32_t>(
      std::count_if(dag.open.begin(), dag.open.end(), [](const auto& run) { return run.second; }));
}

void TicksService::run_opened(const RunRow& run) {
  dag_named(run.dag_id).open[run.run_no] = run.type == RunType::scheduled;
}

}  // namespace baton
