// Trigger: a new run. What the caller gives is checked and resolved on the caller's thread (params, tasks, the run's
// id); the loop looks only at what it alone knows, the pools.
#pragma once

#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/engine/admission.h"
#include "scheduler/engine/batch.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

struct TriggerRun {
  RunCreation creation;             ///< with its number, its id and the version of its DAG
  Value params;                     ///< resolved and valid; creation.run.conf_json says the same
  std::vector<DurationUs> path_us;  ///< as path_lengths() gives it; empty: not known
  std::string why;
};

/// Refuses what could never run: a task that wants more of a pool than it has.
[[nodiscard]] Status check(const TriggerRun& request, const Admission& admission);
[[nodiscard]] AuditRow audit_of(const TriggerRun& request, const Actor& actor, WallUs at);
/// What to tell when the store has struck the creation.
[[nodiscard]] Error why_struck(const RunRow& run, const PartVerdict& verdict);

}  // namespace baton
