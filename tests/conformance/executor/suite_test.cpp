// What the engine relies on of every executor (scheduler/engine/executor.h): over the one of this machine and over the
// one that the simulation trusts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/executor/local_backend.h"

namespace baton {
namespace {

using test::ExecutorBackend;
using Outcome = AttemptEnd::Outcome;
using Keys = std::set<AttemptKey>;

struct Kind {
  const char* name;
  std::unique_ptr<ExecutorBackend> (*make)();
};

class ExecutorConformance : public testing::TestWithParam<Kind> {
 protected:
  void launch(const LaunchSpec& spec) {
    at_->executor().launch(spec);
    at_->executor().flush();
  }
  void prepare(const LaunchSpec& spec) {
    at_->executor().prepare(spec);
    at_->executor().flush();
  }
  void release(AttemptKey key) {
    at_->executor().release(key);
    at_->executor().flush();
  }
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now = false) {
    at_->executor().stop(key, grace_us, kill_now);
    at_->executor().flush();
  }
  void acknowledge(AttemptKey key) {
    at_->executor().acknowledge(key);
    at_->executor().flush();
  }
  /// When this has ended, what was sent before has arrived.
  void run_one_more() {
    const auto later = at_->exits(0);
    launch(later);
    ASSERT_TRUE(at_->until_ended(later.key));
  }
  const AttemptEnd& end_of(AttemptKey key) { return at_->heard.ends[key].front(); }

  const std::unique_ptr<ExecutorBackend> at_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(, ExecutorConformance,
                         testing::Values(Kind{"Local", test::local_executor},
                                         Kind{"Simulated", test::simulated_executor}),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(ExecutorConformance, AWorkerSaysItsNameItsSlotsAndThatItIsReady) {
  ASSERT_TRUE(at_->come_and_be_ready());
  ASSERT_EQ(at_->heard.ready_workers.size(), 1U);
  EXPECT_EQ(at_->heard.capacity[at_->heard.ready_workers.front()], ExecutorBackend::kSlots);
  EXPECT_EQ(at_->heard.readies, std::vector<Keys>{Keys{}});
}

TEST_P(ExecutorConformance, ALaunchOfAKnownKeyStartsNothing) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->exits(3);
  launch(spec);
  launch(spec);
  ASSERT_TRUE(at_->until_ended(spec.key));
  EXPECT_EQ(end_of(spec.key).outcome, Outcome::exited);
  EXPECT_EQ(end_of(spec.key).exit_code, 3);
  EXPECT_TRUE(end_of(spec.key).started);
  launch(spec);  // its end is told again
  ASSERT_TRUE(at_->until([&] { return at_->heard.ends[spec.key].size() >= 2; }));
  EXPECT_EQ(at_->starts(spec.key), 1U);
}

TEST_P(ExecutorConformance, AStartNamesItsWorkerAndItsProcess) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->waits();
  launch(spec);
  ASSERT_TRUE(at_->until_started(spec.key));
  EXPECT_EQ(at_->heard.started_by[spec.key], at_->heard.ready_workers.front());
  EXPECT_GT(at_->heard.pids[spec.key], 0);
  at_->let_go(spec.key);
  ASSERT_TRUE(at_->until_ended(spec.key));
  EXPECT_EQ(end_of(spec.key).pid, at_->heard.pids[spec.key]);
}

TEST_P(ExecutorConformance, APreparedAttemptStartsWhenItIsReleasedAndNotBefore) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto released = at_->exits(0);
  const auto stopped = at_->exits(0);
  prepare(released);
  prepare(stopped);
  stop(stopped.key, kSecond);
  run_one_more();
  EXPECT_EQ(at_->starts(released.key), 0U);
  release(released.key);
  release(stopped.key);
  ASSERT_TRUE(at_->until_ended(released.key));
  ASSERT_TRUE(at_->until_ended(stopped.key));
  EXPECT_EQ(at_->starts(released.key), 1U);
  EXPECT_EQ(at_->starts(stopped.key), 0U);
  EXPECT_EQ(end_of(stopped.key).outcome, Outcome::stopped);
  EXPECT_FALSE(end_of(stopped.key).started);
}

TEST_P(ExecutorConformance, MoreThanSlotsWaitInTheirOrder) {
  ASSERT_TRUE(at_->come_and_be_ready());
  std::vector<LaunchSpec> all;
  for (int k = 0; k < ExecutorBackend::kSlots + 2; ++k) all.push_back(at_->waits());
  for (const LaunchSpec& spec : all) launch(spec);
  const LaunchSpec& last_with_a_slot = all[ExecutorBackend::kSlots - 1];
  const LaunchSpec &first_without = all[ExecutorBackend::kSlots], &second_without = all[ExecutorBackend::kSlots + 1];
  ASSERT_TRUE(at_->until_started(last_with_a_slot.key));
  EXPECT_EQ(at_->starts(first_without.key), 0U);
  stop(second_without.key, kMinute);
  ASSERT_TRUE(at_->until_ended(second_without.key));
  EXPECT_EQ(end_of(second_without.key).outcome, Outcome::stopped);
  EXPECT_FALSE(end_of(second_without.key).started);
  at_->let_go(last_with_a_slot.key);
  EXPECT_TRUE(at_->until_started(first_without.key));
}

TEST_P(ExecutorConformance, AStopIsAnsweredByAnEndAlsoForWhatIsNotKnown) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->waits();
  const AttemptKey unknown{9, 9, kUnmapped, 1};
  launch(spec);
  ASSERT_TRUE(at_->until_started(spec.key));
  stop(spec.key, kMinute);
  stop(unknown, kMinute);
  ASSERT_TRUE(at_->until_ended(spec.key));
  EXPECT_EQ(end_of(spec.key).outcome, Outcome::stopped);
  ASSERT_TRUE(at_->until_ended(unknown));
  EXPECT_EQ(end_of(unknown).outcome, Outcome::lost);
}

TEST_P(ExecutorConformance, AStopThatComesAfterTheEndKeepsTheEnd) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->exits(7);
  launch(spec);
  ASSERT_TRUE(at_->until_ended(spec.key));
  stop(spec.key, 0, true);
  ASSERT_TRUE(at_->until([&] { return at_->heard.ends[spec.key].size() >= 2; }));
  for (const AttemptEnd& end : at_->heard.ends[spec.key]) {
    EXPECT_EQ(end.outcome, Outcome::exited);
    EXPECT_EQ(end.exit_code, 7);
  }
}

TEST_P(ExecutorConformance, AnEndIsToldAgainUntilItIsAcknowledged) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto kept = at_->exits(3);
  const auto done = at_->exits(4);
  launch(kept);
  launch(done);
  ASSERT_TRUE(at_->until_ended(kept.key));
  ASSERT_TRUE(at_->until_ended(done.key));
  acknowledge(done.key);
  run_one_more();
  at_->kill_worker();
  ASSERT_TRUE(at_->until_ready_again(2));
  EXPECT_EQ(at_->heard.ends[kept.key].size(), 2U);
  EXPECT_EQ(at_->heard.ends[kept.key].back().exit_code, 3);
  EXPECT_EQ(at_->heard.ends[done.key].size(), 1U);
}

TEST_P(ExecutorConformance, WhatIsLaunchedBeforeTheInventoryCountsAsLiveAndStartsOnce) {
  at_->come();
  const auto first = at_->waits();
  launch(first);
  ASSERT_TRUE(at_->until_started(first.key));
  EXPECT_EQ(at_->heard.readies, std::vector<Keys>{Keys{first.key}});
  // The same where a worker has died: its successor has said hello, or not, when the launch comes.
  const auto second = at_->waits();
  const auto third = at_->waits();
  at_->heard.on_gone = [&] {
    launch(second);
    at_->executor().prepare(third);
    at_->executor().release(third.key);
    at_->heard.on_gone = nullptr;
  };
  at_->kill_worker();
  ASSERT_TRUE(at_->until_started(second.key));
  ASSERT_TRUE(at_->until_started(third.key));
  EXPECT_EQ(at_->heard.readies.back(), (Keys{second.key, third.key}));
  EXPECT_EQ(end_of(first.key).outcome, Outcome::lost);
  for (const auto& spec : {second, third}) {
    at_->let_go(spec.key);
    ASSERT_TRUE(at_->until_ended(spec.key));
    EXPECT_EQ(at_->starts(spec.key), 1U);
  }
}

TEST_P(ExecutorConformance, WhatIsStoppedBeforeAnyWorkerHasHeardOfItNeverStarts) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto unwanted = at_->waits();
  const auto wanted = at_->waits();
  at_->heard.on_gone = [&] {
    launch(unwanted);
    launch(wanted);
    at_->executor().stop(unwanted.key, 0, false);
    at_->heard.on_gone = nullptr;
  };
  at_->kill_worker();
  ASSERT_TRUE(at_->until_ended(unwanted.key));
  EXPECT_EQ(end_of(unwanted.key).outcome, Outcome::stopped);
  EXPECT_FALSE(end_of(unwanted.key).started);
  ASSERT_TRUE(at_->until_started(wanted.key));
  EXPECT_EQ(at_->starts(unwanted.key), 0U);
  EXPECT_FALSE(at_->heard.readies.back().contains(unwanted.key)) << "it lives no more";
  at_->let_go(wanted.key);
  ASSERT_TRUE(at_->until_ended(wanted.key));
}

TEST_P(ExecutorConformance, AWorkerThatDiesAgainBeforeItsInventoryLosesNoLaunch) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->waits();
  int deaths = 0;
  at_->heard.on_gone = [&] {
    if (++deaths == 1) launch(spec);
  };
  at_->kill_worker();
  ASSERT_TRUE(at_->until([&] { return deaths == 1; }));
  at_->kill_worker();  // the next one, wherever it is, or nobody
  ASSERT_TRUE(at_->until_started(spec.key) || at_->until_ended(spec.key));
  // Either it was launched once, or the engine has heard that it has to launch another one.
  EXPECT_LE(at_->starts(spec.key), 1U);
  const bool lives = at_->heard.readies.back().contains(spec.key);
  EXPECT_TRUE(lives || end_of(spec.key).outcome == Outcome::lost);
}

TEST_P(ExecutorConformance, ASilentWorkerIsNoticedKilledAndReplaced) {
  at_->watch_silence();
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->waits();
  launch(spec);
  ASSERT_TRUE(at_->until_started(spec.key));
  at_->freeze_worker();
  ASSERT_TRUE(at_->until_ready_again(2));
  EXPECT_GE(at_->heard.gone.size(), 1U);
  EXPECT_EQ(end_of(spec.key).outcome, Outcome::lost);
  run_one_more();
}

TEST_P(ExecutorConformance, ALaterSchedulerAdoptsWhatRuns) {
  at_->keep_tasks();
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto runs_on = at_->waits();
  const auto ends = at_->waits();
  const auto gated = at_->waits();
  launch(runs_on);
  launch(ends);
  prepare(gated);
  ASSERT_TRUE(at_->until_started(runs_on.key));
  ASSERT_TRUE(at_->until_started(ends.key));
  const auto pids = at_->heard.pids;
  at_->vanish();
  at_->let_go(ends.key);
  ASSERT_TRUE(at_->come_and_be_ready());
  ASSERT_TRUE(at_->until_ended(ends.key));
  EXPECT_EQ(end_of(ends.key).exit_code, 0);
  ASSERT_TRUE(at_->until_ended(gated.key));
  EXPECT_FALSE(end_of(gated.key).started) << "nobody knows whether its claim is durable";
  EXPECT_EQ(at_->starts(gated.key), 0U);
  ASSERT_TRUE(at_->until_started(runs_on.key));
  EXPECT_EQ(at_->heard.pids[runs_on.key], pids.at(runs_on.key));
  launch(runs_on);  // known
  run_one_more();
  at_->let_go(runs_on.key);
  ASSERT_TRUE(at_->until_ended(runs_on.key));
  EXPECT_EQ(at_->starts(runs_on.key), 1U);
}

TEST_P(ExecutorConformance, WithoutKeepingASchedulerTakesItsTasksAlong) {
  ASSERT_TRUE(at_->come_and_be_ready());
  const auto spec = at_->waits();
  launch(spec);
  ASSERT_TRUE(at_->until_started(spec.key));
  at_->vanish();
  ASSERT_TRUE(at_->come_and_be_ready());
  ASSERT_TRUE(at_->until_ended(spec.key));
  EXPECT_THAT(end_of(spec.key).outcome, testing::AnyOf(Outcome::stopped, Outcome::lost));
  EXPECT_EQ(at_->starts(spec.key), 1U);
}

}  // namespace

std::unique_ptr<test::ExecutorBackend> test::local_executor() { return std::make_unique<LocalBackend>(); }

}  // namespace baton
