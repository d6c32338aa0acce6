// Retry: a run runs again from what failed, or from a task that is named: those instances, all that follows from them
// and the setups of their teardowns are cleared. What lives among them is stopped first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/engine/admission.h"
#include "scheduler/model/result.h"

namespace baton {

struct RetryRun {
  RunNo run_no = 0;
  std::optional<std::string> from;  ///< a task id; none: what failed
  std::string why;
};

/// The instances to clear. conflict: nothing of it failed, or see check_open_to_change(); not_found: no such task;
/// invalid: a task wants more of a pool than it has now.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const RetryRun& request, const DagRun& run, bool is_live,
                                                     const Admission& admission);
[[nodiscard]] AuditRow audit_of(const RetryRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
