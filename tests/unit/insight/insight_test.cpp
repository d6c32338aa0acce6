// Why, where the time went, what differs, how long it will take: over rows that are made up.
#include <gtest/gtest.h>

#include "scheduler/insight/diff.h"
#include "scheduler/insight/eta.h"
#include "scheduler/insight/explain.h"
#include "scheduler/insight/plan.h"
#include "scheduler/insight/why.h"
#include "scheduler/insight/words.h"
#include "tests/support/dag_builder.h"

namespace baton::insight {
namespace {

using test::DagBuilder;

InstanceView view_of(const Dag& dag, TaskNo t, TaskState state, RunNo run_no = 1) {
  InstanceView view;
  view.row.run_no = run_no;
  view.row.instance_no = t;
  view.row.task_no = t;
  view.row.state = state;
  view.task_id = dag.task(t).id;
  view.dag_id = dag.id;
  view.run_id = "r" + std::to_string(run_no);
  view.kind = dag.spec(t).kind;
  return view;
}

TaskSpec pooled(const std::string& pool, std::int32_t slots) {
  TaskSpec spec = test::run_task();
  spec.pools.edit().push_back({pool, slots});
  return spec;
}

class Why : public testing::Test {
 protected:
  /// The reasons of `t`, where the instances of the run stand in `states`.
  std::vector<WhyReason> ask(const std::shared_ptr<const Dag>& dag, TaskNo t, const std::vector<TaskState>& states) {
    in_.dag = dag.get();
    in_.run.row.run_no = 1;
    in_.run.row.run_id = "r1";
    for (TaskNo u = 0; u < static_cast<TaskNo>(states.size()); ++u) {
      in_.instances.push_back(view_of(*dag, u, states[static_cast<std::size_t>(u)]));
    }
    in_.instance = in_.instances[static_cast<std::size_t>(t)];
    in_.instance.row.wait = wait_;
    in_.somebody_runs = true;
    in_.now = 1'000 * kSecond;
    return reasons_of(in_);
  }
  WhyInput in_;
  std::optional<Wait> wait_;
};

TEST_F(Why, WhoWaitsForUpstreamsNamesThem) {
  const auto dag = DagBuilder().task("a").task("b").task("c", {"a", "b"}).build();
  const auto reasons = ask(dag, 2, {TaskState::success, TaskState::running, TaskState::none});
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].reason, "upstream");
  EXPECT_NE(reasons[0].message.find("b (running)"), std::string::npos) << reasons[0].message;
  EXPECT_EQ(reasons[0].message.find("a ("), std::string::npos) << "an upstream that has ended is waited for no more";
}

TEST_F(Why, APoolIsNamedWithItsHoldersOfAllRuns) {
  DagBuilder builder;
  builder.task("a", {}, pooled("warehouse", 2)).task("b", {}, pooled("warehouse", 2));
  builder.dag().pools.push_back({"warehouse", 3});
  const auto dag = builder.build();
  InstanceView holder = view_of(*dag, 0, TaskState::running, 7);
  holder.pool = "warehouse";
  holder.pool_slots = 2;
  in_.live.instances.push_back(holder);
  const auto reasons = ask(dag, 1, {TaskState::success, TaskState::scheduled});
  ASSERT_FALSE(reasons.empty());
  EXPECT_EQ(reasons[0].reason, "pool");
  EXPECT_EQ(reasons[0].message, "pool warehouse: 2 of 3 slots are taken by r7 a, it wants 2");
}

TEST_F(Why, ALimitIsNamedWithItsNumbersBeforeTheSlots) {
  DagBuilder builder;
  builder.task("a").task("b");
  builder.dag().max_active_tasks = 1;
  const auto reasons = ask(builder.build(), 1, {TaskState::running, TaskState::scheduled});
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].reason, "limit");
  EXPECT_NE(reasons[0].message.find("1 of 1"), std::string::npos);
}

TEST_F(Why, WhatTheRowSaysComesFirstAlsoWhereNothingThatLivesShowsIt) {
  const auto dag = DagBuilder().task("a").build();
  wait_ = Wait::breaker;
  const auto reasons = ask(dag, 0, {TaskState::scheduled});
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].reason, "breaker");
  EXPECT_EQ(reasons[0].message, "it waits for a breaker");
}

TEST_F(Why, SlotsAreTheReasonWhereNothingElseIs) {
  const auto reasons = ask(DagBuilder().task("a").build(), 0, {TaskState::scheduled});
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].reason, "slots");
  EXPECT_EQ(reasons[0].remedy, Remedy::more_slots);
}

TEST_F(Why, WhatFailedAboveIsFollowedToItsRoot) {
  const auto dag = DagBuilder().task("a").task("b", {"a"}).task("c", {"b"}).build();
  const auto reasons = ask(dag, 2, {TaskState::failed, TaskState::upstream_failed, TaskState::upstream_failed});
  ASSERT_EQ(reasons.size(), 2U);
  EXPECT_EQ(reasons[0].reason, "upstream_failed");
  EXPECT_EQ(reasons[1].reason, "root");
  EXPECT_EQ(reasons[1].about, "a");
}

TEST(Words, NamesAndSpans) {
  InstanceView view;
  view.task_id = "load";
  EXPECT_EQ(instance_name(view), "load");
  view.row.map_index = 3;
  view.row.map_key = "17";
  EXPECT_EQ(instance_name(view), "load[3]") << "a label of digits would be read as an index";
  view.row.map_key = "eu";
  EXPECT_EQ(instance_name(view), "load[eu]");
  EXPECT_EQ(span(1'200 * kMillisecond), "1.2s");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
}

TEST(Explain, ThePathGoesBackOverTheLastUpstreamToEnd) {
  const auto dag = DagBuilder().task("a").task("b").task("c", {"a", "b"}).build();
  std::vector<InstanceView> instances;
  for (const auto& [t, end] : {std::pair(0, 5), std::pair(1, 9), std::pair(2, 12)}) {
    instances.push_back(view_of(*dag, t, TaskState::success));
    instances.back().row.ended_at = end * kSecond;
    instances.back().row.times_json = R"({"running":1000000})";
  }
  RunView run;
  run.row.queued_at = 1 * kSecond;
  run.row.ended_at = 12 * kSecond;
  const auto e = explain(*dag, run, instances, {}, 99 * kSecond);
  ASSERT_EQ(e.path.size(), 2U);
  EXPECT_EQ(e.instances[e.path[0].instance].view->task_id, "b");
  EXPECT_EQ(e.instances[e.path[1].instance].view->task_id, "c");
  EXPECT_EQ(e.path[1].begin, 9 * kSecond);
  EXPECT_EQ(e.totals[static_cast<std::size_t>(Wait::running)], 3 * kSecond);
  EXPECT_EQ(e.path[0].begin, 1 * kSecond);
  EXPECT_EQ(e.queued_us, 0);
}

TEST(Explain, WhatARunWaitedToBeginIsNoTimeOfItsFirstTask) {
  const auto dag = DagBuilder().task("a").build();
  std::vector<InstanceView> instances = {view_of(*dag, 0, TaskState::success)};
  instances[0].row.ended_at = 103 * kSecond;
  RunView run;
  run.row.queued_at = 1 * kSecond;
  run.row.begun_at = 101 * kSecond;
  run.row.ended_at = 104 * kSecond;
  const auto e = explain(*dag, run, instances, {}, 999 * kSecond);
  EXPECT_EQ(e.path.at(0).end - e.path.at(0).begin, 2 * kSecond);
  EXPECT_EQ(e.end - e.begin, 3 * kSecond);
  EXPECT_EQ(e.queued_us, 100 * kSecond);
  ASSERT_FALSE(e.advice.empty());
  EXPECT_NE(e.advice.front().find("waited 1m40s"), std::string::npos) << e.advice.front();
}

TEST(Diff, NamesParamsStatesAndWhatIsOnOneSideAlone) {
  const auto dag = DagBuilder().task("a").task("b").build();
  Side before, after;
  before.run.row.conf_json = R"({"n":1,"same":true})";
  after.run.row.conf_json = R"({"n":2,"same":true})";
  before.instances = {view_of(*dag, 0, TaskState::failed), view_of(*dag, 1, TaskState::success)};
  after.instances = {view_of(*dag, 0, TaskState::success)};
  std::vector<std::string> lines;
  for (const Change& change : diff(before, after))
    lines.push_back(change.what + ": " + change.before + " " + change.after);
  EXPECT_EQ(lines, (std::vector<std::string>{"params.n: 1 2", "a state: failed success", "b: success -"}));
  EXPECT_TRUE(diff(before, before).empty());
}

TEST(Eta, IsWhatIsLeftOfTheLongestPathOrOfTheWorkOverTheSlots) {
  const auto dag = DagBuilder().task("a").task("b").task("c", {"a", "b"}).build();
  std::vector<InstanceView> instances = {view_of(*dag, 0, TaskState::running), view_of(*dag, 1, TaskState::scheduled),
                                         view_of(*dag, 2, TaskState::none)};
  instances[0].row.started_at = 10 * kSecond;
  EXPECT_EQ(estimate_left(*dag, instances, {}, 2, 14 * kSecond), std::nullopt) << "nothing is known";
  const std::unordered_map<std::string, DurationView> means = {{"a", {10 * kSecond, 3}}, {"b", {4 * kSecond, 3}}};
  // a has 6 s left, b 4, c counts as the mean, 7: the path is 13 s, the work 17 s.
  EXPECT_EQ(estimate_left(*dag, instances, means, 2, 14 * kSecond), 13 * kSecond);
  EXPECT_EQ(estimate_left(*dag, instances, means, 1, 14 * kSecond), 17 * kSecond);
  for (auto& view : instances) view.row.state = TaskState::success;
  EXPECT_EQ(estimate_left(*dag, instances, means, 1, 14 * kSecond), 0);
}

TEST(Plan, FansOutWhatIsKnownBefore) {
  const auto dag = DagBuilder().task("a").task("b", {"a"}, test::mapped_task(3)).build();
  const auto rows = plan(dag, ValueMap{}, {}, {true, true}, 100);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].instances, 3);
  EXPECT_EQ(plan(dag, ValueMap{}, {}, {true, true}, 2).at(1).instances, -1);
  EXPECT_EQ(plan(dag, ValueMap{}, {}, {true, false}, 100).size(), 1U);
}

}  // namespace
}  // namespace baton::insight
