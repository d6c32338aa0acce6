// The DAGs of a simulated day that run on assets: small pipelines, each in several versions, as their files change what
// they run on.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "scheduler/model/check.h"
#include "scheduler/timetable/schedule_spec.h"
#include "tests/sim/workload.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kFedChance = 19;
using timetable::AssetCondition;

AssetCondition asset_of(const char* asset) { return {AssetCondition::Kind::asset, asset, {}}; }

AssetCondition draw_condition(Rng& rng) {
  using Kind = AssetCondition::Kind;
  switch (rng.below(6)) {
    case 0: return asset_of("x");
    case 1: return asset_of("y");
    case 2: return {Kind::any, "", {asset_of("x"), asset_of("y"), asset_of("z")}};
    case 3: return {Kind::all, "", {asset_of("x"), asset_of("z")}};
    case 4: return {Kind::all, "", {asset_of("y"), {Kind::any, "", {asset_of("x"), asset_of("z")}}}};
    default: return {Kind::any, "", {asset_of("z"), {Kind::all, "", {asset_of("x"), asset_of("y")}}}};
  }
}

std::vector<DagPlan> make_fed(Rng rng, std::int32_t number) {
  Dag dag;
  dag.id = fmt::format("f{}", number);
  dag.work_folder = "/work";
  dag.source_file = dag.id + ".dag.yaml";
  TaskSpec spec;
  spec.kind = TaskKind::run;
  spec.script.source = "true";
  spec.grace_us = kSecond;
  Task task;
  task.id = "t0";
  task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  dag.tasks.push_back(std::move(task));
  if (rng.percent(75)) dag.max_active_runs = static_cast<std::int32_t>(rng.between(1, 2));
  BATON_CHECK(link(dag, std::vector<std::vector<TaskNo>>(1)).empty());
  std::vector<DagPlan> out;
  for (std::int32_t k = 0; k < 3; ++k) {
    timetable::ScheduleSpec when;
    when.assets = draw_condition(rng);
    when.assets_merge = rng.percent(40);
    const auto schedule = std::make_shared<const timetable::ScheduleSpec>(std::move(when));
    DagPlan& plan = out.emplace_back();
    plan.tasks.resize(1);
    for (auto* version : {&plan.dag, &plan.newer}) {
      Dag one = dag;
      one.version = fmt::format("{}-{}{}", dag.id, k, version == &plan.dag ? "" : "-edited");
      one.schedule = schedule;
      *version = std::make_shared<const Dag>(std::move(one));
    }
  }
  return out;
}

}  // namespace

void add_fed_dags(Workload& w, std::uint64_t seed) {
  Rng rng(hash_of({seed, kFedChance}));
  if (!rng.percent(30)) return;
  const std::int32_t n = rng.percent(50) ? 2 : 1;
  for (std::int32_t k = 0; k < n; ++k) {
    w.timed.push_back(make_fed(Rng(hash_of({seed, kFedChance, static_cast<std::uint64_t>(k)})), k));
  }
  w.has_consumers = true;
}

}  // namespace baton::sim
