// People who pause runs that live: let them go on after a while, or stop them instead.
#include <fmt/format.h>

#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {

/// Whether it is there to be paused, or let go on: who works on one run alone has not got the others.
bool World::may_ask_about(RunNo run_no) {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return false;
  const DagRun* run = scheduler_->engine().run(run_no);
  return run != nullptr && !is_final(run->row.state);
}

void World::plan_pause(RunNo run_no) {
  if (!pausers_.percent(25)) return;
  later(pausers_.log_between(kMillisecond, 2 * kMinute), [this, run_no] { want_pause(run_no); });
}

void World::want_pause(RunNo run_no) {
  if (!may_ask_about(run_no) || !ground_.may_harm()) return;
  ground_.say(fmt::format("person pauses run {}", run_no));
  scheduler_->ask(PauseRun{run_no, true, "wait"}, [this, run_no](const Result<Answer>& how) {
    if (how) disk_.accepted_pause(run_no, true);
  });
  const DurationUs span = pausers_.log_between(100 * kMillisecond, 15 * kMinute);
  if (pausers_.percent(25)) later(span / 2, [this, run_no] { want_stop(run_no, false); });
  later(span, [this, run_no] { let_run_go_on(run_no); });
}

/// Comes again until it is so, and looks once more whether the pause was on its way still: one that is paused for ever
/// would end no day.
void World::let_run_go_on(RunNo run_no) {
  const DiskRun* run = disk_.find(run_no);
  if (run == nullptr || is_final(run->row.state)) return;
  const bool is_paused = run->row.paused.holds();
  if (is_paused && may_ask_about(run_no)) {
    ground_.say(fmt::format("person lets run {} go on", run_no));
    scheduler_->ask(PauseRun{run_no, false, ""}, [this, run_no](const Result<Answer>& how) {
      if (how) disk_.accepted_pause(run_no, false);
    });
  }
  later(is_paused ? 5 * kSecond : kMinute, [this, run_no, is_paused] {
    const DiskRun* now = disk_.find(run_no);
    if (is_paused || (now != nullptr && now->row.paused.holds())) let_run_go_on(run_no);
  });
}

void World::let_all_runs_go_on() {
  for (const auto& [run_no, run] : disk_.runs()) {
    if (run.row.paused.holds()) let_run_go_on(run_no);
  }
}

}  // namespace baton::sim
