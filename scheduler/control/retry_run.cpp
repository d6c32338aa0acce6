#include "scheduler/control/retry_run.h"

#include <algorithm>

#include "scheduler/control/pool_check.h"
#include "scheduler/engine/clear.h"

namespace baton {
namespace {

/// A hook of an earlier outcome that still runs would end in the middle of the new try of its run.
bool has_live_hook(const DagRun& run) {
  return std::ranges::any_of(run.instances, [&](const Instance& instance) {
    return is_live(instance.state) && run.dag->task(instance.task_no).hook != Hook::none;
  });
}

}  // namespace

Result<std::vector<InstanceNo>> select(const RetryRun& request, const DagRun& run, const Admission& admission) {
  const std::string name = "run \"" + run.row.run_id + "\"";
  if (has_live_hook(run)) {
    return Error{"a hook of " + name + " has not ended: resume the run first, then retry it", ErrorKind::conflict};
  }
  std::vector<InstanceNo> selected;
  if (request.from) {
    const auto t = run.dag->find(*request.from);
    if (!t) return Error{name + " has no task \"" + *request.from + "\"", ErrorKind::not_found};
    selected = select_from(run, *t);
  } else {
    selected = select_failed(run);
  }
  std::erase_if(selected, [&](InstanceNo i) { return is_live(run.at(i).state); });
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
