// People who want runs of DAGs that start each other, of several at about the same time; and of those whose data is
// checked.
#include <algorithm>
#include <vector>

#include "tests/sim/world.h"

namespace baton::sim {

void World::plan_rings() {
  if (workload_.first_ringed < 0) return;
  const auto count = static_cast<std::int64_t>(workload_.dags.size()) - workload_.first_ringed;
  for (std::int64_t n = rings_.between(6, 10); n > 0; --n) {
    const MonoUs when = rings_.between(kMinute, ground_.calm_at - kHour);
    for (std::int64_t k = 0; k < count; ++k) {
      const auto dag = static_cast<std::int32_t>(workload_.first_ringed + k);
      at(when + rings_.log_between(kMillisecond, 10 * kSecond), [this, dag] { want_run(0, dag, ground_.loop.now()); });
    }
    if (rings_.percent(80)) at(when, [this, when] { break_ring(when, 600); });
  }
}

/// The server goes as soon as the first of them waits: whoever closes the circle does so under the next one.
void World::break_ring(MonoUs since, int left) {
  const auto is_first = [&](const ChildRow& row) {
    const DiskRun* parent = disk_.find(row.run_no);
    return row.dag_id.front() == 'r' && row.state == ChildState::awaited && parent != nullptr &&
           parent->began_at >= since;
  };
  const std::vector<ChildRow> owed = disk_.requests().owed();
  if (std::ranges::none_of(owed, is_first)) {
    if (left > 0) later(200 * kMillisecond, [this, since, left] { break_ring(since, left - 1); });
    return;
  }
  if (scheduler_ && ground_.may_harm()) crash_scheduler(rings_.log_between(kMillisecond, 2 * kSecond));
}

/// Somebody has mended what checks hold back, and has it made and checked anew.
void World::check_again() {
  if (!may_ask_for_jobs()) return;
  for (const auto& [asset, by] : disk_.assets().holders()) {
    const auto held_by = [&, &by = by](const auto& one) {
      return by.starts_with("checks " + one.second.row.dag_id + "/" + one.second.row.run_id + " ");
    };
    const auto run = std::ranges::find_if(disk_.runs(), held_by);
    if (run == disk_.runs().end() || !run->second.is_finished()) continue;
    ClearTasks clear;
    clear.run_no = run->first;
    scheduler_->ask(std::move(clear), [](const Result<Answer>&) {});
  }
}

void World::plan_checked() {
  if (workload_.first_checked < 0) return;
  const auto all = static_cast<std::int32_t>(workload_.dags.size());
  const std::int32_t end = workload_.first_ringed < 0 ? all : workload_.first_ringed;
  for (std::int64_t n = checkers_.between(4, 9); n > 0; --n) {
    const auto dag = static_cast<std::int32_t>(checkers_.between(workload_.first_checked, end - 1));
    at(checkers_.between(kMinute, ground_.calm_at - kHour), [this, dag] { want_run(0, dag, ground_.loop.now()); });
  }
  for (std::int64_t n = checkers_.between(6, 12); n > 0; --n) {
    at(checkers_.between(kHour, ground_.calm_at - kHour), [this] { check_again(); });
  }
}

}  // namespace baton::sim
