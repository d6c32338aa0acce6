// Variables: texts that people keep by name. Read by who may change them, since they may hold anything.
#include <algorithm>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/bulk.h"
#include "web/api/condition.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/http/encoding.h"

namespace baton::api {

namespace {

void append_variable(std::string& out, const VariableView& variable) {
  JsonObject one(out);
  one.text("key", variable.name);
  one.text("value", variable.value);
  text_field(one, "description", variable.description);
  bool_field(one, "is_encrypted", false);
  null_field(one, "team_name");
}

http::Response list_variables(const Call& call) {
  const auto order = order_of<int>(call.request, {{"key", 0}, {"id", 0}, {"_id", 0}}, {{0, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.name = text_match(call.request, "variable_key");
  query.descending = std::get<0>(order).front().descending;
  query.page = page_of(call.request);
  const auto page = (*reader)->list_variables(query);
  if (!page) return read_error(page.error(), call);
  return page_response("variables", *page, append_variable, call);
}

/// not_found: there is no such variable.
Result<VariableView> variable_named(Reader& reader, const std::string& name) {
  NameQuery query;
  query.name.prefixes = {name};
  query.page.limit = 1;  // the name itself comes before those that it begins
  query.page.with_total = false;
  auto page = reader.list_variables(query);
  if (!page) return page.error();
  if (!page->rows.empty() && page->rows.front().name == name) return std::move(page->rows.front());
  return Error{"there is no variable \"" + name + "\"", ErrorKind::not_found};
}

http::Response shown_variable(const Call& call, const std::string& name, int status) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto variable = variable_named(**reader, name);
  if (!variable) return read_error(variable.error(), call);
  std::string body;
  append_variable(body, *variable);
  http::Response response = json_response(std::move(body), status);
  response.etag = std::to_string(variable->seq);
  return response;
}

// ---- changes ----

const Value* member(const Value& body, std::string_view name) {
  const Value* found = body.find(name);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

/// A text is kept as it is, anything else as JSON.
std::string value_text(const Value& value) {
  return value.type() == ValueType::string ? value.as_string() : to_json(value);
}

/// The audit says that it changed, not what it holds.
ChangeAsk ask_of(VariableRow row, const char* action, int status) {
  WriteRecords what;
  what.object = "variable/" + row.name;
  what.audit.action = action;
  what.audit.extra_json = "{\"variable\":" + to_json(Value(row.name)) + "}";
  what.rows.variables.push_back(std::move(row));
  return {std::move(what), "", status};
}

/// Looks at what is there while nobody else may change it.
BulkStep plan_variable(Call& call, BulkWant want, const std::string& name, const Value& body) {
  const auto refuse = [&](int status, const std::string& why) {
    return BulkStep{http::error_response(status, why, &call.request), std::nullopt};
  };
  if (name.empty()) return refuse(400, "a variable needs a key");
  if (auto busy = hold(call, "variable/" + name)) return {std::move(busy), std::nullopt};
  auto reader = call.services.readers->take();
  if (!reader) return {read_error(reader.error(), call), std::nullopt};
  const auto before = variable_named(**reader, name);
  if (!before && before.error().kind != ErrorKind::not_found) return {read_error(before.error(), call), std::nullopt};
  if (want == BulkWant::create && before) return refuse(409, "there is a variable \"" + name + "\" already");
  const bool must_be_there = want == BulkWant::update || want == BulkWant::drop;
  if (must_be_there && !before) return refuse(404, before.error().message);
  const std::string_view match = call.request.header("if-match");
  if (!match.empty() && before && !http::names_etag(match, std::to_string(before->seq))) {
    return refuse(412, "it has changed since: If-Match names another state of it");
  }
  const auto mask = words(call.request, "update_mask");
  const auto is_meant = [&](std::string_view field) {
    return mask.empty() || std::find(mask.begin(), mask.end(), field) != mask.end();
  };
  VariableRow row;
  row.name = name;
  if (before) row.value = before->value;
  if (before) row.description = before->description;
  if (const Value* value = body.find("value"); value != nullptr && is_meant("value")) row.value = value_text(*value);
  if (const Value* text = member(body, "description"); text != nullptr && is_meant("description")) {
    row.description = text->as_string();
  }
  row.updated_by = call.request.principal.name;
  row.updated_at = call.services.now();
  row.is_gone = want == BulkWant::drop;
  const char* action = row.is_gone ? "delete_variable" : before ? "change_variable" : "create_variable";
  return {std::nullopt, ask_of(std::move(row), action, want == BulkWant::create ? 201 : 200)};
}

void carry_out(Call call, const http::Reply& reply, BulkWant want, const std::string& name, int status) {
  BulkStep step = plan_variable(call, want, name, call.body);
  if (step.refused) return reply.send(std::move(*step.refused));
  call.services.door->change(std::move(*step.ask), asker_of(call.request), once_of(call.request),
                             [call, reply, name, status](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               if (status == 204) return reply.send(no_content());
                               reply.later([call, name, status] { return shown_variable(call, name, status); });
                             });
}

void patch_variable(const Call& call, const http::Reply& reply) {
  const std::string& name = call.request.param("variable_key");
  const std::string in_body = call.text("key");
  if (!in_body.empty() && in_body != name) {
    return reply.send(http::error_response(400, "the body names another variable than the path", &call.request));
  }
  carry_out(call, reply, BulkWant::update, name, 200);
}

}  // namespace

void add_variables(Operations& operations) {
  operations.at_once["get_variables"] = list_variables;
  operations.at_once["get_variable"] = [](const Call& call) {
    return shown_variable(call, call.request.param("variable_key"), 200);
  };
  operations.later["post_variable"] = [](const Call& call, const http::Reply& reply) {
    carry_out(call, reply, BulkWant::create, call.text("key"), 201);
  };
  operations.later["patch_variable"] = patch_variable;
  operations.later["delete_variable"] = [](const Call& call, const http::Reply& reply) {
    carry_out(call, reply, BulkWant::drop, call.request.param("variable_key"), 204);
  };
  operations.later["bulk_variables"] = [](const Call& call, const http::Reply& reply) {
    carry_out_bulk(call, reply, "key", plan_variable);
  };
  operations.made["variable"] = [](const Call& call, const std::string& name) { return shown_variable(call, name, 200); };
}

}  // namespace baton::api
