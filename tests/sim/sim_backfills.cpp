#include "tests/sim/sim_backfills.h"

#include <fmt/format.h>

#include <utility>

namespace baton::sim {
namespace {

constexpr DurationUs kBeatUs = 20 * kSecond;  ///< a server looks every second, which would fill the day

}  // namespace

SimBackfills::SimBackfills(Ground& ground, Disk& disk, ProcessLoop& loop, SimStore& store, Host& host,
                           RunMakers& makers)
    : ground_(ground),
      disk_(disk),
      loop_(loop),
      store_(store),
      host_(loop, store, host, makers.ticks(), makers.shelf(), Config{},
            [this](const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done) {
              find_dates(dag_id, from, to, std::move(done));
            },
            [this](const std::string& line) { ground_.say("server: " + line); }),
      backfills_(loop, host_) {
  makers.on_waiting_ended([this](const RunRow& row) { run_ended(row.run_no); });
}

void SimBackfills::start(const ServiceSnapshot& found) {
  backfills_.start(found);
  if (backfills_.open_count() > 0) beat();
}

void SimBackfills::beat() {
  backfills_.look();
  if (backfills_.open_count() == 0) return;
  loop_.call_at(loop_.mono_now() + kBeatUs, [this] { beat(); });
}

/// A thread reads them: a while later, as they were then.
void SimBackfills::find_dates(const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done) {
  const MonoUs at = loop_.mono_now() + ground_.latency.log_between(50, 20 * kMillisecond);
  ground_.loop.call(loop_.process(), at, [this, dag_id, from, to, done = std::move(done)] {
    std::vector<CoveredDate> found;
    for (const BackfillBooks::Dated& one : disk_.backfills().dates(dag_id, from, to)) {
      const RunRow& row = disk_.find(one.run_no)->row;
      found.push_back({one.date, {one.run_no, row.state, row.reason == Reason::stopped, one.backfill_no}});
    }
    loop_.post([done, found = std::move(found)] { done(found); });
    if (on_dates) loop_.post([this, dag_id] { on_dates(dag_id); });
  });
}

AuditRow SimBackfills::audit_of(const char* action, const std::string& dag_id) const {
  AuditRow audit;
  audit.at = ground_.loop.wall();
  audit.actor = "somebody";
  audit.action = action;
  audit.dag_id = dag_id;
  return audit;
}

void SimBackfills::create(BackfillAsk ask, Backfills::OnMade done) {
  const std::string id = ask.dag_id;
  backfills_.create(std::move(ask), "somebody", audit_of("create_backfill", id),
                    [this, done = std::move(done)](const Result<std::int64_t>& made) {
                      if (!disk_.leads(store_.leader_epoch())) return;
                      if (made) {
                        disk_.backfills().accepted(*made, BackfillState::running, false);
                        loop_.call_at(loop_.mono_now() + kBeatUs, [this] { beat(); });
                      }
                      done(made);
                    });
}

void SimBackfills::change(std::int64_t backfill_no, BackfillState wish, Backfills::OnDone done) {
  const bool is_only = ++asked_[backfill_no] == 1;
  const auto told = [this, backfill_no, wish, is_only, done = std::move(done)](const Status& how) {
    const bool is_alone = asked_[backfill_no]-- == 1 && is_only;
    if (!disk_.leads(store_.leader_epoch())) return;
    if (how) disk_.backfills().accepted(backfill_no, wish, is_alone);
    done(how);
  };
  const std::string id = backfills_.dag_of(backfill_no);
  switch (wish) {
    case BackfillState::running: return backfills_.resume(backfill_no, audit_of("resume_backfill", id), told);
    case BackfillState::paused: return backfills_.pause(backfill_no, audit_of("pause_backfill", id), told);
    case BackfillState::cancelled: return backfills_.cancel(backfill_no, audit_of("cancel_backfill", id), told);
    case BackfillState::completed: return;
  }
}

}  // namespace baton::sim
