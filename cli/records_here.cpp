#include "cli/records_here.h"

#include <unistd.h>

#include <utility>

#include "cli/folder_change.h"
#include "cli/state_lookup.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {

Status write_here(const Arguments& arguments, const std::string& command, const std::string& action,
                  const ValueMap& object, ServiceRows rows) {
  OpenState state;
  state.folder = state_folder_of(arguments);
  return change_folder(state, command, [&](SqliteStore& store, AsioLoop& loop) -> Status {
    Part part;
    AuditRow audit = audit_row(actor_of(getuid(), "cli"), action, RunRow{}, "", loop.wall_now());
    audit.extra_json = to_json(Value(object));
    part.audit.push_back(std::move(audit));
    for (VariableRow& row : rows.variables) {
      row.updated_by = part.audit.front().actor;
      row.updated_at = part.audit.front().at;
    }
    part.service = std::move(rows);
    CommitOutcome outcome = CommitOutcome::unknown;
    store.commit(std::move(part), [&](const CommitDone& done) {
      outcome = done.outcome;
      loop.stop();
    });
    loop.run();
    if (outcome != CommitOutcome::durable) return Error{"the change could not be written", ErrorKind::storage};
    return Unit{};
  });
}

}  // namespace baton::cli
