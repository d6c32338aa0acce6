// Retry: a run runs again from what failed, or from a task that is named: those instances, all that follows from them
// and the setups of their teardowns are cleared. What lives among them is stopped first. The run may go on with a newer
// version of its DAG.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/rows_beside.h"
#include "scheduler/engine/admission.h"
#include "scheduler/model/result.h"

namespace baton {

struct RetryRun {
  RunNo run_no = 0;
  std::optional<std::string> from;  ///< a task id; none: what failed
  std::string why;
  std::shared_ptr<const Dag> latest;                 ///< goes on with this version; null: with its own
  std::shared_ptr<const VersionRow> latest_version;  ///< of `latest`
  std::optional<std::string> run_note;               ///< on the run
  RowsBeside beside = {};
};

/// The instances to clear; none: there is nothing to do again. conflict: see check_open_to_change(), or another version
/// for a run that lives; not_found: no such task; invalid: a task wants more of a pool than it has now.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const RetryRun& request, const DagRun& run, bool is_with_us,
                                                     const Admission& admission);
[[nodiscard]] AuditRow audit_of(const RetryRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
