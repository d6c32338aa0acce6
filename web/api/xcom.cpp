// What tasks have put out, in Airflow's shape: each output is an entry by its name. Read only: outputs are what later
// tasks have been given, and stay so.
#include <algorithm>
#include <optional>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/run_choice.h"

namespace baton::api {

namespace {

struct Entry {
  const InstanceView* instance;
  std::string key;
  Value value;
};

void entry_fields(JsonObject& one, const Entry& entry) {
  const InstanceView& instance = *entry.instance;
  one.text("key", entry.key);
  time_field(one, "timestamp", instance.row.ended_at == kNoTime ? instance.run_after : instance.row.ended_at);
  time_field(one, "logical_date", instance.logical_date);
  one.number("map_index", instance.row.map_index);
  one.text("task_id", instance.task_id);
  one.text("task_display_name", instance.task_id);
  one.text("dag_id", instance.dag_id);
  one.text("dag_display_name", instance.dag_id);
  one.text("run_id", instance.run_id);
  time_field(one, "run_after", instance.run_after);
}

std::vector<Entry> entries_of(const std::vector<InstanceView>& instances) {
  std::vector<Entry> out;
  for (const InstanceView& instance : instances) {
    if (instance.row.outputs_json.empty()) continue;
    const auto outputs = from_json(instance.row.outputs_json);
    if (!outputs || outputs->type() != ValueType::map) continue;
    for (const auto& [key, value] : outputs->as_map()) out.push_back({&instance, key.as_string(), value});
  }
  return out;
}

/// The instances that the path and the word map_index mean. A run that is not there is an error, a task is not.
Result<std::vector<InstanceView>> instances_of_path(Reader& reader, const Call& call) {
  const http::Request& request = call.request;
  InstanceQuery query;
  if (request.param("dag_run_id") != "~") {
    const auto run_no = run_of_path(reader, request);
    if (!run_no) return run_no.error();
    query.filter.run_no = *run_no;
  } else if (request.param("dag_id") != "~") {
    query.filter.run.dag_ids = {request.param("dag_id")};
  }
  if (request.param("task_id") != "~") query.filter.task_ids = {request.param("task_id")};
  const std::string index(request.query_value("map_index").value_or(""));
  if (!index.empty()) query.filter.map_indexes = {static_cast<std::int32_t>(std::strtol(index.c_str(), nullptr, 10))};
  query.filter.run.dag_id = text_match(request, "dag_display_name");
  query.filter.run.run_id = text_match(request, "run_id");
  query.filter.task_id = text_match(request, "task_id");
  query.filter.run.logical_date = time_range(request, "logical_date");
  query.filter.run.run_after = time_range(request, "run_after");
  if (const auto filter = request.query_value("map_index_filter")) {
    query.filter.map_indexes = {whole_number(std::string(*filter))};
  }
  query.page.limit = 1'000;
  query.page.with_total = false;
  auto page = reader.list_instances(query);
  if (!page) return page.error();
  return std::move(page->rows);
}

http::Response list_xcom_entries(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto instances = instances_of_path(**reader, call);
  if (!instances) return read_error(instances.error(), call);
  std::vector<Entry> all = entries_of(*instances);
  const auto key = call.request.query_value("xcom_key");
  if (key && !key->empty()) std::erase_if(all, [&](const Entry& entry) { return entry.key != *key; });
  const TextMatch keys = text_match(call.request, "xcom_key");
  std::erase_if(all, [&](const Entry& entry) { return !matches(entry.key, keys); });
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(all.size());
  const auto from = all.begin() + std::min(page.offset, total);
  const std::vector<Entry> rows(from, from + std::min(page.limit, total - std::min(page.offset, total)));
  return hashed_response(list_body("xcom_entries", rows, total,
                                   [](std::string& out, const Entry& entry) {
                                     JsonObject one(out);
                                     entry_fields(one, entry);
                                   }),
                         call);
}

/// `stringify=true`: the value as JSON in a text.
http::Response get_xcom_entry(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto instances = instances_of_path(**reader, call);
  if (!instances) return read_error(instances.error(), call);
  const std::string& key = call.request.param("xcom_key");
  const bool as_text = flag(call.request, "stringify").value_or(false);
  for (const Entry& entry : entries_of(*instances)) {
    if (entry.key != key) continue;
    std::string body;
    {
      JsonObject one(body);
      entry_fields(one, entry);
      if (as_text) {
        one.text("value", to_json(entry.value));
      } else {
        one.member("value") += to_json(entry.value);
      }
    }
    return hashed_response(std::move(body), call);
  }
  return http::error_response(404, "this task has put out no \"" + key + "\"", &call.request);
}

// ---- what stands beside task instances ----

/// Logs lie with Baton alone: the URL is that of the API's own log.
http::Response external_log_url(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto run_no = run_of_path(**reader, call.request);
  if (!run_no) return read_error(run_no.error(), call);
  const std::string path(call.request.path());
  const std::string from = "/externalLogUrl/";
  const std::size_t at = path.rfind(from);
  std::string url = path.substr(0, at) + "/logs/" + path.substr(at + from.size());
  if (const auto index = call.request.query_value("map_index")) url += "?map_index=" + std::string(*index);
  std::string body;
  {
    JsonObject one(body);
    one.text("url", url);
  }
  return hashed_response(std::move(body), call);
}

http::Response links(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto instances = instances_of_path(**reader, call);
  if (!instances) return read_error(instances.error(), call);
  if (instances->empty()) return http::error_response(404, "there is no such task instance", &call.request);
  return json_response(R"({"extra_links":{},"total_entries":0})");
}

}  // namespace

void add_xcom(Operations& operations) {
  operations.at_once["get_xcom_entries"] = list_xcom_entries;
  operations.at_once["get_xcom_entry"] = get_xcom_entry;
  operations.at_once["get_external_log_url"] = external_log_url;
  operations.at_once["get_extra_links"] = links;
}

}  // namespace baton::api
