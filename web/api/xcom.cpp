// What tasks have put out, in Airflow's shape: each output is an entry by its name. A person may put, change and take
// away one of a task instance that has succeeded: scheduler/control/put_output.h says when.
#include <algorithm>
#include <optional>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/condition.h"
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
  const auto order = turned_around(call.request, {"key", "xcom_key"});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  if (!words(call.request, "order_by").empty()) std::ranges::stable_sort(all, {}, &Entry::key);
  if (std::get<bool>(order)) std::ranges::reverse(all);
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

void append_xcom(std::string& out, const Entry& entry, bool as_text) {
  JsonObject one(out);
  entry_fields(one, entry);
  if (as_text) {
    one.text("value", to_json(entry.value));
  } else {
    one.member("value") += to_json(entry.value);
  }
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
    append_xcom(body, entry, as_text);
    return hashed_response(std::move(body), call);
  }
  return http::error_response(404, "this task has put out no \"" + key + "\"", &call.request);
}

// ---- writes ----

/// The entry as it is now, by the numbers that name its instance.
http::Response entry_now(const Call& call, RunNo run_no, InstanceNo instance_no, const std::string& key, int status) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  InstanceQuery query;
  query.filter.run_no = run_no;
  query.filter.task_ids = {call.request.param("task_id")};
  query.page.limit = 10'000;
  query.page.with_total = false;
  auto page = (*reader)->list_instances(query);
  if (!page) return read_error(page.error(), call);
  std::erase_if(page->rows, [&](const InstanceView& one) { return one.row.instance_no != instance_no; });
  for (const Entry& entry : entries_of(page->rows)) {
    if (entry.key != key) continue;
    std::string body;
    append_xcom(body, entry, false);
    return json_response(std::move(body), status);
  }
  return http::error_response(404, "this task has put out no \"" + key + "\"", &call.request);
}

/// `RUN/INSTANCE/KEY`, of what a request with an idempotency key has put.
http::Response shown_entry(const Call& call, const std::string& name) {
  const std::size_t first = name.find('/'), second = name.find('/', first + 1);
  if (second == std::string::npos) return no_content();
  const auto run_no = static_cast<RunNo>(std::strtoll(name.c_str(), nullptr, 10));
  const auto instance = static_cast<InstanceNo>(std::strtol(name.c_str() + first + 1, nullptr, 10));
  return entry_now(call, run_no, instance, name.substr(second + 1), 200);
}

std::optional<std::int32_t> xcom_index(const Call& call, PutOutput::Wish wish) {
  if (wish == PutOutput::Wish::remove) {
    const std::string text(call.request.query_value("map_index").value_or(""));
    return text.empty() ? std::nullopt : std::optional(whole_number(text));
  }
  const Value* index = call.body.find("map_index");
  if (index == nullptr || index->type() != ValueType::integer) return std::nullopt;
  return static_cast<std::int32_t>(index->as_int());
}

void put_entry(const Call& call, const http::Reply& reply, PutOutput::Wish wish) {
  const http::Request& request = call.request;
  PutOutput ask;
  ask.wish = wish;
  ask.task = {request.param("task_id"), xcom_index(call, wish)};
  ask.name = wish == PutOutput::Wish::create ? call.text("key") : request.param("xcom_key");
  if (const Value* value = call.body.find("value")) ask.json = to_json(*value);
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto run_no = run_of_path(**reader, request);
    if (!run_no) return reply.send(read_error(run_no.error(), call));
    ask.run_no = *run_no;
  }
  const int status = wish == PutOutput::Wish::create ? 201 : wish == PutOutput::Wish::change ? 200 : 204;
  const std::string key = ask.name;
  call.services.door->change({std::move(ask), "", status}, asker_of(request), once_of(request),
                             [call, reply, key, status](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               if (status == 204 || done->instances.empty()) return reply.send(no_content());
                               const InstanceNo instance = done->instances.front().instance_no;
                               reply.later([call, key, status, instance, run_no = done->run_no] {
                                 return entry_now(call, run_no, instance, key, status);
                               });
                             });
}

OperateLater writes_xcom(PutOutput::Wish wish) {
  return [wish](const Call& call, const http::Reply& reply) { put_entry(call, reply, wish); };
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
  operations.later["create_xcom_entry"] = writes_xcom(PutOutput::Wish::create);
  operations.later["update_xcom_entry"] = writes_xcom(PutOutput::Wish::change);
  operations.later["delete_xcom_entry"] = writes_xcom(PutOutput::Wish::remove);
  operations.made["xcom"] = shown_entry;
  operations.at_once["get_external_log_url"] = external_log_url;
  operations.at_once["get_extra_links"] = links;
}

}  // namespace baton::api
