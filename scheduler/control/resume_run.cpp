#include "scheduler/control/resume_run.h"

#include "scheduler/control/pool_check.h"

namespace baton {

Status check(const ResumeRun&, const DagRun& run, const Admission& admission) {
  return rest_fits_pools(run, admission);
}

AuditRow audit_of(const ResumeRun& request, const Actor& actor, const RunRow& run, WallUs at) {
  return audit_row(actor, "resume", run, request.why, at);
}

}  // namespace baton
