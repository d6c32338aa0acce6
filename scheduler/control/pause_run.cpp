#include "scheduler/control/pause_run.h"

namespace baton {

Status check(const PauseRun&, const DagRun& run) {
  const std::string name = "run \"" + run.row.run_id + "\"";
  if (run.row.begun_at == kNoTime && !is_final(run.row.state)) {
    return Error{name + " waits to begin: pause its DAG, and it goes on waiting", ErrorKind::conflict};
  }
  if (is_final(run.row.state)) {
    return Error{name + " has ended already: " + std::string(to_string(run.row.state)), ErrorKind::conflict};
  }
  if (run.stopping != Reason::none) return Error{name + " is being stopped", ErrorKind::conflict};
  return Unit{};
}

RunHoldRow row_of(const PauseRun& request, const Actor& actor, WallUs at) {
  return {request.run_no, request.is_paused ? Held{at, actor.name} : Held{}};
}

AuditRow audit_of(const PauseRun& request, const Actor& actor, const RunRow& run, WallUs at) {
  return audit_row(actor, request.is_paused ? "pause_run" : "unpause_run", run, request.why, at);
}

}  // namespace baton
