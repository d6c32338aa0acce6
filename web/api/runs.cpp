// Runs: the list, and one of them.
#include "web/api/answers.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/orders.h"
#include "web/api/run_choice.h"

namespace baton::api {

namespace {

RunFilter run_filter_of(const http::Request& request) {
  RunFilter filter;
  if (request.param("dag_id") != "~") filter.dag_ids = {request.param("dag_id")};
  filter.dag_id = text_match(request, "dag_id");
  filter.run_id = text_match(request, "run_id");
  filter.states = enums(request, "state", RunState::failed);
  filter.types = enums(request, "run_type", RunType::asset_triggered);
  filter.logical_date = time_range(request, "logical_date");
  filter.run_after = time_range(request, "run_after");
  filter.started_at = time_range(request, "start_date");
  filter.ended_at = time_range(request, "end_date");
  filter.updated_at = time_range(request, "updated_at");
  filter.duration = duration_range(request, "duration");
  filter.version_ids = words(request, "bundle_version");
  filter.asset = text_match(request, "consuming_asset");
  filter.conf_part = request.query_value("conf_contains").value_or("");
  for (const std::string& word : words(request, "dag_version")) filter.versions.push_back(whole_number(word));
  // Runs have no partitions, and whoever has asked for one stands in the audit.
  if (asks_for_nothing(request, {"partition_key_pattern", "partition_key_prefix_pattern", "partition_date_gte",
                                 "partition_date_lte", "triggering_user_name_pattern",
                                 "triggering_user_name_prefix_pattern"})) {
    filter.run_ids = {""};
  }
  for (const std::string& word : words(request, "label")) filter.labels.push_back(label_wanted(word));
  return filter;
}

http::Response list_runs(const Call& call) {
  auto order = order_of<RunField>(call.request, run_orders(), {{RunField::number, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  if (const auto known = check_dag(**reader, call.request.param("dag_id")); !known)
    return read_error(known.error(), call);
  RunQuery query;
  query.filter = run_filter_of(call.request);
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto page = (*reader)->list_runs(query);
  if (!page) return read_error(page.error(), call);
  return page_response(
      "dag_runs", *page, [](std::string& out, const RunView& run) { append_run(out, run, {}); }, call);
}

void get_run(const Call& call, const http::Reply& reply) {
  RunNo run_no = 0;
  {
    auto reader = call.services.readers->take_together();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto run = run_named(**reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
    if (!run) return reply.send(read_error(run.error(), call));
    run_no = run->run_no;
    const bool waits = run->state == RunState::queued && call.services.door != nullptr;
    if (!waits) return reply.send(run_response(**reader, run_no, 200, call));
  }
  answer_with_run(run_no, call, reply);
}

}  // namespace

http::Response run_response(Reader& reader, RunNo run_no, int status, const Call& call, QueueWait wait) {
  const auto run = reader.run(run_no);
  if (!run) return read_error(run.error(), call);
  const auto versions = reader.list_versions(run->row.dag_id);
  if (!versions) return read_error(versions.error(), call);
  std::string body;
  append_run(body, *run, *versions, wait);
  http::Response response = json_response(std::move(body), status);
  response.etag = std::to_string(run->row.seq);
  return response;
}

/// The scheduler tells it on its own thread, which must not read: so the run is read on one of ours.
void answer_with_run(RunNo run_no, const Call& call, const http::Reply& reply) {
  call.services.door->find_wait(run_no, [run_no, call, reply](QueueWait wait) {
    reply.later([run_no, call, wait]() -> http::Response {
      auto reader = call.services.readers->take();
      if (!reader) return read_error(reader.error(), call);
      return run_response(**reader, run_no, 200, call, wait);
    });
  });
}

void add_runs(Operations& operations) {
  operations.at_once["get_dag_runs"] = list_runs;
  operations.later["get_dag_run"] = get_run;
}

}  // namespace baton::api
