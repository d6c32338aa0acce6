#include "scheduler/engine/run_names.h"

#include <gtest/gtest.h>

#include <string>

#include "scheduler/json/json_value.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::exited;
using test::expression;
using test::RunDriver;

/// What an expression gives in task `task` of the run, as JSON or "error: …".
std::string value(const DagRun& run, std::string_view source, std::string_view task = "t", InstanceNo instance = -1) {
  auto v = value_of(expression(source), RunNames(run, *run.dag->find(task), instance));
  return v ? to_json(*v) : "error: " + v.error().message;
}

bool fails(const DagRun& run, std::string_view source, std::string_view task = "t", InstanceNo instance = -1) {
  return value(run, source, task, instance).starts_with("error: ");
}

TEST(RunNames, OfTheRun) {
  RunDriver d(DagBuilder("etl").task("t").build(), {}, {}, ValueMap{{"day", "monday"}});
  DagRun run = d.run();
  run.row.run_id = "manual__x";
  run.row.type = RunType::scheduled;
  run.row.logical_date = 0;
  run.row.interval_start = kDay;
  run.row.interval_end = 2 * kDay;
  EXPECT_EQ(value(run, "params.day"), "\"monday\"");
  EXPECT_EQ(value(run, "dag.id + '/' + run.id + '/' + run.type"), "\"etl/manual__x/scheduled\"");
  EXPECT_EQ(value(run, "string(logical_date)"), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(value(run, "interval.end - interval.start == duration('24h')"), "true");
  EXPECT_TRUE(fails(run, "nothing_of_that_name"));
  EXPECT_TRUE(fails(run, "params.night"));
}

TEST(RunNames, ANullLogicalDateReadsAsTheIntervalsStart) {
  RunDriver d(DagBuilder().task("t").build());
  DagRun run = d.run();
  EXPECT_EQ(value(run, "logical_date == null"), "true");
  run.row.interval_start = kDay;
  EXPECT_EQ(value(run, "string(logical_date)"), "\"1970-01-02T00:00:00Z\"");
}

TEST(RunNames, OfTheTask) {
  RunDriver d(DagBuilder().task("t").build());
  d.begin();
  d.admit(0);
  EXPECT_EQ(value(d.run(), "task.id", "t", 0), "\"t\"");
  EXPECT_EQ(value(d.run(), "task.try_number", "t", 0), "1");
}

TEST(RunNames, AnUpstreamsOutputsAreThereAfterItsSuccessAlone) {
  RunDriver d(DagBuilder().task("a").task("b").task("t", {"a", "b"}).build());
  d.begin();
  EXPECT_TRUE(fails(d.run(), "tasks.a.outputs.n"));
  d.run_to(0, exited(0, R"({"n": 3})"));
  d.run_to(1, exited(1, R"({"n": 3})"));
  EXPECT_EQ(value(d.run(), "tasks.a.outputs.n"), "3");
  EXPECT_EQ(value(d.run(), "tasks['a'].state"), "\"success\"");
  EXPECT_EQ(value(d.run(), "tasks.b.state"), "\"failed\"");
  EXPECT_TRUE(fails(d.run(), "tasks.b.outputs.n"));
  EXPECT_TRUE(fails(d.run(), "tasks.a.outputs.m"));
  EXPECT_TRUE(fails(d.run(), "tasks.nobody.state"));
  EXPECT_TRUE(fails(d.run(), "tasks"));
}

TEST(RunNames, ATaskWithoutOutputsHasAnEmptyMap) {
  RunDriver d(DagBuilder().task("a").task("t", {"a"}).build());
  d.begin();
  d.run_to(0, exited(0));
  EXPECT_EQ(value(d.run(), "tasks.a.outputs"), "{}");
}

TEST(RunNames, AMappedTaskIsAListInTheOrderOfItsIndex) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(2)).task("t", {"m"}).build());
  EXPECT_EQ(value(d.run(), "tasks.m"), "[]");
  d.begin();
  d.run_to(d.no("m[1]"), exited(0, R"({"n": 5})"));
  d.run_to(d.no("m[0]"), exited(1));
  EXPECT_EQ(value(d.run(), "tasks.m.map(i, i.state)"), "[\"failed\",\"success\"]");
  EXPECT_EQ(value(d.run(), "tasks.m.map(i, i.index)"), "[0,1]");
  EXPECT_EQ(value(d.run(), "tasks.m[1].outputs.n + tasks.m[1].item"), "6");
  EXPECT_EQ(value(d.run(), "tasks.m[1].key"), "\"1\"");
  EXPECT_TRUE(fails(d.run(), "tasks.m[0].outputs.n"));
  EXPECT_TRUE(fails(d.run(), "tasks.m.map(i, i.outputs.n)"));
}

TEST(RunNames, TheItemHasTheNameOfAs) {
  TaskSpec spec = test::mapped_task(2);
  spec.mapping.edit().as = "region";
  TaskSpec matrix = test::run_task();
  matrix.mapping.edit().kind = Mapping::Kind::matrix;
  matrix.mapping.edit().axes.push_back({"fold", {}, Value{ValueList{Value{7}}}});
  RunDriver d(DagBuilder().task("m", {}, spec).task("x", {}, matrix).build());
  d.begin();
  EXPECT_EQ(value(d.run(), "region", "m", d.no("m[1]")), "1");
  EXPECT_TRUE(fails(d.run(), "item", "m", d.no("m[1]")));
  EXPECT_TRUE(fails(d.run(), "region", "m"));
  EXPECT_EQ(value(d.run(), "matrix.fold", "x", d.no("x[0]")), "7");
}

TEST(RunNames, EnvOfTheTaskGoesOverTheDagsAndMayNameWhatStandsThere) {
  TaskSpec spec = test::run_task();
  spec.env.edit() = {{"WHO", {"task", nullptr}, ""}, {"GREETING", expression("hello ${{ env.WHO }}"), ""}};
  DagBuilder builder;
  builder.dag().env = {{"WHO", {"dag", nullptr}, ""}, {"ELSE", {"x", nullptr}, ""}, {"KEY", {}, "api_key"}};
  RunDriver d(builder.task("t", {}, spec).build());
  EXPECT_EQ(value(d.run(), "env.GREETING"), "\"hello task\"");
  EXPECT_EQ(value(d.run(), "env.ELSE"), "\"x\"");
  EXPECT_EQ(value(d.run(), "env.size()"), "3");  // the secret is not among them
  EXPECT_TRUE(fails(d.run(), "env.NOTHING"));
}

TEST(RunNames, ASecretIsNeverAValue) {
  DagBuilder builder;
  builder.dag().env = {{"KEY", {}, "api_key"}};
  RunDriver d(builder.task("t").build());
  EXPECT_NE(value(d.run(), "env.KEY").find("secret"), std::string::npos);
}

TEST(RunNames, EnvThatNamesItselfIsAnErrorAndNoEndlessLoop) {
  TaskSpec spec = test::run_task();
  spec.env.edit() = {{"A", expression("${{ env.B }}"), ""}, {"B", expression("${{ env.A }}"), ""}};
  RunDriver d(DagBuilder().task("t", {}, spec).build());
  EXPECT_NE(value(d.run(), "env.A").find("itself"), std::string::npos);
  EXPECT_TRUE(fails(d.run(), "env"));
}

TEST(RunNames, WhatDidNotSucceedHasNoneOfItsOutputs) {
  TaskSpec skips = test::run_task();
  skips.condition = expression("false");
  RunDriver d(DagBuilder().task("b", {}, skips).task("f").task("t", {"b", "f"}).build());
  d.begin();
  d.run_to(d.no("f"), exited(1));
  for (const char* task : {"b", "f"}) {
    const std::string outputs = "tasks." + std::string(task) + ".outputs";
    EXPECT_EQ(value(d.run(), "has(" + outputs + ".v)"), "false");
    EXPECT_EQ(value(d.run(), "has(" + outputs + ")"), "false");
    EXPECT_TRUE(fails(d.run(), outputs + ".v"));
  }
}

TEST(RunNames, AnInstanceThatDidNotSucceedHasNoneEither) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(2)).task("t", {"m"}).build());
  d.begin();
  d.run_to(d.no("m[0]"), exited(0, R"({"v": 1})"));
  d.run_to(d.no("m[1]"), exited(1));
  EXPECT_EQ(value(d.run(), "tasks.m.filter(x, has(x.outputs.v)).size()"), "1");
  EXPECT_EQ(value(d.run(), "has(tasks.m[1].outputs.v)"), "false");
  EXPECT_EQ(value(d.run(), "tasks.m.filter(x, has(x.outputs)).size()"), "1");
  EXPECT_TRUE(fails(d.run(), "tasks.m.map(x, x.outputs.v)"));
  EXPECT_TRUE(fails(d.run(), "tasks.m[1].outputs"));
}

TEST(RunNames, AMappedTaskIsWhatItIsNowHoweverOftenItWasLookedAt) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(3)).task("t", {"m"}).build());
  EXPECT_EQ(value(d.run(), "size(tasks.m)"), "0");
  d.begin();
  EXPECT_EQ(value(d.run(), "tasks.m.map(i, i.state)"), "[\"scheduled\",\"scheduled\",\"scheduled\"]");
  for (const char* name : {"m[1]", "m[0]", "m[2]"}) {
    d.run_to(d.no(name), exited(0, R"({"n": 1})"));
    EXPECT_EQ(value(d.run(), "tasks." + std::string(name) + ".state"), "\"success\"");
    EXPECT_EQ(value(d.run(), "tasks." + std::string(name) + ".outputs.n"), "1");
  }
  EXPECT_EQ(value(d.run(), "tasks.m.map(i, i.index)"), "[0,1,2]");
}

TEST(RunNames, OfNInstancesThatEachLookAtOneAreDescribedOnce) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(50)).task("t", {"m"}).build());
  d.begin();
  const auto list = [&] { return value_of(expression("tasks.m"), RunNames(d.run(), 1))->as_list().data(); };
  const Value* first = list();
  for (int k = 0; k < 50; ++k) EXPECT_EQ(list(), first);
  d.admit(7);
  EXPECT_EQ(value(d.run(), "tasks.m[" + std::to_string(d.at("m[0]").map_index) + "].state"), "\"scheduled\"");
  EXPECT_EQ(d.run().described.at(0).stale.size(), 0U);
}

}  // namespace
}  // namespace baton
