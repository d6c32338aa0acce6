// TaskSpec: everything a DAG's author says of one task, resolved (defaults merged) and checked. Immutable; shared by
// tasks that say the same. Made by dagfile, read by the engine and the CLI on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/model/failure_class.h"
#include "scheduler/model/rare.h"
#include "scheduler/model/sla.h"
#include "scheduler/model/states.h"
#include "scheduler/model/task_body.h"
#include "scheduler/model/text.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton {

struct RetryPolicy {
  enum class Backoff : std::uint8_t { constant, linear, exponential };
  enum class Jitter : std::uint8_t { none, full, equal };
  std::int32_t max = 0;  ///< retries after the first try
  Text computed_max;     ///< one expression for it instead; `max` is 0 then
  DurationUs delay_us = 5 * kSecond;
  Backoff backoff = Backoff::exponential;
  DurationUs max_delay_us = 10 * kMinute;
  Jitter jitter = Jitter::full;
  std::vector<FailureClass> on = {FailureClass{}};
  std::vector<FailureClass> never_on;
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

struct PoolUse {
  std::string name;
  std::int32_t slots = 1;
  friend bool operator==(const PoolUse&, const PoolUse&) = default;
};

struct EnvEntry {
  std::string name;
  Text value;
  std::string secret;  ///< non-empty: the value is this secret, resolved at launch; `value` is unset
  friend bool operator==(const EnvEntry&, const EnvEntry&) = default;
};

/// `for_each` or `matrix`. Literal items are in `literal_items`; otherwise `items` is one expression.
struct Mapping {
  enum class Kind : std::uint8_t { none, for_each, matrix };
  Kind kind = Kind::none;
  std::string as = "item";           ///< for_each: the name of the item in expressions
  Text items;                        ///< for_each: an expression for a list or map
  std::optional<Value> literal_items;  ///< for_each: a literal list or map
  Text key;                          ///< for_each: the label of an instance
  /// matrix: axes in order, first slowest; each a literal list or one expression.
  struct Axis {
    std::string name;
    Text items;
    std::optional<Value> literal_items;
  };
  std::vector<Axis> axes;
  ValueList include, exclude;      ///< matrix: lists of maps, as on GitHub
  std::int32_t max_parallel = 0;   ///< 0: no limit of its own
  Text computed_max_parallel;      ///< one expression for it instead
};

struct Sensor {
  enum class Kind : std::uint8_t { file, time, run, http, asset };
  Kind kind = Kind::file;
  Text file;       ///< a path or glob
  Text time;       ///< an instant: RFC 3339 text or a timestamp
  Script run;
  TaskBody http;   ///< a request, as that of a task of the kind http
  std::string asset;  ///< the name of an asset
  Text since;      ///< asset: its events count from this instant on; unset: from the start of the run's interval
  DurationUs every_us = 60 * kSecond;
};

struct OutputSpec {
  enum class Type : std::uint8_t { string, integer, number, boolean, list, map, timestamp, duration, any };
  std::string name;
  Type type = Type::any;
};

struct Cache {
  Text key;
  DurationUs ttl_us = 0;  ///< 0: as long as the history is kept
  bool key_only = false;  ///< the key alone decides, not what the task would run with
};

/// A value of a DAG that lives on from run to run, under a name: a watermark, a cursor. Committed with a success.
struct StateUse {
  std::string name;
  bool backfills_write = false;   ///< else a backfill only reads it
};

struct Expected {
  DurationUs try_us = 0;  ///< how long a try takes, before there is history; 0: not said
  Sla sla;                ///< by when all of it is to have ended
  friend bool operator==(const Expected&, const Expected&) = default;
};

struct Resources {
  std::int64_t cpus_milli = 0;    ///< thousandths of a CPU; 0: no limit
  std::int64_t memory_bytes = 0;
  std::int32_t gpus = 0;
  friend bool operator==(const Resources&, const Resources&) = default;
};

/// Kept by the hundred thousand: what a task rarely says is Rare, and dag_memory_test holds what all of it takes.
struct TaskSpec {
  TaskKind kind = TaskKind::noop;
  TriggerRule trigger_rule = TriggerRule::all_success;
  bool setup = false;
  bool teardown = false;           ///< runs when one of `teardown_of` succeeded and all upstreams have ended
  bool teardown_fails_run = false;
  bool allow_failure = false;
  bool depends_on_past = false;
  bool dead_letter = true;
  bool condition_per_instance = false;  ///< `condition` names the item or matrix: evaluated after the expansion
  std::int32_t priority = 0;
  Rare<std::vector<std::string>> teardown_of;  ///< ids of its setups

  Script script;                   ///< kind run
  Rare<std::vector<Text>> argv;    ///< kind exec
  Rare<Sensor> sensor;             ///< kind sensor
  Rare<TaskBody> body;             ///< kinds http, sql, checks, approval, trigger_dag

  Rare<Text> condition;            ///< `if`: one expression; unset: true
  Rare<Mapping> mapping;
  Rare<std::vector<EnvEntry>> env;       ///< the task's own (and defaults'), over the DAG's
  Rare<Text> cwd;
  Rare<std::vector<std::string>> shell;  ///< argv before `-c`; empty: the default shell
  Rare<Text> stdin_text;
  Rare<RetryPolicy> retries;
  DurationUs timeout_us = 0;       ///< 0: none (a sensor: 7 days)
  Rare<Text> computed_timeout;     ///< one expression for it instead: a duration, or a text that holds one
  DurationUs grace_us = 10 * kSecond;
  DurationUs heartbeat_us = 0;
  std::int64_t log_limit_bytes = 64 << 20;
  Rare<std::vector<PoolUse>> pools;
  Rare<std::vector<std::string>> breakers;
  Rare<std::vector<std::pair<std::string, std::string>>> worker_labels;
  Rare<std::string> executor;      ///< unset: local
  Rare<std::string> executor_options_json;
  Rare<Resources> resources;
  Rare<std::vector<OutputSpec>> outputs;
  Rare<std::vector<std::string>> consumes, produces;
  Rare<Cache> cache;               ///< set: the task asks the cache
  Rare<StateUse> state;            ///< set: the task may change it
  Rare<Expected> expected;         ///< of its time
  Rare<std::string> group;
  Rare<std::string> description, doc;
};

}  // namespace baton
