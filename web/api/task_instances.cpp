// Task instances: lists over one run or all, one of them, its tries.
#include <cstdlib>

#include "web/api/answers.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/orders.h"
#include "web/api/waiting_instances.h"

namespace baton::api {

namespace {

std::vector<std::int32_t> numbers(const http::Request& request, std::string_view name) {
  std::vector<std::int32_t> out;
  for (const std::string& word : words(request, name)) out.push_back(whole_number(word));
  return out;
}

/// What Airflow calls operator is the kind of a task here; none of them may be meant.
void read_kinds(const http::Request& request, InstanceFilter& filter) {
  const std::vector<std::string> exact = words(request, "operator");
  const TextMatch match = text_match(request, "operator_name");
  if (exact.empty() && match.is_open()) return;
  for (int k = 0; k <= static_cast<int>(TaskKind::noop); ++k) {
    const std::string_view name = to_string(static_cast<TaskKind>(k));
    const bool is_named = exact.empty() || std::find(exact.begin(), exact.end(), name) != exact.end();
    if (is_named && matches(name, match)) filter.kinds.push_back(static_cast<TaskKind>(k));
  }
  if (filter.kinds.empty()) filter.task_ids = {""};
}

/// All tasks wait in the queue "default".
bool queue_fits(const http::Request& request) {
  constexpr std::string_view kQueue = "default";
  const std::vector<std::string> exact = words(request, "queue");
  return (exact.empty() || std::find(exact.begin(), exact.end(), kQueue) != exact.end()) &&
         matches(kQueue, text_match(request, "queue_name"));
}

void read_filter(const http::Request& request, InstanceFilter& filter) {
  filter.task_ids = words(request, "task_id");
  filter.task_id = text_match(request, "task_display_name");
  filter.run.dag_id = text_match(request, "dag_id");
  filter.run.run_id = text_match(request, "run_id");
  filter.run.logical_date = time_range(request, "logical_date");
  filter.run.run_after = time_range(request, "run_after");
  filter.started_at = time_range(request, "start_date");
  filter.ended_at = time_range(request, "end_date");
  filter.updated_at = time_range(request, "updated_at");
  filter.states = enums(request, "state", TaskState::removed);
  filter.pools = words(request, "pool");
  filter.groups = words(request, "task_group_id");
  filter.executors = words(request, "executor");
  filter.map_indexes = numbers(request, "map_index");
  filter.try_numbers = numbers(request, "try_number");
  filter.duration = duration_range(request, "duration");
  filter.map_key = text_match(request, "rendered_map_index");
  filter.pool = text_match(request, "pool_name");
  filter.run.versions = numbers(request, "version_number");
  read_kinds(request, filter);
  if (!queue_fits(request)) filter.task_ids = {""};
}

http::Response list_task_instances(const Call& call, bool is_mapped) {
  auto order = order_of<InstanceField>(call.request, instance_orders(), {{InstanceField::task, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  InstanceQuery query;
  read_filter(call.request, query.filter);
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const std::string& dag_id = call.request.param("dag_id");
  if (call.request.param("dag_run_id") != "~") {
    const auto run_no = run_of_path(**reader, call.request);
    if (!run_no) return read_error(run_no.error(), call);
    query.filter.run_no = *run_no;
  } else if (dag_id != "~") {
    if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
    query.filter.run.dag_ids = {dag_id};
  }
  if (is_mapped && query.filter.task_ids.empty()) query.filter.task_ids = {call.request.param("task_id")};
  auto page = (*reader)->list_instances(query);
  if (!page) return read_error(page.error(), call);
  if (page->total == 0 && query.filter.run_no) {
    auto waiting = waiting_instances(**reader, *query.filter.run_no, call);
    if (!waiting) return read_error(waiting.error(), call);
    const std::int64_t seq = page->seq;
    if (!waiting->empty()) *page = page_of_waiting(std::move(*waiting), query);
    page->seq = seq;
  }
  return page_response("task_instances", *page, append_instance, call);
}

http::Response get_task_instance(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto instance = found_or_waiting(**reader, call);
  if (!instance) return read_error(instance.error(), call);
  std::string body;
  append_instance(body, *instance);
  http::Response response = json_response(std::move(body));
  response.etag = std::to_string(instance->row.seq);
  return response;
}

http::Response tries(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto instance = found_or_waiting(**reader, call);
  if (!instance) return read_error(instance.error(), call);
  const auto found = (*reader)->tries(instance->row.run_no, instance->row.instance_no);
  if (!found) return read_error(found.error(), call);
  return json_response(list_body("task_instances", *found, static_cast<std::int64_t>(found->size()),
                                 [&](std::string& out, const TryView& one) { append_try(out, one, *instance); }));
}

http::Response get_try(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto instance = instance_of_path(**reader, call.request);
  if (!instance) return read_error(instance.error(), call);
  const auto found = (*reader)->tries(instance->row.run_no, instance->row.instance_no);
  if (!found) return read_error(found.error(), call);
  const std::string& number = call.request.param("task_try_number");
  for (auto one = found->rbegin(); one != found->rend(); ++one) {
    if (std::to_string(one->row.try_number) != number) continue;
    std::string body;
    append_try(body, *one, *instance);
    return json_response(std::move(body));
  }
  return http::error_response(404, "there is no try " + number + " of this task instance", &call.request);
}

}  // namespace

void add_task_instances(Operations& operations) {
  operations.at_once["get_task_instances"] = [](const Call& call) { return list_task_instances(call, false); };
  operations.at_once["get_mapped_task_instances"] = [](const Call& call) { return list_task_instances(call, true); };
  operations.at_once["get_task_instance"] = operations.at_once["get_mapped_task_instance"] = get_task_instance;
  operations.at_once["get_task_instance_tries"] = operations.at_once["get_mapped_task_instance_tries"] = tries;
  operations.at_once["get_task_instance_try_details"] = operations.at_once["get_mapped_task_instance_try_details"] =
      get_try;
}

}  // namespace baton::api
