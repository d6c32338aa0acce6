// `env` and `secrets`.
#include <set>
#include <string>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/expr/references.h"

namespace baton::dagfile {
namespace {

constexpr std::string_view kOwnPrefix = "BATON_";

}  // namespace

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
    if (const auto name = expr::secret_named(entry.value.compiled ? entry.value.compiled->single() : nullptr)) {
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

}  // namespace baton::dagfile
