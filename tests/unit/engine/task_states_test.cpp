// State across runs: what a try is launched with, what its success puts, and who may not.
#include "scheduler/engine/task_states.h"

#include <gtest/gtest.h>

#include <string>

#include "scheduler/engine/run_names.h"
#include "scheduler/json/json_value.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;
using test::RunDriver;

TaskSpec keeps(const std::string& name, bool backfills_write = false) {
  TaskSpec spec = test::run_task();
  spec.state = StateUse{name, backfills_write};
  return spec;
}

AttemptEnd leaves(std::string json, std::int64_t version) {
  AttemptEnd end = test::exited(0);
  end.state.json = std::move(json);
  end.state.version = version;
  return end;
}

TaskStateRow kept(std::string name, std::string json, std::int64_t version) {
  TaskStateRow row;
  row.dag_id = "dag";
  row.name = std::move(name);
  row.json = std::move(json);
  row.version = version;
  row.run_id = "before";
  return row;
}

const Part* part_with_states(const EngineBench& bench) {
  for (const auto& [batch, done] : bench.store.offered) {
    for (const Part& part : batch.parts) {
      if (!part.service.task_states.empty()) return &part;
    }
  }
  return nullptr;
}

TEST(TaskStates, ATryIsLaunchedWithTheValueAndItsVersion) {
  EngineBench bench(DagBuilder().task("a", {}, keeps("mark")).task("b").build());
  bench.engine.restore_state(kept("mark", "{\"day\":7}", 4));
  bench.begin();
  bench.settle();
  const LaunchSpec& spec = bench.executor.launched.at(0);
  EXPECT_EQ(spec.state, "{\"day\":7}");
  EXPECT_EQ(spec.state_version, 4);
  EXPECT_NE(std::find(spec.env.begin(), spec.env.end(), "BATON_STATE=" + spec.state_path), spec.env.end());
  EXPECT_TRUE(bench.executor.launched.at(1).state_path.empty());
}

TEST(TaskStates, TheFirstTryOfAllHoldsNull) {
  EngineBench bench(DagBuilder().task("a", {}, keeps("mark")).build());
  bench.begin();
  bench.settle();
  EXPECT_EQ(bench.executor.launched.at(0).state, "null");
  EXPECT_EQ(bench.executor.launched.at(0).state_version, 0);
}

TEST(TaskStates, AValueIsWrittenInThePartOfTheSuccessThatPutsIt) {
  EngineBench bench(DagBuilder().task("a", {}, keeps("mark")).build());
  bench.engine.restore_state(kept("mark", "7", 4));
  bench.begin();
  bench.settle();
  bench.end(bench.executor.launched.at(0), leaves(" {\"day\": 8}\n", 4));
  bench.loop.drain();
  const Part* part = part_with_states(bench);
  ASSERT_NE(part, nullptr);
  ASSERT_EQ(part->instances.size(), 1U);
  EXPECT_EQ(part->instances[0].state, TaskState::success);
  const TaskStateRow& row = part->service.task_states.at(0);
  EXPECT_EQ(row.json, "{\"day\":8}");
  EXPECT_EQ(row.version, 5);
  EXPECT_EQ(row.run_no, 1);
  EXPECT_EQ(row.task_id, "a");
}

struct OneTask {
  explicit OneTask(TaskSpec spec, RunType type = RunType::manual) : driver(dag_of(std::move(spec))) {
    driver.begin();
    auto states = std::make_shared<TaskStates>();
    states->restore(kept("mark", "7", 4));
    DagRun& run = const_cast<DagRun&>(driver.run());
    run.states = states;
    run.row.type = type;
  }
  static std::shared_ptr<const Dag> dag_of(TaskSpec spec) { return DagBuilder().task("a", {}, std::move(spec)).build(); }
  std::string value() { return driver.run().states->find("mark")->json; }
  RunDriver driver;
};

TEST(TaskStates, WhatIsLeftAsItWasIsWrittenByNobody) {
  for (const char* left : {"", "  \n", "7", " 7 "}) {
    OneTask one(keeps("mark"));
    one.driver.run_to(0, leaves(left, 4));
    EXPECT_EQ(one.driver.state("a"), TaskState::success);
    EXPECT_TRUE(one.driver.out().states.empty()) << left;
  }
}

TEST(TaskStates, OneWhoseValueHasMovedMeanwhileFailsAndTriesAgain) {
  TaskSpec spec = keeps("mark");
  spec.retries = test::constant_retries(1);
  OneTask one(spec);
  one.driver.run_to(0, leaves("8", 3));
  EXPECT_EQ(one.driver.state("a"), TaskState::up_for_retry);
  EXPECT_EQ(one.driver.at("a").reason, Reason::state);
  EXPECT_EQ(one.value(), "7");
  EXPECT_NE(one.driver.out().tries.at(0).note.find("changed by run before"), std::string::npos);
  one.driver.timer(0);
  one.driver.run_to(0, leaves("8", 4));
  EXPECT_EQ(one.driver.state("a"), TaskState::success);
  EXPECT_EQ(one.value(), "8");
}

TEST(TaskStates, OneThatChangesNothingDoesNotMindWhoElseHas) {
  OneTask one(keeps("mark"));
  one.driver.run_to(0, leaves("", 3));
  EXPECT_EQ(one.driver.state("a"), TaskState::success);
}

TEST(TaskStates, AFailureAndASkipPutNothing) {
  for (const int code : {1, 99}) {
    OneTask one(keeps("mark"));
    AttemptEnd end = leaves("8", 4);
    end.exit_code = code;
    one.driver.run_to(0, end);
    EXPECT_EQ(one.value(), "7");
  }
}

TEST(TaskStates, WhatCannotBeKeptFailsTheTryWithItsReason) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  const std::string large = "\"" + std::string(kStateBytesMax, 'x') + "\"";
  for (const std::string& left : {std::string("{"), std::string("1 2"), deep, large}) {
    OneTask one(keeps("mark"));
    one.driver.run_to(0, leaves(left, 4));
    EXPECT_EQ(one.driver.state("a"), TaskState::failed);
    EXPECT_EQ(one.driver.at("a").reason, Reason::state);
  }
  for (const bool is_large : {true, false}) {
    OneTask one(keeps("mark"));
    AttemptEnd end = leaves("", 4);
    (is_large ? end.state.is_too_large : end.state.holds_secret) = true;
    one.driver.run_to(0, end);
    EXPECT_EQ(one.driver.at("a").reason, Reason::state);
  }
}

TEST(TaskStates, ABackfillOnlyReadsUnlessItIsToldOtherwise) {
  OneTask reads(keeps("mark"), RunType::backfill);
  reads.driver.run_to(0, leaves("8", 4));
  EXPECT_EQ(reads.driver.state("a"), TaskState::success);
  EXPECT_EQ(reads.value(), "7");
  EXPECT_NE(reads.driver.out().tries.at(0).note.find("backfill"), std::string::npos);
  OneTask writes(keeps("mark", true), RunType::backfill);
  writes.driver.run_to(0, leaves("8", 4));
  EXPECT_EQ(writes.value(), "8");
}

TEST(TaskStates, ExpressionsSeeNullAndHasIsFalseWhereThereIsNone) {
  OneTask one(keeps("mark"));
  const RunNames names(one.driver.run(), 0, 0);
  const auto value = [&](const char* text) { return to_json(value_of(test::expression(text), names).value()); };
  EXPECT_EQ(value("${{ state.mark }}"), "7");
  EXPECT_EQ(value("${{ has(state.mark) }}"), "true");
  EXPECT_EQ(value("${{ state.other }}"), "null");
  EXPECT_EQ(value("${{ has(state.other) }}"), "false");
  EXPECT_EQ(value("${{ has(state.other) ? 1 : 0 }}"), "0");
}

TEST(TaskStates, WhatFollowsInTheSameStepSeesTheNewValue) {
  TaskSpec reader = test::run_task();
  reader.condition = test::expression("${{ state.mark == 8 }}");
  RunDriver driver(DagBuilder().task("a", {}, keeps("mark")).task("b", {"a"}, reader).build());
  driver.begin();
  driver.run_to(0, leaves("8", 0));
  EXPECT_EQ(driver.state("b"), TaskState::scheduled);
}

TEST(TaskStates, APersonsValueWinsOverATryThatRuns) {
  EngineBench bench(DagBuilder().task("a", {}, keeps("mark")).build());
  bench.begin();
  bench.settle();
  TaskStateRow row = kept("mark", "3", 0);
  row.actor = "ada";
  bench.engine.change_state(row, Value{std::int64_t{3}}, {});
  bench.end(bench.executor.launched.at(0), leaves("8", 0));
  bench.settle();
  EXPECT_EQ(bench.engine.states_of("dag").find("mark")->json, "3");
  EXPECT_EQ(bench.engine.states_of("dag").version_of("mark"), 1);
}

TEST(TaskStates, OneThatIsTakenAwayKeepsItsVersion) {
  TaskStates states;
  states.restore(kept("mark", "7", 4));
  TaskStateRow gone = kept("mark", "", 0);
  states.put(gone, Value{});
  EXPECT_EQ(gone.version, 5);
  EXPECT_EQ(to_json(states.visible()), "{}");
  EXPECT_EQ(states.version_of("mark"), 5);
}

}  // namespace
}  // namespace baton
