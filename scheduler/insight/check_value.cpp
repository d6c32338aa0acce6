#include "scheduler/insight/check_value.h"

#include <utility>

#include "scheduler/insight/words.h"

namespace baton::insight {
namespace {

Value words_if_any(const std::string& text) { return text.empty() ? Value{} : Value{text}; }

}  // namespace

ValueMap check_value(const CheckRow& row) {
  return {{"id", row.check_no},
          {"dag_id", row.dag_id},
          {"dag_run_id", row.run_id},
          {"task_id", row.task_id},
          {"map_index", std::int64_t{row.map_index}},
          {"try_number", std::int64_t{row.try_number}},
          {"name", row.name},
          {"description", words_if_any(row.description)},
          {"state", to_string(row.state)},
          {"on_fail", to_string(row.on_fail)},
          {"observed", words_if_any(row.observed)},
          {"message", words_if_any(row.message)},
          {"timestamp", json_time(row.at)}};
}

Value check_list(const std::vector<CheckRow>& rows) {
  ValueList list;
  for (const CheckRow& row : rows) list.emplace_back(check_value(row));
  const auto total = static_cast<std::int64_t>(list.size());
  return ValueMap{{"checks", std::move(list)}, {"total_entries", total}};
}

}  // namespace baton::insight
