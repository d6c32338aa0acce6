// Simulation: what a server would do with a set of DAGs from one date to another, on time that does not pass: its host,
// ticks, asset runs, pools, breakers and run queue are the server's own, tasks take as long as they are expected to and
// succeed. No process is started, nothing is read or written. Equal plans come to equal reports. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/engine/wait_times.h"
#include "scheduler/model/result.h"
#include "scheduler/service/dag_shelf.h"

namespace baton::rehearsal {

/// How long a try of a task takes that neither history nor `expect` says anything of.
inline constexpr DurationUs kUnknownTryUs = kMinute;

struct SimulatedDag {
  ShelvedDag given;
  std::string file;
  std::unordered_map<std::string, DurationUs> history;  ///< mean time of its tries, by task id
};

struct SimulationPlan {
  std::vector<SimulatedDag> dags;
  Config config;
  WallUs from = 0, to = 0;       ///< ticks that are due in [from, to)
  std::int32_t slots = 16;
  std::vector<PoolSpec> pools;   ///< as if a person had set them
  std::vector<std::pair<std::string, std::string>> variables;  ///< that tasks ask for by name
  /// The DAGs are new at `from`: `catchup` makes up for what was due since their `start`. Else all that was due before
  /// has ended.
  bool is_new = false;
  bool lists_tasks = false;      ///< each run with its task instances
  std::size_t use_points = 0;    ///< into so many equal parts the use of slots is told; 0: not
  std::int64_t size_max = 0;     ///< runs and ended task instances together; 0: as many as there are
  std::function<bool()> gives_up;  ///< asked now and then: whether it has taken too long. May be empty
};

enum class DurationSource : std::uint8_t { history, expect, unknown };

struct SimulatedTask {
  TaskNo task_no = 0;
  std::string task_id;
  std::int32_t map_index = kUnmapped;
  TaskState state = TaskState::none;
  WallUs started_at = kNoTime, ended_at = kNoTime;
  WaitTimes times;
};

struct SimulatedRun {
  std::string dag_id, run_id;
  RunType type = RunType::scheduled;
  RunState state = RunState::queued;
  WallUs logical_date = kNoTime, created_at = kNoTime;
  WallUs started_at = kNoTime, ended_at = kNoTime;  ///< kNoTime: not before the end
  std::vector<SimulatedTask> tasks;  ///< that have begun, or wait to, by their numbers; where the plan asks for them
};

/// What the instances of one task have waited for.
struct TaskWaits {
  std::string dag_id, task_id;
  std::vector<std::string> pools, breakers;  ///< that it names
  WaitTimes times;
  std::map<Wait, std::int64_t> counts;       ///< instances that have waited for this
  std::map<Wait, DurationUs> longest_us;
};

struct DagOutlook {
  std::string dag_id;
  std::int64_t runs = 0, failed = 0, open = 0, tasks = 0;  ///< tasks: instances that have ended
  DurationUs run_us = 0, longest_run_us = 0;       ///< from begin to end, of runs that have ended
  DurationUs begin_wait_us = 0, longest_begin_wait_us = 0;  ///< from the creation to the begin
  WaitTimes times;
  std::map<TickReason, std::int64_t> ticks;        ///< that made no run
};

/// A part of the whole span of time.
struct UsePoint {
  double slot_us = 0;
  std::int64_t peak = 0;
};

/// A number of slots, and how they were used.
struct SlotUse {
  std::string name;              ///< of a pool; empty: the slots of the worker
  std::int64_t slots = 0, peak = 0;
  double slot_us = 0;            ///< slots × time
  DurationUs full_us = 0;        ///< none was free
  std::vector<UsePoint> points;  ///< equal parts of the span, in order
};

struct Miss {
  WallUs at = kNoTime;
  std::string what;              ///< `sla_missed`, `asset_stale`, `run_failed`, …
  std::string object, note;
};

struct HourLoad {
  std::int64_t runs = 0, tasks = 0;  ///< that begin in it, over all days
  double slot_us = 0;
};

struct Outlook {
  WallUs from = 0, to = 0;
  std::int64_t runs = 0, failed = 0, open = 0, tasks = 0;
  std::map<DurationSource, std::int64_t> durations;   ///< tasks whose tries take as long as this says
  std::vector<std::string> empty_maps;                ///< mapped tasks, DAG/TASK: over what only a real run knows
  std::vector<DagOutlook> dags;                       ///< by id
  std::vector<TaskWaits> waits;                       ///< that have waited for anything, the longest first
  SlotUse slots;
  std::vector<SlotUse> pools;                         ///< by name
  std::vector<Miss> misses;                           ///< by time
  std::vector<SimulatedRun> list;                     ///< in the order of their creation
  std::vector<HourLoad> hours;                        ///< 24, of the day in UTC
  std::vector<std::string> said;                      ///< what services have told, each line once
};

/// Waiting that somebody could do something about: not for tasks above it, nor while it runs.
[[nodiscard]] bool is_worth_telling(Wait wait);
[[nodiscard]] DurationUs worth_telling_us(const WaitTimes& times);

/// invalid: two DAGs of one id, a span that is none, more than the plan lets there be. internal: the engine has given
/// up.
Result<Outlook> simulate(const SimulationPlan& plan);

}  // namespace baton::rehearsal
