// Version, health, metrics, and the description of the API itself.
#include "scheduler/digest/digest.h"
#include "scheduler/json/json_writer.h"
#include "scheduler/model/time_value.h"
#include "web/api/answers.h"
#include "web/api/list_query.h"
#include "web/api/services.h"
#include "web/http/errors.h"

namespace baton::api {

namespace {

/// The level of Airflow's API that is spoken; clients refuse a major below 3.
constexpr std::string_view kAirflowVersion = "3.3.2";

void append_time(std::string& out, WallUs at) {
  if (at == kNoTime) {
    out += "null";
    return;
  }
  const std::int64_t seconds = at >= 0 ? at / kSecond : (at - kSecond + 1) / kSecond;
  append_json_string(out, timestamp_text({seconds, static_cast<std::int32_t>((at - seconds * kSecond) * 1000)}));
}

http::Response version(const Call& call) {
  std::string body;
  {
    JsonObject out(body);
    out.text("version", kAirflowVersion);
    out.text("git_version", "baton " + call.services.version);
  }
  return json_response(std::move(body));
}

void append_part(std::string& out, bool is_healthy, std::string_view seen_name, WallUs seen) {
  JsonObject part(out);
  part.text("status", is_healthy ? "healthy" : "unhealthy");
  if (!seen_name.empty()) append_time(part.member(seen_name), seen);
}

/// Always 200: what is not well is said in the body, as clients expect it. /readyz is for programs that start and stop.
http::Response health(const Call& call) {
  const Health now = call.services.health();
  std::string body;
  {
    JsonObject out(body);
    append_part(out.member("metadatabase"), now.is_store_writable, "", kNoTime);
    append_part(out.member("scheduler"), now.is_ready, "latest_scheduler_heartbeat", now.scheduler_seen);
    append_part(out.member("triggerer"), now.is_ready, "latest_triggerer_heartbeat", now.scheduler_seen);
    append_part(out.member("dag_processor"), now.is_ready, "latest_dag_processor_heartbeat",
                now.files_seen == kNoTime ? now.scheduler_seen : now.files_seen);
  }
  return json_response(std::move(body));
}

http::Response healthz(const Call&) {
  return json_response(R"({"status":"alive"})");
}

http::Response readyz(const Call& call) {
  const Health now = call.services.health();
  if (!now.is_ready) return http::error_response(503, now.why, &call.request);
  return json_response(R"({"status":"ready"})");
}

http::Response metrics(const Call& call) {
  const http::ServerCounts counts = call.services.counts();
  const Health now = call.services.health();
  std::string text = call.services.metrics ? call.services.metrics() : std::string();
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    text.append("# HELP ")
        .append(name)
        .append(" ")
        .append(help)
        .append("\n# TYPE ")
        .append(name)
        .append(" ")
        .append(type);
    text.append("\n").append(name).append(" ").append(std::to_string(value)).append("\n");
  };
  add("baton_ready", "gauge", "Whether requests are taken.", now.is_ready ? 1 : 0);
  add("baton_http_requests_total", "counter", "Requests that reached a handler.", counts.requests);
  add("baton_http_refused_total", "counter", "Requests refused for their form, size or time.", counts.refused);
  add("baton_http_connections", "gauge", "Connections open now.", counts.connections);
  add("baton_http_streams", "gauge", "Streams open now.", counts.streams);
  http::Response response;
  response.body = std::move(text);
  response.content_type = "text/plain; version=0.0.4";
  return response;
}

http::Response openapi(const Call&) {
  http::Response response = json_response(std::string(openapi_json()));
  static const std::string etag = sha256_hex(openapi_json()).substr(0, 16);
  response.etag = etag;
  return response;
}

/// What editors complete and check DAG files by.
http::Response dag_schema(const Call& call) {
  http::Response response = json_response(call.services.dag_schema);
  response.content_type = "application/schema+json";
  return response;
}

http::Response no_alias(const Call& call) {
  return http::error_response(404, "there are no aliases of assets here", &call.request);
}

/// The page asks for what is needed to log in, and has the way out; both lie above /api/v2, behind whatever prefix.
http::Response to_page(const Call&) {
  http::Response response;
  response.status = 307;
  response.headers = {{"Location", "../../../"}};
  return response;
}

/// What Airflow's clients ask for on the way and Baton has none of. In whatever order that there is.
Operate empty_list(std::string name) {
  return [name = std::move(name)](const Call& call) {
    const auto order = turned_around(call.request, {"id", "name", "group", "package_name", "filename", "timestamp"});
    if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
    return json_response("{\"" + name + "\":[],\"total_entries\":0}");
  };
}

http::Response no_config(const Call& call) {
  return http::error_response(403, "the configuration is not shown over the API", &call.request);
}

}  // namespace

void add_system(Operations& operations) {
  operations.at_once["get_version"] = version;
  operations.at_once["get_health"] = health;
  operations.at_once["get_healthz"] = healthz;
  operations.at_once["get_readyz"] = readyz;
  operations.at_once["get_metrics"] = metrics;
  operations.at_once["get_openapi"] = operations.at_once["get_openapi_at_root"] = openapi;
  operations.at_once["get_plugins"] = empty_list("plugins");
  operations.at_once["get_plugin_import_errors"] = empty_list("import_errors");
  operations.at_once["get_asset_aliases"] = empty_list("asset_aliases");
  operations.at_once["get_asset_alias"] = no_alias;
  operations.at_once["get_dag_schema"] = dag_schema;
  operations.at_once["go_to_login"] = to_page;
  operations.at_once["get_providers"] = empty_list("providers");
  operations.at_once["get_config"] = operations.at_once["get_config_value"] = no_config;
}

}  // namespace baton::api
