// Lists whose filter stands in the body of a POST, where it would be too long for a query.
#include <algorithm>

#include "web/api/answers.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/orders.h"

namespace baton::api {

namespace {

std::vector<std::string> texts(const Call& call, std::string_view name) {
  std::vector<std::string> out;
  const Value* list = call.body.find(name);
  if (list == nullptr || list->type() != ValueType::list) return out;
  for (const Value& one : list->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

template <typename Enum>
std::vector<Enum> enums_of(const Call& call, std::string_view name, Enum last) {
  std::vector<Enum> out;
  for (const std::string& word : texts(call, name)) {
    for (int k = 0; k <= static_cast<int>(last); ++k) {
      if (to_string(static_cast<Enum>(k)) == word) out.push_back(static_cast<Enum>(k));
    }
  }
  return out;
}

Range range_of(const Call& call, const std::string& name) {
  Range range;
  if (const WallUs time = call.time(name + "_gte"); time != kNoTime) range.at_least = time;
  if (const WallUs time = call.time(name + "_gt"); time != kNoTime) range.at_least = std::max(range.at_least, time + 1);
  const auto below = [&](WallUs time) { range.below = range.below == kNoTime ? time : std::min(range.below, time); };
  if (const WallUs time = call.time(name + "_lt"); time != kNoTime) below(time);
  if (const WallUs time = call.time(name + "_lte"); time != kNoTime) below(time + 1);
  return range;
}

PageRequest page_of_body(const Call& call) {
  const auto number = [&](std::string_view name, std::int64_t otherwise) {
    const Value* found = call.body.find(name);
    return found != nullptr && found->type() == ValueType::integer ? found->as_int() : otherwise;
  };
  PageRequest page;
  page.limit = std::clamp<std::int64_t>(number("page_limit", kLimitMax), 1, kLimitMax);
  page.offset = std::max<std::int64_t>(number("page_offset", 0), 0);
  return page;
}

/// `order_by` of the body is one word.
template <typename Field>
std::optional<std::vector<OrderBy<Field>>> order_of_body(
    const Call& call, const std::vector<std::pair<std::string_view, Field>>& fields, Field otherwise) {
  const std::string word = call.text("order_by");
  if (word.empty()) return std::vector<OrderBy<Field>>{{otherwise, false}};
  const bool descending = word.front() == '-';
  for (const auto& [text, field] : fields) {
    if (text == word.substr(descending ? 1 : 0)) return std::vector<OrderBy<Field>>{{field, descending}};
  }
  return std::nullopt;
}

http::Response runs(const Call& call) {
  auto order = order_of_body<RunField>(call, run_orders(), RunField::number);
  if (!order) return order_error(call.text("order_by"), call);
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  RunQuery query;
  query.filter.dag_ids = texts(call, "dag_ids");
  if (const std::string& dag_id = call.request.param("dag_id"); dag_id != "~") query.filter.dag_ids = {dag_id};
  query.filter.states = enums_of(call, "states", RunState::failed);
  query.filter.logical_date = range_of(call, "logical_date");
  query.filter.run_after = range_of(call, "run_after");
  query.filter.started_at = range_of(call, "start_date");
  query.filter.ended_at = range_of(call, "end_date");
  query.order = std::move(*order);
  query.page = page_of_body(call);
  const auto page = (*reader)->list_runs(query);
  if (!page) return read_error(page.error(), call);
  return json_response(list_body("dag_runs", page->rows, page->total,
                                 [](std::string& out, const RunView& run) { append_run(out, run, {}); }));
}

http::Response instances(const Call& call) {
  auto order = order_of_body<InstanceField>(call, instance_orders(), InstanceField::task);
  if (!order) return order_error(call.text("order_by"), call);
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  InstanceQuery query;
  query.filter.run.dag_ids = texts(call, "dag_ids");
  if (const std::string& dag_id = call.request.param("dag_id"); dag_id != "~") query.filter.run.dag_ids = {dag_id};
  query.filter.run.run_ids = texts(call, "dag_run_ids");
  if (const std::string& run_id = call.request.param("dag_run_id"); run_id != "~") query.filter.run.run_ids = {run_id};
  query.filter.task_ids = texts(call, "task_ids");
  query.filter.states = enums_of(call, "state", TaskState::removed);
  query.filter.pools = texts(call, "pool");
  query.filter.executors = texts(call, "executor");
  query.filter.run.logical_date = range_of(call, "logical_date");
  query.filter.run.run_after = range_of(call, "run_after");
  query.filter.started_at = range_of(call, "start_date");
  query.filter.ended_at = range_of(call, "end_date");
  query.order = std::move(*order);
  query.page = page_of_body(call);
  const auto page = (*reader)->list_instances(query);
  if (!page) return read_error(page.error(), call);
  return json_response(list_body("task_instances", page->rows, page->total, append_instance));
}

}  // namespace

void add_batches(Operations& operations) {
  operations.at_once["get_list_dag_runs_batch"] = runs;
  operations.at_once["get_task_instances_batch"] = instances;
}

}  // namespace baton::api
