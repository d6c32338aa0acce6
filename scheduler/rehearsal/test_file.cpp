// Test files → TestCase, with the strictness and the places of DAG files.
#include <algorithm>
#include <limits>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/yaml_reader.h"
#include "scheduler/rehearsal/task_names.h"
#include "scheduler/rehearsal/test_case.h"
#include "scheduler/timetable/time_text.h"

namespace baton::rehearsal {
namespace {

using dagfile::Entries;
using dagfile::in_quotes;
using dagfile::Items;
using dagfile::Node;
using dagfile::Reporter;
using Words = std::vector<std::string_view>;

const Words kTestKeys = {"test",  "dag",      "file",  "params", "interval", "now",
                         "slots", "breakers", "pools", "tasks",  "default",  "expect"};
const Words kOutcomeKeys = {"ends", "exit", "signal", "takes", "outputs"};
const Words kOutcomeWords = {"success", "fail", "skip", "hang", "lost"};
const Words kExpectKeys = {"run", "within", "tasks", "order"};
const Words kTaskKeys = {"state", "reason", "tries", "instances", "env"};

class TestReader {
 public:
  TestReader(Node root, Reporter& reporter) : root_(root), reporter_(reporter) {}
  TestCase read();

 private:
  /// Every key is one of `known`, and `body` is a mapping.
  bool check_keys(Node body, const Words& known, const char* what);
  void wrong(Node node, const std::string& wanted) {
    reporter_.error(Rule::wrong_type, node.span(), wanted + " is wanted here, not " + dagfile::describe_node(node));
  }
  std::string text_at(const char* key);
  std::optional<std::int64_t> integer(Node node, std::int64_t least, std::int64_t most);
  std::optional<DurationUs> duration(Node node);
  std::optional<std::string_view> word(Node node, const Words& known, const char* what);
  std::optional<Outcome> outcome(Node node);
  std::optional<Outcome> outcome_of_map(Node node);
  void read_given(Node tasks);
  void read_pools(Node pools);
  void read_breakers(Node breakers);
  void read_expect(Node expect);
  void read_order(Node order);
  void read_expected(Node tasks);
  void read_expected_map(Node body, Expected& out);

  Node root_;
  Reporter& reporter_;
  TestCase test_;
};

bool TestReader::check_keys(Node body, const Words& known, const char* what) {
  if (!body.is_map()) {
    wrong(body, "a mapping");
    return false;
  }
  for (const auto& [key, value] : Entries(body)) {
    if (std::find(known.begin(), known.end(), key.text()) != known.end()) continue;
    reporter_.error(Rule::unknown_key, key.span(), in_quotes(key.text()) + " is no key of " + what,
                    reporter_.did_you_mean(key.text(), known));
  }
  return true;
}

std::string TestReader::text_at(const char* key) {
  const Node node = root_.find(key);
  if (!node) return {};
  if (node.is_scalar()) return std::string(node.text());
  wrong(node, "a text");
  return {};
}

std::optional<std::int64_t> TestReader::integer(Node node, std::int64_t least, std::int64_t most) {
  const Value value = node.is_scalar() ? dagfile::value_of(node, reporter_) : Value();
  if (value.type() == ValueType::integer && value.as_int() >= least && value.as_int() <= most) return value.as_int();
  reporter_.error(Rule::invalid_value, node.span(),
                  "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is wanted here");
  return std::nullopt;
}

std::optional<DurationUs> TestReader::duration(Node node) {
  const auto span = node.is_scalar() ? timetable::parse_duration(node.text()) : Result<DurationUs>{Error{""}};
  if (span && *span >= 0) return *span;
  reporter_.error(Rule::invalid_duration, node.span(), "a duration like `5m` is wanted here");
  return std::nullopt;
}

std::optional<std::string_view> TestReader::word(Node node, const Words& known, const char* what) {
  if (node.is_scalar() && std::find(known.begin(), known.end(), node.text()) != known.end()) return node.text();
  std::string list;
  for (const std::string_view w : known) list += (list.empty() ? "" : ", ") + std::string(w);
  const std::string given = node.is_scalar() ? in_quotes(node.text()) : dagfile::describe_node(node);
  reporter_.error(Rule::invalid_value, node.span(), given + " is no " + what + "; these are: " + list,
                  node.is_scalar() ? reporter_.did_you_mean(node.text(), known) : std::string());
  return std::nullopt;
}

Outcome outcome_of_word(std::string_view word) {
  Outcome out;
  if (word == "fail") out.number = 1;
  if (word == "skip") out.number = 99;
  if (word == "hang") out.kind = Outcome::Kind::hangs;
  if (word == "lost") out.kind = Outcome::Kind::is_lost;
  return out;
}

std::optional<Outcome> TestReader::outcome_of_map(Node node) {
  if (!check_keys(node, kOutcomeKeys, "an outcome")) return std::nullopt;
  Outcome out;
  int ends = 0;
  if (const Node how = node.find("ends"); how) {
    const auto found = word(how, kOutcomeWords, "outcome");
    if (!found) return std::nullopt;
    out = outcome_of_word(*found);
    ++ends;
  }
  if (const Node code = node.find("exit"); code) {
    const auto number = integer(code, 0, 255);
    if (!number) return std::nullopt;
    out.number = static_cast<std::int32_t>(*number);
    ++ends;
  }
  if (const Node signal = node.find("signal"); signal) {
    const auto number = integer(signal, 1, 64);
    if (!number) return std::nullopt;
    out.kind = Outcome::Kind::dies;
    out.number = static_cast<std::int32_t>(*number);
    ++ends;
  }
  if (ends > 1) {
    reporter_.error(Rule::conflicting_keys, node.span(), "one of `ends`, `exit` and `signal` says how it ends");
    return std::nullopt;
  }
  if (const Node takes = node.find("takes"); takes) {
    out.takes_us = duration(takes);
    if (!out.takes_us) return std::nullopt;
  }
  if (const Node outputs = node.find("outputs"); outputs) {
    if (!outputs.is_map()) {
      wrong(outputs, "a mapping");
      return std::nullopt;
    }
    out.outputs = dagfile::value_of(outputs, reporter_);
  }
  return out;
}

std::optional<Outcome> TestReader::outcome(Node node) {
  if (node.is_map()) return outcome_of_map(node);
  const auto found = word(node, kOutcomeWords, "outcome");
  return found ? std::optional(outcome_of_word(*found)) : std::nullopt;
}

void TestReader::read_given(Node tasks) {
  if (!tasks.is_map()) return wrong(tasks, "a mapping of tasks");
  for (const auto& [key, value] : Entries(tasks)) {
    Given given{task_name_of(key.text(), key.line()), {}};
    if (!value.is_list()) {
      if (const auto one = outcome(value)) given.outcomes.push_back(*one);
    } else {
      for (const Node item : Items(value)) {
        if (const auto one = outcome(item)) given.outcomes.push_back(*one);
      }
      if (value.size() == 0) reporter_.error(Rule::invalid_value, value.span(), "a list of outcomes holds at least one");
    }
    if (!given.outcomes.empty()) test_.given.push_back(std::move(given));
  }
}

void TestReader::read_pools(Node pools) {
  if (!pools.is_map()) return wrong(pools, "a mapping of pools to slots");
  for (const auto& [key, value] : Entries(pools)) {
    if (const auto slots = integer(value, 0, 1'000'000)) {
      test_.pools.push_back({.name = std::string(key.text()), .slots = static_cast<std::int32_t>(*slots)});
    }
  }
}

void TestReader::read_breakers(Node breakers) {
  if (!breakers.is_map()) return wrong(breakers, "a mapping of breakers to their states");
  static const Words kStates = {"closed", "open", "half_open"};
  for (const auto& [key, value] : Entries(breakers)) {
    const auto state = word(value, kStates, "state of a breaker");
    if (state) test_.breakers.emplace_back(std::string(key.text()), *breaker_state_from(*state));
  }
}

void TestReader::read_order(Node order) {
  if (!order.is_list()) return wrong(order, "a list of tasks");
  for (const Node item : Items(order)) {
    if (item.is_scalar()) {
      test_.order.push_back(task_name_of(item.text(), item.line()));
    } else {
      wrong(item, "a task");
    }
  }
}

void TestReader::read_expected_map(Node body, Expected& out) {
  if (!check_keys(body, kTaskKeys, "what is expected of a task")) return;
  if (const Node state = body.find("state"); state) {
    out.state = state.is_scalar() ? task_state_from(state.text()) : std::nullopt;
    if (!out.state) reporter_.error(Rule::invalid_value, state.span(), "this is no state of a task instance");
  }
  if (const Node reason = body.find("reason"); reason) {
    if (reason.is_scalar() && reason_from(reason.text())) {
      out.reason = std::string(reason.text());
    } else {
      reporter_.error(Rule::invalid_value, reason.span(), "this is no reason of a state");
    }
  }
  if (const Node tries = body.find("tries"); tries) out.tries = integer(tries, 0, 1'000'000);
  if (const Node instances = body.find("instances"); instances) out.instances = integer(instances, 0, 1'000'000);
  const Node env = body.find("env");
  if (!env) return;
  if (!env.is_map()) return wrong(env, "a mapping of variables");
  for (const auto& [key, value] : Entries(env)) {
    if (value.is_map() || value.is_list()) {
      wrong(value, "a text");
    } else {
      out.env.emplace_back(std::string(key.text()), std::string(value.text()));
    }
  }
}

void TestReader::read_expected(Node tasks) {
  if (!tasks.is_map()) return wrong(tasks, "a mapping of tasks");
  for (const auto& [key, value] : Entries(tasks)) {
    Expected expected{.who = task_name_of(key.text(), key.line())};
    if (value.is_map()) {
      read_expected_map(value, expected);
    } else {
      expected.state = value.is_scalar() ? task_state_from(value.text()) : std::nullopt;
      if (!expected.state) {
        reporter_.error(Rule::invalid_value, value.span(), "a state is wanted here, or a mapping",
                        "states are success, failed, skipped, upstream_failed, …");
      }
    }
    test_.expected.push_back(std::move(expected));
  }
}

void TestReader::read_expect(Node expect) {
  if (!check_keys(expect, kExpectKeys, "`expect`")) return;
  if (const Node run = expect.find("run"); run) {
    static const Words kEnds = {"success", "failed"};
    if (const auto state = word(run, kEnds, "end of a run")) test_.run = run_state_from(*state);
  }
  if (const Node within = expect.find("within"); within) test_.within_us = duration(within);
  if (const Node tasks = expect.find("tasks"); tasks) read_expected(tasks);
  if (const Node order = expect.find("order"); order) read_order(order);
  if (expect.is_map() && expect.size() == 0) {
    reporter_.error(Rule::missing_key, expect.span(), "`expect` is empty: this test could not fail");
  }
}

TestCase TestReader::read() {
  test_.line = root_.line();
  check_keys(root_, kTestKeys, "a test");
  test_.name = text_at("test");
  test_.dag_id = text_at("dag");
  test_.dag_file = text_at("file");
  test_.interval = text_at("interval");
  test_.now = text_at("now");
  if (test_.name.empty()) reporter_.error(Rule::missing_key, root_.span(), "a test has a name: `test: what it shows`");
  if (test_.dag_id.empty()) reporter_.error(Rule::missing_key, root_.span(), "a test names its DAG: `dag: id`");
  if (const Node params = root_.find("params"); params) {
    if (params.is_map()) {
      test_.params = dagfile::value_of(params, reporter_);
    } else {
      wrong(params, "a mapping of params");
    }
  }
  if (const Node slots = root_.find("slots"); slots) {
    test_.slots = static_cast<std::int32_t>(integer(slots, 1, 100'000).value_or(1));
  }
  if (const Node pools = root_.find("pools"); pools) read_pools(pools);
  if (const Node breakers = root_.find("breakers"); breakers) read_breakers(breakers);
  if (const Node all = root_.find("default"); all) test_.otherwise = outcome(all).value_or(Outcome{});
  if (const Node tasks = root_.find("tasks"); tasks) read_given(tasks);
  const Node expect = root_.find("expect");
  if (expect) {
    read_expect(expect);
  } else {
    reporter_.error(Rule::missing_key, root_.span(), "a test says what is expected: `expect: {run: success}`");
  }
  return std::move(test_);
}

}  // namespace

TestFile read_tests(std::string text, const std::string& name) {
  TestFile out;
  const dagfile::SourceText source(name, std::move(text));
  Reporter reporter(source);
  if (dagfile::check_characters(reporter)) {
    const std::vector<dagfile::Document> documents = dagfile::read_yaml(reporter, {});
    for (const dagfile::Document& document : documents) {
      const Node root = document.root();
      if (!root || root.is_null()) continue;
      if (!root.is_map() || root.size() == 0 || root.first().text() != "test") {
        reporter.error(Rule::invalid_value, root.span(), "a document of a test file begins with `test:`");
        continue;
      }
      out.cases.push_back(TestReader(root, reporter).read());
      out.cases.back().file = name;
    }
    if (out.cases.empty() && reporter.error_count() == 0) {
      reporter.error(Rule::missing_key, {}, "there is no test in this file");
    }
  }
  out.diagnostics = reporter.take();
  return out;
}

}  // namespace baton::rehearsal
