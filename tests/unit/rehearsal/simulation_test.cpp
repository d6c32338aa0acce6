// Simulations: what a server would do with DAGs from one date to another, and what they wait for meanwhile.
#include "scheduler/rehearsal/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/dagfile/loader.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::rehearsal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

WallUs at(const std::string& text) {
  const auto time = timetable::parse_time(text, timetable::utc());
  EXPECT_TRUE(time.ok()) << text;
  return time ? *time : 0;
}

SimulationPlan plan_of(const std::string& text, const char* from, const char* to) {
  LoadResult loaded = load_text(text, "dags.yaml");
  EXPECT_TRUE(loaded.ok()) << render_text(loaded.diagnostics);
  SimulationPlan plan;
  plan.from = at(from);
  plan.to = at(to);
  for (const auto& dag : loaded.dags) {
    auto version = std::make_shared<VersionRow>();
    version->dag_id = dag->id;
    version->version = dag->version;
    plan.dags.push_back({{dag, std::move(version)}, "dags.yaml", {}});
  }
  return plan;
}

Outlook played(const SimulationPlan& plan) {
  auto outlook = simulate(plan);
  EXPECT_TRUE(outlook.ok()) << outlook.error().message;
  return outlook ? std::move(*outlook) : Outlook{};
}
Outlook played(const std::string& text, const char* from, const char* to) { return played(plan_of(text, from, to)); }

std::vector<std::string> starts_of(const Outlook& outlook, const std::string& dag_id) {
  std::vector<std::string> out;
  for (const SimulatedRun& run : outlook.list) {
    if (run.dag_id == dag_id && run.started_at != kNoTime) {
      out.push_back(timetable::format_rfc3339(run.started_at, timetable::utc()).substr(5, 11));
    }
  }
  return out;
}

TEST(Simulation, ATimeBefore1970IsOneAsAnyOther) {
  const Outlook outlook = played("dag: a\nschedule: \"0 3 * * *\"\ntasks: {t: {run: x}}\n", "1969-12-30T00:00:00Z",
                                 "1970-01-02T00:00:00Z");
  EXPECT_EQ(starts_of(outlook, "a").size(), 3U);
}

TEST(Simulation, TicksOfASpanRunAndTakeAsLongAsTheyAreExpectedTo) {
  const Outlook outlook = played(R"(
dag: etl
schedule: "0 2 * * *"
tasks:
  extract: {run: "true", expect: 20m}
  load: {needs: extract, run: "true", expect: 10m}
)",
                                 "2026-03-01", "2026-03-04");
  EXPECT_THAT(starts_of(outlook, "etl"), ElementsAre("03-01T02:00", "03-02T02:00", "03-03T02:00"));
  ASSERT_EQ(outlook.dags.size(), 1U);
  EXPECT_EQ(outlook.dags[0].longest_run_us, 30 * kMinute);
  EXPECT_EQ(outlook.runs, 3);
  EXPECT_EQ(outlook.tasks, 6);
  EXPECT_EQ(outlook.open, 0);
  EXPECT_THAT(outlook.waits, IsEmpty());
  EXPECT_EQ(outlook.slots.peak, 1);
  EXPECT_EQ(outlook.slots.slot_us, 3.0 * 30 * kMinute);
  EXPECT_EQ(outlook.hours[2].runs, 3);
}

TEST(Simulation, ATickAtTheFirstInstantCountsAndOneAtTheLastDoesNot) {
  const Outlook outlook = played("dag: d\nschedule: '@daily'\ntasks: {a: {run: 'true'}}", "2026-03-01", "2026-03-03");
  EXPECT_THAT(starts_of(outlook, "d"), ElementsAre("03-01T00:00", "03-02T00:00"));
}

TEST(Simulation, HistoryGoesBeforeExpectAndThatBeforeAMinute) {
  SimulationPlan plan = plan_of(R"(
dag: d
schedule: "@daily"
tasks:
  a: {run: "true", expect: 1h}
  b: {needs: a, run: "true", expect: 2h}
  c: {needs: b, run: "true"}
)",
                                "2026-03-01", "2026-03-02");
  plan.dags[0].history["a"] = 30 * kMinute;
  const Outlook outlook = played(plan);
  EXPECT_EQ(outlook.dags[0].longest_run_us, 2 * kHour + 31 * kMinute);
  EXPECT_THAT(outlook.durations, ElementsAre(Pair(DurationSource::history, 1), Pair(DurationSource::expect, 1),
                                             Pair(DurationSource::unknown, 1)));
}

constexpr const char* kCrowd = R"(
dag: a
schedule: "@daily"
pools: {warehouse: 4}
tasks: {load: {for_each: {items: [1, 2, 3, 4]}, run: "true", pool: warehouse, expect: 1h}}
---
dag: b
schedule: "@daily"
pools: {warehouse: 4}
tasks: {load: {for_each: {items: [1, 2, 3, 4]}, run: "true", pool: warehouse, expect: 1h}}
)";

TEST(Simulation, APoolIsWaitedForAndASmallerOneLonger) {
  SimulationPlan plan = plan_of(kCrowd, "2026-03-01", "2026-03-02");
  const Outlook wide = played(plan);
  ASSERT_EQ(wide.pools.size(), 1U);
  EXPECT_EQ(wide.pools[0].slots, 4);
  EXPECT_EQ(wide.pools[0].peak, 4);
  EXPECT_EQ(wide.pools[0].full_us, 2 * kHour);
  EXPECT_EQ(std::max(wide.dags[0].longest_run_us, wide.dags[1].longest_run_us), 2 * kHour);

  plan.pools = {{.name = "warehouse", .slots = 2}};
  const Outlook narrow = played(plan);
  EXPECT_EQ(narrow.pools[0].slots, 2);
  EXPECT_EQ(narrow.pools[0].peak, 2);
  EXPECT_EQ(narrow.pools[0].full_us, 4 * kHour);
  EXPECT_EQ(std::max(narrow.dags[0].longest_run_us, narrow.dags[1].longest_run_us), 4 * kHour);
  ASSERT_EQ(narrow.waits.size(), 2U);
  EXPECT_THAT(narrow.waits[0].pools, ElementsAre("warehouse"));
  DurationUs waited = 0;
  for (const TaskWaits& waits : narrow.waits) waited += waits.times.of(Wait::pool);
  EXPECT_EQ(waited, (2 * 0 + 2 * 1 + 2 * 2 + 2 * 3) * kHour);
}

TEST(Simulation, SlotsAreWaitedForToo) {
  SimulationPlan plan = plan_of(kCrowd, "2026-03-01", "2026-03-02");
  plan.slots = 1;
  const Outlook outlook = played(plan);
  EXPECT_EQ(outlook.slots.peak, 1);
  EXPECT_EQ(outlook.slots.full_us, 8 * kHour);
  EXPECT_GT(outlook.waits.at(0).times.of(Wait::slots), 0);
}

TEST(Simulation, ATickWhoseDagIsBusyIsARecord) {
  const Outlook outlook = played(R"(
dag: d
schedule: {cron: "0 * * * *", overlap: skip}
tasks: {a: {run: "true", expect: 90m}}
)",
                                 "2026-03-01T00:30", "2026-03-01T05:30");
  EXPECT_THAT(starts_of(outlook, "d"), ElementsAre("03-01T01:00", "03-01T03:00", "03-01T05:00"));
  EXPECT_THAT(outlook.dags[0].ticks, ElementsAre(Pair(TickReason::overlap, 2)));
  EXPECT_EQ(outlook.open, 1);
}

TEST(Simulation, RunsBeyondTheLimitOfTheirDagBeginLate) {
  const Outlook outlook = played(R"(
dag: d
max_active_runs: 1
schedule: {cron: "0 * * * *", overlap: queue}
tasks: {a: {run: "true", expect: 90m}}
)",
                                 "2026-03-01T00:30", "2026-03-01T04:45");
  EXPECT_THAT(starts_of(outlook, "d"), ElementsAre("03-01T01:00", "03-01T02:30", "03-01T04:00"));
  EXPECT_EQ(outlook.dags[0].longest_begin_wait_us, kHour);
}

TEST(Simulation, WhatIsNewIsCaughtUpAndWhatIsNotIsNot) {
  SimulationPlan plan = plan_of(R"(
dag: d
schedule: {cron: "@daily", start: 2026-02-25, catchup: all}
tasks: {a: {run: "true"}}
)",
                                "2026-03-01T12:00", "2026-03-02T12:00");
  EXPECT_EQ(played(plan).runs, 1);
  plan.is_new = true;
  EXPECT_EQ(played(plan).runs, 5);
}

constexpr const char* kChain = R"(
dag: lake
schedule: "0 1 * * *"
sla: 30m
assets: {orders: {uri: "lake:/orders", fresh_within: 12h}}
tasks: {load: {run: "true", expect: 1h, produces: [orders]}}
---
dag: report
schedule: {assets: [orders]}
assets: {orders: {uri: "lake:/orders"}}
tasks: {write: {run: "true", expect: 5m, consumes: [orders]}}
)";

TEST(Simulation, AnAssetThatIsProducedRunsWhoeverStandsOnIt) {
  const Outlook outlook = played(kChain, "2026-03-01", "2026-03-03");
  EXPECT_THAT(starts_of(outlook, "lake"), ElementsAre("03-01T01:00", "03-02T01:00"));
  EXPECT_THAT(starts_of(outlook, "report"), ElementsAre("03-01T02:00", "03-02T02:00"));
}

TEST(Simulation, WhatIsLateIsMissedAndWhatIsStaleToo) {
  const Outlook outlook = played(kChain, "2026-03-01", "2026-03-03");
  std::vector<std::string> told;
  for (const Miss& miss : outlook.misses) {
    told.push_back(timetable::format_rfc3339(miss.at, timetable::utc()).substr(5, 11) + " " + miss.what);
  }
  EXPECT_THAT(told, ElementsAre("03-01T01:30 sla_missed", "03-01T14:00 asset_stale", "03-02T01:30 sla_missed",
                                "03-02T14:00 asset_stale"));
}

TEST(Simulation, WhatIsDueByATimeOfDayIsStaleFromThenOn) {
  const Outlook outlook = played(R"(
dag: lake
schedule: {cron: "0 5 * * *", timezone: Europe/Berlin}
assets: {orders: {fresh_within: {by: "05:30"}}, early: {fresh_within: {by: "06:30"}}}
tasks: {load: {run: "true", expect: 1h, produces: [orders, early]}}
)",
                                 "2026-03-02", "2026-03-04");
  std::vector<std::string> told;
  for (const Miss& miss : outlook.misses) {
    told.push_back(timetable::format_rfc3339(miss.at, timetable::utc()).substr(5, 11) + " " + miss.object);
  }
  EXPECT_THAT(told, ElementsAre("03-02T04:30 orders", "03-03T04:30 orders")) << "05:30 in Berlin";
}

TEST(Simulation, PeopleAnswerAndRunsThatTasksStartAreMade) {
  const Outlook outlook = played(R"(
dag: parent
schedule: "0 1 * * *"
tasks:
  ask: {approval: {prompt: "Go on?"}, expect: 2h}
  start: {needs: ask, trigger_dag: {dag: child, wait: true}}
---
dag: child
tasks: {a: {run: "true", expect: 30m}}
)",
                                 "2026-03-01", "2026-03-02");
  EXPECT_THAT(starts_of(outlook, "child"), ElementsAre("03-01T03:00"));
  EXPECT_EQ(outlook.open, 0);
  EXPECT_EQ(outlook.dags.back().longest_run_us, 2 * kHour + 30 * kMinute);
}

TEST(Simulation, WhatOnlyARunKnowsIsSaidToBeUnknown) {
  const Outlook outlook = played(R"(
dag: d
schedule: "@daily"
tasks:
  find: {run: "true", outputs: {files: list}}
  load: {needs: find, for_each: {items: "${{ tasks.find.outputs.files }}"}, run: "true"}
)",
                                 "2026-03-01", "2026-03-02");
  EXPECT_THAT(outlook.empty_maps, ElementsAre("d/load"));
}

TEST(Simulation, IsTheSameEachTime) {
  const Outlook one = played(kCrowd, "2026-03-01", "2026-03-08"), other = played(kCrowd, "2026-03-01", "2026-03-08");
  ASSERT_EQ(one.list.size(), other.list.size());
  for (std::size_t n = 0; n < one.list.size(); ++n) EXPECT_EQ(one.list[n].ended_at, other.list[n].ended_at);
  EXPECT_EQ(one.slots.slot_us, other.slots.slot_us);
}

TEST(Simulation, ASpanThatIsNoneIsRefused) {
  SimulationPlan plan = plan_of("dag: d\ntasks: {a: {run: 'true'}}", "2026-03-01", "2026-03-02");
  plan.to = plan.from;
  EXPECT_FALSE(simulate(plan).ok());
}

TEST(Simulation, TellsTheUseOfSlotsPartByPartAndEachTaskWhereThatIsAskedFor) {
  SimulationPlan plan = plan_of(R"(
dag: d
schedule: "@daily"
pools: {door: 1}
tasks:
  a: {run: "true", pool: door, expect: 6h}
  b: {run: "true", pool: door, expect: 6h}
)",
                                "2026-03-01", "2026-03-02");
  plan.use_points = 4;
  plan.lists_tasks = true;
  const Outlook outlook = played(plan);
  const auto peaks = [](const SlotUse& use) {
    std::vector<std::int64_t> out;
    for (const UsePoint& point : use.points) out.push_back(point.peak);
    return out;
  };
  ASSERT_EQ(outlook.pools.size(), 1U);
  EXPECT_THAT(peaks(outlook.pools[0]), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(peaks(outlook.slots), ElementsAre(1, 1, 0, 0));
  EXPECT_EQ(outlook.slots.points[1].slot_us, 6.0 * kHour);
  ASSERT_EQ(outlook.list.size(), 1U);
  const std::vector<SimulatedTask>& tasks = outlook.list[0].tasks;
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[1].task_id, "b");
  EXPECT_EQ(tasks[1].state, TaskState::success);
  EXPECT_EQ(tasks[1].started_at, at("2026-03-01T06:00:00Z"));
  EXPECT_EQ(tasks[1].times.of(Wait::pool), 6 * kHour);
}

TEST(Simulation, EndsWhereItGrowsAboveItsBoundAndSaysHowFarItCame) {
  SimulationPlan plan =
      plan_of("dag: d\nschedule: '@hourly'\ntasks: {a: {run: 'true', expect: 1s}}", "2026-03-01", "2026-04-01");
  plan.size_max = 100;
  const auto outlook = simulate(plan);
  ASSERT_FALSE(outlook.ok());
  EXPECT_EQ(outlook.error().kind, ErrorKind::invalid);
  EXPECT_THAT(outlook.error().message, testing::AllOf(testing::HasSubstr("by 2026-03-0"), testing::HasSubstr("more than 100")));
  plan.size_max = 0;
  plan.gives_up = [] { return true; };
  EXPECT_FALSE(simulate(plan).ok());
}

}  // namespace
}  // namespace baton::rehearsal
