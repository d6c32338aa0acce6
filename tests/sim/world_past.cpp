// What people do about runs that stand still because the run of the date before has not ended well.
#include <fmt/format.h>

#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr DurationUs kLookUs = kMinute;
constexpr DurationUs kLastUs = 21 * 24 * kHour;  // a clock that was far off may have left runs for days ahead

}  // namespace

void World::plan_past() {
  const MonoUs last = ground_.calm_at - kHour;
  for (std::int64_t n = heirs_.between(80, 120); n > 0; --n) {
    at(heirs_.between(5 * kMinute, last), [this] { want_past(); });
  }
  std::vector<std::int32_t> dags;
  for (std::size_t k = 0; k < workload_.dags.size(); ++k) {
    if (looks_back(*workload_.dags[k].dag)) dags.push_back(static_cast<std::int32_t>(k));
  }
  // A shorter day has the runs that were asked for; who works on one run alone keeps all others waiting.
  if (dags.empty() || ground_.options.runs_max < 1000 || may_be_alone_) return;
  for (std::int64_t n = heirs_.between(4, 7); n > 0; --n) {  // some dates of one, soon after each other
    const std::int32_t dag = dags[static_cast<std::size_t>(heirs_.below(static_cast<std::int64_t>(dags.size())))];
    MonoUs when = heirs_.between(kMinute, last);
    for (std::int64_t k = heirs_.between(2, 4); k > 0; --k) {
      at(when, [this, dag] { want_run(-1, dag, ground_.loop.now()); });
      when += heirs_.log_between(kSecond, 10 * kMinute);
    }
  }
}

/// Whose date before has ended, but not so that it may go on.
std::vector<RunNo> World::runs_that_stand() {
  std::vector<RunNo> out;
  for (const auto& [run_no, run] : disk_.runs()) {
    if (!looks_back(*run.dag) || !disk_.past().stands(run)) continue;
    const DiskRun* before = disk_.past().before(run);
    if (before == nullptr || !before->is_finished()) continue;
    for (std::size_t t = 0; t < run.dag->tasks.size(); ++t) {
      if (!disk_.past().is_held(run, static_cast<TaskNo>(t))) continue;
      out.push_back(run_no);
      break;
    }
  }
  return out;
}

/// Mostly it is to run again, as a whole or where it has failed; or somebody says that it is well, or gives up waiting.
void World::want_past() {
  const std::vector<RunNo> standing = runs_that_stand();
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process());
  if (standing.empty() || !up) return;
  const RunNo run_no = standing[static_cast<std::size_t>(heirs_.below(static_cast<std::int64_t>(standing.size())))];
  const DiskRun& run = *disk_.find(run_no);
  const DiskRun& before = *disk_.past().before(run);
  if (scheduler_->is_alone()) return;
  const std::int64_t kind = heirs_.below(20);
  if (kind < 13 && before.row.begun_at != kNoTime) {
    ClearTasks clear;
    clear.run_no = before.row.run_no;
    clear.include_downstream = true;
    clear.only_failed = kind < 4;
    if (!ground_.strike(Fault::past_cleared)) return;
    ground_.say(fmt::format("person clears run {}, for which {} waits", before.row.run_no, run_no));
    return scheduler_->ask(std::move(clear), [](const Result<Answer>&) {});
  }
  if (kind < 19) return mark_past(run);
  want_stop(run_no, false);
}

void World::mark_past(const DiskRun& run) {
  const DiskRun& before = *disk_.past().before(run);
  if (!ground_.strike(Fault::past_marked)) return;
  ground_.say(fmt::format("person marks run {}, for which {} waits", before.row.run_no, run.row.run_no));
  if (before.row.begun_at == kNoTime) {  // it was stopped while it waited: nothing of it could be marked
    RetryRun again;
    again.run_no = before.row.run_no;
    return scheduler_->ask(std::move(again), [](const Result<Answer>&) {});
  }
  MarkTasks mark;
  mark.run_no = before.row.run_no;
  mark.state = TaskState::success;
  for (std::size_t t = 0; t < run.dag->tasks.size(); ++t) {
    if (!disk_.past().is_held(run, static_cast<TaskNo>(t))) continue;
    mark.tasks.push_back({run.dag->task(static_cast<TaskNo>(t)).id, std::nullopt});
  }
  scheduler_->ask(std::move(mark), [](const Result<Answer>&) {});
}

/// Before the day ends nothing stands still: people come until it is so. What has not ended yet goes on by itself.
void World::mend_past() {
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process());
  bool is_open = false;
  for (const auto& [run_no, run] : disk_.runs()) is_open = is_open || (looks_back(*run.dag) && !run.is_finished());
  if (up) {
    for (const RunNo run_no : runs_that_stand()) mark_past(*disk_.find(run_no));
  }
  const bool is_over = scheduler_settings_.loader == nullptr && ground_.loop.now() > ground_.calm_at + 20 * kMinute;
  const bool is_late = ground_.loop.now() > ground_.calm_at + kLastUs;  // what has not ended by then never will
  if ((!is_over || is_open) && !is_late) later(kLookUs, [this] { mend_past(); });
}

}  // namespace baton::sim
