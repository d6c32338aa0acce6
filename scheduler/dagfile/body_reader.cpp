// The bodies of http, sql, checks, approval and trigger_dag: what only meaning can tell of them, the uses of their
// expressions, and the body as it is kept.
#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_body.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/expr/template.h"
#include "scheduler/json/json_value.h"

namespace baton::dagfile {
namespace {

constexpr std::int64_t kStatusMin = 100, kStatusMax = 599;

/// RFC 9110: a token.
bool is_header_name(std::string_view name) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto is_char = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_char);
}

/// Of a text without expressions; what expressions give is held to the same before it is sent.
bool holds_control(Node text) {
  const std::string_view source = text.text();
  return !expr::has_expression(source) && std::any_of(source.begin(), source.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

bool is_web(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

}  // namespace

void TaskReader::read_service_body(Draft& draft, Node node) {
  const expr::ShellKind shell = shell_kind_of(draft.nodes.get("shell"));
  switch (draft.spec.kind) {
    case TaskKind::http: read_http(draft.expressions, node); break;
    case TaskKind::sql: read_sql(draft.expressions, node); break;
    case TaskKind::checks: read_checks(draft.expressions, node, shell); break;
    default: draft.expressions.texts_below(node, Stage::instance); break;
  }
  draft.spec.body = body_of(draft.spec.kind, node, shell);
}

TaskBody TaskReader::body_of(TaskKind kind, Node node, expr::ShellKind shell) {
  auto body = compile_body(kind, to_json(literal(node)), shell, true);
  if (body) return std::move(body).value();
  reporter_.error(Rule::invalid_value, node.span(), "this cannot be kept as JSON: " + body.error().message);
  return {};
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
  if (!node.is_map()) return read_url(expressions, node);
  require_one(node, "body", "json", false);
  for (const auto& [key, value] : Entries(node)) {
    if (key.text() == "headers" && value.is_map()) {
      read_headers(expressions, value);
    } else if (key.text() == "json") {
      expressions.texts_below(value, Stage::instance);
    } else if (key.text() == "url") {
      read_url(expressions, value);
    } else if (key.text() == "expect") {
      check_statuses(value);
    } else {
      (void)expressions.text(value, Wanted::text, Stage::instance);
    }
  }
}

void TaskReader::read_url(Expressions& expressions, Node node) {
  const Text url = expressions.text(node, Wanted::text, Stage::instance);
  if (!node.is_scalar() || url.source.starts_with("${{")) return;
  const std::string_view fixed = std::string_view(url.source).substr(0, url.source.find("${{"));
  // "${{ … }}" may bring the rest of a scheme: only what cannot become one is refused.
  const bool may_become = url.compiled != nullptr && (std::string_view("http://").starts_with(fixed) ||
                                                      std::string_view("https://").starts_with(fixed));
  if (!is_web(fixed) && !may_become) {
    reporter_.error(Rule::invalid_value, node.span(), in_quotes(url.source) + " is no http:// or https:// URL");
  } else if (holds_control(node)) {
    reporter_.error(Rule::invalid_value, node.span(), "a URL holds no line ends or other control characters");
  }
}

void TaskReader::check_statuses(Node node) {
  const auto check = [&](Node status) {
    if (!status.is_scalar()) return;
    const std::int32_t number = read_int(status, static_cast<std::int32_t>(kStatusMin));
    if (number >= kStatusMin && number <= kStatusMax) return;
    reporter_.error(Rule::invalid_value, status.span(), in_quotes(status.text()) + " is no status of HTTP",
                    "they go from 100 to 599");
  };
  if (!node.is_list()) return check(node);
  for (const Node status : Items(node)) check(status);
}

void TaskReader::read_headers(Expressions& expressions, Node headers) {
  for (const auto& [name, value] : Entries(headers)) {
    (void)expressions.text(value, Wanted::text, Stage::instance, false, true);
    if (!is_header_name(name.text())) {
      reporter_.error(Rule::invalid_value, name.span(), in_quotes(name.text()) + " is not a name of a header");
    }
    if (value.is_scalar() && holds_control(value)) {
      reporter_.error(Rule::invalid_value, value.span(), "a header holds no line ends or other control characters");
    }
  }
}

void TaskReader::read_sql(Expressions& expressions, Node node) {
  if (!node.is_map()) return;
  require_one(node, "query", "file", true);
  for (const auto& [key, value] : Entries(node)) {
    if (key.text() == "params") {
      expressions.texts_below(value, Stage::instance);
    } else {
      (void)expressions.text(value, Wanted::text, Stage::instance);
    }
  }
  if (const Node connection = node.find("connection"); connection && connection.is_scalar()) check_connection(connection);
}

void TaskReader::check_connection(Node node) {
  const std::vector<std::string_view> known(connections_.begin(), connections_.end());
  if (std::find(known.begin(), known.end(), node.text()) != known.end()) return;
  std::string hint = reporter_.did_you_mean(node.text(), known);
  if (hint.empty()) hint = "declare it here or in baton.yaml: `connections: {" + std::string(node.text()) + ": {sqlite: FILE}}`";
  reporter_.error(Rule::unknown_connection, node.span(), "there is no connection " + in_quotes(node.text()),
                  std::move(hint));
}

void TaskReader::check_outputs(const Draft& draft, Node outputs) {
  static constexpr std::array<std::string_view, 4> kOfHttp = {"status", "headers", "body", "json"};
  static constexpr std::array<std::string_view, 4> kOfSql = {"rows", "row_count", "changes", "value"};
  const bool is_http = draft.spec.kind == TaskKind::http;
  if (!is_http && draft.spec.kind != TaskKind::sql) return;
  const auto& given = is_http ? kOfHttp : kOfSql;
  for (const auto& [name, type] : Entries(outputs)) {
    if (std::find(given.begin(), given.end(), name.text()) != given.end()) continue;
    reporter_.error(Rule::unknown_name, name.span(),
                    "a task of the kind " + std::string(to_string(draft.spec.kind)) + " gives no output " +
                        in_quotes(name.text()),
                    is_http ? "it gives status, headers, body and json" : "it gives rows, row_count, changes and value");
  }
}

}  // namespace baton::dagfile
