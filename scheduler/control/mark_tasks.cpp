#include "scheduler/control/mark_tasks.h"

#include "scheduler/engine/clear.h"

namespace baton {

Result<std::vector<InstanceNo>> select(const MarkTasks& request, const DagRun& run, bool is_with_us) {
  if (request.state != TaskState::success && request.state != TaskState::failed) {
    return Error{"a task can be marked success or failed, not " + std::string(to_string(request.state)),
                 ErrorKind::invalid};
  }
  if (request.tasks.empty()) return Error{"no task to mark is named", ErrorKind::invalid};
  if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  auto named = instances_of(run, request.tasks);
  if (!named) return named.error();
  Selection selection;
  selection.rule = Selection::Rule::listed;
  selection.instances = std::move(named).value();
  selection.upstream = request.include_upstream;
  selection.downstream = request.include_downstream;
  selection.setups = false;
  std::vector<InstanceNo> selected = select(run, selection);
  std::erase_if(selected, [&](InstanceNo i) { return run.at(i).state == request.state; });
  return selected;
}

AuditRow audit_of(const MarkTasks& request, const Actor& actor, const RunRow& run,
                  const std::vector<TouchedInstance>& touched, WallUs at) {
  AuditRow row = audit_row(actor, "mark_" + std::string(to_string(request.state)), run, request.why, at);
  if (request.tasks.size() == 1) row.task_id = request.tasks.front().task_id;
  if (request.tasks.size() == 1) row.map_index = request.tasks.front().map_index.value_or(kUnmapped);
  row.before_json = as_json(touched);
  return row;
}

}  // namespace baton
