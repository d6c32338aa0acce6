#include "scheduler/control/clear_tasks.h"

#include "scheduler/control/pool_check.h"
#include "scheduler/engine/clear.h"

namespace baton {
namespace {

bool is_wanted(const ClearTasks& request, TaskState state) {
  if (state == TaskState::none || state == TaskState::removed) return false;  // nothing has happened to it
  if (!request.only_failed && !request.only_running) return true;
  const bool has_failed = state == TaskState::failed || state == TaskState::upstream_failed;
  return (request.only_failed && has_failed) || (request.only_running && is_live(state));
}

}  // namespace

Result<std::vector<InstanceNo>> select(const ClearTasks& request, const DagRun& run, bool is_with_us,
                                       const Admission& admission) {
  if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  auto named = instances_of(run, request.tasks);
  if (!named) return named.error();
  Selection selection;
  selection.rule = Selection::Rule::listed;
  selection.instances = std::move(named).value();
  selection.upstream = request.include_upstream;
  selection.downstream = request.include_downstream;
  std::vector<InstanceNo> selected = select(run, selection);
  std::erase_if(selected, [&](InstanceNo i) { return !is_wanted(request, run.at(i).state); });
  for (const InstanceNo i : selected) {
    if (Status fits = fits_pools(*run.dag, run.at(i).task_no, admission); !fits) return fits.error();
  }
  return selected;
}

AuditRow audit_of(const ClearTasks& request, const Actor& actor, const RunRow& run,
                  const std::vector<TouchedInstance>& touched, WallUs at) {
  AuditRow row = audit_row(actor, "clear", run, request.why, at);
  if (request.tasks.size() == 1) row.task_id = request.tasks.front().task_id;
  if (request.tasks.size() == 1) row.map_index = request.tasks.front().map_index.value_or(kUnmapped);
  row.before_json = as_json(touched);
  return row;
}

}  // namespace baton
