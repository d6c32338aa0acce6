#include "scheduler/control/stop_run.h"

namespace baton {

Status check(const StopRun&, const DagRun& run) {
  if (!run.is_finished() && !never_began(run)) return Unit{};
  return Error{"run \"" + run.row.run_id + "\" has ended already: " + std::string(to_string(run.row.state)),
               ErrorKind::conflict};
}

Event event_of(const StopRun& request) { return StopRequested{Reason::stopped, request.kill}; }

AuditRow audit_of(const StopRun& request, const Actor& actor, const RunRow& run, WallUs at) {
  return audit_row(actor, request.kill ? "kill" : "stop", run, request.why, at);
}

}  // namespace baton
