// `expect:` of a test: what the run comes to. A word of it is a row in kExpectKeys, a reader, and a comparison
// (differences.cpp).
#include <algorithm>
#include <string>

#include "scheduler/dagfile/keys.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/rehearsal/task_names.h"
#include "scheduler/rehearsal/test_reading.h"

namespace baton::rehearsal {
namespace {

using dagfile::Entries;
using dagfile::Items;
using dagfile::Node;

const Words kExpectKeys = {"run", "takes", "tasks", "order", "alerts", "assets", "waits", "state", "checks", "quarantined"};
const Words kCheckStates = {"passed", "failed", "warned", "error"};
const Words kTaskKeys = {"state", "reason", "tries", "instances", "env"};
const Words kWaits = {"pause", "calendar", "approval", "upstream", "backoff", "breaker",  "limit",   "pool",    "rate",
                      "slots", "worker",   "commit",   "sensor",   "starting", "running", "stopping", "offline"};

/// Those that `alerts:` of a DAG may name.
Words alert_events() {
  Words out;
  const dagfile::Key* key = dagfile::find_key("alert", "events");
  for (std::string_view left = key == nullptr ? std::string_view() : key->words; !left.empty();) {
    const std::size_t end = std::min(left.find(' '), left.size());
    out.push_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return out;
}

class ExpectReader {
 public:
  explicit ExpectReader(TestReading& reading) : reading_(reading) {}
  Expect read(Node body);

 private:
  void read_order(Node order);
  void read_tasks(Node tasks);
  void read_task(Node body, ExpectedTask& out);
  void read_env(Node env, ExpectedTask& out);
  void read_waits(Node waits);
  void read_alerts(Node alerts);
  void read_assets(Node assets);
  void read_state(Node state);
  void read_checks(Node checks);
  void read_quarantined(Node assets);

  TestReading& reading_;
  Expect expect_;
};

void ExpectReader::read_order(Node order) {
  if (!order.is_list()) return reading_.wrong(order, "a list of tasks");
  for (const Node item : Items(order)) {
    if (item.is_scalar()) {
      expect_.order.push_back(task_name_of(item.text(), item.line()));
    } else {
      reading_.wrong(item, "a task");
    }
  }
}

void ExpectReader::read_env(Node env, ExpectedTask& out) {
  if (!env.is_map()) return reading_.wrong(env, "a mapping of variables");
  for (const auto& [key, value] : Entries(env)) {
    if (value.is_map() || value.is_list()) {
      reading_.wrong(value, "a text");
    } else {
      out.env.emplace_back(std::string(key.text()), std::string(value.text()));
    }
  }
}

void ExpectReader::read_task(Node body, ExpectedTask& out) {
  if (!reading_.check_keys(body, kTaskKeys, "what is expected of a task")) return;
  if (const Node state = body.find("state"); state) {
    out.state = state.is_scalar() ? task_state_from(state.text()) : std::nullopt;
    if (!out.state) reading_.error(Rule::invalid_value, state, "this is no state of a task instance");
  }
  if (const Node reason = body.find("reason"); reason) {
    if (reason.is_scalar() && reason_from(reason.text())) {
      out.reason = std::string(reason.text());
    } else {
      reading_.error(Rule::invalid_value, reason, "this is no reason of a state");
    }
  }
  if (const Node tries = body.find("tries"); tries) out.tries = reading_.integer(tries, 0, 1'000'000);
  if (const Node instances = body.find("instances"); instances) out.instances = reading_.integer(instances, 0, 1'000'000);
  if (const Node env = body.find("env"); env) read_env(env, out);
}

void ExpectReader::read_tasks(Node tasks) {
  if (!tasks.is_map()) return reading_.wrong(tasks, "a mapping of tasks");
  for (const auto& [key, value] : Entries(tasks)) {
    ExpectedTask expected{.who = task_name_of(key.text(), key.line())};
    if (value.is_map()) {
      read_task(value, expected);
    } else {
      expected.state = value.is_scalar() ? task_state_from(value.text()) : std::nullopt;
      if (!expected.state) {
        reading_.error(Rule::invalid_value, value, "a state is wanted here, or a mapping",
                       "states are success, failed, skipped, upstream_failed, …");
      }
    }
    expect_.tasks.push_back(std::move(expected));
  }
}

void ExpectReader::read_waits(Node waits) {
  if (!waits.is_map()) return reading_.wrong(waits, "a mapping of tasks");
  for (const auto& [key, body] : Entries(waits)) {
    if (!body.is_map()) {
      reading_.wrong(body, "a mapping of what it waits for, like `{breaker: 5m}`");
      continue;
    }
    for (const auto& [what, how_long] : Entries(body)) {
      const auto word = reading_.word(what, kWaits, "thing to wait for");
      const auto span = reading_.span(how_long);
      if (word && span) {
        expect_.waits.push_back({task_name_of(key.text(), key.line()), *wait_from(*word), *span, what.line()});
      }
    }
  }
}

void ExpectReader::read_alerts(Node alerts) {
  if (!alerts.is_list()) return reading_.wrong(alerts, "a list of alerts");
  static const Words kEvents = alert_events();
  std::vector<ExpectedAlert>& out = expect_.alerts.emplace();
  expect_.alerts_line = alerts.line();
  for (const Node item : Items(alerts)) {
    if (!item.is_map()) {
      if (const auto event = reading_.word(item, kEvents, "alert")) out.push_back({std::string(*event), {}, item.line()});
      continue;
    }
    if (item.size() != 1) {
      reading_.error(Rule::invalid_value, item, "an alert and what it is of: `{task_failed: load}`");
      continue;
    }
    for (const auto& [key, of] : Entries(item)) {
      const auto event = reading_.word(key, kEvents, "alert");
      if (!of.is_scalar()) {
        reading_.wrong(of, "a task, a breaker or a DAG");
      } else if (event) {
        out.push_back({std::string(*event), std::string(of.text()), item.line()});
      }
    }
  }
}

void ExpectReader::read_assets(Node assets) {
  if (!assets.is_list()) return reading_.wrong(assets, "a list of assets");
  std::vector<ExpectedAsset>& out = expect_.assets.emplace();
  expect_.assets_line = assets.line();
  for (const Node item : Items(assets)) {
    if (item.is_scalar()) {
      out.push_back({std::string(item.text()), item.line()});
    } else {
      reading_.wrong(item, "an asset");
    }
  }
}

void ExpectReader::read_state(Node state) {
  if (!state.is_map()) return reading_.wrong(state, "a mapping of states to their values");
  for (const auto& [key, value] : Entries(state)) {
    expect_.state.push_back({std::string(key.text()), dagfile::value_of(value, reading_.reporter()), key.line()});
  }
}

void ExpectReader::read_checks(Node checks) {
  if (!checks.is_map()) return reading_.wrong(checks, "a mapping of tasks to their checks");
  for (const auto& [task, body] : Entries(checks)) {
    if (!body.is_map()) {
      reading_.wrong(body, "a mapping of checks to what they come to");
      continue;
    }
    for (const auto& [name, state] : Entries(body)) {
      const auto word = reading_.word(state, kCheckStates, "end of a check");
      if (!word) continue;
      expect_.checks.push_back({std::string(task.text()), std::string(name.text()), std::string(*word), name.line()});
    }
  }
}

void ExpectReader::read_quarantined(Node assets) {
  if (!assets.is_list()) return reading_.wrong(assets, "a list of assets");
  std::vector<ExpectedAsset>& out = expect_.quarantined.emplace();
  expect_.quarantined_line = assets.line();
  for (const Node item : Items(assets)) {
    if (item.is_scalar()) {
      out.push_back({std::string(item.text()), item.line()});
    } else {
      reading_.wrong(item, "an asset");
    }
  }
}

Expect ExpectReader::read(Node body) {
  if (!reading_.check_keys(body, kExpectKeys, "`expect`", {{"within", "is `takes: {at_most: …}`"}})) return {};
  if (const Node run = body.find("run"); run) {
    static const Words kEnds = {"success", "failed"};
    if (const auto state = reading_.word(run, kEnds, "end of a run")) expect_.run = run_state_from(*state);
    expect_.run_line = run.line();
  }
  if (const Node takes = body.find("takes"); takes) {
    expect_.takes = reading_.span(takes).value_or(Span{});
    expect_.takes_line = takes.line();
  }
  if (const Node tasks = body.find("tasks"); tasks) read_tasks(tasks);
  if (const Node order = body.find("order"); order) read_order(order);
  if (const Node waits = body.find("waits"); waits) read_waits(waits);
  if (const Node alerts = body.find("alerts"); alerts) read_alerts(alerts);
  if (const Node assets = body.find("assets"); assets) read_assets(assets);
  if (const Node state = body.find("state"); state) read_state(state);
  if (const Node checks = body.find("checks"); checks) read_checks(checks);
  if (const Node held = body.find("quarantined"); held) read_quarantined(held);
  if (body.size() == 0) reading_.error(Rule::missing_key, body, "`expect` is empty: this test could not fail");
  return std::move(expect_);
}

}  // namespace

Expect read_expect(Node body, TestReading& reading) { return ExpectReader(reading).read(body); }

}  // namespace baton::rehearsal
