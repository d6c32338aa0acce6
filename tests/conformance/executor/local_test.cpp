// What the executor of this machine promises beside what every one does (suite_test.cpp).
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

class LocalExecutor : public testing::Test {
 protected:
  void launch(const LaunchSpec& spec) {
    at_.link->launch(spec);
    at_.link->flush();
  }
  void signal_worker(int signal) { kill(at_.worker_pid(), signal); }

  LocalBackend at_;
};

TEST_F(LocalExecutor, FewOpenFilesAreToldAsFewerSlots) {
  // The worker raises its soft limit to the hard one, which only root could raise again here: a program between sets it.
  const std::string limited = at_.folder() + "/limited";
  std::ofstream(limited) << "#!/bin/sh\nulimit -n 64\nexec " << at_.options.program << " \"$@\"\n";
  chmod(limited.c_str(), 0700);
  at_.options.slots = 300;
  at_.options.program = limited;
  ASSERT_TRUE(at_.come_and_be_ready());
  EXPECT_GE(at_.heard.capacity["1"], 1);
  EXPECT_LE(at_.heard.capacity["1"], 16);
  EXPECT_THAT(at_.heard.capacity_why, testing::HasSubstr("ulimit -Hn"));
}

TEST_F(LocalExecutor, ASweepLeavesTheChildrenOfOthersAlone) {
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

TEST_F(LocalExecutor, AWorkerThatSpeaksAgainKeepsWhatItRuns) {
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

TEST_F(LocalExecutor, AKillThatAFrozenWorkerDoesNotHearEndsAllTheSame) {
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

TEST_F(LocalExecutor, AWorkerOfAnotherBuildFinishesAndGoes) {
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
  EXPECT_EQ(at_.heard.ready_workers, (std::vector<std::string>{"1", "2"})) << "who only ends what it has speaks first";
  EXPECT_EQ(at_.heard.readies, (std::vector<Keys>{{runs_on.key}, {}}));
  EXPECT_EQ(at_.heard.capacity, (std::map<std::string, std::int32_t>{{"1", 0}, {"2", 4}}));
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

TEST_F(LocalExecutor, TheDeathOfOneWorkerHoldsUpNoLaunchToTheOther) {
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
  at_.vanish();
  at_.options.program = program;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto fresh = at_.waiting();
  launch(fresh);
  ASSERT_TRUE(at_.until_started(fresh.key));
  const auto meanwhile = at_.shell("true");
  bool was_free = false;
  at_.heard.on_gone = [&] {
    launch(meanwhile);
    was_free = at_.heard.readies.size() == 2;
  };
  kill(at_.worker_pid(1), SIGKILL);
  ASSERT_TRUE(at_.until_ended(meanwhile.key));
  ASSERT_TRUE(at_.until([&] { return at_.heard.readies.size() == 3; }));
  EXPECT_TRUE(was_free);
  EXPECT_EQ(at_.heard.ready_workers.back(), "1");
  EXPECT_TRUE(at_.heard.readies.back().empty()) << "it speaks for itself alone";
  EXPECT_EQ(at_.heard.ends[runs_on.key].front().outcome, Outcome::lost);
  EXPECT_FALSE(at_.heard.ends.contains(fresh.key));
  at_.let_go(fresh.key);
  ASSERT_TRUE(at_.until_ended(fresh.key));
  EXPECT_EQ(at_.heard.ends[fresh.key].front().exit_code, 0);
}

TEST_F(LocalExecutor, AnEndThatADeadWorkerHasWrittenDownIsToldAlsoBesideALivingOne) {
  at_.options.tasks_outlive_us = true;
  const std::string program = at_.options.program;
  const std::string other = at_.folder() + "/other-worker";
  fs::copy_file(program, other);
  fs::last_write_time(other, fs::last_write_time(program) - std::chrono::hours(1));
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto runs_on = at_.waiting();
  launch(runs_on);
  ASSERT_TRUE(at_.until_started(runs_on.key));
  at_.vanish();
  at_.options.program = other;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto done = at_.shell("exit 5");
  launch(done);
  ASSERT_TRUE(at_.until_ended(done.key));
  kill(at_.worker_pid(2), SIGKILL);
  at_.vanish();
  at_.options.program = program;  // the living one is of this build: nobody else needs to be started
  ASSERT_TRUE(at_.come_and_be_ready());
  ASSERT_TRUE(at_.heard.ends.contains(done.key));
  EXPECT_EQ(at_.heard.ends[done.key].front().exit_code, 5);
  at_.let_go(runs_on.key);
  EXPECT_TRUE(at_.until_ended(runs_on.key));
}

TEST_F(LocalExecutor, ARunBesideAKeptWorkerThatRunsSomethingIsRefused) {
  at_.options.tasks_outlive_us = true;
  ASSERT_TRUE(at_.come_and_be_ready());
  const auto spec = at_.waiting();
  launch(spec);
  ASSERT_TRUE(at_.until_started(spec.key));
  at_.vanish();
  at_.options.tasks_outlive_us = false;
  ASSERT_FALSE(at_.may_come());
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
