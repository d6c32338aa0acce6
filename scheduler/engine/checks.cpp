#include "scheduler/engine/checks.h"

#include <algorithm>
#include <array>
#include <set>

#include "scheduler/engine/body.h"
#include "scheduler/engine/check_results.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/model/utf8.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, kCheckStateCount> kCheckStates = {"passed", "failed", "warned", "error"};
constexpr std::array<std::string_view, kOnFailCount> kOnFails = {"fail", "warn", "quarantine"};

std::string text_member(const Value& map, std::string_view name) {
  const Value* const found = map.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

std::vector<std::string> texts_of(const Value* value) {
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (value->type() == ValueType::string) return {value->as_string()};
  if (value->type() != ValueType::list) return out;
  for (const Value& one : value->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

const Text* text_at(const TaskBody& body, const std::string& place) {
  for (const auto& [at, text] : body.texts) {
    if (at == place) return &text;
  }
  return nullptr;
}

std::string in_short(std::string text) {
  text = valid_utf8(text);
  if (text.size() <= kCheckTextMax) return text;
  text.resize(kCheckTextMax);
  return valid_utf8(text) + "…";
}

CheckResult expected(const CheckSpec& check, const expr::Names& names) {
  CheckResult result;
  const auto value = value_of(*check.expect, names);
  if (!value) {
    result.state = CheckState::error;
    result.message = value.error().message;
  } else if (value->type() != ValueType::boolean) {
    result.state = CheckState::error;
    result.message = "the value is no bool but " + std::string(to_string(value->type()));
  } else if (!value->as_bool()) {
    result.state = CheckState::failed;
    result.message = check.expect->source + " is false";
  }
  return result;
}

/// Beyond them nothing is kept, but that there were more.
void cut(std::vector<CheckResult>& results) {
  if (results.size() <= kCheckResultsMax) return;
  const bool all_hold = std::all_of(results.begin() + kCheckResultsMax - 1, results.end(),
                                    [](const CheckResult& r) { return r.state == CheckState::passed; });
  CheckResult rest = results[kCheckResultsMax - 1];
  rest.message = std::to_string(results.size() - kCheckResultsMax + 1) + " more results are not kept";
  if (!all_hold && rest.state == CheckState::passed) rest.state = CheckState::failed;
  results.resize(kCheckResultsMax - 1);
  results.push_back(std::move(rest));
}

void quarantine(ChecksOutcome& out, const std::vector<std::string>& assets) {
  for (const std::string& asset : assets) {
    if (std::find(out.quarantined.begin(), out.quarantined.end(), asset) == out.quarantined.end()) {
      out.quarantined.push_back(asset);
    }
  }
}

/// `enough_rows: exit code 1; nulls (warns): 12 rows`, not without end.
void name_in_note(ChecksOutcome& out, const CheckResult& result, std::size_t& named) {
  constexpr std::size_t kNamed = 5;
  if (++named > kNamed) {
    if (named == kNamed + 1) out.note += "; …";
    return;
  }
  if (!out.note.empty()) out.note += "; ";
  out.note += result.name;
  if (result.on_fail == OnFail::warn) out.note += " (warns)";
  if (!result.message.empty()) out.note += ": " + result.message;
}

bool holds_nothing_back(const TaskSpec& spec) {
  return spec.kind != TaskKind::checks || spec.body->json.find("\"quarantine\"") == std::string::npos;
}

}  // namespace

std::string_view to_string(CheckState state) { return kCheckStates[static_cast<std::size_t>(state)]; }
std::string_view to_string(OnFail on_fail) { return kOnFails[static_cast<std::size_t>(on_fail)]; }

std::vector<CheckSpec> checks_of(const TaskSpec& spec) {
  std::vector<CheckSpec> out;
  const auto written = from_json(spec.body->json, kExactJsonLimits);
  if (!written || written->type() != ValueType::list) return out;
  std::size_t k = 0;
  for (const Value& entry : written->as_list()) {
    CheckSpec check;
    const std::string place = "/" + std::to_string(k++) + "/";
    check.name = text_member(entry, "name");
    check.description = text_member(entry, "description");
    const std::string on_fail = text_member(entry, "on_fail");
    if (on_fail == "warn") check.on_fail = OnFail::warn;
    if (on_fail == "quarantine") check.on_fail = OnFail::quarantine;
    check.assets = texts_of(entry.find("assets"));
    check.expect = text_at(spec.body, place + "expect");
    check.has_run = entry.find("run") != nullptr;
    check.reads_great_expectations = entry.find("great_expectations") != nullptr;
    check.reads_dbt = entry.find("dbt") != nullptr;
    out.push_back(std::move(check));
  }
  return out;
}

bool checks_need_attempt(const TaskSpec& spec) {
  const auto checks = checks_of(spec);
  return std::any_of(checks.begin(), checks.end(), [](const CheckSpec& check) { return check.needs_attempt(); });
}

ChecksOutcome checks_outcome(const DagRun& run, InstanceNo i, std::string_view output) {
  const TaskSpec& spec = run.spec_of(i);
  const std::vector<CheckSpec> checks = checks_of(spec);
  const RunNames names(run, run.at(i).task_no, i);
  ProgramResults programs(output);
  ChecksOutcome out;
  for (std::size_t k = 0; k < checks.size(); ++k) {
    std::vector<CheckResult> found;
    if (checks[k].expect != nullptr) {
      found.push_back(expected(checks[k], names));
    } else {
      found = programs.next(checks[k]);
    }
    for (CheckResult& result : found) {
      result.check = k;
      result.on_fail = checks[k].on_fail;
      result.description = checks[k].description;
      result.name = result.name.empty() ? checks[k].name : checks[k].name + "/" + in_short(result.name);
      if (result.state == CheckState::failed && result.on_fail == OnFail::warn) result.state = CheckState::warned;
      result.observed = in_short(result.observed);
      result.message = in_short(result.message);
      out.results.push_back(std::move(result));
    }
  }
  cut(out.results);
  std::size_t named = 0;
  for (const CheckResult& result : out.results) {
    if (result.state == CheckState::passed) continue;
    name_in_note(out, result, named);
    const bool only_warns = result.state == CheckState::warned || result.on_fail == OnFail::warn;
    if (only_warns && BATON_BUG(warning_fails_the_task)) out.is_failed = true;
    if (!only_warns && result.on_fail == OnFail::fail) out.is_failed = true;
    if (only_warns || result.on_fail != OnFail::quarantine) continue;
    const CheckSpec& check = checks[result.check];
    quarantine(out, check.assets.empty() ? assets_before(*run.dag, run.at(i).task_no) : check.assets);
  }
  return out;
}

Value checks_outputs(const ChecksOutcome& outcome) {
  std::int64_t passed = 0;
  std::int64_t warned = 0;
  for (const CheckResult& result : outcome.results) {
    if (result.state == CheckState::passed) ++passed;
    else if (result.on_fail == OnFail::warn || result.state == CheckState::warned) ++warned;
  }
  ValueList quarantined;
  for (const std::string& asset : outcome.quarantined) quarantined.emplace_back(asset);
  const auto all = static_cast<std::int64_t>(outcome.results.size());
  return ValueMap{{"passed", passed},
                  {"failed", all - passed - warned},
                  {"warned", warned},
                  {"quarantined", std::move(quarantined)}};
}

namespace {

void put_part(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += '\n';
  out += part;
}

}  // namespace

Result<std::string> checks_orders(const DagRun& run, InstanceNo i, const std::vector<std::string>& default_shell) {
  const TaskSpec& spec = run.spec_of(i);
  const RunNames names(run, run.at(i).task_no, i);
  const auto written = from_json(spec.body->json, kExactJsonLimits);
  if (!written) return written.error();
  const std::vector<std::string>& shell = spec.shell.empty() ? default_shell : *spec.shell;
  std::string out;
  put_part(out, std::to_string(shell.size()));
  for (const std::string& word : shell) put_part(out, word);
  const std::vector<CheckSpec> checks = checks_of(spec);
  for (std::size_t k = 0; k < checks.size(); ++k) {
    if (!checks[k].needs_attempt()) continue;
    const std::string place = "/" + std::to_string(k) + "/";
    const Value& entry = written->as_list()[k];
    std::string script = text_member(entry, "run");
    for (const auto& [at, compiled] : spec.body->scripts) {
      if (at != place + "run") continue;
      auto text = text_of(compiled, names);
      if (!text) return Error{"checks." + checks[k].name + ".run: " + text.error().message};
      script = std::move(text).value();
    }
    std::string file;
    for (const char* key : {"great_expectations", "dbt"}) {
      if (entry.find(key) == nullptr) continue;
      file = text_member(entry, key);
      const Text* const text = text_at(spec.body, place + key);
      if (text == nullptr) continue;
      auto value = text_of(*text, names);
      if (!value) return Error{"checks." + checks[k].name + "." + key + ": " + value.error().message};
      file = std::move(value).value();
    }
    put_part(out, checks[k].name);
    put_part(out, script);
    put_part(out, file);
  }
  return out;
}

std::vector<std::string> assets_before(const Dag& dag, TaskNo checks) {
  std::vector<std::string> out;
  std::set<TaskNo> seen;
  std::vector<TaskNo> open(dag.upstream.of(checks).begin(), dag.upstream.of(checks).end());
  while (!open.empty()) {
    const TaskNo t = open.back();
    open.pop_back();
    if (!seen.insert(t).second || dag.spec(t).kind == TaskKind::checks) continue;
    for (const std::string& asset : dag.spec(t).produces) {
      if (std::find(out.begin(), out.end(), asset) == out.end()) out.push_back(asset);
    }
    open.insert(open.end(), dag.upstream.of(t).begin(), dag.upstream.of(t).end());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<TaskNo> gates_of(const Dag& dag, TaskNo producer) {
  std::vector<TaskNo> out;
  const std::vector<std::string>& made = dag.spec(producer).produces;
  if (made.empty() || !dag.has_gates) return out;
  const auto guards = [&](TaskNo t) {
    if (holds_nothing_back(dag.spec(t))) return false;
    for (const CheckSpec& check : checks_of(dag.spec(t))) {
      if (check.on_fail != OnFail::quarantine) continue;
      if (check.assets.empty()) return true;
      for (const std::string& asset : check.assets) {
        if (std::find(made.begin(), made.end(), asset) != made.end()) return true;
      }
    }
    return false;
  };
  std::set<TaskNo> seen;
  std::vector<TaskNo> open(dag.downstream.of(producer).begin(), dag.downstream.of(producer).end());
  while (!open.empty()) {
    const TaskNo t = open.back();
    open.pop_back();
    if (!seen.insert(t).second) continue;
    if (dag.spec(t).kind == TaskKind::checks) {
      if (guards(t)) out.push_back(t);
      continue;
    }
    open.insert(open.end(), dag.downstream.of(t).begin(), dag.downstream.of(t).end());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string quarantined_by(const DagRun& run, TaskNo checks) {
  return "checks " + run.row.dag_id + "/" + run.row.run_id + " " + run.dag->task(checks).id;
}

}  // namespace baton
