// Approvals and trigger_dag: what the table of keys cannot say of them, and the outputs that they have by themselves.
#include <algorithm>
#include <set>

#include "scheduler/dagfile/json_schema.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_draft.h"

namespace baton::dagfile {
namespace {

std::vector<std::string> texts_of(Node node) {
  std::vector<std::string> out;
  if (!node) return out;
  if (node.is_scalar()) out.emplace_back(node.text());
  if (!node.is_list()) return out;
  for (const Node item : Items(node)) {
    if (item.is_scalar()) out.emplace_back(item.text());
  }
  return out;
}

void check_options(Node approval, Reporter& reporter) {
  const Node node = approval.find("options");
  std::vector<std::string> options = texts_of(node);
  if (!node) options = {"approve", "reject"};
  if (node && node.is_list() && node.size() == 0) {
    reporter.error(Rule::invalid_value, node.span(), "\"options\" names no option", "leave it out for approve and reject");
  }
  std::set<std::string> seen;
  for (const std::string& option : options) {
    if (option.empty()) reporter.error(Rule::invalid_value, node.span(), "an option is empty");
    if (!seen.insert(option).second) {
      reporter.error(Rule::invalid_value, node.span(), "option " + in_quotes(option) + " stands there twice");
    }
  }
  const Node given = approval.find("default");
  const std::vector<std::string> defaults = texts_of(given);
  const std::vector<std::string_view> names(options.begin(), options.end());
  for (const std::string& one : defaults) {
    if (seen.contains(one)) continue;
    reporter.error(Rule::invalid_value, given.span(), in_quotes(one) + " is no option of this approval",
                   reporter.did_you_mean(one, names));
  }
  const Node multiple = approval.find("multiple");
  const bool is_multiple = multiple && multiple.is_scalar() && multiple.text() == "true";
  if (defaults.size() > 1 && !is_multiple) {
    reporter.error(Rule::conflicting_keys, given.span(), "\"default\" names several options, and one alone may be chosen",
                   "add `multiple: true`");
  }
}

void check_silence(Node approval, Reporter& reporter) {
  const Node silence = approval.find("on_timeout");
  if (!silence || !silence.is_scalar()) return;
  if (!approval.find("timeout")) {
    reporter.error(Rule::missing_key, silence.span(), "\"on_timeout\" means nothing without \"timeout\"");
  }
  if (silence.text() == "default" && !approval.find("default")) {
    reporter.error(Rule::missing_key, silence.span(), "\"on_timeout: default\" wants a \"default\"",
                   "name the option that silence stands for");
  }
}

}  // namespace

void TaskReader::read_own_outputs(Draft& draft) {
  using Type = OutputSpec::Type;
  TaskSpec& spec = draft.spec;
  if (spec.kind != TaskKind::approval && spec.kind != TaskKind::trigger_dag) return;
  const std::string kind(to_string(spec.kind));
  if (const Node outputs = draft.nodes.get("outputs"); outputs && outputs.is_map()) {
    reporter_.error(Rule::conflicting_keys, outputs.span(), "a task of the kind " + kind + " has outputs of its own",
                    "leave \"outputs\" out");
    spec.outputs.reset();
  }
  if (const Node cache = draft.nodes.get("cache"); cache && cache.is_map()) {
    reporter_.error(Rule::conflicting_keys, cache.span(), "a task of the kind " + kind + " cannot be cached");
  }
  const Node body = draft.nodes.get(kind);
  if (spec.kind == TaskKind::trigger_dag) {
    spec.outputs.edit() = {{"dag", Type::string}, {"run_id", Type::string}, {"state", Type::string}};
    if (!body.is_map()) return;
    const Node waits = body.find("wait");
    const bool is_waiting = waits && waits.is_scalar() && waits.text() == "true";
    if (const Node failure = body.find("on_failure"); failure && !is_waiting) {
      reporter_.error(Rule::conflicting_keys, failure.span(), "\"on_failure\" means nothing without `wait: true`");
    }
    return;
  }
  spec.outputs.edit() = {{"chosen", Type::list}, {"option", Type::string}, {"params", Type::map},
                         {"by", Type::string},   {"at", Type::timestamp},  {"note", Type::string}};
  if (!body.is_map()) return;
  check_options(body, reporter_);
  check_silence(body, reporter_);
  if (const Node params = body.find("params"); params && params.is_map()) {
    for (const auto& [key, declaration] : Entries(params)) check_schema(declaration, reporter_);
  }
}

}  // namespace baton::dagfile
