// What the engine relies on of an executor (scheduler/engine/executor.h), and what the one of this machine promises
// beside: workers that die, fall silent, are kept and adopted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/conformance/executor/local_backend.h"

namespace baton {
namespace {

using test::LocalBackend;
using Outcome = AttemptEnd::Outcome;
using Keys = std::set<AttemptKey>;
namespace fs = std::filesystem;

class ExecutorTest : public testing::Test {
 protected:
  void launch(const LaunchSpec& spec) {
    at_.link->launch(spec);
    at_.link->flush();
  }
  void signal_worker(int signal) { kill(at_.worker_pid(), signal); }

  LocalBackend at_;
};

TEST_F(ExecutorTest, AnAttemptStartsOnceAndItsEndSaysHowItWent) {
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.shell("echo said; printf '{\"n\": 1}' > $BATON_OUTPUT");
  launch(spec);
  launch(spec);  // a known key is a no-op
  ASSERT_TRUE(at_.until_ended(spec.key));
  const AttemptEnd& end = at_.heard.ends[spec.key].front();
  EXPECT_EQ(end.outcome, Outcome::exited);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_TRUE(end.started);
  EXPECT_EQ(end.output, "{\"n\": 1}");
  EXPECT_EQ(at_.starts(spec.key), 1U);
}

TEST_F(ExecutorTest, APreparedAttemptStartsWhenItIsReleasedAndNotBefore) {
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto released = at_.shell("true");
  const auto stopped = at_.shell("true");
  at_.link->prepare(released);
  at_.link->prepare(stopped);
  at_.link->stop(stopped.key, kSecond, false);
  const auto other = at_.shell("true");
  launch(other);
  ASSERT_TRUE(at_.until_ended(other.key));
  EXPECT_EQ(at_.starts(released.key), 0U);
  at_.link->release(released.key);
  at_.link->release(stopped.key);
  at_.link->flush();
  ASSERT_TRUE(at_.until_ended(released.key));
  ASSERT_TRUE(at_.until_ended(stopped.key));
  EXPECT_EQ(at_.starts(released.key), 1U);
  EXPECT_EQ(at_.starts(stopped.key), 0U);
  EXPECT_EQ(at_.heard.ends[stopped.key].front().outcome, Outcome::stopped);
  EXPECT_FALSE(at_.heard.ends[stopped.key].front().started);
}

TEST_F(ExecutorTest, AStopIsAnsweredByAnEndAlsoForWhatIsNotKnown) {
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.waiting();
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  at_.link->stop(spec.key, kMinute, false);
  at_.link->stop({9, 9, kUnmapped, 1}, kMinute, false);
  at_.link->flush();
  ASSERT_TRUE(at_.until_ended(spec.key));
  EXPECT_EQ(at_.heard.ends[spec.key].front().outcome, Outcome::stopped);
  ASSERT_TRUE(at_.until_ended({9, 9, kUnmapped, 1}));
}

TEST_F(ExecutorTest, AnEndIsToldAgainUntilItIsAcknowledged) {
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto kept = at_.shell("exit 3");
  const auto done = at_.shell("exit 4");
  launch(kept);
  launch(done);
  ASSERT_TRUE(at_.until_ended(kept.key));
  ASSERT_TRUE(at_.until_ended(done.key));
  at_.link->acknowledge(done.key);
  const auto later = at_.shell("true");  // its end proves that the acknowledgement has arrived
  launch(later);
  ASSERT_TRUE(at_.until_ended(later.key));
  signal_worker(SIGKILL);
  ASSERT_TRUE(at_.until([&] { return at_.heard.readies.size() == 2; }));
  EXPECT_EQ(at_.heard.ends[kept.key].size(), 2U);
  EXPECT_EQ(at_.heard.ends[kept.key].back().exit_code, 3);
  EXPECT_EQ(at_.heard.ends[done.key].size(), 1U);
}

TEST_F(ExecutorTest, WhatIsLaunchedBeforeItIsReadyCountsAsLiveAndStartsOnce) {
  ASSERT_TRUE(at_.come());
  const auto first = at_.waiting();
  launch(first);
  ASSERT_TRUE(at_.until_started(first.key));
  EXPECT_EQ(at_.heard.readies, std::vector<Keys>{Keys{first.key}});
  // The same where a worker has died: its successor has said hello, or not, when the launch comes.
  const auto second = at_.waiting();
  const auto third = at_.waiting();
  at_.heard.on_gone = [&] {
    launch(second);
    at_.link->prepare(third);
    at_.link->release(third.key);
  };
  signal_worker(SIGKILL);
  ASSERT_TRUE(at_.until_started(second.key));
  ASSERT_TRUE(at_.until_started(third.key));
  EXPECT_EQ(at_.heard.readies.back(), (Keys{second.key, third.key}));
  EXPECT_EQ(at_.heard.ends[first.key].front().outcome, Outcome::lost);
  for (const auto& spec : {second, third}) {
    at_.let_go(spec.key);
    ASSERT_TRUE(at_.until_ended(spec.key));
    EXPECT_EQ(at_.starts(spec.key), 1U);
  }
}

TEST_F(ExecutorTest, FewOpenFilesAreToldAsFewerSlots) {
  // The worker raises its soft limit to the hard one, which only root could raise again here: a program between sets it.
  const std::string limited = at_.folder() + "/limited";
  std::ofstream(limited) << "#!/bin/sh\nulimit -n 64\nexec " << at_.options.program << " \"$@\"\n";
  chmod(limited.c_str(), 0700);
  at_.options.slots = 300;
  at_.options.program = limited;
  ASSERT_TRUE(at_.come_and_be_ready());
  EXPECT_GE(at_.heard.capacity, 1);
  EXPECT_LE(at_.heard.capacity, 16);
  EXPECT_THAT(at_.heard.capacity_why, testing::HasSubstr("ulimit -Hn"));
}

TEST_F(ExecutorTest, ASweepLeavesTheChildrenOfOthersAlone) {
  const pid_t foreign = fork();
  if (foreign == 0) {
    setsid();
    pause();
    _exit(0);
  }
  ASSERT_TRUE(at_.come_and_be_ready());
  auto spec = at_.waiting();
  spec.argv.back().insert(0, "setsid sleep 1000 & ");
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  signal_worker(SIGKILL);
  ASSERT_TRUE(at_.until([&] { return at_.heard.readies.size() == 2; }));
  EXPECT_EQ(waitpid(foreign, nullptr, WNOHANG), 0) << "it still lives";
  kill(foreign, SIGKILL);
  waitpid(foreign, nullptr, 0);
}

TEST_F(ExecutorTest, ASilentWorkerIsToldThenReplaced) {
  at_.options.ping_every_us = 40 * kMillisecond;
  at_.options.silence_told_us = 500 * kMillisecond;
  at_.options.silence_ends_us = 1500 * kMillisecond;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.waiting();
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  signal_worker(SIGSTOP);
  ASSERT_TRUE(at_.until([&] { return at_.heard.readies.size() == 2; }));
  EXPECT_EQ(at_.heard.gone.size(), 2U);
  EXPECT_THAT(at_.heard.gone.front(), testing::HasSubstr("silent"));
  EXPECT_EQ(at_.heard.ends[spec.key].front().outcome, Outcome::lost);
  const auto next = at_.shell("true");
  launch(next);
  EXPECT_TRUE(at_.until_ended(next.key));
}

TEST_F(ExecutorTest, AWorkerThatSpeaksAgainKeepsWhatItRuns) {
  at_.options.ping_every_us = 40 * kMillisecond;
  at_.options.silence_told_us = 500 * kMillisecond;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.waiting();
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  signal_worker(SIGSTOP);
  ASSERT_TRUE(at_.until([&] { return at_.heard.gone.size() == 1; }));
  const auto meanwhile = at_.waiting();
  launch(meanwhile);
  signal_worker(SIGCONT);
  ASSERT_TRUE(at_.until([&] { return at_.heard.readies.size() == 2; }));
  EXPECT_EQ(at_.heard.readies.back(), (Keys{spec.key, meanwhile.key}));
  for (const auto& one : {spec, meanwhile}) {
    at_.let_go(one.key);
    ASSERT_TRUE(at_.until_ended(one.key));
    EXPECT_EQ(at_.starts(one.key), 1U);
  }
}

TEST_F(ExecutorTest, AKillThatAFrozenWorkerDoesNotHearEndsAllTheSame) {
  at_.options.kill_answer_us = 200 * kMillisecond;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.waiting();
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  signal_worker(SIGSTOP);
  at_.link->stop(spec.key, kMinute, false);
  at_.link->stop(spec.key, 0, true);
  at_.link->flush();
  ASSERT_TRUE(at_.until_ended(spec.key));
  EXPECT_EQ(at_.heard.ends[spec.key].front().outcome, Outcome::lost);
}

TEST_F(ExecutorTest, ALaterSchedulerAdoptsWhatRuns) {
  at_.options.tasks_outlive_us = true;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto runs_on = at_.waiting();
  const auto ends = at_.waiting();
  const auto gated = at_.waiting();
  launch(runs_on);
  launch(ends);
  at_.link->prepare(gated);
  at_.link->flush();
  ASSERT_TRUE(at_.until_started(runs_on.key));
  ASSERT_TRUE(at_.until_started(ends.key));
  const auto pids = at_.heard.pids;
  const pid_t worker = at_.worker_pid();
  at_.vanish();
  at_.let_go(ends.key);
  ASSERT_TRUE(at_.come_and_be_ready());
  EXPECT_EQ(at_.worker_pid(), worker);
  ASSERT_TRUE(at_.until_ended(ends.key));
  EXPECT_EQ(at_.heard.ends[ends.key].front().exit_code, 0);
  ASSERT_TRUE(at_.until_ended(gated.key));
  EXPECT_FALSE(at_.heard.ends[gated.key].front().started);
  EXPECT_EQ(at_.starts(gated.key), 0U);
  EXPECT_EQ(at_.heard.pids[runs_on.key], pids.at(runs_on.key));
  launch(runs_on);  // known
  const auto next = at_.shell("true");
  launch(next);
  ASSERT_TRUE(at_.until_ended(next.key));
  at_.let_go(runs_on.key);
  ASSERT_TRUE(at_.until_ended(runs_on.key));
  EXPECT_EQ(at_.starts(runs_on.key), 1U);
}

TEST_F(ExecutorTest, AWorkerOfAnotherBuildFinishesAndGoes) {
  at_.options.tasks_outlive_us = true;
  const std::string program = at_.options.program;
  const std::string older = at_.folder() + "/older-worker";
  fs::copy_file(program, older);
  fs::last_write_time(older, fs::last_write_time(program) - std::chrono::hours(1));
  at_.options.program = older;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto runs_on = at_.waiting();
  launch(runs_on);
  ASSERT_TRUE(at_.until_started(runs_on.key));
  const pid_t old_worker = at_.worker_pid(1);
  at_.vanish();
  at_.options.program = program;
  ASSERT_TRUE(at_.come_and_be_ready());
  EXPECT_TRUE(at_.heard.readies.back().contains(runs_on.key));
  const auto fresh = at_.shell("echo $PPID > parent");
  launch(fresh);
  ASSERT_TRUE(at_.until_ended(fresh.key));
  std::ifstream parent(at_.folder() + "/parent");
  pid_t launched_by = 0;
  parent >> launched_by;
  EXPECT_EQ(launched_by, at_.worker_pid(2));
  at_.let_go(runs_on.key);
  ASSERT_TRUE(at_.until_ended(runs_on.key));
  at_.link->acknowledge(runs_on.key);
  at_.link->flush();
  // It has nothing any more: it is told to go.
  ASSERT_TRUE(at_.until([&] {
    const bool gone = waitpid(old_worker, nullptr, WNOHANG) == old_worker || kill(old_worker, 0) != 0;
    if (!gone) at_.loop.call_at(at_.loop.mono_now() + kMillisecond, [&] { at_.heard.changed(); });
    return gone;
  }));
  EXPECT_EQ(at_.heard.gone.size(), 0U);
}

TEST_F(ExecutorTest, ARunBesideAKeptWorkerThatRunsSomethingIsRefused) {
  at_.options.tasks_outlive_us = true;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.waiting();
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  at_.vanish();
  at_.options.tasks_outlive_us = false;
  ASSERT_FALSE(at_.come());
  EXPECT_EQ(at_.error.kind, ErrorKind::conflict);
  EXPECT_THAT(at_.error.message, testing::HasSubstr("worker 1 (process " + std::to_string(at_.worker_pid())));
  at_.options.tasks_outlive_us = true;
  ASSERT_TRUE(at_.come_and_be_ready());
  at_.let_go(spec.key);
  ASSERT_TRUE(at_.until_ended(spec.key));
  at_.vanish();
  // Now it is idle: it ends, and the one of the run takes its place and answers for its ends.
  at_.options.tasks_outlive_us = false;
  ASSERT_TRUE(at_.come_and_be_ready());
  EXPECT_TRUE(at_.heard.ends.contains(spec.key));
}

}  // namespace
}  // namespace baton
