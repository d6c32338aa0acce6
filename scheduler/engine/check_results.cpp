#include "scheduler/engine/check_results.h"

#include <algorithm>
#include <string>

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr JsonLimits kFileLimits{.depth_max = 200, .bytes_max = 2U << 20U};
constexpr int kExitCannotRun = 126, kExitNotFound = 127;

const Value* member(const Value& value, std::string_view name) {
  return value.type() == ValueType::map ? value.find(name) : nullptr;
}

std::string text_in(const Value& value, std::string_view name) {
  const Value* const found = member(value, name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

std::int64_t number_in(const Value& value, std::string_view name) {
  const Value* const found = member(value, name);
  return found != nullptr && found->type() == ValueType::integer ? found->as_int() : 0;
}

bool is_true(const Value* value) {
  return value != nullptr && value->type() == ValueType::boolean && value->as_bool();
}

/// A value for people: text as it is, anything else as JSON; nothing where it is not there.
std::string shown_value(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->type() == ValueType::string ? value->as_string() : to_json(*value);
}

CheckResult erred(std::string message) {
  CheckResult result;
  result.state = CheckState::error;
  result.message = std::move(message);
  return result;
}

CheckResult by_exit(const Value& entry) {
  CheckResult result;
  const std::int64_t signal = number_in(entry, "signal");
  const std::int64_t exit = number_in(entry, "exit");
  if (signal != 0) return erred("killed by signal " + std::to_string(signal));
  if (exit == kExitCannotRun || exit == kExitNotFound) return erred("could not be run: exit code " + std::to_string(exit));
  if (exit != 0) {
    result.state = CheckState::failed;
    result.message = "exit code " + std::to_string(exit);
  }
  return result;
}

/// What the script has written to its $BATON_OUTPUT goes beside its exit code.
void take_own_words(CheckResult& result, const std::string& text) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return;
  const auto own = from_json(text, kFileLimits);
  if (!own || own->type() != ValueType::map) {
    if (result.state == CheckState::passed) result = erred("what it wrote to $BATON_OUTPUT is no JSON object");
    return;
  }
  result.observed = shown_value(member(*own, "observed"));
  if (const std::string message = shown_value(member(*own, "message")); !message.empty()) result.message = message;
  const Value* const success = member(*own, "success");
  const bool says_no = success != nullptr && success->type() == ValueType::boolean && !success->as_bool();
  if (says_no && result.state == CheckState::passed) {
    result.state = CheckState::failed;
    if (result.message.empty()) result.message = "it says that it does not hold";
  }
}

CheckResult great_expectation(const Value& one) {
  CheckResult result;
  const Value* const config = member(one, "expectation_config");
  const Value none{ValueMap{}};
  const Value& of = config == nullptr ? none : *config;
  result.name = text_in(of, "type");
  if (result.name.empty()) result.name = text_in(of, "expectation_type");
  const Value* const kwargs = member(of, "kwargs");
  const std::string column = kwargs == nullptr ? std::string() : text_in(*kwargs, "column");
  if (!column.empty()) result.name += "(" + column + ")";
  if (!is_true(member(one, "success"))) result.state = CheckState::failed;
  if (const Value* const details = member(one, "result")) {
    result.observed = shown_value(member(*details, "observed_value"));
    const Value* const unexpected = member(*details, "unexpected_count");
    if (result.state == CheckState::failed && unexpected != nullptr) {
      result.message = shown_value(unexpected) + " unexpected values";
    }
  }
  if (const Value* const exception = member(one, "exception_info"); exception != nullptr) {
    if (is_true(member(*exception, "raised_exception"))) {
      result.state = CheckState::error;
      result.message = text_in(*exception, "exception_message");
    }
  }
  if (result.state == CheckState::failed && result.message.empty()) result.message = "not as expected";
  return result;
}

bool holds(const CheckResult& result) {
  return result.state == CheckState::passed;
}

/// Of a file that lists failures alone (only_return_failures) its statistics say how many expectations there were.
void take_statistics(const Value& document, std::vector<CheckResult>& out) {
  const Value* const statistics = member(document, "statistics");
  const std::int64_t all = statistics == nullptr ? 0 : number_in(*statistics, "evaluated_expectations");
  if (all <= 0) return;
  const std::int64_t held = number_in(*statistics, "successful_expectations");
  CheckResult& result = out.emplace_back();
  result.observed = std::to_string(held) + " of " + std::to_string(all) + " expectations";
  if (held >= all && is_true(member(document, "success"))) return;
  result.state = CheckState::failed;
  result.message = "not as expected";
}

void gather_expectations(const Value& document, std::vector<CheckResult>& out, int depth);

/// What stands in one document, and in those below it.
void gather_listed(const Value& document, std::vector<CheckResult>& out, int depth) {
  const Value* const results = member(document, "results");
  if (results != nullptr && results->type() == ValueType::list) {
    for (const Value& one : results->as_list()) {
      if (member(one, "expectation_config") != nullptr) out.push_back(great_expectation(one));
    }
    if (results->as_list().empty()) take_statistics(document, out);
    return;
  }
  for (const char* name : {"run_results", "validation_result", "validation_results"}) {
    const Value* const below = member(document, name);
    if (below == nullptr) continue;
    if (below->type() == ValueType::list) {
      for (const Value& one : below->as_list()) gather_expectations(one, out, depth + 1);
    } else if (below->type() == ValueType::map) {
      const bool is_one = member(*below, "results") != nullptr;
      if (is_one) gather_expectations(*below, out, depth + 1);
      if (is_one) continue;
      for (const auto& [key, one] : below->as_map()) gather_expectations(one, out, depth + 1);
    }
  }
}

/// A document that says itself that it did not succeed does not hold, whatever it lists.
void gather_expectations(const Value& document, std::vector<CheckResult>& out, int depth) {
  constexpr int kDepthMax = 6;  // a checkpoint nests its validations
  if (depth > kDepthMax || document.type() != ValueType::map) return;
  const std::size_t before = out.size();
  gather_listed(document, out, depth);
  const Value* const success = member(document, "success");
  const bool says_no = success != nullptr && success->type() == ValueType::boolean && !success->as_bool();
  if (!says_no || !std::all_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(), holds)) return;
  CheckResult& result = out.emplace_back();
  result.state = CheckState::failed;
  result.message = "the file says success: false";
}

}  // namespace

std::vector<CheckResult> great_expectations_results(const Value& document) {
  std::vector<CheckResult> out;
  if (document.type() == ValueType::list) {
    for (const Value& one : document.as_list()) gather_expectations(one, out, 1);
  } else {
    gather_expectations(document, out, 0);
  }
  return out;
}

std::vector<CheckResult> dbt_results(const Value& document) {
  std::vector<CheckResult> out;
  const Value* const results = member(document, "results");
  if (results == nullptr || results->type() != ValueType::list) return out;
  for (const Value& one : results->as_list()) {
    CheckResult result;
    result.name = text_in(one, "unique_id");
    result.message = text_in(one, "message");
    result.observed = shown_value(member(one, "failures"));
    const std::string status = text_in(one, "status");
    if (status == "warn") result.state = CheckState::warned;
    if (status == "fail") result.state = CheckState::failed;
    const bool held = status == "pass" || status == "success" || status == "no-op";
    if (!held && result.state == CheckState::passed) result.state = CheckState::error;
    // What it tests was not built: nobody has looked at the data.
    if (status == "skipped")
      result.message = "dbt has skipped it" + (result.message.empty() ? "" : ": " + result.message);
    if (!result.name.empty()) out.push_back(std::move(result));
  }
  return out;
}

ProgramResults::ProgramResults(std::string_view output) {
  const auto parsed = from_json(output, {.depth_max = 8, .bytes_max = 2U << 20U});
  if (!parsed || parsed->type() != ValueType::map) return;
  const Value* const checks = parsed->find("checks");
  if (checks != nullptr && checks->type() == ValueType::list) entries_ = checks->as_list();
}

std::vector<CheckResult> ProgramResults::next(const CheckSpec& check) {
  if (at_ >= entries_.size()) return {erred("it was not run")};
  const Value& entry = entries_[at_++];
  if (const std::string problem = text_in(entry, "problem"); !problem.empty()) return {erred(problem)};
  CheckResult own = by_exit(entry);
  take_own_words(own, text_in(entry, "result"));
  if (!check.reads_great_expectations && !check.reads_dbt) return {own};
  const auto document = from_json(text_in(entry, "file"), kFileLimits);
  if (!document) return {erred("its file is no JSON: " + document.error().message)};
  auto results = check.reads_dbt ? dbt_results(*document) : great_expectations_results(*document);
  if (results.empty()) return {erred("its file holds no results")};
  // Both tools end with a failure where an expectation does not hold: that says nothing new then.
  const bool all_hold = std::all_of(results.begin(), results.end(), holds);
  if (own.state == CheckState::error || (own.state == CheckState::failed && all_hold)) results.push_back(own);
  return results;
}

}  // namespace baton
