#include "scheduler/engine/run_limits.h"

#include <algorithm>

#include "scheduler/model/seeded_bug.h"

namespace baton {

RunLimits limits_of(const Dag& dag) {
  const bool in_order = std::ranges::any_of(dag.tasks, [](const Task& task) { return task.spec->depends_on_past; });
  return {dag.max_active_runs, in_order && !BATON_BUG(dates_in_any_order)};
}

std::string_view to_string(QueueWait wait) {
  switch (wait) {
    case QueueWait::none: return "none";
    case QueueWait::run_after: return "run_after";
    case QueueWait::frozen: return "frozen";
    case QueueWait::paused: return "paused";
    case QueueWait::past: return "past";
    case QueueWait::limit: return "limit";
    case QueueWait::turn: return "turn";
  }
  return "turn";
}

}  // namespace baton
