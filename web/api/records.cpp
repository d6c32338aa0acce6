// What is kept beside runs: the event log, import errors, pools, variables.
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
  query.filter.action = text_match(call.request, "event");
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto page = (*reader)->audit(query);
  if (!page) return read_error(page.error(), call);
  return list_response(list_body("event_logs", page->rows, page->total, append_event), page->seq, call);
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
  return list_response(list_body("import_errors", page->rows, page->total, append_import_error), page->seq, call);
}

/// What a pool has and what holds it.
struct PoolSlots {
  std::int64_t running = 0, queued = 0, scheduled = 0, deferred = 0;
};

PoolSlots slots_of(const std::vector<PoolLoad>& loads, const std::string& pool) {
  PoolSlots slots;
  for (const PoolLoad& load : loads) {
    if (load.pool != pool) continue;
    if (load.state == TaskState::running) slots.running += load.slots;
    if (load.state == TaskState::queued) slots.queued += load.slots;
    if (load.state == TaskState::scheduled) slots.scheduled += load.slots;
    if (load.state == TaskState::deferred) slots.deferred += load.slots;
  }
  return slots;
}

void append_pool(std::string& out, const PoolView& pool, const std::vector<PoolLoad>& loads) {
  const PoolSlots slots = slots_of(loads, pool.name);
  const std::int64_t occupied = slots.running + slots.queued + (pool.include_deferred ? slots.deferred : 0);
  JsonObject one(out);
  one.text("name", pool.name);
  one.number("slots", pool.slots);
  text_field(one, "description", pool.description);
  bool_field(one, "include_deferred", pool.include_deferred);
  one.number("occupied_slots", occupied);
  one.number("running_slots", slots.running);
  one.number("queued_slots", slots.queued);
  one.number("scheduled_slots", slots.scheduled);
  one.number("open_slots", pool.slots - occupied);
  one.number("deferred_slots", slots.deferred);
  null_field(one, "team_name");
}

http::Response pools(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.name = text_match(call.request, "pool_name");
  query.page = page_of(call.request);
  const auto page = (*reader)->list_pools(query);
  if (!page) return read_error(page.error(), call);
  const auto loads = (*reader)->pool_loads();
  if (!loads) return read_error(loads.error(), call);
  return list_response(list_body("pools", page->rows, page->total,
                                 [&](std::string& out, const PoolView& pool) { append_pool(out, pool, *loads); }),
                       page->seq, call);
}

http::Response pool(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string& name = call.request.param("pool_name");
  NameQuery query;
  query.name.prefixes = {name};
  query.page.limit = 10'000;
  const auto page = (*reader)->list_pools(query);
  if (!page) return read_error(page.error(), call);
  for (const PoolView& one : page->rows) {
    if (one.name != name) continue;
    const auto loads = (*reader)->pool_loads();
    if (!loads) return read_error(loads.error(), call);
    std::string body;
    append_pool(body, one, *loads);
    return json_response(std::move(body));
  }
  return http::error_response(404, "there is no pool \"" + name + "\"", &call.request);
}

http::Response variables(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.name = text_match(call.request, "variable_key");
  query.page = page_of(call.request);
  const auto page = (*reader)->list_variables(query);
  if (!page) return read_error(page.error(), call);
  const auto append = [](std::string& out, const VariableView& variable) {
    JsonObject one(out);
    one.text("key", variable.name);
    one.text("value", variable.value);
    text_field(one, "description", variable.description);
    bool_field(one, "is_encrypted", false);
    null_field(one, "team_name");
  };
  return list_response(list_body("variables", page->rows, page->total, append), page->seq, call);
}

}  // namespace

void add_records(Operations& operations) {
  operations.at_once["get_event_logs"] = event_logs;
  operations.at_once["get_import_errors"] = import_errors;
  operations.at_once["get_pools"] = pools;
  operations.at_once["get_pool"] = pool;
  operations.at_once["get_variables"] = variables;
}

}  // namespace baton::api
