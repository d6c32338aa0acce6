#include "scheduler/engine/dag_run.h"

#include <gtest/gtest.h>

#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/decide.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::exited;
using test::RunDriver;

TEST(DagRun, EachTaskHasOneInstanceThatWaitsForItsUpstreams) {
  const RunDriver d(DagBuilder().task("a").task("b", {"a"}).hook(Hook::on_finish).build());
  const DagRun& run = d.run();
  ASSERT_EQ(run.instances.size(), 3U);
  EXPECT_EQ(run.open_instances, 2);
  EXPECT_EQ(run.open_hooks, 1);
  EXPECT_EQ(run.progress(1).upstreams.open, 1);
  EXPECT_EQ(run.row.counts[static_cast<std::size_t>(none)], 3);
  EXPECT_EQ(run.at(1).wait, Wait::upstream);
}

TEST(DagRun, AnInitialStateThatIsFinalIsCountedAsEnded) {
  const RunDriver d(DagBuilder().task("a").task("b", {"a"}).build(), {}, {removed, none});
  EXPECT_EQ(d.run().open_instances, 1);
  EXPECT_EQ(d.run().progress(1).upstreams.open, 0);
  EXPECT_EQ(d.run().progress(1).upstreams.skipped, 1);
  EXPECT_EQ(d.run().at(0).wait, Wait::ended);
}

TEST(DagRun, AKeyFindsItsInstanceWhateverTheEpoch) {
  RunDriver d(DagBuilder().task("a").task("m", {}, test::mapped_task(3)).build());
  const DagRun& run = d.run();
  EXPECT_EQ(run.find({1, 1, kUnmapped, 0}), 1);  // the placeholder
  EXPECT_EQ(run.find({1, 1, 0, 0}), -1);
  d.begin();
  EXPECT_EQ(run.find({1, 0, kUnmapped, 77}), 0);
  EXPECT_EQ(run.find({1, 1, 0, 1}), 1);
  EXPECT_EQ(run.find({1, 1, 2, 1}), run.instance_of(1, 2));
  for (const AttemptKey& wrong : {AttemptKey{2, 0, kUnmapped, 1}, AttemptKey{1, 0, 0, 1}, AttemptKey{1, 1, kUnmapped, 1},
                                  AttemptKey{1, 1, 3, 1}, AttemptKey{1, 1, -2, 1}, AttemptKey{1, 2, kUnmapped, 1},
                                  AttemptKey{1, -1, kUnmapped, 1}}) {
    EXPECT_EQ(run.find(wrong), -1) << wrong.run_no << " " << wrong.task_no << " " << wrong.map_index;
  }
  for (InstanceNo i = 0; i < static_cast<InstanceNo>(run.instances.size()); ++i) EXPECT_EQ(run.find(run.key_of(i)), i);
}

TEST(DagRun, ARecountOfADisturbedRunRestoresEveryCounter) {
  RunDriver d(DagBuilder()
                  .task("a")
                  .task("m", {"a"}, test::mapped_task(3))
                  .task("b", {"m", "a"})
                  .hook(Hook::on_failure)
                  .build());
  d.begin();
  d.run_to(0, exited(0));
  d.run_to(d.no("m[1]"), exited(1));
  DagRun run = d.run();
  run.open_instances = run.open_hooks = run.counted_failures = 99;
  run.row.counts.fill(99);
  for (TaskProgress& p : run.tasks) {
    p.upstreams = {7, 7, 7, 7, 7};
    p.own_open = 99;
  }
  recount(run);
  EXPECT_EQ(run.open_instances, d.run().open_instances);
  EXPECT_EQ(run.open_hooks, 1);
  EXPECT_EQ(run.counted_failures, 1);
  EXPECT_EQ(run.row.counts, d.run().row.counts);
  const UpstreamCounts& counts = run.progress(2).upstreams;
  EXPECT_EQ(counts.open, 2);
  EXPECT_EQ(counts.success, 1);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(run.progress(1).own_open, 2);
}

TEST(DagRun, WhatCountsForTheRun) {
  const auto counts = [](const std::function<void(TaskSpec&)>& with, Hook hook = Hook::none) {
    TaskSpec spec = test::run_task();
    with(spec);
    return counts_for_run(Task{"t", std::make_shared<const TaskSpec>(spec), 0, hook});
  };
  EXPECT_TRUE(counts([](TaskSpec&) {}));
  EXPECT_FALSE(counts([](TaskSpec& s) { s.allow_failure = true; }));
  EXPECT_FALSE(counts([](TaskSpec& s) { s.teardown = true; }));
  EXPECT_TRUE(counts([](TaskSpec& s) { s.teardown = s.teardown_fails_run = true; }));
  EXPECT_FALSE(counts([](TaskSpec& s) { s.teardown = s.teardown_fails_run = s.allow_failure = true; }));
  EXPECT_FALSE(counts([](TaskSpec&) {}, Hook::on_failure));
}

TEST(DagRun, ActivitiesAreUsedAgain) {
  RunDriver d(DagBuilder().task("a").task("b").build());
  DagRun run = d.run();
  run.ensure_activity(0).pid = 5;
  run.ensure_activity(1).pid = 6;
  EXPECT_EQ(&run.ensure_activity(0), run.activity(0));
  run.drop_activity(0);
  run.drop_activity(0);
  EXPECT_EQ(run.activity(0), nullptr);
  EXPECT_EQ(run.activity(1)->pid, 6);
  EXPECT_EQ(run.ensure_activity(0).pid, 0);
  EXPECT_EQ(run.activities.size(), 2U);
}

// --- one step of a run is bounded, and whatever comes between two shares of it changes nothing ------------------------

TEST(LargeStep, IsGivenBackInSharesAndEndsTheSame) {
  DagBuilder builder;
  builder.task("first");
  TaskSpec many = test::mapped_task(20'000);
  many.kind = TaskKind::noop;
  builder.task("many", {"first"}, many).task("last", {"many"});
  const auto dag = builder.build();
  RunDriver whole(dag);
  whole.begin();
  whole.run_to(0, exited(0));
  EXPECT_EQ(whole.state("last"), scheduled);

  DagRun run = RunDriver(dag).run();
  StepOutcome out;
  const Moment now{kDay, kDay};
  EXPECT_FALSE(advance(run, RunBegins{}, now, {}, out));
  advance(run, Admitted{0, {}}, now, {}, out);
  AttemptEnd end = exited(0);
  end.key = run.key_of(0);
  int shares = 1;
  bool more = advance(run, AttemptEnded{0, end}, now, {}, out);
  ASSERT_TRUE(more);
  for (; more; ++shares) {
    EXPECT_EQ(run.at(2).state, none);
    more = advance_pending(run, now, {}, out);
  }
  EXPECT_GT(shares, 3);
  EXPECT_EQ(run.at(2).state, scheduled);
  EXPECT_EQ(run.row.counts, whole.run().row.counts);
}

TEST(LargeStep, AStopBetweenItsSharesIsObeyed) {
  DagBuilder builder;
  builder.task("many", {}, test::mapped_task(20'000));
  DagRun run = RunDriver(builder.build()).run();
  StepOutcome out;
  const Moment now{kDay, kDay};
  ASSERT_TRUE(advance(run, RunBegins{}, now, {}, out));
  bool more = advance(run, StopRequested{Reason::stopped, false}, now, {}, out);
  while (more) more = advance_pending(run, now, {}, out);
  EXPECT_EQ(run.row.counts[static_cast<std::size_t>(skipped)], 20'000);
  EXPECT_EQ(run.row.state, RunState::failed);
  EXPECT_TRUE(run.is_finished());
}

// --- critical path --------------------------------------------------------------------------------------------------

TEST(CriticalPath, OfUnknownTasksIsTheirNumber) {
  const auto dag = DagBuilder().task("a").task("b", {"a"}).task("c", {"a"}).task("d", {"b"}).hook(Hook::on_finish).build();
  EXPECT_EQ(path_lengths(*dag, {}), (std::vector<DurationUs>{3 * kSecond, 2 * kSecond, kSecond, kSecond, 0}));
}

TEST(CriticalPath, IsTheLongestByMeanAndTheUnknownCountAsTheMean) {
  const auto dag = DagBuilder().task("a").task("b", {"a"}).task("c", {"a"}).task("d", {"b", "c"}).build();
  EXPECT_EQ(path_lengths(*dag, {{"a", 10}, {"b", 2}, {"c", 60}}),
            (std::vector<DurationUs>{10 + 60 + 24, 2 + 24, 60 + 24, 24}));
}

TEST(CriticalPath, OfTasksThatTakeNoTimeIsStillALength) {
  const auto dag = DagBuilder().task("a").task("b", {"a"}).build();
  EXPECT_EQ(path_lengths(*dag, {{"a", 0}}), (std::vector<DurationUs>{1, 1}));
}

// --- wait times -----------------------------------------------------------------------------------------------------

TEST(WaitTimes, AreSummedByReasonAndReadBack) {
  WaitTimes times;
  EXPECT_EQ(times.to_json(), "");
  times.add(Wait::running, 5);
  times.add(Wait::upstream, 7);
  times.add(Wait::running, 10);
  times.add(Wait::slots, -3);
  EXPECT_EQ(times.of(Wait::running), 15);
  EXPECT_EQ(times.of(Wait::slots), 0);
  EXPECT_EQ(times.total_us(), 22);
  EXPECT_EQ(times.to_json(), R"({"upstream":7,"running":15})");
  const WaitTimes back = WaitTimes::from_json(times.to_json());
  for (std::size_t w = 0; w < kWaitCount; ++w) EXPECT_EQ(back.of(static_cast<Wait>(w)), times.of(static_cast<Wait>(w)));
  times.clear();
  EXPECT_EQ(times.total_us(), 0);
}

TEST(WaitTimes, OfWhatIsNoTextOfTheirsAreNothing) {
  for (const char* text : {"", "{}", "[", "{\"running\"", "{\"running\":", "{\"running\":x}", "{\"nonsense\":5}"}) {
    EXPECT_EQ(WaitTimes::from_json(text).total_us(), 0) << text;
  }
}

}  // namespace
}  // namespace baton
