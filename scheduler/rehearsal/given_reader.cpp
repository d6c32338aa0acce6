// `given:` of a test: the world in which the run is played. A word of it is a row in kGivenKeys and a reader.
#include <array>
#include <csignal>
#include <string>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/json/json_value.h"
#include "scheduler/rehearsal/task_names.h"
#include "scheduler/rehearsal/test_reading.h"

namespace baton::rehearsal {
namespace {

using dagfile::Entries;
using dagfile::Items;
using dagfile::Node;

const Words kGivenKeys = {"params", "interval",  "now",    "slots",   "pools",
                          "tasks",  "variables", "assets", "default", "breakers",
                          "state", "approvals"};
const Words kAnswerKeys = {"answer", "by", "at", "params", "note"};
const Words kOutcomeKeys = {"ends", "exit", "signal", "after", "outputs", "state", "checks"};
const Words kCheckWords = {"passed", "failed", "error"};
const Words kOutcomeWords = {"success", "fail", "skip", "hang", "lost"};

struct SignalName {
  std::string_view name;
  int number;
};
/// POSIX's, but for those that end nothing.
constexpr std::array kSignals = {SignalName{"HUP", SIGHUP},   SignalName{"INT", SIGINT},   SignalName{"QUIT", SIGQUIT},
                                 SignalName{"ILL", SIGILL},   SignalName{"TRAP", SIGTRAP}, SignalName{"ABRT", SIGABRT},
                                 SignalName{"BUS", SIGBUS},   SignalName{"FPE", SIGFPE},   SignalName{"KILL", SIGKILL},
                                 SignalName{"USR1", SIGUSR1}, SignalName{"SEGV", SIGSEGV}, SignalName{"USR2", SIGUSR2},
                                 SignalName{"PIPE", SIGPIPE}, SignalName{"ALRM", SIGALRM}, SignalName{"TERM", SIGTERM},
                                 SignalName{"XCPU", SIGXCPU}, SignalName{"XFSZ", SIGXFSZ}, SignalName{"SYS", SIGSYS}};

class GivenReader {
 public:
  explicit GivenReader(TestReading& reading) : reading_(reading) {}
  Given read(Node body);

 private:
  std::optional<Outcome> outcome(Node node);
  std::optional<Outcome> outcome_of_map(Node node);
  std::optional<std::int32_t> signal(Node node);
  void read_checks(Node checks, Outcome& out);
  void read_state(Node state);
  void read_params(Node params);
  void read_tasks(Node tasks);
  void read_answers(Node approvals);
  void read_answer(Node key, Node value);
  void read_pools(Node pools);
  void read_breakers(Node breakers);
  void read_variables(Node variables);
  void read_assets(Node assets);
  void read_asset_event(const std::string& asset, Node event);

  TestReading& reading_;
  Given given_;
};

Outcome outcome_of_word(std::string_view word) {
  Outcome out;
  if (word == "fail") out.number = 1;
  if (word == "skip") out.number = 99;
  if (word == "hang") out.kind = Outcome::Kind::hangs;
  if (word == "lost") out.kind = Outcome::Kind::is_lost;
  return out;
}

/// `KILL`, `SIGKILL`, `9`.
std::optional<std::int32_t> GivenReader::signal(Node node) {
  std::string_view text = node.is_scalar() ? node.text() : std::string_view();
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (const SignalName& one : kSignals) {
    if (text == one.name) return one.number;
  }
  const Value value = node.is_scalar() ? dagfile::value_of(node, reading_.reporter()) : Value();
  if (value.type() == ValueType::integer && value.as_int() >= 1 && value.as_int() <= 64) {
    return static_cast<std::int32_t>(value.as_int());
  }
  reading_.error(Rule::invalid_value, node, "a signal like `KILL` or `9` is wanted here");
  return std::nullopt;
}

std::optional<Outcome> GivenReader::outcome_of_map(Node node) {
  if (!reading_.check_keys(node, kOutcomeKeys, "an outcome", {{"takes", "of a try is `after`: how long it takes"}})) {
    return std::nullopt;
  }
  Outcome out;
  int ends = 0;
  if (const Node how = node.find("ends"); how) {
    const auto found = reading_.word(how, kOutcomeWords, "outcome");
    if (!found) return std::nullopt;
    out = outcome_of_word(*found);
    ++ends;
  }
  if (const Node code = node.find("exit"); code) {
    const auto number = reading_.integer(code, 0, 255);
    if (!number) return std::nullopt;
    out.number = static_cast<std::int32_t>(*number);
    ++ends;
  }
  if (const Node by = node.find("signal"); by) {
    const auto number = signal(by);
    if (!number) return std::nullopt;
    out.kind = Outcome::Kind::dies;
    out.number = *number;
    ++ends;
  }
  if (ends > 1) {
    reading_.error(Rule::conflicting_keys, node, "one of `ends`, `exit` and `signal` says how it ends");
    return std::nullopt;
  }
  if (const Node after = node.find("after"); after) {
    const auto span = reading_.duration(after);
    if (!span) return std::nullopt;
    out.after_us = *span;
  }
  if (const Node outputs = node.find("outputs"); outputs) {
    if (!outputs.is_map()) {
      reading_.wrong(outputs, "a mapping");
      return std::nullopt;
    }
    out.outputs = dagfile::value_of(outputs, reading_.reporter());
  }
  if (const Node state = node.find("state"); state) out.state = dagfile::value_of(state, reading_.reporter());
  if (const Node checks = node.find("checks"); checks) read_checks(checks, out);
  return out;
}

std::optional<Outcome> GivenReader::outcome(Node node) {
  if (node.is_map()) return outcome_of_map(node);
  const auto found = reading_.word(node, kOutcomeWords, "outcome");
  return found ? std::optional(outcome_of_word(*found)) : std::nullopt;
}

void GivenReader::read_checks(Node checks, Outcome& out) {
  if (!checks.is_map()) return reading_.wrong(checks, "a mapping of checks to what they come to");
  for (const auto& [key, value] : Entries(checks)) {
    const auto word = reading_.word(value, kCheckWords, "end of a check");
    if (word) out.checks.emplace_back(std::string(key.text()), std::string(*word));
  }
}

void GivenReader::read_state(Node state) {
  if (!state.is_map()) return reading_.wrong(state, "a mapping of states to their values");
  for (const auto& [key, value] : Entries(state)) {
    given_.state.emplace_back(std::string(key.text()), dagfile::value_of(value, reading_.reporter()));
  }
}

void GivenReader::read_params(Node params) {
  if (!params.is_map()) return reading_.wrong(params, "a mapping of params");
  given_.params = dagfile::value_of(params, reading_.reporter());
}

void GivenReader::read_tasks(Node tasks) {
  if (!tasks.is_map()) return reading_.wrong(tasks, "a mapping of tasks");
  for (const auto& [key, value] : Entries(tasks)) {
    TaskOutcomes task{task_name_of(key.text(), key.line()), {}};
    if (!value.is_list()) {
      if (const auto one = outcome(value)) task.outcomes.push_back(*one);
    } else {
      for (const Node item : Items(value)) {
        if (const auto one = outcome(item)) task.outcomes.push_back(*one);
      }
      if (value.size() == 0) reading_.error(Rule::invalid_value, value, "a list of outcomes holds at least one");
    }
    if (!task.outcomes.empty()) given_.tasks.push_back(std::move(task));
  }
}

void GivenReader::read_answers(Node approvals) {
  if (!approvals.is_map()) return reading_.wrong(approvals, "a mapping of approvals to their answers");
  for (const auto& [key, value] : Entries(approvals)) read_answer(key, value);
}

/// `approve: {answer: approve, by: maria, at: 2h}`; an option alone; `none` is silence.
void GivenReader::read_answer(Node key, Node value) {
  GivenAnswer given;
  given.who = task_name_of(key.text(), key.line());
  if (value.is_map() && !reading_.check_keys(value, kAnswerKeys, "an answer")) return;
  const Node answer = value.is_map() ? value.find("answer") : value;
  if (!answer) {
    return reading_.error(Rule::missing_key, value, "an answer says which option: `answer: approve`, or `answer: none`");
  }
  if (answer.is_scalar() && answer.text() != "none") given.chosen.emplace_back(answer.text());
  if (answer.is_list()) {
    for (const Node item : Items(answer)) given.chosen.emplace_back(item.text());
  }
  if (value.is_map()) {
    if (const std::string by = reading_.text_at(value, "by"); !by.empty()) given.by = by;
    given.note = reading_.text_at(value, "note");
    if (const Node at = value.find("at"); at) given.after_us = reading_.duration(at).value_or(0);
    if (const Node params = value.find("params"); params && !params.is_map()) {
      reading_.wrong(params, "a mapping of the form's entries");
    } else if (params) {
      given.params = dagfile::value_of(params, reading_.reporter());
    }
  }
  given_.answers.push_back(std::move(given));
}

void GivenReader::read_pools(Node pools) {
  if (!pools.is_map()) return reading_.wrong(pools, "a mapping of pools to slots");
  for (const auto& [key, value] : Entries(pools)) {
    if (const auto slots = reading_.integer(value, 0, 1'000'000)) {
      given_.pools.push_back({.name = std::string(key.text()), .slots = static_cast<std::int32_t>(*slots)});
    }
  }
}

void GivenReader::read_breakers(Node breakers) {
  if (!breakers.is_map()) return reading_.wrong(breakers, "a mapping of breakers to their states");
  static const Words kStates = {"closed", "open", "half_open"};
  for (const auto& [key, value] : Entries(breakers)) {
    const auto state = reading_.word(value, kStates, "state of a breaker");
    if (state) given_.breakers.emplace_back(std::string(key.text()), *breaker_state_from(*state));
  }
}

void GivenReader::read_variables(Node variables) {
  if (!variables.is_map()) return reading_.wrong(variables, "a mapping of variables to texts");
  for (const auto& [key, value] : Entries(variables)) {
    if (value.is_scalar()) {
      given_.variables.emplace_back(std::string(key.text()), std::string(value.text()));
    } else {
      reading_.wrong(value, "a text");
    }
  }
}

void GivenReader::read_asset_event(const std::string& asset, Node event) {
  if (!reading_.check_keys(event, {"at", "extra"}, "an asset event")) return;
  AssetGiven out{asset, 0, {}};
  if (const Node at = event.find("at"); at) out.at_us = reading_.duration(at).value_or(0);
  if (const Node extra = event.find("extra"); extra) {
    if (!extra.is_map()) return reading_.wrong(extra, "a mapping");
    out.extra_json = to_json(dagfile::value_of(extra, reading_.reporter()));
  }
  given_.assets.push_back(std::move(out));
}

void GivenReader::read_assets(Node assets) {
  if (!assets.is_map()) return reading_.wrong(assets, "a mapping of assets to their events");
  for (const auto& [key, value] : Entries(assets)) {
    const std::string asset(key.text());
    if (!value.is_list()) {
      read_asset_event(asset, value);
    } else {
      for (const Node item : Items(value)) read_asset_event(asset, item);
    }
  }
}

Given GivenReader::read(Node body) {
  if (!reading_.check_keys(body, kGivenKeys, "`given`")) return {};
  given_.interval = reading_.text_at(body, "interval");
  given_.now = reading_.text_at(body, "now");
  if (const Node params = body.find("params"); params) read_params(params);
  if (const Node slots = body.find("slots"); slots) {
    given_.slots = static_cast<std::int32_t>(reading_.integer(slots, 1, 100'000).value_or(1));
  }
  if (const Node approvals = body.find("approvals"); approvals) read_answers(approvals);
  if (const Node pools = body.find("pools"); pools) read_pools(pools);
  if (const Node breakers = body.find("breakers"); breakers) read_breakers(breakers);
  if (const Node variables = body.find("variables"); variables) read_variables(variables);
  if (const Node assets = body.find("assets"); assets) read_assets(assets);
  if (const Node state = body.find("state"); state) read_state(state);
  if (const Node all = body.find("default"); all) {
    given_.otherwise = outcome(all).value_or(Outcome{});
    given_.has_default = true;
  }
  if (const Node tasks = body.find("tasks"); tasks) read_tasks(tasks);
  return std::move(given_);
}

}  // namespace

Given read_given(Node body, TestReading& reading) { return GivenReader(reading).read(body); }

}  // namespace baton::rehearsal
