// DAGs: the list, one of them, pausing; their statistics, sources and versions.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>

#include "scheduler/digest/digest.h"
#include "web/api/answers.h"
#include "web/api/condition.h"
#include "web/api/dag_objects.h"
#include "web/api/fields.h"
#include "web/api/holds.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

const std::vector<std::pair<std::string_view, DagField>> kOrders = {
    {"dag_id", DagField::dag_id},
    {"dag_display_name", DagField::dag_id},
    {"next_dagrun", DagField::next_tick},
    {"last_run_state", DagField::last_run_state},
    {"last_run_start_date", DagField::last_run_started_at},
};

DagFilter dag_filter_of(const http::Request& request) {
  DagFilter filter;
  filter.dag_id = text_match(request, "dag_id");
  filter.display_name = text_match(request, "dag_display_name");
  filter.owners = words(request, "owners");
  filter.runs_on_assets = flag(request, "has_asset_schedule");
  if (const auto asset = request.query_value("asset_dependency"); asset && !asset->empty()) {
    filter.asset.parts = {std::string(*asset)};
  }
  filter.run_states = enums(request, "dag_run_state", RunState::failed);
  filter.run_started_at = time_range(request, "dag_run_start_date");
  filter.run_ended_at = time_range(request, "dag_run_end_date");
  filter.principal = request.principal.name;
  filter.is_favorite = flag(request, "is_favorite");
  for (const std::string& type : words(request, "timetable_type")) {  // with or without the module of its class
    filter.timetables.push_back(type.substr(type.rfind('.') + 1));
  }
  filter.versions = words(request, "bundle_version");
  const auto bundle = request.query_value("bundle_name");
  if (bundle && *bundle != "dags-folder") filter.versions = {""};  // of another there are none
  filter.tags = words(request, "tags");
  filter.all_tags = request.query_value("tags_match_mode").value_or("any") == "all";
  filter.paused = flag(request, "paused");
  filter.has_import_error = flag(request, "has_import_errors");
  filter.last_run_states = enums(request, "last_dag_run_state", RunState::failed);
  if (flag(request, "exclude_stale").value_or(true)) filter.stale = false;
  return filter;
}

http::Response dags_named(const Call& call, const std::vector<std::string>& dag_ids) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  DagPage page;
  if (!dag_ids.empty()) {
    DagQuery query;
    query.filter.dag_ids = dag_ids;
    query.page.limit = static_cast<std::int64_t>(dag_ids.size());
    auto found = (*reader)->list_dags(query);
    if (!found) return read_error(found.error(), call);
    page = std::move(*found);
  }
  const auto append = [&](std::string& out, const DagView& dag) { append_dag(out, dag, known_of(**reader, dag, call)); };
  return json_response(list_body("dags", page.rows, page.total, append));
}

/// The DAG at `place` of these and then the others.
void pause_next(const Call& call, const http::Reply& reply, std::shared_ptr<const std::vector<std::string>> dag_ids,
                std::size_t place) {
  if (place == dag_ids->size()) return reply.later([call, dag_ids] { return dags_named(call, *dag_ids); });
  call.services.door->set_paused((*dag_ids)[place], call.flag("is_paused", false), asker_of(call.request),
                                 [call, reply, dag_ids, place](const Status& done) {
                                   if (!done) return reply.send(http::error_response(done.error(), &call.request));
                                   pause_next(call, reply, dag_ids, place + 1);
                                 });
}

http::Response list_dags(const Call& call) {
  auto order = order_of<DagField>(call.request, kOrders, {{DagField::dag_id, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  DagQuery query;
  query.filter = dag_filter_of(call.request);
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto recent_runs = call.request.query_value("recent_runs");
  if (recent_runs) query.last_runs = std::strtoll(std::string(*recent_runs).c_str(), nullptr, 10);
  const auto page = (*reader)->list_dags(query);
  if (!page) return read_error(page.error(), call);
  const auto append = [&](std::string& out, const DagView& dag) {
    append_dag(out, dag, known_of(**reader, dag, call), recent_runs.has_value());
  };
  return page_response("dags", *page, append, call);
}

http::Response get_dag(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto dag = dag_of_path(**reader, call);
  if (!dag) return read_error(dag.error(), call);
  std::string body;
  append_dag(body, *dag, known_of(**reader, *dag, call));
  http::Response response = json_response(std::move(body));
  response.etag = std::to_string(dag->seq);
  return response;
}

http::Response details(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto dag = dag_of_path(**reader, call);
  if (!dag) return read_error(dag.error(), call);
  const auto versions = (*reader)->list_versions(dag->dag_id);
  if (!versions) return read_error(versions.error(), call);
  std::string body;
  append_dag_details(body, *dag, known_of(**reader, *dag, call), *versions);
  return object_response(std::move(body), dag->seq, call);
}

void patch_dag(const Call& call, const http::Reply& reply) {
  Call kept = call;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto dag = dag_of_path(**reader, call);
    if (!dag) return reply.send(read_error(dag.error(), call));
    if (auto refused = check_match(kept, "dag/" + dag->dag_id, dag->seq)) return reply.send(std::move(*refused));
  }
  auto hold = hold_of(call);
  if (!hold) {
    const Error wrong{"give is_paused or draining, one of the two, and name it in update_mask where there is one",
                      ErrorKind::invalid};
    return reply.send(http::error_response(wrong, &call.request));
  }
  call.services.door->hold_dag(std::move(*hold), asker_of(call.request), [kept, reply](const Status& done) {
    reply.later([kept, done]() -> http::Response {
      if (!done) return http::error_response(done.error(), &kept.request);
      return get_dag(kept);
    });
  });
}

/// Every DAG of this page of the list, one after the other; the answer is the list of them as they are then.
void patch_many(const Call& call, const http::Reply& reply) {
  auto dag_ids = std::make_shared<std::vector<std::string>>();
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    DagQuery query;
    query.filter = dag_filter_of(call.request);
    query.page = page_of(call.request);
    const auto page = (*reader)->list_dags(query);
    if (!page) return reply.send(read_error(page.error(), call));
    for (const DagView& dag : page->rows) dag_ids->push_back(dag.dag_id);
  }
  pause_next(call, reply, std::move(dag_ids), 0);
}

/// Unknown ids are left out; none is an empty list.
http::Response stats(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto counts = (*reader)->run_counts(words(call.request, "dag_ids"));
  if (!counts) return read_error(counts.error(), call);
  const auto append = [](std::string& out, const std::pair<const std::string, RunCounts>& dag) {
    JsonObject one(out);
    one.text("dag_id", dag.first);
    one.text("dag_display_name", dag.first);
    std::vector<RunState> states = {RunState::queued, RunState::running, RunState::success, RunState::failed};
    append_json_array(one.member("stats"), states, [&](std::string& o, RunState state) {
      JsonObject count(o);
      count.text("state", to_string(state));
      count.number("count", dag.second[static_cast<std::size_t>(state)]);
    });
  };
  return json_response(list_body("dags", *counts, static_cast<std::int64_t>(counts->size()), append));
}

http::Response versions(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const std::string& dag_id = call.request.param("dag_id");
  if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  auto found = (*reader)->list_versions(dag_id);
  if (!found) return read_error(found.error(), call);
  bool oldest_first = false;
  for (const std::string& word : words(call.request, "order_by")) {
    const std::string name = word.substr(word.starts_with('-') ? 1 : 0);
    if (name != "version_number" && name != "created_at" && name != "id") return order_error(word, call);
    oldest_first = !word.starts_with('-');
  }
  if (oldest_first) std::reverse(found->begin(), found->end());
  const auto wanted = call.request.query_value("version_number");
  if (wanted) std::erase_if(*found, [&](const VersionView& one) { return std::to_string(one.number) != *wanted; });
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(found->size());
  const std::vector<VersionView> rows = rows_of_page(*found, page);
  return json_response(list_body("dag_versions", rows, total, append_version));
}

/// The text of the file as the version was made from it: JSON, or the text itself for who accepts only that.
http::Response source(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const std::string& dag_id = call.request.param("dag_id");
  if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  const auto found = (*reader)->list_versions(dag_id);
  if (!found) return read_error(found.error(), call);
  const auto wanted = call.request.query_value("version_number");
  for (const VersionView& version : *found) {
    if (wanted ? std::to_string(version.number) != *wanted : !version.stands) continue;
    const auto row = (*reader)->version(dag_id, version.version);
    if (!row) return read_error(row.error(), call);
    http::Response response;
    if (call.request.header("accept") == "text/plain") {
      response.content_type = "text/plain";
      response.body = row->source;
      return response;
    }
    {
      JsonObject one(response.body);
      one.text("content", row->source);
      one.text("dag_id", dag_id);
      one.text("dag_display_name", dag_id);
      one.number("version_number", version.number);
    }
    return response;
  }
  return http::error_response(404, "there is no such version of the DAG \"" + dag_id + "\"", &call.request);
}

/// The minor of Airflow 3 that a client of its own says it speaks, in `OpenAPI-Generator/3.0.2/python`; else the newest.
int airflow_minor(const http::Request& request) {
  constexpr std::string_view kName = "OpenAPI-Generator/3.";
  const std::string agent(request.header("user-agent"));
  if (!agent.starts_with(kName)) return std::numeric_limits<int>::max();
  return static_cast<int>(std::strtol(agent.c_str() + kName.size(), nullptr, 10));
}

Result<KnownDag> known_of_path(Reader& reader, const Call& call) {
  const auto dag = dag_of_path(reader, call);
  if (!dag) return dag.error();
  if (call.services.known_dags == nullptr) return Error{"its version cannot be read here", ErrorKind::unavailable};
  return call.services.known_dags->get(reader, dag->dag_id, dag->latest_version);
}

/// Of what a version alone decides.
http::Response version_response(std::string body, const Dag& dag, const Call& call) {
  http::Response response = json_response(std::move(body));
  response.etag = dag.version.substr(0, 16) + "-" + sha256_hex(call.request.target + std::string(call.request.header("user-agent"))).substr(0, 8);
  return response;
}

http::Response tasks(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto known = known_of_path(**reader, call);
  if (!known) return read_error(known.error(), call);
  const Dag& dag = *known->dag;
  const std::string order(call.request.query_value("order_by").value_or("task_id"));
  if (order != "task_id" && order != "-task_id") return order_error(order, call);
  std::vector<TaskNo> all = dag.by_id;
  std::erase_if(all, [&](TaskNo t) { return dag.task(t).hook != Hook::none; });
  if (order.front() == '-') std::reverse(all.begin(), all.end());
  const int minor = airflow_minor(call.request);
  std::string body = list_body("tasks", all, static_cast<std::int64_t>(all.size()),
                               [&](std::string& out, TaskNo t) { append_task(out, dag, t, minor); });
  return version_response(std::move(body), dag, call);
}

http::Response task(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const auto known = known_of_path(**reader, call);
  if (!known) return read_error(known.error(), call);
  const std::string& task_id = call.request.param("task_id");
  const auto t = known->dag->find(task_id);
  if (!t) {
    const std::string detail = "the DAG \"" + known->dag->id + "\" has no task \"" + task_id + "\"";
    return http::error_response(404, detail, &call.request);
  }
  std::string body;
  append_task(body, *known->dag, *t, airflow_minor(call.request));
  return version_response(std::move(body), *known->dag, call);
}

http::Response one_version(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  const std::string& dag_id = call.request.param("dag_id");
  const auto found = (*reader)->list_versions(dag_id);
  if (!found) return read_error(found.error(), call);
  for (const VersionView& version : *found) {
    if (std::to_string(version.number) != call.request.param("version_number")) continue;
    std::string body;
    append_version(body, version);
    return json_response(std::move(body));
  }
  return http::error_response(404, "there is no such version of the DAG \"" + dag_id + "\"", &call.request);
}

http::Response tags(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  const auto order = turned_around(call.request, {"name"});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  query.descending = std::get<bool>(order);
  query.name = text_match(call.request, "tag_name");
  query.page = page_of(call.request);
  const auto found = (*reader)->list_tags(query);
  if (!found) return read_error(found.error(), call);
  return json_response(list_body("tags", *found, static_cast<std::int64_t>(found->size()),
                                 [](std::string& out, const std::string& tag) { append_json_string(out, tag); }));
}

}  // namespace

void add_dags(Operations& operations) {
  operations.at_once["get_dags"] = list_dags;
  operations.at_once["get_dag"] = get_dag;
  operations.later["patch_dag"] = patch_dag;
  operations.later["patch_dags"] = patch_many;
  operations.at_once["get_dag_details"] = details;
  operations.at_once["get_tasks"] = tasks;
  operations.at_once["get_task"] = task;
  operations.at_once["get_dag_version"] = one_version;
  operations.at_once["get_dag_stats"] = stats;
  operations.at_once["get_dag_versions"] = versions;
  operations.at_once["get_dag_source"] = source;
  operations.at_once["get_dag_tags"] = tags;
}

}  // namespace baton::api
