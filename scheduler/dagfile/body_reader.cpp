// The bodies of http, sql, checks, approval and trigger_dag: what only meaning can tell of them, the uses of their
// expressions, and the body as it is kept.
#include <set>
#include <string>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_body.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/json/json_value.h"

namespace baton::dagfile {

void TaskReader::read_service_body(Draft& draft, Node node) {
  const expr::ShellKind shell = shell_kind_of(draft.nodes.get("shell"));
  switch (draft.spec.kind) {
    case TaskKind::http: read_http(draft.expressions, node); break;
    case TaskKind::sql: read_sql(draft.expressions, node); break;
    case TaskKind::checks: read_checks(draft.expressions, node, shell); break;
    default: draft.expressions.texts_below(node, Stage::instance); break;
  }
  auto body = compile_body(draft.spec.kind, to_json(literal(node)), shell, true);
  if (body) {
    draft.spec.body = std::move(body).value();
  } else {
    reporter_.error(Rule::invalid_value, node.span(), "this cannot be kept as JSON: " + body.error().message);
  }
}

void TaskReader::require_one(Node node, std::string_view a, std::string_view b, bool needed) {
  const bool has_a = static_cast<bool>(node.find(a));
  const bool has_b = static_cast<bool>(node.find(b));
  if (has_a && has_b) {
    reporter_.error(Rule::conflicting_keys, node.find(b).span(),
                    in_quotes(a) + " and " + in_quotes(b) + " exclude each other");
  } else if (needed && !has_a && !has_b) {
    reporter_.error(Rule::missing_key, node.span(), "one of " + in_quotes(a) + " and " + in_quotes(b) + " is missing");
  }
}

void TaskReader::read_checks(Expressions& expressions, Node node, expr::ShellKind shell) {
  if (!node.is_list()) return expressions.texts_below(node, Stage::instance);
  if (node.size() == 0) {
    reporter_.error(Rule::invalid_value, node.span(), "\"checks\" names no check",
                    "name at least one, or leave the task out");
  }
  std::set<std::string> names;
  for (const Node check : Items(node)) {
    if (!check.is_map()) continue;
    (void)expressions.condition(check.find("expect"), Stage::instance);
    (void)expressions.script(check.find("run"), shell);
    for (const char* file : {"great_expectations", "dbt"}) {
      if (const Node text = check.find(file)) (void)expressions.text(text, Wanted::text, Stage::instance);
    }
    require_one(check, "great_expectations", "dbt", false);
    const bool has_program = check.find("run") || check.find("great_expectations") || check.find("dbt");
    if (static_cast<bool>(check.find("expect")) == has_program) {
      reporter_.error(Rule::conflicting_keys, check.span(), "a check has one of \"expect\" and \"run\"",
                      has_program ? "make it two checks"
                                  : "give it an expression, a script, or a file of great_expectations or dbt");
    }
    const Node on_fail = check.find("on_fail");
    if (check.find("assets") && (!on_fail || on_fail.text() != "quarantine")) {
      reporter_.error(Rule::conflicting_keys, check.find("assets").span(),
                      "\"assets\" says what is quarantined, and this check quarantines nothing",
                      "add on_fail: quarantine");
    }
    const Node name = check.find("name");
    if (name && name.is_scalar() && !names.insert(std::string(name.text())).second) {
      reporter_.error(Rule::invalid_value, name.span(), "there is a check " + in_quotes(name.text()) + " already",
                      "each result is shown by its name: give it another one");
    }
  }
}

void TaskReader::read_http(Expressions& expressions, Node node) {
  if (!node.is_map()) return (void)expressions.text(node, Wanted::text, Stage::instance);
  require_one(node, "body", "json", false);
  for (const auto& [key, value] : Entries(node)) {
    if (key.text() == "headers" && value.is_map()) {
      read_headers(expressions, value);
    } else if (key.text() == "json") {
      expressions.texts_below(value, Stage::instance);
    } else {
      (void)expressions.text(value, Wanted::text, Stage::instance);
    }
  }
}

void TaskReader::read_headers(Expressions& expressions, Node headers) {
  for (const auto& [name, value] : Entries(headers)) {
    (void)expressions.text(value, Wanted::text, Stage::instance, false, true);
  }
}

void TaskReader::read_sql(Expressions& expressions, Node node) {
  if (node.is_map()) require_one(node, "query", "file", true);
  expressions.texts_below(node, Stage::instance);
}

}  // namespace baton::dagfile
