// Mapped tasks in a run: expansion, the barrier behind them, counts, and what becomes of those that cannot expand.
#include <gtest/gtest.h>

#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::exited;
using test::RunDriver;

TEST(Mapped, AllMappedTasksThatBeginTogetherExpand) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(2)).task("n", {}, test::mapped_task(3)).build());
  d.begin();
  EXPECT_EQ(d.run().progress(0).count, 2);
  EXPECT_EQ(d.run().progress(1).count, 3);
  for (const char* i : {"m[0]", "m[1]", "n[0]", "n[1]", "n[2]"}) EXPECT_EQ(d.state(i), scheduled) << i;
}

TEST(Mapped, WhatFollowsWaitsForEveryInstance) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(3)).task("t", {"m"}).build());
  d.begin();
  d.run_to(d.no("m[2]"), exited(0));
  d.run_to(d.no("m[0]"), exited(0));
  EXPECT_EQ(d.state("t"), none);
  d.run_to(d.no("m[1]"), exited(0));
  EXPECT_EQ(d.state("t"), scheduled);
}

TEST(Mapped, TriggerRulesCountInstances) {
  TaskSpec one = test::run_task();
  one.trigger_rule = TriggerRule::one_success;
  TaskSpec all_failed = test::run_task();
  all_failed.trigger_rule = TriggerRule::all_failed;
  RunDriver d(DagBuilder()
                  .task("m", {}, test::mapped_task(3))
                  .task("one", {"m"}, one)
                  .task("all", {"m"})
                  .task("none", {"m"}, all_failed)
                  .build());
  d.begin();
  d.run_to(d.no("m[1]"), exited(0));
  EXPECT_EQ(d.state("one"), scheduled);
  EXPECT_EQ(d.state("none"), skipped);
  d.run_to(d.no("m[0]"), exited(1));
  EXPECT_EQ(d.state("all"), upstream_failed);
}

TEST(Mapped, BetweenTwoMappedTasksStandsAFullBarrier) {
  RunDriver d(
      DagBuilder().task("m", {}, test::mapped_task(2)).task("n", {"m"}, test::mapped_task(2)).task("t", {"n"}).build());
  d.begin();
  d.run_to(d.no("m[0]"), exited(0));
  EXPECT_FALSE(d.run().progress(1).expanded);
  d.run_to(d.no("m[1]"), exited(0));
  EXPECT_TRUE(d.run().progress(1).expanded);
  d.run_to(d.no("n[0]"), exited(0));
  EXPECT_EQ(d.state("t"), none);
  d.run_to(d.no("n[1]"), exited(0));
  EXPECT_EQ(d.state("t"), scheduled);
}

TEST(Mapped, TheBarrierStandsWhateverTheRule) {
  using enum TriggerRule;
  for (const TriggerRule rule : {one_success, one_done, one_failed, always}) {
    TaskSpec next = test::mapped_task(0);
    next.mapping.edit().literal_items.reset();
    next.mapping.edit().items = test::expression("tasks.m.filter(x, has(x.outputs.v))");
    next.trigger_rule = rule;
    RunDriver d(DagBuilder().task("m", {}, test::mapped_task(3)).task("n", {"m"}, next).build());
    d.begin();
    d.run_to(d.no("m[0]"), exited(0, R"({"v": 1})"));
    d.run_to(d.no("m[1]"), exited(1));
    EXPECT_FALSE(d.run().progress(1).expanded) << static_cast<int>(rule);
    EXPECT_EQ(d.state("n"), none) << static_cast<int>(rule);
    d.run_to(d.no("m[2]"), exited(0, R"({"v": 1})"));
    EXPECT_EQ(d.run().progress(1).count, 2) << static_cast<int>(rule);
    EXPECT_TRUE(d.run().progress(1).expanded) << static_cast<int>(rule);
  }
}

TEST(Mapped, TheBarrierStandsAlsoWhereAnotherTaskIsBetween) {
  TaskSpec between = test::noop_task();
  between.trigger_rule = TriggerRule::one_success;
  TaskSpec next = test::mapped_task(0);
  next.mapping.edit().literal_items.reset();
  next.mapping.edit().items = test::expression("tasks.m.map(x, x.index)");
  RunDriver d(
      DagBuilder().task("m", {}, test::mapped_task(2)).task("b", {"m"}, between).task("n", {"b"}, next).build());
  d.begin();
  d.run_to(d.no("m[0]"), exited(0));
  EXPECT_EQ(d.state("b"), success);
  EXPECT_EQ(d.state("n"), none);
  d.run_to(d.no("m[1]"), exited(0));
  EXPECT_EQ(d.run().progress(2).count, 2);
}

TEST(Mapped, NoItemsIsOneSkippedInstance) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(0)).task("t", {"m"}).build());
  d.begin();
  EXPECT_EQ(d.state("m"), skipped);
  EXPECT_EQ(d.at("m").reason, Reason::no_items);
  EXPECT_EQ(d.run().progress(0).count, 1);
  EXPECT_EQ(d.state("t"), skipped);
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Mapped, WhatCannotExpandIsOneUpstreamFailedInstanceThatSaysWhy) {
  TaskSpec spec = test::mapped_task(0);
  spec.mapping.edit().literal_items.reset();
  spec.mapping.edit().items = test::expression("params.missing");
  RunDriver d(DagBuilder().task("m", {}, spec).build(), {}, {}, ValueMap{});
  d.begin();
  EXPECT_EQ(d.state("m"), upstream_failed);
  EXPECT_NE(row_of(d.run(), 0).note.find("cannot be expanded"), std::string::npos);
  RunDriver over(DagBuilder().task("m", {}, test::mapped_task(4)).build(), {.instances_max = 3});
  over.begin();
  EXPECT_EQ(over.state("m"), upstream_failed);
}

/// Every way in which a fan-out can fail: no items to be had, no list, a label, an axis, too many.
std::vector<TaskSpec> unexpandable() {
  TaskSpec missing = test::mapped_task(0);
  missing.mapping.edit().literal_items.reset();
  missing.mapping.edit().items = test::expression("params.missing");
  TaskSpec divides = missing;
  divides.mapping.edit().items = test::expression("[1, 2].map(x, x / params.zero)");
  TaskSpec text = missing;
  text.mapping.edit().items = test::expression("params.text");
  TaskSpec key = test::mapped_task(2);
  key.mapping.edit().key = test::expression("1 / item");
  TaskSpec axis = test::run_task();
  axis.mapping.edit().kind = Mapping::Kind::matrix;
  axis.mapping.edit().axes.push_back({.name = "x", .items = test::expression("params.missing"), .literal_items = {}});
  return {missing, divides, text, key, axis, test::mapped_task(4)};
}

TEST(Mapped, WhatCannotExpandFailsTheRunAndNamesItsCause) {
  for (const TaskSpec& spec : unexpandable()) {
    RunDriver d(DagBuilder().task("m", {}, spec).task("t", {"m"}).hook(Hook::on_failure).build(), {.instances_max = 3},
                {}, ValueMap{{"zero", 0}, {"text", "abc"}});
    d.begin();
    EXPECT_EQ(d.state("m"), upstream_failed);
    EXPECT_EQ(d.state("t"), upstream_failed);
    EXPECT_EQ(d.run().row.state, RunState::failed);
    EXPECT_EQ(d.run().row.reason, Reason::upstream_failed);
    EXPECT_NE(d.run().row.note.find("task \"m\" cannot be expanded: "), std::string::npos) << d.run().row.note;
    EXPECT_EQ(d.state("on_failure"), scheduled);
  }
}

TEST(Mapped, WhatCannotExpandAndMayFailDoesNotFailTheRun) {
  for (TaskSpec spec : unexpandable()) {
    spec.allow_failure = true;
    RunDriver d(DagBuilder().task("m", {}, spec).build(), {.instances_max = 3}, {},
                ValueMap{{"zero", 0}, {"text", "abc"}});
    d.begin();
    EXPECT_EQ(d.run().row.state, RunState::success);
  }
}

TEST(Mapped, WhatCannotExpandEndsARunThatFailsFast) {
  DagBuilder builder;
  builder.dag().fail_fast = true;
  RunDriver d(builder.task("a").task("m", {}, test::mapped_task(4)).build(), {.instances_max = 3});
  d.begin();
  EXPECT_EQ(d.state("a"), skipped);
  EXPECT_EQ(d.at("a").reason, Reason::fail_fast);
}

TEST(Mapped, ThatEndWhileTheyExpandAreTakenDownOnceWithTheirCause) {
  TaskSpec spec = test::mapped_task(2);
  spec.condition = test::expression("1 / item > 0");
  spec.condition_per_instance = true;
  RunDriver d(DagBuilder().task("m", {}, spec).build());
  d.begin();
  EXPECT_EQ(d.state("m[0]"), failed);
  EXPECT_EQ(d.state("m[1]"), scheduled);
  EXPECT_EQ(d.out().dirty, std::vector<InstanceNo>{0});
  EXPECT_EQ(d.out().made, std::vector<InstanceNo>{1});
  EXPECT_NE(row_of(d.run(), 0).note.find("if: "), std::string::npos);

  spec.condition = test::expression("item > 7");
  RunDriver all(DagBuilder().task("m", {}, spec).build());
  all.begin();
  EXPECT_EQ(all.out().dirty, std::vector<InstanceNo>{0});
  EXPECT_EQ(all.out().made, std::vector<InstanceNo>{1});
  EXPECT_EQ(all.state("m[1]"), skipped);
}

TEST(Mapped, OneItemIsStillMapped) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(1)).build());
  d.begin();
  EXPECT_EQ(d.at("m").map_index, 0);
  EXPECT_TRUE(d.out().made.empty());
  d.run_to(0, exited(0));
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Mapped, EachInstanceRetriesForItself) {
  TaskSpec spec = test::mapped_task(2);
  spec.retries = test::constant_retries(1);
  RunDriver d(DagBuilder().task("m", {}, spec).build());
  d.begin();
  d.run_to(d.no("m[1]"), exited(1));
  d.run_to(d.no("m[0]"), exited(0));
  EXPECT_EQ(d.state("m[1]"), up_for_retry);
  EXPECT_EQ(d.at("m[0]").failures, 0);
  d.timer(d.no("m[1]"));
  d.run_to(d.no("m[1]"), exited(0));
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Mapped, TheirRowsBearIndexKeyAndItem) {
  RunDriver d(DagBuilder().task("a").task("m", {}, test::mapped_task(3)).build());
  d.begin();
  EXPECT_EQ(d.out().made.size(), 2U);
  const TaskRow row = row_of(d.run(), d.no("m[2]"));
  EXPECT_EQ(row.map_index, 2);
  EXPECT_EQ(row.map_key, "2");
  EXPECT_EQ(row.item_json, "2");
  EXPECT_EQ(row.task_no, 1);
  EXPECT_EQ(row_of(d.run(), 1).map_index, 0);
}

TEST(Mapped, AConditionThatNamesTheItemIsAskedForEachInstance) {
  TaskSpec spec = test::mapped_task(3);
  spec.condition = test::expression("item != 1");
  spec.condition_per_instance = true;
  RunDriver d(DagBuilder().task("m", {}, spec).build());
  d.begin();
  EXPECT_EQ(d.state("m[0]"), scheduled);
  EXPECT_EQ(d.state("m[1]"), skipped);
  EXPECT_EQ(d.at("m[1]").reason, Reason::condition);
  EXPECT_EQ(d.state("m[2]"), scheduled);
}

TEST(Mapped, AConditionOfTheTaskIsAskedOnceBeforeItExpands) {
  TaskSpec spec = test::mapped_task(3);
  spec.condition = test::expression("false");
  RunDriver d(DagBuilder().task("m", {}, spec).build());
  d.begin();
  EXPECT_EQ(d.state("m"), skipped);
  EXPECT_EQ(d.run().progress(0).count, 1);
}

TEST(Mapped, ItsItemsMayComeFromAnUpstreamsOutputs) {
  TaskSpec spec = test::mapped_task(0);
  spec.mapping.edit().literal_items.reset();
  spec.mapping.edit().items = test::expression("tasks.list.outputs.files");
  RunDriver d(DagBuilder().task("list").task("m", {"list"}, spec).build());
  d.begin();
  d.run_to(0, exited(0, R"({"files": ["a", "b"]})"));
  EXPECT_EQ(d.run().progress(1).count, 2);
  EXPECT_EQ(d.run().items.at(d.no("m[1]")).item, Value{"b"});
}

TEST(Mapped, ASetupThatIsMappedIsDoneWhenOneOfItsInstancesSucceeded) {
  RunDriver d(DagBuilder().task("s", {}, test::mapped_task(2)).task("down", {"s"}, test::teardown_task({"s"})).build());
  d.begin();
  d.run_to(d.no("s[0]"), exited(0));
  EXPECT_EQ(d.state("down"), none);
  d.run_to(d.no("s[1]"), exited(1));
  EXPECT_EQ(d.state("down"), scheduled);
}

TEST(Mapped, AStopSkipsTheInstancesThatHaveNotStarted) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(3)).build());
  d.begin();
  d.run_to(d.no("m[0]"), exited(0));
  d.stop();
  EXPECT_EQ(d.state("m[1]"), skipped);
  EXPECT_EQ(d.state("m[2]"), skipped);
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

}  // namespace
}  // namespace baton
