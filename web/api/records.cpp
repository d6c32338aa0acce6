// What is kept beside runs: the event log, import errors.
#include <algorithm>
#include <cstdlib>

#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

const std::vector<std::pair<std::string_view, AuditField>> kAuditOrders = {
    {"id", AuditField::number},       {"event_log_id", AuditField::number}, {"when", AuditField::at},
    {"dttm", AuditField::at},         {"dag_id", AuditField::dag_id},       {"run_id", AuditField::run_id},
    {"task_id", AuditField::task_id}, {"owner", AuditField::actor},         {"event", AuditField::action},
};
const std::vector<std::pair<std::string_view, ImportErrorField>> kErrorOrders = {
    {"id", ImportErrorField::number},
    {"import_error_id", ImportErrorField::number},
    {"filename", ImportErrorField::path},
    {"timestamp", ImportErrorField::failed_since},
};

void append_event(std::string& out, const AuditView& event) {
  const AuditRow& row = event.row;
  JsonObject one(out);
  one.number("event_log_id", event.audit_no);
  time_field(one, "when", row.at);
  text_field(one, "dag_id", row.dag_id);
  text_field(one, "dag_display_name", row.dag_id);
  text_field(one, "run_id", row.run_id);
  text_field(one, "task_id", row.task_id);
  text_field(one, "task_display_name", row.task_id);
  if (row.map_index == kUnmapped) {
    null_field(one, "map_index");
  } else {
    one.number("map_index", row.map_index);
  }
  null_field(one, "try_number");
  one.text("event", row.action);
  null_field(one, "logical_date");
  text_field(one, "owner", row.actor);
  text_field(one, "extra", row.extra_json);
  text_field(one, "address", row.address);
  text_field(one, "via", row.via);
  one.member("before") += row.before_json.empty() ? "null" : row.before_json;
  one.member("after") += row.after_json.empty() ? "null" : row.after_json;
}

http::Response event_logs(const Call& call) {
  auto order = order_of<AuditField>(call.request, kAuditOrders, {{AuditField::number, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  AuditQuery query;
  query.filter.dag_ids = words(call.request, "dag_id");
  query.filter.run_ids = words(call.request, "run_id");
  query.filter.task_ids = words(call.request, "task_id");
  query.filter.actors = words(call.request, "owner");
  query.filter.actions = words(call.request, "event");
  query.filter.excluded_actions = words(call.request, "excluded_events");
  query.filter.dag_id = text_match(call.request, "dag_id");
  query.filter.run_id = text_match(call.request, "run_id");
  query.filter.task_id = text_match(call.request, "task_id");
  query.filter.actor = text_match(call.request, "owner");
  for (const std::string& action : words(call.request, "included_events")) query.filter.actions.push_back(action);
  if (const auto index = call.request.query_value("map_index")) query.filter.map_index = whole_number(std::string(*index));
  if (asks_for_nothing(call.request, {"try_number"})) query.filter.actions = {""};  // no event is of one try
  query.filter.at = time_range(call.request, "when");
  if (const auto after = call.request.query_value("after")) query.filter.at.at_least = time_of_text(*after) + 1;
  if (const auto before = call.request.query_value("before")) query.filter.at.below = time_of_text(*before);
  query.filter.action = text_match(call.request, "event");
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto page = (*reader)->audit(query);
  if (!page) return read_error(page.error(), call);
  return page_response("event_logs", *page, append_event, call);
}

void append_import_error(std::string& out, const ImportErrorView& error) {
  JsonObject one(out);
  one.number("import_error_id", error.file_no);
  time_field(one, "timestamp", error.failed_since);
  one.text("filename", error.path);
  one.text("bundle_name", "dags-folder");
  one.text("stack_trace", error.findings_json);
}

http::Response import_errors(const Call& call) {
  auto order = order_of<ImportErrorField>(call.request, kErrorOrders, {{ImportErrorField::number, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  ImportErrorQuery query;
  query.path = text_match(call.request, "filename");
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto page = (*reader)->list_import_errors(query);
  if (!page) return read_error(page.error(), call);
  return page_response("import_errors", *page, append_import_error, call);
}

http::Response import_error(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  ImportErrorQuery query;
  query.page.limit = 10'000;
  const auto page = (*reader)->list_import_errors(query);
  if (!page) return read_error(page.error(), call);
  for (const ImportErrorView& error : page->rows) {
    if (std::to_string(error.file_no) != call.request.param("import_error_id")) continue;
    std::string body;
    append_import_error(body, error);
    return hashed_response(std::move(body), call);
  }
  return http::error_response(404, "there is no such import error", &call.request);
}

http::Response event_log(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string& wanted = call.request.param("event_log_id");
  AuditQuery query;
  query.order = {{AuditField::number, false}};
  query.page.offset = std::max<std::int64_t>(std::strtoll(wanted.c_str(), nullptr, 10) - 1, 0);  // numbers have no gaps
  query.page.limit = 1;
  query.page.with_total = false;
  const auto page = (*reader)->audit(query);
  if (!page) return read_error(page.error(), call);
  if (page->rows.empty() || std::to_string(page->rows.front().audit_no) != wanted) {
    return http::error_response(404, "there is no event " + wanted + " in the log", &call.request);
  }
  std::string body;
  append_event(body, page->rows.front());
  return hashed_response(std::move(body), call);
}

/// Of the types that clients know the one that comes next.
constexpr std::string_view kWarningType = "asset conflict";

http::Response warnings(const Call& call) {
  std::vector<WarningSeen> all;
  if (call.services.dag_warnings) all = call.services.dag_warnings();
  const std::string dag_id(call.request.query_value("dag_id").value_or(""));
  const std::string type(call.request.query_value("warning_type").value_or(""));
  std::erase_if(all, [&](const WarningSeen& one) {
    return (!dag_id.empty() && one.dag_id != dag_id) || (!type.empty() && type != kWarningType);
  });
  for (const std::string& word : words(call.request, "order_by")) {
    const bool descends = word.starts_with('-');
    const std::string name = word.substr(descends ? 1 : 0);
    if (name != "dag_id" && name != "warning_type" && name != "message" && name != "timestamp") return order_error(word, call);
    if (name == "dag_id") std::ranges::stable_sort(all, {}, &WarningSeen::dag_id);
    if (name == "message") std::ranges::stable_sort(all, {}, &WarningSeen::message);
    if (name == "timestamp") std::ranges::stable_sort(all, {}, &WarningSeen::at);
    if (descends) std::ranges::reverse(all);
  }
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(all.size());
  const std::vector<WarningSeen> rows = rows_of_page(all, page);
  return hashed_response(list_body("dag_warnings", rows, total,
                                   [](std::string& out, const WarningSeen& one) {
                                     JsonObject object(out);
                                     object.text("dag_id", one.dag_id);
                                     object.text("dag_display_name", one.dag_id);
                                     object.text("warning_type", kWarningType);
                                     object.text("message", one.message);
                                     time_field(object, "timestamp", one.at);
                                   }),
                         call);
}

/// The folder is looked at now; what has changed in it is there a moment later.
void parse_file(const Call& call, const http::Reply& reply) {
  call.services.door->look_at_folder([call, reply](const Status& done) {
    if (!done) return reply.send(http::error_response(done.error(), &call.request));
    reply.send(json_response("null", 201));
  });
}

}  // namespace

void add_records(Operations& operations) {
  operations.at_once["get_event_logs"] = event_logs;
  operations.at_once["get_import_errors"] = import_errors;
  operations.at_once["get_import_error"] = import_error;
  operations.at_once["get_event_log"] = event_log;
  operations.at_once["list_dag_warnings"] = warnings;
  operations.later["reparse_dag_file"] = parse_file;
}

}  // namespace baton::api
