// One attempt after another against the real baton-worker: how they end, and that nothing of them is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/worker/worker_client.h"

namespace baton {
namespace {

using test::WorkerClient;
using testing::HasSubstr;
using wire::Outcome;

constexpr std::int64_t kSecondUs = 1'000'000;

/// Exists and is no zombie.
bool lives(pid_t pid) {
  const std::string stat = test::file_text("/proc/" + std::to_string(pid) + "/stat");
  return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

/// With cgroups where the host has them, and without.
class AttemptTest : public testing::TestWithParam<bool> {
 protected:
  AttemptTest() : hello_(worker_.hello()) {}
  ~AttemptTest() override { EXPECT_THAT(test::processes_of(hello_.worker_id), testing::IsEmpty()); }

  test::ScratchFolder folder_;
  WorkerClient worker_{folder_ / "state", WorkerClient::Way::kInheritedSocket, GetParam()};
  wire::WorkerHello hello_;
};

INSTANTIATE_TEST_SUITE_P(Cgroups, AttemptTest, testing::Bool(),
                         [](const auto& one) { return one.param ? "With" : "Without"; });

TEST_P(AttemptTest, SuccessBringsLogOutputTimesAndUsage) {
  const auto launch = worker_.shell("echo out; echo err >&2; printf '{\"n\": 1}' > $BATON_OUTPUT; echo $BATON_ATTEMPT");
  const auto end = worker_.run(launch);
  EXPECT_EQ(end.outcome, Outcome::kExited);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.output, "{\"n\": 1}");
  const std::string key = "1." + std::to_string(launch.key.task_no) + ".-1.1";
  EXPECT_EQ(worker_.log_of(launch), "out\nerr\n" + key + "\n");
  EXPECT_EQ(end.log_bytes, static_cast<std::int64_t>(worker_.log_of(launch).size()));
  EXPECT_GT(end.started_at_us, 0);
  EXPECT_GE(end.ended_at_us, end.started_at_us);
  EXPECT_GT(end.run_us, 0);
  EXPECT_GT(end.max_rss_bytes, 0);
  struct stat info {};
  ASSERT_EQ(::stat(launch.log_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_P(AttemptTest, AStartIsToldWhileTheTaskRuns) {
  const auto launch = worker_.shell("while [ ! -e go ]; do sleep 0.01; done");
  worker_.send(launch);
  const auto started = worker_.started(launch.key);
  EXPECT_GT(started.pid, 0);
  worker_.send(wire::Stop{launch.key, 0, true});
  EXPECT_EQ(worker_.ended(launch.key).started_at_us, started.at_us);
}

TEST_P(AttemptTest, OutputFileGoesAfterTheAcknowledgement) {
  const auto launch = worker_.shell("echo '{}' > $BATON_OUTPUT");
  worker_.run(launch);
  worker_.send(wire::Ping{});
  while (!std::holds_alternative<wire::Pong>(worker_.receive().value())) {
  }
  EXPECT_FALSE(std::filesystem::exists(launch.output_path));
}

TEST_P(AttemptTest, ExitCodeAndSignalAreReportedAsTheyAre) {
  const auto failed = worker_.run(worker_.shell("exit 37"));
  EXPECT_EQ(failed.outcome, Outcome::kExited);
  EXPECT_EQ(failed.exit_code, 37);
  const auto killed = worker_.run(worker_.shell("kill -USR1 $$"));
  EXPECT_EQ(killed.outcome, Outcome::kSignaled);
  EXPECT_EQ(killed.signal, SIGUSR1);
  EXPECT_EQ(killed.exit_code, 0);
}

TEST_P(AttemptTest, OutputOfAFailedTaskIsNotRead) {
  const auto end = worker_.run(worker_.shell("echo '{}' > $BATON_OUTPUT; exit 1"));
  EXPECT_EQ(end.output, "");
}

TEST_P(AttemptTest, OutputThatIsTooLargeIsSaidToBe) {
  const auto end = worker_.run(worker_.shell("head -c 1048577 /dev/zero > $BATON_OUTPUT"));
  EXPECT_EQ(end.flags & wire::kOutputTooLarge, wire::kOutputTooLarge);
  EXPECT_EQ(end.output, "");
  EXPECT_THAT(end.message, HasSubstr("1048577"));
  const auto fits = worker_.run(worker_.shell("head -c 1048576 /dev/zero > $BATON_OUTPUT"));
  EXPECT_EQ(fits.flags & wire::kOutputTooLarge, 0U);
  EXPECT_EQ(fits.output.size(), 1048576U);
}

TEST_P(AttemptTest, OutputThatIsALinkOrAFifoIsNotFollowed) {
  const auto link = worker_.run(worker_.shell("ln -s /etc/passwd $BATON_OUTPUT"));
  EXPECT_EQ(link.output, "");
  EXPECT_THAT(link.message, HasSubstr("output file"));
  const auto fifo = worker_.run(worker_.shell("mkfifo $BATON_OUTPUT"));
  EXPECT_EQ(fifo.output, "");
  EXPECT_THAT(fifo.message, HasSubstr("not a regular file"));
}

TEST_P(AttemptTest, NulAndInvalidUtf8PassUnchanged) {
  const auto launch = worker_.shell("printf 'a\\000b\\377\\376c' | tee $BATON_OUTPUT");
  const auto end = worker_.run(launch);
  const std::string expected(
      "a\0b\xff\xfe"
      "c",
      6);
  EXPECT_EQ(worker_.log_of(launch), expected);
  EXPECT_EQ(end.output, expected);
}

TEST_P(AttemptTest, TheTaskSeesItsEnvironmentItsFolderAndNothingOfTheWorker) {
  ::setenv("BATON_TEST_LEAK", "1", 1);
  auto launch = worker_.shell(
      "pwd; env | sort; ls /proc/self/fd | wc -l; ps -o pid=,pgid=,sid= -p $$ | awk '{print ($1==$2), ($2==$3)}'; "
      "ulimit -c");
  launch.cwd = "/usr";
  worker_.run(launch);
  const std::string log = worker_.log_of(launch);
  EXPECT_THAT(log, testing::StartsWith("/usr\n"));
  EXPECT_THAT(log, HasSubstr("BATON_ATTEMPT=1."));
  EXPECT_THAT(log, HasSubstr("BATON_WORKER=" + hello_.worker_id));
  EXPECT_THAT(log, testing::Not(HasSubstr("BATON_TEST_LEAK")));
  // 0, 1, 2 and the folder that ls reads; a group of its own, and a session where no leaf holds the tree; no core.
  const bool in_leaf = (hello_.capabilities & wire::kCgroupLeaf) != 0;
  EXPECT_THAT(log, testing::EndsWith(in_leaf ? "\n4\n1 0\n0\n" : "\n4\n1 1\n0\n"));
}

TEST_P(AttemptTest, StdinIsEmptyOrWhatTheLaunchSays) {
  auto none = worker_.argv({"cat"});
  EXPECT_EQ(worker_.run(none).exit_code, 0);
  EXPECT_EQ(worker_.log_of(none), "");
  auto bytes = worker_.argv({"cat"});
  bytes.stdin_kind = wire::StdinKind::kBytes;
  bytes.stdin_value = std::string("a\0b", 3);
  worker_.run(bytes);
  EXPECT_EQ(worker_.log_of(bytes), bytes.stdin_value);
  auto path = worker_.argv({"cat"});
  path.stdin_kind = wire::StdinKind::kPath;
  path.stdin_value = bytes.log_path;
  worker_.run(path);
  EXPECT_EQ(worker_.log_of(path), bytes.stdin_value);
}

TEST_P(AttemptTest, ALongScriptComesAsAFileThatIsRemovedAfterwards) {
  auto launch = worker_.argv({"sh", "-e"});
  launch.script = "# " + std::string(200'000, 'x') + "\necho \"$0\"; test -x \"$0\"";
  EXPECT_EQ(worker_.run(launch).exit_code, 0);
  std::string path = worker_.log_of(launch);
  path.pop_back();
  EXPECT_THAT(path, HasSubstr("/scripts/"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(AttemptTest, WhatCannotStartSaysWhy) {
  const auto unknown = worker_.run(worker_.argv({"no-such-program"}));
  EXPECT_EQ(unknown.outcome, Outcome::kSpawnFailed);
  EXPECT_EQ(unknown.message, "program \"no-such-program\" not found in PATH");
  const auto missing = worker_.run(worker_.argv({"/no/such/program"}));
  EXPECT_EQ(missing.outcome, Outcome::kSpawnFailed);
  EXPECT_THAT(missing.message, HasSubstr("does not exist"));
  auto folder = worker_.shell("true");
  folder.cwd = "/no/such/folder";
  const auto no_folder = worker_.run(folder);
  EXPECT_EQ(no_folder.outcome, Outcome::kSpawnFailed);
  EXPECT_EQ(no_folder.message, "working folder \"/no/such/folder\": No such file or directory");
  std::ofstream(folder_ / "script") << "echo no interpreter line\n";
  ::chmod((folder_ / "script").c_str(), 0700);
  const auto format = worker_.run(worker_.argv({folder_ / "script"}));
  EXPECT_EQ(format.outcome, Outcome::kSpawnFailed);
  EXPECT_THAT(format.message, HasSubstr("#!"));
  auto log = worker_.shell("true");
  log.log_path = "/proc/none/x.log";
  EXPECT_THAT(worker_.run(log).message, HasSubstr("log \"/proc/none/x.log\""));
  auto output = worker_.shell("true");
  output.output_path = "/proc/none/x.out";
  EXPECT_THAT(worker_.run(output).message, HasSubstr("folder \"/proc/none\""));
  auto huge = worker_.argv({"true", std::string(200'000, 'x')});
  EXPECT_THAT(worker_.run(huge).message, HasSubstr("too long"));
  const auto nothing = worker_.run(worker_.argv({}));
  EXPECT_EQ(nothing.outcome, Outcome::kSpawnFailed);
}

TEST_P(AttemptTest, ALogThatIsALinkIsRefused) {
  auto launch = worker_.shell("echo overwritten");
  std::filesystem::create_directories(std::filesystem::path(launch.log_path).parent_path());
  std::ofstream(folder_ / "victim") << "precious";
  std::filesystem::create_symlink(folder_ / "victim", launch.log_path);
  EXPECT_EQ(worker_.run(launch).outcome, Outcome::kSpawnFailed);
  EXPECT_EQ(test::file_text(folder_ / "victim"), "precious");
}

TEST_P(AttemptTest, TimeLimitTermsAndThenKillsATreeThatIgnoresIt) {
  auto launch =
      worker_.shell("trap '' TERM; (trap '' TERM; sleep 1000) & sh -c 'trap \"\" TERM; sleep 1000; sleep 1000'");
  launch.timeout_us = kSecondUs / 5;
  launch.grace_us = kSecondUs / 5;
  const auto end = worker_.run(launch);
  EXPECT_EQ(end.outcome, Outcome::kTimedOut);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_GE(end.run_us, launch.timeout_us + launch.grace_us);
  EXPECT_EQ(end.flags & wire::kTreeNotEmpty, 0U);
}

TEST_P(AttemptTest, StopSendsTermAndReportsHowTheTaskTookIt) {
  const auto launch = worker_.shell("trap 'echo cleanup; exit 3' TERM; touch ready; while :; do sleep 0.05; done");
  worker_.send(launch);
  test::wait_for_file(launch.cwd + "/ready");
  worker_.send(wire::Stop{launch.key, 60 * kSecondUs, false});
  const auto end = worker_.ended(launch.key);
  EXPECT_EQ(end.outcome, Outcome::kStopped);
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(worker_.log_of(launch), testing::EndsWith("cleanup\n"));
}

TEST_P(AttemptTest, GraceBelongsToTheWholeTreeNotToTheShellInFront) {
  const auto launch = worker_.shell(
      "sh -c 'trap \"sleep 0.3; echo saved; exit 0\" TERM; touch ready; while :; do sleep 0.05; done' ; true");
  worker_.send(launch);
  test::wait_for_file(launch.cwd + "/ready");
  worker_.send(wire::Stop{launch.key, 60 * kSecondUs, false});
  EXPECT_EQ(worker_.ended(launch.key).outcome, Outcome::kStopped);
  EXPECT_THAT(worker_.log_of(launch), testing::EndsWith("saved\n"));
}

TEST_P(AttemptTest, KillNowDoesNotWaitForAGrace) {
  const auto launch = worker_.shell("trap '' TERM; touch ready; while :; do sleep 1000; done");
  worker_.send(launch);
  test::wait_for_file(launch.cwd + "/ready");
  worker_.send(wire::Stop{launch.key, 1000 * kSecondUs, false});
  worker_.send(wire::Stop{launch.key, 0, true});
  const auto end = worker_.ended(launch.key);
  EXPECT_EQ(end.outcome, Outcome::kStopped);
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST_P(AttemptTest, AStoppedProcessHearsTheSignalToo) {
  const auto launch = worker_.shell("touch ready; kill -STOP $$");
  worker_.send(launch);
  test::wait_for_file(launch.cwd + "/ready");
  worker_.send(wire::Stop{launch.key, 1000 * kSecondUs, false});
  EXPECT_EQ(worker_.ended(launch.key).signal, SIGTERM);
}

TEST_P(AttemptTest, ProcessesThatEscapeBySessionOrDoubleForkDoNotOutliveTheAttempt) {
  const auto launch = worker_.shell(
      "sleep 1001 & "
      "setsid sleep 1002 & "
      "(setsid sh -c 'sleep 1003 & setsid sleep 1004' &) ; "
      "(env -i setsid sleep 1005 &) ; "
      "echo started");
  const auto end = worker_.run(launch);
  EXPECT_EQ(end.outcome, Outcome::kExited);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.flags & wire::kTreeNotEmpty, 0U);
  EXPECT_THAT(test::processes_of(hello_.worker_id), testing::IsEmpty());
}

TEST_P(AttemptTest, EscapedProcessesOfOneAttemptLeaveTheOtherAlone) {
  // Two daemons, one of them without the marks of the environment; each says when it is there, and who it is.
  const auto daemon = [](const std::string& name) {
    return "sh -c 'echo $$ > " + name + ".new; mv " + name + ".new " + name + "; sleep 1000; :'";
  };
  const auto steady = worker_.shell("(setsid " + daemon("marked") + " &); (env -i PATH=$PATH setsid " + daemon("bare") +
                                    " &); read x < fifo; echo on");
  ASSERT_EQ(::mkfifo((steady.cwd + "/fifo").c_str(), 0600), 0);
  worker_.send(steady);
  std::vector<pid_t> daemons;
  for (const char* name : {"/marked", "/bare"}) {
    test::wait_for_file(steady.cwd + name);
    daemons.push_back(std::stoi(test::file_text(steady.cwd + name)));
  }
  EXPECT_EQ(worker_.run(worker_.shell("(setsid sleep 1000 &); exit 0")).exit_code, 0);
  for (const pid_t pid : daemons) EXPECT_TRUE(lives(pid));
  std::ofstream(steady.cwd + "/fifo") << "go\n";
  EXPECT_EQ(worker_.ended(steady.key).exit_code, 0);
  EXPECT_EQ(worker_.log_of(steady), "on\n");
  for (const pid_t pid : daemons) EXPECT_FALSE(lives(pid));
}

TEST_P(AttemptTest, LaunchingTwiceStartsOnce) {
  const auto launch = worker_.shell("echo once; touch ready; read x < fifo");
  ASSERT_EQ(::mkfifo((launch.cwd + "/fifo").c_str(), 0600), 0);
  worker_.send(launch);
  const auto first = worker_.started(launch.key);
  worker_.send(launch);
  const auto second = worker_.started(launch.key);
  EXPECT_EQ(first, second);
  std::ofstream(launch.cwd + "/fifo") << "go\n";
  const auto end = worker_.ended(launch.key);
  worker_.send(launch);
  EXPECT_EQ(worker_.ended(launch.key), end);
  EXPECT_EQ(worker_.log_of(launch), "once\n");
}

TEST_P(AttemptTest, AnotherEpochOfALivingTaskInstanceIsRefused) {
  const auto launch = worker_.shell("read x < fifo");
  ASSERT_EQ(::mkfifo((launch.cwd + "/fifo").c_str(), 0600), 0);
  worker_.send(launch);
  worker_.started(launch.key);
  auto later = launch;
  later.key.epoch = 2;
  const auto refused = worker_.run(later);
  EXPECT_EQ(refused.outcome, Outcome::kSpawnFailed);
  EXPECT_THAT(refused.message, HasSubstr("still lives"));
  worker_.send(wire::Stop{launch.key, 0, true});
  worker_.ended(launch.key);
  later.argv = {"true"};
  EXPECT_EQ(worker_.run(later).outcome, Outcome::kExited);
}

TEST_P(AttemptTest, AGatedLaunchRunsOnlyOnceReleased) {
  auto launch = worker_.shell("echo ran");
  launch.gated = true;
  worker_.send(launch);
  // Another attempt runs from start to end meanwhile.
  EXPECT_EQ(worker_.run(worker_.shell("true")).exit_code, 0);
  EXPECT_EQ(worker_.log_of(launch), "");
  worker_.send(wire::Release{launch.key});
  const auto end = worker_.ended(launch.key);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_GT(end.started_at_us, 0);
  EXPECT_EQ(worker_.log_of(launch), "ran\n");
}

TEST_P(AttemptTest, AGatedLaunchThatIsStoppedNeverRuns) {
  auto launch = worker_.shell("echo ran");
  launch.gated = true;
  worker_.send(launch);
  worker_.send(wire::Stop{launch.key, 1000 * kSecondUs, false});
  worker_.send(wire::Release{launch.key});
  const auto end = worker_.ended(launch.key);
  EXPECT_EQ(end.outcome, Outcome::kStopped);
  EXPECT_EQ(end.started_at_us, 0);
  EXPECT_EQ(worker_.log_of(launch), "");
}

TEST_P(AttemptTest, AGatedLaunchWithoutItsFolderSaysSo) {
  auto launch = worker_.shell("echo ran");
  launch.gated = true;
  launch.cwd = "/no/such/folder";
  worker_.send(launch);
  const auto end = worker_.ended(launch.key);
  EXPECT_EQ(end.outcome, Outcome::kSpawnFailed);
  EXPECT_THAT(end.message, HasSubstr("/no/such/folder"));
}

/// Waits until the process has ended; its parent may not have reaped it.
void wait_for_end(pid_t pid) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd wait{handle, POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 60'000), 1);
  ::close(handle);
}

TEST_P(AttemptTest, WhoEndsBeforeItIsToldToStopHasEndedByItself) {
  for (const auto& [script, exit_code] : {std::pair{"read x < fifo; exit 0", 0}, {"read x < fifo; exit 7", 7}}) {
    ::unlink((folder_ / "state/fifo").c_str());
    ASSERT_EQ(::mkfifo((folder_ / "state/fifo").c_str(), 0600), 0);
    const auto launch = worker_.shell(script);
    worker_.send(launch);
    const pid_t task = worker_.started(launch.key).pid;
    worker_.kill_worker(SIGSTOP);
    worker_.send(wire::Stop{launch.key, 60 * kSecondUs, false});  // Read before the signal of the death below.
    std::ofstream(launch.cwd + "/fifo") << "go\n";
    wait_for_end(task);
    worker_.kill_worker(SIGCONT);
    const auto end = worker_.ended(launch.key);
    EXPECT_EQ(end.outcome, Outcome::kExited);
    EXPECT_EQ(end.exit_code, exit_code);
  }
}

TEST_P(AttemptTest, WhoEndsBeforeItsTimeLimitIsHeldAgainstItHasEndedByItself) {
  auto limited = worker_.shell("sleep 1.5");
  limited.timeout_us = kSecondUs;
  auto silent = worker_.shell("sleep 1.5");
  silent.heartbeat_us = kSecondUs;
  worker_.send(limited);
  worker_.send(silent);
  const pid_t first = worker_.started(limited.key).pid;
  const pid_t second = worker_.started(silent.key).pid;
  worker_.kill_worker(SIGSTOP);
  wait_for_end(first);
  wait_for_end(second);
  worker_.kill_worker(SIGCONT);
  for (int i = 0; i < 2; ++i) {
    const auto end = std::get<wire::Ended>(worker_.receive().value());
    EXPECT_EQ(end.outcome, Outcome::kExited);
    EXPECT_EQ(end.exit_code, 0);
  }
}

TEST_P(AttemptTest, AnOutputThatHoldsASecretIsNotSentAndNotKept) {
  auto launch = worker_.shell("printf '{\"token\": \"%s\"}' hunter2-secret > $BATON_OUTPUT; touch written");
  launch.masks = {"hunter2-secret"};
  const auto end = worker_.run(launch);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.flags & wire::kOutputHoldsSecret, wire::kOutputHoldsSecret);
  EXPECT_EQ(end.output, "");
  EXPECT_FALSE(std::filesystem::exists(launch.output_path));
  EXPECT_THAT(test::file_text(folder_ / "state/workers/1/journal"), testing::Not(HasSubstr("hunter2")));
  auto harmless = worker_.shell("printf '{\"n\": 1}' > $BATON_OUTPUT");
  harmless.masks = {"hunter2-secret"};
  EXPECT_EQ(worker_.run(harmless).output, "{\"n\": 1}");
}

TEST(AttemptLimits, WithFewOpenFilesLaunchesWaitAndNothingIsLost) {
  test::ScratchFolder folder;
  WorkerClient worker(folder / "state", WorkerClient::Way::kInheritedSocket, true, 64);
  worker.hello(1, 100);
  std::vector<wire::Launch> launches;
  for (int i = 0; i < 60; ++i) {
    auto& launch = launches.emplace_back(worker.shell("echo line; sleep 0.3; printf '{\"n\": 1}' > $BATON_OUTPUT"));
    launch.masks = {"not in here"};
    worker.send(launch);
  }
  for (int ends = 0; ends < 60;) {
    const auto message = worker.receive();
    ASSERT_TRUE(message.has_value());
    if (const auto* end = std::get_if<wire::Ended>(&*message)) {
      EXPECT_EQ(end->outcome, Outcome::kExited) << end->message;
      EXPECT_EQ(end->output, "{\"n\": 1}");
      ++ends;
    }
  }
  for (const auto& launch : launches) EXPECT_EQ(worker.log_of(launch), "line\n");
}

TEST_P(AttemptTest, ATaskHasTheLimitOfOpenFilesThatTheWorkerWasStartedWith) {
  const auto launch = worker_.shell("ulimit -n");
  worker_.run(launch);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  EXPECT_EQ(worker_.log_of(launch), std::to_string(files.rlim_cur) + "\n");
}

TEST_P(AttemptTest, ASilentTaskLosesItsHeartbeat) {
  auto silent = worker_.shell("sleep 1000");
  silent.heartbeat_us = kSecondUs / 2;
  silent.grace_us = kSecondUs;
  const auto end = worker_.run(silent);
  EXPECT_EQ(end.outcome, Outcome::kHeartbeatLost);
  EXPECT_EQ(end.signal, SIGTERM);
}

TEST_P(AttemptTest, LogAndHeartbeatFileAreSignsOfLife) {
  auto logging = worker_.shell("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.25; done");
  auto beating = worker_.shell("for i in 1 2 3 4 5 6 7 8; do touch beat; sleep 0.25; done");
  for (auto* launch : {&logging, &beating}) launch->heartbeat_us = kSecondUs * 3 / 2;
  beating.heartbeat_path = beating.cwd + "/beat";
  worker_.send(logging);
  worker_.send(beating);
  EXPECT_EQ(worker_.ended(logging.key).outcome, Outcome::kExited);
  EXPECT_EQ(worker_.run(beating).outcome, Outcome::kExited);
}

TEST_P(AttemptTest, StopOfAnUnknownAttemptIsAnswered) {
  worker_.send(wire::Stop{{99, 1, -1, 1}, 0, true});
  EXPECT_EQ(worker_.ended({99, 1, -1, 1}).outcome, Outcome::kLost);
}

TEST_P(AttemptTest, NiceIsSet) {
  auto launch = worker_.shell("nice");
  launch.nice = 7;
  worker_.run(launch);
  EXPECT_EQ(worker_.log_of(launch), "7\n");
}

TEST_P(AttemptTest, LimitsThatTheHostCannotHoldAreSaidNotToBeEnforced) {
  auto launch = worker_.shell("true");
  launch.limits.memory_bytes = 64 << 20;
  const bool able = (hello_.capabilities & wire::kLimitMemory) != 0;
  if (!able) std::printf("note: memory limits cannot be tested on this host: %s\n", hello_.notes.c_str());
  EXPECT_EQ((worker_.run(launch).flags & wire::kLimitsNotEnforced) == 0, able);
}

}  // namespace
}  // namespace baton
