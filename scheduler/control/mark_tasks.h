// Mark: a person says that task instances of a run have succeeded or failed. What lives among them is stopped first. A
// success lets what they have left upstream_failed run; a run that has ended goes on where its outcome becomes another.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/task_choice.h"
#include "scheduler/engine/event.h"

namespace baton {

struct MarkTasks {
  RunNo run_no = 0;
  std::vector<TaskChoice> tasks;             ///< at least one
  TaskState state = TaskState::success;      ///< or failed
  bool include_upstream = false;
  bool include_downstream = false;
  bool dry_run = false;                      ///< nothing is changed; the answer lists what would be
  std::string why;
  std::optional<std::string> note;           ///< on each of `tasks`, also where it stands in that state already
};

/// The instances that become another state; none: there is nothing to do. not_found: no such task or index; conflict: see
/// check_open_to_change(); invalid: no task is named, or a state that nobody can say.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const MarkTasks& request, const DagRun& run, bool is_with_us);
[[nodiscard]] inline Event event_of(const MarkTasks& request, std::vector<InstanceNo> selected) {
  return Marked{std::move(selected), request.state};
}
[[nodiscard]] AuditRow audit_of(const MarkTasks& request, const Actor& actor, const RunRow& run,
                                const std::vector<TouchedInstance>& touched, WallUs at);

}  // namespace baton
