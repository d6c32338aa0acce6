// Retry: a run runs again from what failed, or from a task that is named: those instances, all that follows from them
// and the setups of their teardowns are cleared. It may go on with a newer version of its DAG.
#pragma once

#include <memory>
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
  std::shared_ptr<const Dag> latest;                 ///< goes on with this version; null: with its own
  std::shared_ptr<const VersionRow> latest_version;  ///< of `latest`
};

/// The instances to clear; none: there is nothing to do again. What an interrupted run has live is spared: it goes on as
/// in a resume. conflict: a hook of it has not ended; not_found: no such task; invalid: a task wants more of a pool than
/// it has now.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const RetryRun& request, const DagRun& run,
                                                     const Admission& admission);
[[nodiscard]] AuditRow audit_of(const RetryRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
