// Asset events of the engine: with which end they are written, and when they are told.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;

TaskSpec makes(std::vector<std::string> assets, TaskSpec spec = test::run_task()) {
  spec.produces.edit() = std::move(assets);
  return spec;
}

AttemptEnd exits_with(int code) {
  AttemptEnd end;
  end.outcome = AttemptEnd::Outcome::exited;
  end.exit_code = code;
  end.started = true;
  return end;
}

std::vector<AssetEventRow> events_of(const Part& part) { return part.service.asset_events; }

/// What the engine has told of, by number.
struct Told {
  explicit Told(Engine& engine) {
    engine.on_asset_events([this](const std::vector<AssetEventRow>& events) {
      for (const AssetEventRow& event : events) all.push_back(std::to_string(event.event_no) + " " + event.asset);
    });
  }
  std::vector<std::string> all;
};
using Texts = std::vector<std::string>;

TEST(EngineAssets, ASuccessWritesItsEventsInTheBatchOfItsEndAndTellsOfThemWhenThatIsDurable) {
  EngineBench bench(DagBuilder().task("a", {}, makes({"x", "y"})).build());
  bench.engine.restore_asset_events(41);
  Told told(bench.engine);
  bench.begin();
  bench.settle();
  bench.end(bench.executor.launched.at(0), exits_with(0));
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = bench.store.offered.front().first.parts.front();
  ASSERT_EQ(part.instances.size(), 1U);
  EXPECT_EQ(part.instances[0].state, TaskState::success);
  const auto events = events_of(part);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].event_no, 42);
  EXPECT_EQ(events[1].asset, "y");
  EXPECT_EQ(events[0].run_no, 1);
  EXPECT_EQ(events[0].task_id, "a");
  EXPECT_EQ(events[0].map_index, kUnmapped);
  EXPECT_EQ(events[0].try_number, 1);
  EXPECT_TRUE(told.all.empty());
  bench.settle();
  EXPECT_EQ(told.all, (Texts{"42 x", "43 y"}));
}

TEST(EngineAssets, OnlyTheTryThatSucceedsTellsOfAnything) {
  TaskSpec spec = makes({"x"});
  spec.retries.edit().max = 1;
  spec.retries.edit().delay_us = kSecond;
  spec.retries.edit().jitter = RetryPolicy::Jitter::none;
  EngineBench bench(DagBuilder().task("a", {}, spec).task("b", {}, makes({"y"})).build());
  Told told(bench.engine);
  bench.begin();
  bench.settle();
  bench.end(bench.executor.launched.at(0), exits_with(1));
  bench.end(bench.executor.launched.at(1), exits_with(1));
  bench.settle();
  EXPECT_TRUE(told.all.empty());
  bench.loop.pass(kMinute);
  bench.settle();
  bench.end(bench.executor.launched.at(2), exits_with(0));
  bench.settle();
  EXPECT_EQ(told.all, Texts{"1 x"});
}

TEST(EngineAssets, EachInstanceOfAMappedTaskTellsForItself) {
  EngineBench bench(DagBuilder().task("a", {}, makes({"x"}, test::mapped_task(2))).build());
  Told told(bench.engine);
  bench.begin();
  bench.settle();
  for (const LaunchSpec& spec : bench.executor.launched) bench.end(spec, exits_with(0));
  bench.loop.drain();
  std::vector<std::int32_t> indexes;
  for (const AssetEventRow& event : events_of(bench.store.offered.front().first.parts.front())) {
    indexes.push_back(event.map_index);
  }
  EXPECT_EQ(indexes, (std::vector<std::int32_t>{0, 1}));
  bench.settle();
  EXPECT_EQ(told.all, (Texts{"1 x", "2 x"}));
}

TEST(EngineAssets, WhatAPersonMarksMadeNothing) {
  EngineBench bench(DagBuilder().task("a", {}, makes({"x"})).build());
  Told told(bench.engine);
  bench.begin();
  bench.settle();
  bench.engine.change_run(1, Marked{{0}, TaskState::success}, {});
  bench.settle();
  bench.end(bench.executor.launched.at(0), exits_with(0));
  bench.settle();
  EXPECT_TRUE(told.all.empty());
}

TEST(EngineAssets, OfARunThatWasNeverMadeNothingIsTold) {
  EngineBench bench(DagBuilder().task("a", {}, makes({"x"}, test::noop_task())).build());
  Told told(bench.engine);
  bench.begin(false);
  bench.settle();
  EXPECT_EQ(told.all, Texts{"1 x"});
  RunCreation again;
  again.dag = bench.dag;
  again.run.run_no = 2;
  again.run.dag_id = bench.dag->id;
  again.run.run_id = "again";
  bench.engine.create_run(again, {}, {}, [](const PartVerdict&) {});
  bench.loop.drain();
  ASSERT_FALSE(bench.store.offered.empty());
  bench.answer({PartVerdict{}, PartVerdict{PartVerdict::Exists::run_id, 1}});
  bench.settle();
  EXPECT_EQ(told.all, Texts{"1 x"});
}

TEST(EngineAssets, WhatSomebodyTellsOfLiesInAPartWithItsAudit) {
  EngineBench bench(DagBuilder().task("a").build());
  Told told(bench.engine);
  AssetEventRow event;
  event.asset = "x";
  EngineRequest request;
  request.audit.push_back({.action = "create_asset_event"});
  EXPECT_EQ(bench.engine.raise_asset_event(event, std::move(request)), 1);
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = bench.store.offered.front().first.parts.back();
  EXPECT_EQ(events_of(part).size(), 1U);
  EXPECT_EQ(part.audit.size(), 1U);
  EXPECT_TRUE(told.all.empty());
  bench.settle();
  EXPECT_EQ(told.all, Texts{"1 x"});
}

// ── sensors that wait for an asset ──────────────────────────────────────────────────────────────────────────────────

constexpr WallUs kNoon = 1'767'268'800 * kSecond;  // of the loop, an hour before a run of the bench begins

TaskSpec awaits(const std::string& asset, const char* since = "2026-01-01T12:30:00Z") {
  TaskSpec spec;
  spec.kind = TaskKind::sensor;
  spec.sensor.edit().kind = Sensor::Kind::asset;
  spec.sensor.edit().asset = asset;
  spec.sensor.edit().since.source = since;
  spec.timeout_us = kHour;
  return spec;
}

void raise(EngineBench& bench, const std::string& asset) {
  AssetEventRow event;
  event.asset = asset;
  event.at = bench.loop.wall_now();
  bench.engine.raise_asset_event(event, {});
}

TEST(AssetSensor, IsMetByAnEventThatComesAndHoldsNothingBefore) {
  EngineBench bench(DagBuilder().task("s", {}, awaits("x")).task("t", {"s"}).build());
  bench.begin();
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::up_for_reschedule);
  EXPECT_TRUE(bench.executor.launched.empty());
  raise(bench, "y");
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::up_for_reschedule);
  raise(bench, "x");
  bench.loop.drain();
  EXPECT_EQ(bench.state("s"), TaskState::up_for_reschedule) << "the event is not durable yet";
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::success);
  ASSERT_EQ(bench.executor.launched.size(), 1U);
}

TEST(AssetSensor, IsMetByAnEventOfBeforeThatIsNewEnough) {
  for (const bool is_new : {true, false}) {
    EngineBench bench(DagBuilder().task("s", {}, awaits("x")).task("t", {"s"}).build());
    bench.engine.restore_asset_times({{"x", kNoon + (is_new ? 30 : 29) * kMinute}, {"y", kNoon + 2 * kHour}});
    bench.begin();
    bench.settle();
    EXPECT_EQ(bench.state("s"), is_new ? TaskState::success : TaskState::up_for_reschedule);
    raise(bench, "x");
    bench.settle();
    EXPECT_EQ(bench.state("s"), TaskState::success);
  }
}

TEST(AssetSensor, WithoutSinceItCountsFromTheIntervalOrTheRun) {
  EngineBench bench(DagBuilder().task("s", {}, awaits("x", "")).task("t", {"s"}).build());
  bench.engine.restore_asset_times({{"x", kNoon}});
  bench.begin();
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::up_for_reschedule);
  raise(bench, "x");
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::success);
}

TEST(AssetSensor, FailsAtItsTimeout) {
  EngineBench bench(DagBuilder().task("s", {}, awaits("x")).task("t", {"s"}).build());
  bench.begin();
  bench.settle();
  bench.loop.pass(kHour - kSecond);
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::up_for_reschedule);
  bench.loop.pass(kMinute);
  bench.loop.drain();
  EXPECT_EQ(bench.state("s"), TaskState::failed);
  EXPECT_EQ(bench.run().at(0).reason, Reason::timeout);
}

TEST(AssetSensor, ATimeThatIsNoneFailsIt) {
  EngineBench bench(DagBuilder().task("s", {}, awaits("x", "soon")).task("t", {}, awaits("x")).build());
  bench.begin();
  bench.settle();
  EXPECT_EQ(bench.state("s"), TaskState::failed);
  EXPECT_EQ(bench.run().at(0).reason, Reason::expression);
}

}  // namespace
}  // namespace baton
