#include "scheduler/control/trigger_run.h"

#include "scheduler/control/pool_check.h"

namespace baton {

Status check(const TriggerRun& request, const Admission& admission) {
  const Dag& dag = *request.creation.dag;
  const auto& initial = request.creation.initial_states;
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    if (!initial.empty() && is_final(initial[t])) continue;  // left out
    if (Status fits = fits_pools(dag, static_cast<TaskNo>(t), admission); !fits) return fits;
  }
  return Unit{};
}

AuditRow audit_of(const TriggerRun& request, const Actor& actor, WallUs at) {
  return audit_row(actor, "trigger", request.creation.run, request.why, at);
}

Error why_struck(const RunRow& run, const PartVerdict& verdict) {
  if (verdict.exists == PartVerdict::Exists::logical_date) {
    return Error{"the logical date has a run of DAG \"" + run.dag_id + "\" already", ErrorKind::conflict};
  }
  return Error{"run id \"" + run.run_id + "\" exists already", ErrorKind::conflict};
}

}  // namespace baton
