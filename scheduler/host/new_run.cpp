#include "scheduler/host/new_run.h"

#include "scheduler/host/run_ids.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

/// `removed` for what the selection leaves out.
std::vector<TaskState> initial_states(const std::vector<bool>& selected) {
  std::vector<TaskState> states;
  states.reserve(selected.size());
  for (const bool is_selected : selected) states.push_back(is_selected ? TaskState::none : TaskState::removed);
  return states;
}

std::string options_of(const std::vector<std::string>& tasks) {
  ValueList names;
  for (const std::string& task : tasks) names.emplace_back(task);
  return to_json(Value{ValueMap{{"tasks", Value{std::move(names)}}}});
}

}  // namespace

RunCreation creation_of(const NewRun& request, RunNo run_no, WallUs now, std::uint64_t random) {
  RunCreation creation;
  creation.dag = request.dag;
  creation.version = request.version;
  creation.initial_states = initial_states(request.selected);
  RunRow& row = creation.run;
  row.run_no = run_no;
  row.dag_id = request.dag->id;
  row.dag_version = request.dag->version;
  row.type = request.type;
  row.queued_at = row.run_after = now;
  row.run_id = request.run_id.empty() ? manual_run_id(now, random) : request.run_id;
  row.conf_json = to_json(request.params);
  row.logical_date = request.logical_date;
  row.interval_start = request.interval_start;
  row.interval_end = request.interval_end;
  row.triggered_by = request.triggered_by;
  if (!request.tasks.empty()) row.options_json = options_of(request.tasks);
  return creation;
}

}  // namespace baton
