#include "scheduler/engine/task_states.h"

#include <utility>

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

/// What was accepted is read back, however it was counted then.
constexpr JsonLimits kKeptLimits{.depth_max = 1000, .bytes_max = SIZE_MAX};

}  // namespace

const KeptState* TaskStates::find(std::string_view name) const {
  const auto found = kept_.find(name);
  return found == kept_.end() ? nullptr : &found->second;
}

std::int64_t TaskStates::version_of(std::string_view name) const {
  const KeptState* const kept = find(name);
  return kept == nullptr ? 0 : kept->version;
}

Value TaskStates::value_of(std::string_view name) const {
  const KeptState* const kept = find(name);
  return kept == nullptr ? Value{} : kept->value;
}

Value TaskStates::visible() const {
  ValueMap map;
  for (const auto& [name, kept] : kept_) {
    if (!kept.value.is_null()) map.emplace_back(name, kept.value);
  }
  return map;
}

void TaskStates::restore(const TaskStateRow& row) {
  KeptState& kept = kept_[row.name];
  kept.version = row.version;
  kept.json = row.json;
  kept.changed_by = row.actor.empty() ? "run " + row.run_id : row.actor;
  kept.value = Value{};
  if (row.json.empty()) return;
  if (auto value = from_json(row.json, kKeptLimits)) kept.value = std::move(value).value();
}

void TaskStates::put(TaskStateRow& row, Value value) {
  KeptState& kept = kept_[row.name];
  row.version = ++kept.version;
  kept.json = row.json;
  kept.value = std::move(value);
  kept.changed_by = row.actor.empty() ? "run " + row.run_id : row.actor;
}

const std::shared_ptr<TaskStates>& StateBook::of(const std::string& dag_id) {
  std::shared_ptr<TaskStates>& states = dags_[dag_id];
  if (states == nullptr) states = std::make_shared<TaskStates>();
  return states;
}

Result<CheckedState> check_state(std::string_view json) {
  auto value = from_json(json, {.depth_max = kStateDepthMax, .bytes_max = kStateBytesMax});
  if (!value) return Error{"is not JSON: " + value.error().message, ErrorKind::invalid};
  CheckedState checked{std::move(value).value(), {}};
  checked.json = to_json(checked.value);
  if (checked.json.size() > kStateBytesMax) {
    return Error{"takes " + std::to_string(checked.json.size()) + " bytes as it is kept; the limit is 256 KiB",
                 ErrorKind::invalid};
  }
  return checked;
}

}  // namespace baton
