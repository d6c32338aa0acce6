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
  std::optional<DurationUs> takes_us;  ///< none: a second
  std::optional<Value> outputs;        ///< of a success; none: a value of each type that is declared
};

/// A task, or some of its mapped instances: `load`, `load[2]`, `load[eu]`.
struct TaskName {
  std::string task;
  std::optional<std::string> instance;  ///< a map index, or the label of an item
  std::uint32_t line = 0;
};

/// Its attempts in order; the last one stands for all that follow.
struct Given {
  TaskName who;
  std::vector<Outcome> outcomes;
};

/// What is expected of a task: each of its instances that are named.
struct Expected {
  TaskName who;
  std::optional<TaskState> state;
  std::optional<std::string> reason;
  std::optional<std::int64_t> tries;
  std::optional<std::int64_t> instances;                 ///< how many there are
  std::vector<std::pair<std::string, std::string>> env;  ///< of its last attempt
};

struct TestCase {
  std::string name, file;
  std::uint32_t line = 1;
  std::string dag_id, dag_file;     ///< dag_file: empty where it is to be looked for
  Value params;                     ///< a map; null: none given
  std::string interval;             ///< as `baton run --interval` takes it; empty: as that without
  std::string now;                  ///< when it begins, as a time of a DAG file; empty: the end of its interval
  std::int32_t slots = 16;
  std::vector<PoolSpec> pools;      ///< instead of those of the same names
  std::vector<std::pair<std::string, BreakerState>> breakers;  ///< closed, or open since it begins
  Outcome otherwise;                ///< of tasks that are not named
  std::vector<Given> given;

  std::optional<RunState> run;
  std::optional<DurationUs> within_us;  ///< from its begin to its end, hooks aside
  std::vector<TaskName> order;          ///< each begins after the one before it has ended
  std::vector<Expected> expected;
};

struct TestFile {
  std::vector<TestCase> cases;
  std::vector<Diagnostic> diagnostics;  ///< with an error among them no case is worth running
};

/// All documents of a test file. A document that does not begin with `test:` is an error. Pure; any thread.
TestFile read_tests(std::string text, const std::string& name);

}  // namespace baton::rehearsal
