// The DAGs of a simulated day that run by schedules: small pipelines, each in several versions, as their files change.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "scheduler/model/check.h"
#include "scheduler/timetable/schedule_spec.h"
#include "tests/sim/sim_loop.h"
#include "tests/sim/workload.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kChance = 16;

timetable::ScheduleSpec draw_schedule(Rng& rng, WallUs midnight) {
  static const std::vector<timetable::ScheduleEntry> kEntries = {
      {"0 * * * *", 0, ""},     {"30 2 * * *", 0, ""},      {"15 */3 * * *", 0, ""},    {"*/20 1-4 * * *", 0, ""},
      {"*/2 5 * * *", 0, ""},   {"*/3 13-14 * * *", 0, ""}, {"5,35 8-17 * * 1-5", 0, ""}, {"15 0,23 * * *", 0, ""},
      {"", 45 * kMinute, ""},
      {"", 2 * kHour, ""},      {"", 7 * kHour, ""}};
  static const std::array<const char*, 5> kZones = {"UTC", "Asia/Kolkata", "America/New_York", "Pacific/Auckland",
                                                   "Africa/Cairo"};
  const auto any = [&] { return kEntries[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(kEntries.size())))]; };
  timetable::ScheduleSpec spec;
  spec.entries.push_back(any());
  if (rng.percent(25)) spec.entries.push_back(any());
  spec.timezone = kZones[static_cast<std::size_t>(rng.below(5))];
  spec.catchup = static_cast<timetable::Catchup>(rng.below(3));
  if (spec.catchup == timetable::Catchup::all) spec.catchup_max = rng.between(1, 6);
  spec.overlap = static_cast<timetable::Overlap>(rng.below(3));
  if (rng.percent(50)) spec.calendar.only = {"business_days"};
  if (rng.percent(25)) spec.jitter_us = rng.between(1, 20) * kMinute;
  if (rng.percent(50)) spec.start = midnight - rng.between(1, 6 * 24) * kHour;
  if (rng.percent(15)) spec.end = midnight + rng.between(6, 20) * kHour;
  return spec;
}

TaskSpec draw_task(Rng& rng, const std::vector<PoolSpec>& pools) {
  TaskSpec spec;
  spec.kind = rng.percent(30) ? TaskKind::noop : TaskKind::run;
  if (spec.kind == TaskKind::noop) return spec;
  spec.script.source = "true";
  spec.grace_us = kSecond;
  if (rng.percent(40)) spec.retries.edit().max = 1;
  if (rng.percent(40)) spec.retries.edit().delay_us = rng.log_between(kSecond, 2 * kMinute);
  if (rng.percent(20)) spec.pools.edit().push_back({pools.front().name, 1});
  return spec;
}

std::shared_ptr<const Dag> versioned(Dag dag, std::int32_t number, std::shared_ptr<const timetable::ScheduleSpec> when) {
  dag.version = fmt::format("{}-{}", dag.id, number);
  dag.schedule = std::move(when);
  return std::make_shared<const Dag>(std::move(dag));
}

/// Its versions have the same tasks: what a run comes to does not hang on when its file was saved.
std::vector<DagPlan> make_timed(Rng rng, Rng past, std::int32_t number, const std::vector<PoolSpec>& pools,
                                WallUs midnight) {
  Dag dag;
  dag.id = fmt::format("s{}", number);
  dag.work_folder = "/work";
  dag.source_file = dag.id + ".dag.yaml";
  const auto tasks = static_cast<std::size_t>(rng.between(1, 2));
  const bool looks_back = past.percent(35);
  std::vector<std::vector<TaskNo>> needs(tasks);
  for (std::size_t t = 0; t < tasks; ++t) {
    Task task;
    task.id = fmt::format("t{}", t);
    TaskSpec spec = draw_task(rng, pools);
    spec.depends_on_past = looks_back && (t == 0 || past.percent(50));
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
    dag.tasks.push_back(std::move(task));
    if (t > 0) needs[t].push_back(static_cast<TaskNo>(t - 1));
  }
  if (rng.percent(40)) dag.max_active_runs = static_cast<std::int32_t>(rng.between(1, 2));
  if (rng.percent(65)) dag.max_consecutive_failed_runs = static_cast<std::int32_t>(rng.between(1, 2));
  BATON_CHECK(link(dag, needs).empty());
  std::vector<DagPlan> out;
  std::shared_ptr<const timetable::ScheduleSpec> when;
  for (std::int32_t k = 0; k < 4; ++k) {
    if (when == nullptr || !rng.percent(60)) {
      when = std::make_shared<const timetable::ScheduleSpec>(draw_schedule(rng, midnight));
    }
    DagPlan& plan = out.emplace_back();
    plan.tasks.resize(tasks);
    plan.dag = versioned(dag, 2 * k, when);
    plan.newer = versioned(dag, 2 * k + 1, when);
  }
  return out;
}

}  // namespace

void add_timed_dags(Workload& w, std::uint64_t seed) {
  Rng rng(hash_of({seed, kChance}));
  if (!rng.percent(45)) return;
  const std::int32_t n = rng.percent(60) ? 2 : 1;
  for (std::int32_t k = 0; k < n; ++k) {
    const Rng own(hash_of({seed, kChance, static_cast<std::uint64_t>(k)}));
    const Rng past(hash_of({seed, kChance, static_cast<std::uint64_t>(k), 1}));
    w.timed.push_back(make_timed(own, past, k, w.pools, midnight_of(seed)));
  }
}

}  // namespace baton::sim
