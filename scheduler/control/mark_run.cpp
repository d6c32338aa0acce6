#include "scheduler/control/mark_run.h"

#include "scheduler/control/task_choice.h"
#include "scheduler/json/json_value.h"

namespace baton {

Result<bool> check(const MarkRun& request, const DagRun& run, bool is_with_us) {
  if (!is_final(request.state)) {
    return Error{"a run can be marked success or failed, not " + std::string(to_string(request.state)),
                 ErrorKind::invalid};
  }
  const bool waits_with_us = is_with_us && run.row.state == RunState::queued;  // it ends without having begun
  if (!waits_with_us) {
    if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  }
  if (run.row.state == request.state) return false;
  if (is_final(run.row.state) && !run.is_finished()) {
    return Error{"run \"" + run.row.run_id + "\" has ended and its hooks still run: mark it when they have ended",
                 ErrorKind::conflict};
  }
  return true;
}

Event event_of(const MarkRun& request) { return RunMarked{request.state}; }

AuditRow audit_of(const MarkRun& request, const Actor& actor, const RunRow& run, WallUs at) {
  AuditRow row = audit_row(actor, "mark_run_" + std::string(to_string(request.state)), run, request.why, at);
  row.before_json = to_json(Value{std::string(to_string(run.state))});
  return row;
}

}  // namespace baton
