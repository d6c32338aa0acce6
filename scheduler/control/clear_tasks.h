// Clear: task instances of a run become as if they had not run, and it goes on with them. What lives among them is
// stopped first, and whatever has begun after them with it. The selection is that of Airflow's clearTaskInstances.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/rows_beside.h"
#include "scheduler/control/task_choice.h"
#include "scheduler/engine/admission.h"
#include "scheduler/engine/event.h"

namespace baton {

struct ClearTasks {
  RunNo run_no = 0;
  std::vector<TaskChoice> tasks;   ///< none: all of the run
  bool include_upstream = false;   ///< and all that these follow from
  bool include_downstream = true;  ///< and all that follows from these
  bool only_failed = false;        ///< of all these, what is failed or upstream_failed; with only_running: either
  bool only_running = false;       ///< of all these, what is queued or running
  bool resets_state = false;       ///< what these keep from run to run (`state:`) is taken away too
  bool dry_run = false;            ///< nothing is changed; the answer lists what would be
  std::string why;
  std::optional<std::string> note;      ///< on each of these
  std::optional<std::string> run_note;  ///< on the run
  std::shared_ptr<const Dag> latest = nullptr;                 ///< goes on with this version; null: with its own
  std::shared_ptr<const VersionRow> latest_version = nullptr;  ///< of `latest`
  RowsBeside beside = {};
};

/// The instances to clear; none: there is nothing to do. not_found: no such task or index; conflict: see
/// check_open_to_change(); invalid: a task wants more of a pool than it has now.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const ClearTasks& request, const DagRun& run, bool is_with_us,
                                                     const Admission& admission);
[[nodiscard]] inline Event event_of(const ClearTasks&, std::vector<InstanceNo> selected) {
  return Cleared{std::move(selected)};
}
[[nodiscard]] AuditRow audit_of(const ClearTasks& request, const Actor& actor, const RunRow& run,
                                const std::vector<TouchedInstance>& touched, WallUs at);

}  // namespace baton
