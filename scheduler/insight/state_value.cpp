#include "scheduler/insight/state_value.h"

#include <utility>

#include "scheduler/insight/words.h"
#include "scheduler/json/json_value.h"

namespace baton::insight {
namespace {

Value text_if_any(const std::string& text) { return text.empty() ? Value{} : Value{text}; }

}  // namespace

ValueMap state_value(const TaskStateRow& row) {
  const auto value = from_json(row.json, kExactJsonLimits);
  return {{"dag_id", row.dag_id},
          {"name", row.name},
          {"value", value ? *value : Value{}},
          {"version", row.version},
          {"updated_at", json_time(row.at)},
          {"run_id", text_if_any(row.run_id)},
          {"task_id", text_if_any(row.task_id)},
          {"updated_by", text_if_any(row.actor)}};
}

Value state_list(const std::vector<TaskStateRow>& rows) {
  ValueList list;
  for (const TaskStateRow& row : rows) list.emplace_back(state_value(row));
  const auto total = static_cast<std::int64_t>(list.size());
  return ValueMap{{"states", std::move(list)}, {"total_entries", total}};
}

}  // namespace baton::insight
