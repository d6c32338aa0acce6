// TestCase: one document of a test file: which DAG, what is given, what is expected. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/model/breaker_spec.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/states.h"
#include "scheduler/model/value.h"

namespace baton::rehearsal {

/// What becomes of one attempt, or of one look of a sensor.
struct Outcome {
  enum class Kind : std::uint8_t {
    exits,   ///< with `number`
    dies,    ///< of the signal `number`
    hangs,   ///< until its timeout, or for ever
    is_lost, ///< with its worker
  };
  Kind kind = Kind::exits;
  std::int32_t number = 0;
  DurationUs after_us = 0;             ///< how long it takes
  std::optional<Value> outputs;        ///< of a success; none: a value of each type that is declared
  std::optional<Value> state;          ///< of a success: what it puts as its state across runs; none: nothing
  std::vector<std::pair<std::string, std::string>> checks;  ///< passed, failed or error; others pass
};

/// A task, or some of its mapped instances: `load`, `load[2]`, `load[eu]`.
struct TaskName {
  std::string task;
  std::optional<std::string> instance;  ///< a map index, or the label of an item
  std::uint32_t line = 0;
};

/// What a task comes to: its attempts in order; the last one stands for all that follow.
struct TaskOutcomes {
  TaskName who;
  std::vector<Outcome> outcomes;
};

/// Somebody says that something has happened to an asset.
struct AssetGiven {
  std::string asset;
  DurationUs at_us = 0;  ///< after the begin
  std::string extra_json;
};

/// What is answered to an approval, each time that it asks. Nobody: it waits, until its deadline or for ever.
struct GivenAnswer {
  TaskName who;
  std::vector<std::string> chosen;     ///< empty: nobody answers
  std::string by = "somebody";
  Value params;                        ///< a map; null: none given
  std::string note;
  DurationUs after_us = 0;             ///< since it was asked
};

/// `given:` of a test: the world in which the run is played.
struct Given {
  Value params;                     ///< a map; null: none given
  std::string interval;             ///< as `baton run --interval` takes it; empty: as that without
  std::string now;                  ///< when it begins, as a time of a DAG file; empty: the end of its interval
  std::int32_t slots = 16;
  std::vector<PoolSpec> pools;      ///< instead of those of the same names
  std::vector<std::pair<std::string, BreakerState>> breakers;  ///< closed, or open since it begins
  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<AssetGiven> assets;
  std::vector<std::pair<std::string, Value>> state;  ///< that earlier runs have left
  Outcome otherwise;                ///< `default`: of tasks that are not named
  bool has_default = false;
  std::vector<TaskOutcomes> tasks;
  std::vector<GivenAnswer> answers;  ///< of approvals that are not named the first option is chosen, at once
};

/// How long something may take; `5m` alone is both.
struct Span {
  std::optional<DurationUs> at_least_us, at_most_us;
};

/// What is expected of a task: each of its instances that are named.
struct ExpectedTask {
  TaskName who;
  std::optional<TaskState> state;
  std::optional<std::string> reason;
  std::optional<std::int64_t> tries;
  std::optional<std::int64_t> instances;                 ///< how many there are
  std::vector<std::pair<std::string, std::string>> env;  ///< of its last attempt
};

/// How long each instance of a task waits for something.
struct ExpectedWait {
  TaskName who;
  Wait reason = Wait::ended;
  Span span;
  std::uint32_t line = 0;
};

/// An alert that is sent to somebody.
struct ExpectedAlert {
  std::string event;
  std::string of;  ///< a task, `load[2]`, a breaker, a DAG; empty: of whatever
  std::uint32_t line = 0;
};

/// A value that the DAG keeps; null: it keeps none.
struct ExpectedState {
  std::string name;
  Value value;
  std::uint32_t line = 0;
};

/// What a check of a task has come to: passed, failed, warned or error.
struct ExpectedCheck {
  std::string task, name, state;
  std::uint32_t line = 0;
};

struct ExpectedAsset {
  std::string name;
  std::uint32_t line = 0;
};

/// `expect:` of a test. What is not there may be anything.
struct Expect {
  std::optional<RunState> run;
  std::uint32_t run_line = 0;
  Span takes;                       ///< from its begin to its end, hooks aside
  std::uint32_t takes_line = 0;
  std::vector<TaskName> order;      ///< each begins after the one before it has ended
  std::vector<ExpectedTask> tasks;
  std::vector<ExpectedWait> waits;
  std::optional<std::vector<ExpectedAlert>> alerts;  ///< all of them, in any order
  std::uint32_t alerts_line = 0;
  std::optional<std::vector<ExpectedAsset>> assets;  ///< all of which tasks have raised events
  std::uint32_t assets_line = 0;
  std::vector<ExpectedState> state;
  std::vector<ExpectedCheck> checks;
  std::optional<std::vector<ExpectedAsset>> quarantined;  ///< all that checks hold back at the end
  std::uint32_t quarantined_line = 0;
};

struct TestCase {
  std::string name, file;
  std::uint32_t line = 1;
  std::string dag_id, dag_file;     ///< dag_file: empty where it is to be looked for
  Given given;
  Expect expect;
};

struct TestFile {
  std::vector<TestCase> cases;
  std::vector<Diagnostic> diagnostics;  ///< with an error among them no case is worth running
};

/// All documents of a test file. A document that does not begin with `test:` is an error. Pure; any thread.
TestFile read_tests(std::string text, const std::string& name);

}  // namespace baton::rehearsal
