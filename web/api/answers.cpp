#include "web/api/answers.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>

#include "scheduler/digest/digest.h"
#include "scheduler/json/json_writer.h"
#include "web/api/objects.h"
#include "web/api/run_choice.h"
#include "web/api/whole_run.h"
#include "web/http/router.h"
#include "web/http/target.h"

namespace baton::api {

http::Response read_error(const Error& error, const Call& call) {
  const int status = error.kind == ErrorKind::invalid ? 400 : http::status_of(error.kind);
  return http::error_response(status, error.message, &call.request);
}

http::Response order_error(const std::string& word, const Call& call) {
  return http::error_response(400, "order_by cannot be \"" + word + "\" here", &call.request);
}

http::Response list_response(std::string body, std::int64_t seq, const Call& call) {
  http::Response response = json_response(std::move(body));
  response.etag = std::to_string(seq) + "-" + sha256_hex(call.request.target).substr(0, 8);
  return response;
}

void add_paging(std::string& body, bool is_capped, const std::string& next, const std::string& previous,
                const Call& call) {
  const bool has_cursor = call.request.query_value("cursor").has_value();
  if (!has_cursor && !is_capped) return;
  body.pop_back();
  body += ",\"total_entries_limit\":" + std::to_string(kTotalMax);
  if (has_cursor) {
    const auto add = [&](const char* name, const std::string& cursor) {
      body += name;
      cursor.empty() ? void(body += "null") : append_json_string(body, cursor);
    };
    add(",\"next_cursor\":", next);
    add(",\"previous_cursor\":", previous);
  }
  body += '}';
}

void add_next_link(http::Response& response, const std::string& next, const Call& call) {
  if (next.empty()) return;
  std::string target(call.request.path());
  char separator = '?';
  for (const auto& [name, value] : call.request.query) {
    if (name == "cursor" || name == "offset") continue;
    target += separator + http::percent_encoded(name) + "=" + http::percent_encoded(value);
    separator = '&';
  }
  target += separator + ("cursor=" + http::percent_encoded(next));
  response.headers.push_back({"Link", "<" + target + ">; rel=\"next\""});
}

http::Response object_response(std::string body, std::int64_t seq, const Call& call) {
  http::Response response = json_response(std::move(body));
  response.etag = std::to_string(seq) + "-" + sha256_hex(call.request.target).substr(0, 8);
  return response;
}

http::Response hashed_response(std::string body, const Call&) {
  http::Response response = json_response(std::move(body));
  response.etag = sha256_hex(response.body).substr(0, 20);
  return response;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

Result<RunNo> run_of_path(Reader& reader, const http::Request& request) {
  return run_no_of(reader, request.param("dag_id"), request.param("dag_run_id"));
}

Result<InstanceView> instance_of_path(Reader& reader, const http::Request& request) {
  const auto run_no = run_of_path(reader, request);
  if (!run_no) return run_no.error();
  // In the path, or as a word of the query: clients ask for the log of a mapped instance so.
  std::string index = request.param("map_index");
  if (index.empty()) index = request.query_value("map_index").value_or("");
  InstanceQuery query;
  query.filter.run_no = *run_no;
  query.filter.task_ids = {request.param("task_id")};
  query.filter.map_indexes = {index.empty() ? kUnmapped : static_cast<std::int32_t>(std::atoi(index.c_str()))};
  query.page.limit = 1;
  query.page.with_total = false;
  const auto page = reader.list_instances(query);
  if (!page) return page.error();
  if (!page->rows.empty()) return page->rows.front();
  const std::string what = request.param("task_id") + (index.empty() ? "" : "[" + index + "]");
  return Error{"there is no task instance \"" + what + "\" in this run; a mapped one needs its index",
               ErrorKind::not_found};
}

namespace {

Error no_dag(const std::string& dag_id) {
  return {"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
}

Result<DagView> dag_named(Reader& reader, const std::string& dag_id, const std::string& principal) {
  DagQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.principal = principal;
  query.page.limit = 1;
  query.page.with_total = false;
  auto page = reader.list_dags(query);
  if (!page) return page.error();
  if (page->rows.empty()) return no_dag(dag_id);
  return std::move(page->rows.front());
}

}  // namespace

Result<DagView> dag_of_path(Reader& reader, const Call& call) {
  auto dag = dag_named(reader, call.request.param("dag_id"), call.request.principal.name);
  const bool may_come = !dag && dag.error().kind == ErrorKind::not_found && call.services.is_reading &&
                        call.services.is_reading();
  if (!may_come) return dag;
  return Error{dag.error().message + " yet: the server still reads its files; try again", ErrorKind::unavailable};
}

KnownDag known_of(Reader& reader, const DagView& dag, const Call& call) {
  if (dag.latest_version.empty() || call.services.known_dags == nullptr) return {};
  auto known = call.services.known_dags->get(reader, dag.dag_id, dag.latest_version);
  return known ? std::move(*known) : KnownDag{};
}

Status check_dag(Reader& reader, const std::string& dag_id) {
  if (dag_id == "~") return Unit{};
  const auto is_known = reader.has_dag(dag_id);
  if (!is_known) return is_known.error();
  return *is_known ? Status{Unit{}} : Status{no_dag(dag_id)};
}

http::Response instances_response(Reader& reader,
                                  const std::vector<std::pair<RunNo, std::vector<InstanceNo>>>& instances,
                                  const Call& call) {
  std::vector<InstanceView> rows;
  for (const auto& [run_no, numbers] : instances) {
    if (numbers.empty()) continue;
    InstanceQuery query;
    query.filter.run_no = run_no;
    query.page.limit = kInstancesMax;
    query.page.with_total = false;
    const auto page = reader.list_instances(query);
    if (!page) return read_error(page.error(), call);
    const std::set<InstanceNo> wanted(numbers.begin(), numbers.end());
    std::copy_if(page->rows.begin(), page->rows.end(), std::back_inserter(rows),
                 [&](const InstanceView& one) { return wanted.contains(one.row.instance_no); });
  }
  return json_response(
      list_body("task_instances", rows, static_cast<std::int64_t>(rows.size()), append_instance));
}

Asker asker_of(const http::Request& request) {
  return {request.principal.name, request.peer.address, request.principal.via};
}

Once once_of(const http::Request& request) {
  const std::string_view key = request.header("idempotency-key");
  if (key.empty()) return {};
  return {std::string(key), request.route->operation, sha256_hex(std::string(request.path()) + "\n" + request.body)};
}

}  // namespace baton::api
