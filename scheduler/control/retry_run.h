// Retry: a run that has ended runs again from what failed, or from a task that is named: those instances, all that
// follows from them and the setups of their teardowns are cleared.
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

/// The instances to clear. conflict: it still runs, or nothing of it failed; not_found: no such task; invalid: a task
/// wants more of a pool than it has now.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const RetryRun& request, const DagRun& run,
                                                     const Admission& admission);
[[nodiscard]] AuditRow audit_of(const RetryRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
