#include "scheduler/control/retry_run.h"

#include "scheduler/control/pool_check.h"
#include "scheduler/control/task_choice.h"
#include "scheduler/engine/clear.h"

namespace baton {

Result<std::vector<InstanceNo>> select(const RetryRun& request, const DagRun& run, bool is_with_us,
                                       const Admission& admission) {
  const std::string name = "run \"" + run.row.run_id + "\"";
  if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  std::vector<InstanceNo> selected;
  if (request.from) {
    const auto t = run.dag->find(*request.from);
    if (!t) return Error{name + " has no task \"" + *request.from + "\"", ErrorKind::not_found};
    selected = select_from(run, *t);
  } else {
    selected = select_failed(run);
  }
  for (const InstanceNo i : selected) {
    if (Status fits = fits_pools(*run.dag, run.at(i).task_no, admission); !fits) return fits.error();
  }
  if (Status fits = rest_fits_pools(run, admission); !fits) return fits.error();
  return selected;
}

AuditRow audit_of(const RetryRun& request, const Actor& actor, const RunRow& run, WallUs at) {
  AuditRow row = audit_row(actor, "retry", run, request.why, at);
  if (request.from) row.task_id = *request.from;
  return row;
}

}  // namespace baton
