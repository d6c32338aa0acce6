#include "scheduler/host/new_run.h"

#include <optional>

#include "scheduler/host/run_ids.h"
#include "scheduler/host/task_selection.h"
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

/// The tasks that options_of() has written; empty: all. Nothing: it is not what that writes.
std::optional<std::vector<std::string>> tasks_of(const std::string& options_json) {
  const auto options = from_json(options_json, kExactJsonLimits);
  if (!options || options->type() != ValueType::map) return std::nullopt;
  const Value* tasks = options->find("tasks");
  if (tasks == nullptr) return std::vector<std::string>{};
  if (tasks->type() != ValueType::list) return std::nullopt;
  std::vector<std::string> out;
  for (const Value& name : tasks->as_list()) {
    if (name.type() != ValueType::string) return std::nullopt;
    out.push_back(name.as_string());
  }
  return out;
}

}  // namespace

RunCreation creation_of(const NewRun& request, RunNo run_no, WallUs now, std::uint64_t random) {
  RunCreation creation;
  creation.dag = request.dag;
  creation.version = request.version;
  creation.initial_states = initial_states(request.selected);
  creation.labels = request.dag->labels;
  for (const auto& [name, value] : request.labels) put_label(creation.labels, name, value);
  RunRow& row = creation.run;
  row.run_no = run_no;
  row.dag_id = request.dag->id;
  row.dag_version = request.dag->version;
  row.type = request.type;
  row.queued_at = now;
  row.run_after = request.run_after == kNoTime ? now : request.run_after;
  row.run_id = request.run_id.empty() ? manual_run_id(now, random) : request.run_id;
  row.conf_json = to_json(request.params);
  row.logical_date = request.logical_date;
  row.interval_start = request.interval_start;
  row.interval_end = request.interval_end;
  row.triggered_by = request.triggered_by;
  if (!request.tasks.empty()) row.options_json = options_of(request.tasks);
  return creation;
}

Result<std::vector<TaskState>> initial_states_of(const RunRow& row, const Dag& dag) {
  const auto tasks = tasks_of(row.options_json);
  if (!tasks) return Error{"its options cannot be read", ErrorKind::storage};
  const auto selected = select_tasks(dag, *tasks);
  if (!selected) return selected.error();
  return initial_states(*selected);
}

}  // namespace baton
