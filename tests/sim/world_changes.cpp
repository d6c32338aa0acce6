// What people change of runs that live or have ended, while a scheduler is at work: clears and marks.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {

/// `run_no` 0: some run that has been made by then.
void World::plan_change(RunNo run_no, MonoUs at) {
  ground_.loop.call(kMachine, std::min(at, ground_.calm_at - kMinute), [this, run_no] { want_change(run_no); });
}

/// Mostly one task or an instance of it, sometimes two.
std::vector<TaskChoice> World::choose_tasks(const DiskRun& run) {
  std::vector<TaskChoice> out;
  for (std::int64_t k = changes_.percent(25) ? 2 : 1; k > 0; --k) {
    const auto t = static_cast<TaskNo>(changes_.below(static_cast<std::int64_t>(run.dag->topological.size())));
    TaskChoice& choice = out.emplace_back(TaskChoice{run.dag->task(t).id, std::nullopt});
    const auto rows = static_cast<std::int64_t>(run.of_task(t).size());
    if (rows > 1 && changes_.percent(60)) choice.map_index = static_cast<std::int32_t>(changes_.below(rows));
  }
  return out;
}

/// Who works on one run alone is asked about that run alone: it has not got the others.
void World::want_change(RunNo run_no) {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return;
  if (disk_.runs().empty()) return;
  if (run_no == 0) {
    auto at = disk_.runs().begin();
    std::advance(at, changes_.below(static_cast<std::int64_t>(disk_.runs().size())));
    run_no = at->first;
  }
  const DiskRun* run = disk_.find(run_no);
  if (run == nullptr || (scheduler_->is_alone() && scheduler_->engine().run(run_no) == nullptr)) return;
  const bool has_ended = run->is_finished();
  const auto heard = [](const Result<Answer>&) {};  // refused or done: the disk tells
  const std::int64_t kind = changes_.below(10);
  if (kind == 9) return want_mark_of_run(run_no);
  if (kind < 6) {
    ClearTasks clear;
    clear.run_no = run_no;
    if (changes_.percent(90)) clear.tasks = choose_tasks(*run);
    clear.include_upstream = changes_.percent(20);
    clear.include_downstream = changes_.percent(75);
    clear.only_failed = changes_.percent(10);
    clear.only_running = changes_.percent(10);
    if (!ground_.strike(has_ended ? Fault::finished_run_cleared : Fault::clear_requested)) return;
    ground_.say(fmt::format("person clears tasks of run {}", run_no));
    return scheduler_->ask(std::move(clear), heard);
  }
  MarkTasks mark;
  mark.run_no = run_no;
  mark.tasks = choose_tasks(*run);
  mark.state = changes_.percent(65) ? TaskState::success : TaskState::failed;
  mark.include_upstream = changes_.percent(15);
  mark.include_downstream = changes_.percent(15);
  if (!ground_.strike(has_ended ? Fault::finished_run_marked : Fault::mark_requested)) return;
  ground_.say(fmt::format("person marks tasks of run {} {}", run_no, to_string(mark.state)));
  scheduler_->ask(std::move(mark), heard);
}

void World::want_mark_of_run(RunNo run_no) {
  MarkRun mark;
  mark.run_no = run_no;
  mark.state = changes_.percent(50) ? RunState::success : RunState::failed;
  if (!ground_.strike(Fault::run_mark_requested)) return;
  ground_.say(fmt::format("person marks run {} {}", run_no, to_string(mark.state)));
  scheduler_->ask(std::move(mark), [](const Result<Answer>&) {});
}

}  // namespace baton::sim
