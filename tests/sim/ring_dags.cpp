// The DAGs of a simulated day that start each other and wait: r0 → r1 → … → r0. Whatever lets some of them wait for
// ever would leave them so: their waits have no deadline.
#include <fmt/format.h>

#include <utility>

#include "scheduler/model/check.h"
#include "tests/sim/workload.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kRingChance = 34;

Task work(Rng& rng) {
  TaskSpec spec;
  spec.kind = TaskKind::run;
  spec.script.source = "true";
  spec.grace_us = kSecond;
  spec.retries.edit().max = static_cast<std::int32_t>(rng.between(0, 2));
  spec.retries.edit().delay_us = kSecond;
  Task task;
  task.id = "t0";
  task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  return task;
}

Task start_of(Rng& rng, std::int32_t next) {
  TaskSpec spec;
  spec.kind = TaskKind::trigger_dag;
  spec.retries.edit().max = static_cast<std::int32_t>(rng.between(0, 1));
  spec.retries.edit().delay_us = rng.log_between(kSecond, kMinute);
  spec.body.edit().json = fmt::format(R"({{"dag":"r{}","wait":true{}}})", next,
                                      rng.percent(50) ? R"(,"on_failure":"ignore")" : "");
  Task task;
  task.id = "t1";
  task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  return task;
}

}  // namespace

void add_ring_dags(Workload& w, std::uint64_t seed) {
  Rng rng(hash_of({seed, kRingChance}));
  if (!rng.percent(90)) return;
  w.first_ringed = static_cast<std::int32_t>(w.dags.size());
  const auto n = static_cast<std::int32_t>(rng.between(2, 3));
  for (std::int32_t k = 0; k < n; ++k) {
    Dag dag;
    dag.id = fmt::format("r{}", k);
    dag.version = dag.id;
    dag.work_folder = "/work";
    dag.source_file = dag.id + ".dag.yaml";
    dag.max_active_runs = rng.percent(85) ? 1 : 2;
    dag.tasks.push_back(work(rng));
    dag.tasks.push_back(start_of(rng, (k + 1) % n));
    BATON_CHECK(link(dag, std::vector<std::vector<TaskNo>>{{}, {0}}).empty());
    Dag edited = dag;
    edited.version += "-edited";
    edited.max_active_runs = rng.percent(85) ? 1 : 2;
    DagPlan& plan = w.dags.emplace_back();
    plan.tasks.resize(2);
    plan.newer = std::make_shared<const Dag>(std::move(edited));
    plan.dag = std::make_shared<const Dag>(std::move(dag));
  }
}

}  // namespace baton::sim
