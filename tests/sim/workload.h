// Workload: the DAGs of one simulated day, drawn from the seed: every feature of the language that the engine knows, in
// small pipelines. Beside each Dag stands what was meant, so that its outcome can be told without the engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/breaker_spec.h"
#include "scheduler/model/dag.h"
#include "tests/sim/rng.h"

namespace baton::sim {

/// What the expressions of a task mean.
struct TaskPlan {
  enum class Condition : std::uint8_t { none, param, upstream_state, upstream_output };
  Condition condition = Condition::none;
  TaskNo condition_of = -1;     ///< the upstream that it names
  std::int64_t at_least = 0;    ///< the param or output must be at least this
  TaskNo items_from = -1;       ///< mapped over the output `list` of this task
  TaskNo successes_of = -1;     ///< mapped over those of this mapped task that have succeeded
  std::int32_t literal_items = 0;
};

struct DagPlan {
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const Dag> newer;  ///< the same tasks, edited: other pools, limits, priorities, delays
  std::vector<TaskPlan> tasks;
};

struct Workload {
  std::vector<DagPlan> dags;
  /// DAGs that run by schedules, on some days: of each (`s0`, `s1`) the versions that its file may have.
  std::vector<std::vector<DagPlan>> timed;
  std::vector<PoolSpec> pools;  ///< of the machine, shared by all DAGs
  std::vector<BreakerSpec> breakers;  ///< likewise
  /// On some days DAGs of several weights (`e0`, `e1` …) crowd before one pool, the last of `pools`.
  bool is_crowded = false;
  /// On some days DAGs of `timed` (`f0` …) run on assets, instead of by the clock.
  bool has_consumers = false;
  /// On some days DAGs check what they make (`q0` …), from this one of `dags` on; negative: there are none.
  std::int32_t first_checked = -1;
  /// On some days the last of `dags` (`r0` …), from this one on, start each other; negative: there are none.
  std::int32_t first_ringed = -1;

  [[nodiscard]] const DagPlan* plan_of(const Dag& dag) const;
};

/// `has_server`: tasks may start runs of other DAGs, which `baton run` refuses.
Workload make_workload(std::uint64_t seed, std::int32_t tasks_max, bool has_server);

void add_timed_dags(Workload& w, std::uint64_t seed);
void add_fed_dags(Workload& w, std::uint64_t seed);
void add_ring_dags(Workload& w, std::uint64_t seed);
void add_quality_dags(Workload& w, std::uint64_t seed);

/// Params of a run: {"p": 0 … 5, "k": 0 … 3}; conditions and cache keys read them.
struct RunParams {
  std::int64_t p = 0, k = 0;
};
RunParams params_of(std::uint64_t seed, RunNo run_no);
Value value_of(const RunParams& params);

}  // namespace baton::sim
