// DAGs: the list, one of them, pausing; their statistics, sources and versions.
#include <cstdlib>

#include "web/api/answers.h"
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
/// What Airflow runs at most where a DAG says nothing; Baton's limit is elsewhere, and clients want a number.
constexpr std::int64_t kTasksMax = 16;

void append_tag(std::string& out, const std::string& tag, const std::string& dag_id) {
  JsonObject one(out);
  one.text("name", tag);
  one.text("dag_id", dag_id);
  one.text("dag_display_name", dag_id);
}

/// What a bar in a list of DAGs shows of a run.
void append_recent_run(std::string& out, const RunView& run) {
  JsonObject one(out);
  one.text("dag_run_id", run.row.run_id);
  one.text("state", to_string(run.row.state));
  one.text("run_type", to_string(run.row.type));
  time_field(one, "run_after", run.row.run_after == kNoTime ? run.row.queued_at : run.row.run_after);
  time_field(one, "start_date", run.row.started_at);
  time_field(one, "end_date", run.row.ended_at);
}

/// `with_runs`: with those that were read, for who asked for them.
void append_dag(std::string& out, const DagView& dag, bool with_runs) {
  JsonObject one(out);
  one.text("dag_id", dag.dag_id);
  one.text("dag_display_name", dag.dag_id);
  bool_field(one, "is_paused", dag.paused_since != kNoTime);
  bool_field(one, "is_stale", dag.stale_since != kNoTime);
  bool_field(one, "is_draining", dag.draining_since != kNoTime);
  time_field(one, "last_parsed_time", dag.file_read_at);
  null_field(one, "last_parse_duration");
  null_field(one, "last_expired");
  one.text("bundle_name", "dags-folder");
  text_field(one, "bundle_version", dag.latest_version);
  text_field(one, "relative_fileloc", dag.file);
  one.text("fileloc", dag.file);
  one.text("file_token", dag.file);
  null_field(one, "description");
  null_field(one, "timetable_summary");
  null_field(one, "timetable_description");
  bool_field(one, "timetable_partitioned", false);
  bool_field(one, "timetable_periodic", dag.next_tick != kNoTime);
  append_json_array(one.member("tags"), dag.tags,
                    [&](std::string& o, const std::string& tag) { append_tag(o, tag, dag.dag_id); });
  one.number("max_active_tasks", kTasksMax);
  null_field(one, "max_active_runs");
  one.number("max_consecutive_failed_dag_runs", 0);
  bool_field(one, "has_task_concurrency_limits", false);
  bool_field(one, "has_import_errors", dag.has_import_error);
  time_field(one, "next_dagrun_logical_date", dag.next_tick);
  time_field(one, "next_dagrun_data_interval_start", dag.next_tick);
  null_field(one, "next_dagrun_data_interval_end");
  time_field(one, "next_dagrun_run_after", dag.next_tick);
  null_field(one, "allowed_run_types");
  one.member("owners") += "[]";
  bool_field(one, "is_backfillable", true);
  if (with_runs) append_json_array(one.member("recent_runs"), dag.last_runs, append_recent_run);
}

DagFilter filter_of(const http::Request& request) {
  DagFilter filter;
  filter.dag_id = text_match(request, "dag_id");
  filter.tags = words(request, "tags");
  filter.all_tags = request.query_value("tags_match_mode").value_or("any") == "all";
  filter.paused = flag(request, "paused");
  filter.has_import_error = flag(request, "has_import_errors");
  filter.last_run_states = enums(request, "last_dag_run_state", RunState::failed);
  if (flag(request, "exclude_stale").value_or(true)) filter.stale = false;
  return filter;
}

http::Response list(const Call& call) {
  auto order = order_of<DagField>(call.request, kOrders, {{DagField::dag_id, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  DagQuery query;
  query.filter = filter_of(call.request);
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto recent_runs = call.request.query_value("recent_runs");
  if (recent_runs) query.last_runs = std::strtoll(std::string(*recent_runs).c_str(), nullptr, 10);
  const auto page = (*reader)->list_dags(query);
  if (!page) return read_error(page.error(), call);
  const auto append = [&](std::string& out, const DagView& dag) { append_dag(out, dag, recent_runs.has_value()); };
  return list_response(list_body("dags", page->rows, page->total, append), page->seq, call);
}

http::Response dag_response(Reader& reader, const Call& call) {
  DagQuery query;
  query.filter.dag_ids = {call.request.param("dag_id")};
  const auto page = reader.list_dags(query);
  if (!page) return read_error(page.error(), call);
  if (page->rows.empty()) {
    const std::string detail = "there is no DAG \"" + call.request.param("dag_id") + "\"";
    return http::error_response(404, detail, &call.request);
  }
  std::string body;
  append_dag(body, page->rows.front(), false);
  http::Response response = json_response(std::move(body));
  response.etag = std::to_string(page->rows.front().seq);
  return response;
}

http::Response get(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  return dag_response(**reader, call);
}

void patch(const Call& call, const http::Reply& reply) {
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto known = check_dag(**reader, call.request.param("dag_id"));
    if (!known) return reply.send(read_error(known.error(), call));
  }
  auto hold = hold_of(call);
  if (!hold) {
    const Error wrong{"give is_paused or draining, one of the two", ErrorKind::invalid};
    return reply.send(http::error_response(wrong, &call.request));
  }
  call.services.door->hold_dag(std::move(*hold), asker_of(call.request), [call, reply](Status done) {
    reply.later([call, done = std::move(done)]() -> http::Response {
      if (!done) return http::error_response(done.error(), &call.request);
      return get(call);
    });
  });
}

/// Unknown ids are left out; none is an empty list.
http::Response stats(const Call& call) {
  auto reader = call.services.readers->take();
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
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string& dag_id = call.request.param("dag_id");
  if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  const auto found = (*reader)->list_versions(dag_id);
  if (!found) return read_error(found.error(), call);
  return json_response(list_body("dag_versions", *found, static_cast<std::int64_t>(found->size()), append_version));
}

/// The text of the file as the version was made from it: JSON, or the text itself for who accepts only that.
http::Response source(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string& dag_id = call.request.param("dag_id");
  if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  const auto found = (*reader)->list_versions(dag_id);
  if (!found) return read_error(found.error(), call);
  const auto wanted = call.request.query_value("version_number");
  for (const VersionView& version : *found) {
    if (wanted && std::to_string(version.number) != *wanted) continue;
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

http::Response tags(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.name = text_match(call.request, "tag_name");
  query.page = page_of(call.request);
  const auto found = (*reader)->list_tags(query);
  if (!found) return read_error(found.error(), call);
  return json_response(list_body("tags", *found, static_cast<std::int64_t>(found->size()),
                                 [](std::string& out, const std::string& tag) { append_json_string(out, tag); }));
}

}  // namespace

void add_dags(Operations& operations) {
  operations.at_once["get_dags"] = list;
  operations.at_once["get_dag"] = get;
  operations.later["patch_dag"] = patch;
  operations.at_once["get_dag_stats"] = stats;
  operations.at_once["get_dag_versions"] = versions;
  operations.at_once["get_dag_source"] = source;
  operations.at_once["get_dag_tags"] = tags;
}

}  // namespace baton::api
