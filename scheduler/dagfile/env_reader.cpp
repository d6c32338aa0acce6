// `env`, `secrets`, and the bodies of the kinds that need a server.
#include <set>
#include <string>

#include "scheduler/json/json_value.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/expr/references.h"

namespace baton::dagfile {
namespace {

constexpr std::string_view kOwnPrefix = "BATON_";

bool check_env_name(Node key, Reporter& reporter) {
  const std::string_view name = key.text();
  if (!is_name(name)) {
    reporter.error(Rule::invalid_env_name, key.span(), in_quotes(name) + " is not a name of a variable",
                   "a name is made of letters, digits and \"_\" and does not begin with a digit");
    return false;
  }
  if (name.substr(0, kOwnPrefix.size()) == kOwnPrefix || name == "TRACEPARENT") {
    reporter.error(Rule::invalid_env_name, key.span(), in_quotes(name) + " is one of Baton's own variables",
                   "choose a name that does not begin with BATON_");
    return false;
  }
  return true;
}

/// The name in `${{ secret("name") }}`, when the text is that and nothing else.
std::optional<std::string> secret_call(const Text& text) {
  const expr::Ast* const ast = text.compiled ? text.compiled->single() : nullptr;
  if (ast == nullptr || !expr::is_call_of(*ast, expr::Function::secret)) return std::nullopt;
  const auto& arguments = ast->root().children;
  if (arguments.size() != 1 || arguments[0]->kind != expr::NodeKind::literal ||
      arguments[0]->value->type() != ValueType::string) {
    return std::nullopt;
  }
  return arguments[0]->value->as_string();
}

}  // namespace

void TaskReader::env_entry(Node key, Node value, Stage stage, Expressions& expressions,
                           std::vector<EnvEntry>& entries, std::set<std::string>& names) {
  if (!check_env_name(key, reporter_)) return;
  EnvEntry entry;
  bool has_use = false;
  entry.name = key.text();
  if (value.is_map()) {
    const Node name = value.find("secret");
    if (!name) return;
    entry.secret = name.text();
  } else {
    const std::size_t before = expressions.uses().size();
    entry.value = expressions.text(value, Wanted::text, stage, false, true);
    if (const auto name = secret_call(entry.value)) {
      if (!is_id(*name)) {
        reporter_.error(Rule::invalid_id, value.span(), in_quotes(*name) + " is not a name of a secret");
      }
      entry.secret = *name;
      entry.value = {};
      expressions.uses().pop_back();
    }
    has_use = expressions.uses().size() > before;
  }
  if (!names.insert(entry.name).second) {
    std::erase_if(entries, [&](const EnvEntry& e) { return e.name == entry.name; });
  }
  if (has_use) expressions.uses().back().env_visible = entries.size();
  entries.push_back(std::move(entry));
}

void TaskReader::read_env(Node env, Node secrets, Stage stage, Expressions& expressions,
                          std::vector<EnvEntry>& entries) {
  // A name is looked for in the set, never in the list: a file may have a hundred thousand of them.
  std::set<std::string> names;
  for (const EnvEntry& entry : entries) names.insert(entry.name);
  if (env && env.is_map()) {
    for (const auto& [key, value] : Entries(env)) env_entry(key, value, stage, expressions, entries, names);
  }
  if (!secrets || !secrets.is_map()) return;
  for (const auto& [key, value] : Entries(secrets)) {
    if (!check_env_name(key, reporter_)) continue;
    const Node name = value.is_map() ? value.find("secret") : value;
    if (!name || !name.is_scalar()) continue;
    if (!is_id(name.text())) {
      reporter_.error(Rule::invalid_id, name.span(), in_quotes(name.text()) + " is not a name of a secret");
    }
    EnvEntry entry;
    entry.name = key.text();
    entry.secret = name.text();
    if (!names.insert(entry.name).second) {
      reporter_.error(Rule::duplicate_id, key.span(), in_quotes(entry.name) + " stands in `env` and in `secrets`");
      continue;
    }
    entries.push_back(std::move(entry));
  }
}

void TaskReader::read_service_body(Draft& draft, Node node) {
  Expressions& expressions = draft.expressions;
  draft.spec.body_json = to_json(literal(node));
  const auto require_one = [&](std::string_view a, std::string_view b, bool needed) {
    const bool has_a = static_cast<bool>(node.find(a));
    const bool has_b = static_cast<bool>(node.find(b));
    if (has_a && has_b) {
      reporter_.error(Rule::conflicting_keys, node.find(b).span(),
                      in_quotes(a) + " and " + in_quotes(b) + " exclude each other");
    } else if (needed && !has_a && !has_b) {
      reporter_.error(Rule::missing_key, node.span(), "one of " + in_quotes(a) + " and " + in_quotes(b) + " is missing");
    }
  };
  if (draft.spec.kind == TaskKind::checks && node.is_list()) {
    if (node.size() == 0) {
      reporter_.error(Rule::invalid_value, node.span(), "\"checks\" names no check",
                      "name at least one, or leave the task out");
    }
    for (const Node check : Items(node)) {
      if (!check.is_map()) continue;
      (void)expressions.condition(check.find("expect"), Stage::instance);
      (void)expressions.script(check.find("run"), shell_kind_of(draft.nodes.get("shell")));
      if (static_cast<bool>(check.find("expect")) == static_cast<bool>(check.find("run"))) {
        reporter_.error(Rule::conflicting_keys, check.span(), "a check has one of \"expect\" and \"run\"");
      }
    }
    return;
  }
  if (draft.spec.kind == TaskKind::http && node.is_map()) {
    require_one("body", "json", false);
    for (const auto& [key, value] : Entries(node)) {
      if (key.text() != "headers" || !value.is_map()) {
        expressions.texts_below(value, Stage::instance);
        continue;
      }
      for (const auto& [name, header] : Entries(value)) {
        (void)expressions.text(header, Wanted::text, Stage::instance, false, true);
      }
    }
    return;
  }
  if (draft.spec.kind == TaskKind::sql && node.is_map()) require_one("query", "file", true);
  expressions.texts_below(node, Stage::instance);
}

}  // namespace baton::dagfile
