// Links that break, workers that die, schedulers that come back.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "tests/support/worker/worker_client.h"
#include "test_paths.h"

namespace baton {
namespace {

using test::WorkerClient;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::Outcome;
using Way = WorkerClient::Way;

/// A launch that lives until something is written to the fifo `name` in its folder.
wire::Launch waiting(const WorkerClient& worker, const std::string& before = "") {
  auto launch = worker.shell("");
  const std::string fifo = launch.cwd + "/fifo" + std::to_string(launch.key.task_no);
  ::mkfifo(fifo.c_str(), 0600);
  launch.argv = {"sh", "-c", before + " read x < " + fifo + "; echo done"};
  launch.heartbeat_path = fifo;  // Only to remember where it is.
  return launch;
}

void let_go(const wire::Launch& launch) {
  std::ofstream(launch.heartbeat_path) << "go\n";
}

TEST(WorkerLife, InheritedDescriptorsAreClosed) {
  test::ScratchFolder folder;
  const int leaked = ::open((folder / "leak").c_str(), O_RDWR | O_CREAT, 0600);
  WorkerClient worker(folder / "state", Way::kInheritedSocket);
  ::close(leaked);
  worker.hello();
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(worker.pid()) + "/fd")) {
    std::error_code gone;
    EXPECT_NE(std::filesystem::read_symlink(entry, gone), folder / "leak");
  }
}

TEST(WorkerLife, ASecondWorkerOnTheFolderIsRefused) {
  test::ScratchFolder folder;
  WorkerClient first(folder.path(), Way::kInheritedSocket);
  first.hello();
  // Without a scheduler of its own it does not wait for the end of the first.
  WorkerClient second(folder.path(), Way::kListening);
  EXPECT_EQ(second.wait_exit(), 5);
}

TEST(WorkerLife, ALostLinkStopsEverythingAndEndsTheWorker) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kInheritedSocket);
  const auto hello = worker.hello();
  const auto polite = worker.shell("trap 'touch term; exit' TERM; touch ready; while :; do sleep 0.05; done");
  auto stubborn = worker.shell("trap '' TERM; (setsid sleep 1000 &); while :; do sleep 1000; done");
  stubborn.grace_us = 200'000;
  worker.send(stubborn);
  worker.started(stubborn.key);
  worker.send(polite);
  test::wait_for_file(folder / "ready");
  worker.disconnect();
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "term"));
  EXPECT_THAT(test::processes_of(hello.worker_id), IsEmpty());
  // The next worker tells how they ended.
  WorkerClient next(folder.path(), Way::kInheritedSocket);
  EXPECT_EQ(next.hello().worker_epoch, hello.worker_epoch + 1);
  EXPECT_THAT(next.inventory().live, IsEmpty());
  ASSERT_EQ(next.inventory().ended.size(), 2U);
  for (const auto& ended : next.inventory().ended) EXPECT_EQ(ended.outcome, Outcome::kStopped);
}

TEST(WorkerLife, AKeptWorkerGoesOnAndReportsToTheNextScheduler) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kListening);
  worker.connect();
  worker.hello(1);
  auto runs_on = waiting(worker);
  auto ends_meanwhile = waiting(worker);
  runs_on.keep = ends_meanwhile.keep = true;
  worker.send(runs_on);
  worker.send(ends_meanwhile);
  const auto started = worker.started(runs_on.key);
  worker.started(ends_meanwhile.key);
  worker.disconnect();
  let_go(ends_meanwhile);
  // The worker takes one thing at a time: its answer to the second hello may come before the end. Then it is news.
  worker.connect();
  worker.hello(2);
  ASSERT_FALSE(worker.inventory().live.empty());
  if (worker.inventory().ended.empty()) {
    EXPECT_EQ(worker.ended(ends_meanwhile.key).exit_code, 0);
  } else {
    EXPECT_EQ(worker.inventory().ended.front().key, ends_meanwhile.key);
  }
  // Not acknowledged: told again, until it is.
  worker.connect();
  worker.hello(3);
  ASSERT_EQ(worker.inventory().live.size(), 1U);
  const auto& live = worker.inventory().live.front();
  EXPECT_EQ(live.key, runs_on.key);
  EXPECT_EQ(live.pid, started.pid);
  EXPECT_GT(live.start_ticks, 0);
  EXPECT_EQ(live.started_at_us, started.at_us);
  ASSERT_EQ(worker.inventory().ended.size(), 1U);
  EXPECT_EQ(worker.inventory().ended.front().key, ends_meanwhile.key);
  worker.send(wire::Ack{ends_meanwhile.key});
  let_go(runs_on);
  worker.send(wire::Ack{worker.ended(runs_on.key).key});
  worker.connect();
  worker.hello(4);
  EXPECT_THAT(worker.inventory().live, IsEmpty());
  EXPECT_THAT(worker.inventory().ended, IsEmpty());
  worker.send(wire::Shutdown{0});
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_FALSE(std::filesystem::exists(worker.socket_path()));
}

TEST(WorkerLife, ABrokenLinkStopsWhatWasNotToBeKeptAndWhatHadNotStarted) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kListening);
  worker.connect();
  worker.hello(1, 3);
  auto kept = waiting(worker);
  kept.keep = true;
  const auto not_kept = waiting(worker);
  auto gated = worker.shell("touch started");
  gated.gated = gated.keep = true;
  auto in_line = worker.shell("touch started");  // Behind the three slots, its claim not durable.
  in_line.gated = in_line.keep = true;
  for (const wire::Launch& launch : {gated, kept, not_kept, in_line}) worker.send(launch);
  const auto started = worker.started(kept.key);
  worker.started(not_kept.key);
  worker.disconnect();
  worker.connect();
  worker.hello(2, 3);
  std::map<wire::AttemptKey, wire::Ended> ends;
  for (const auto& ended : worker.inventory().ended) ends[ended.key] = ended;
  while (ends.size() < 3) {
    const auto message = worker.receive();
    ASSERT_TRUE(message.has_value());
    if (const auto* ended = std::get_if<wire::Ended>(&*message)) ends[ended->key] = *ended;
  }
  EXPECT_EQ(ends.at(not_kept.key).outcome, Outcome::kStopped);
  EXPECT_GT(ends.at(not_kept.key).started_at_us, 0);
  for (const auto& key : {gated.key, in_line.key}) {
    EXPECT_EQ(ends.at(key).outcome, Outcome::kStopped);
    EXPECT_EQ(ends.at(key).started_at_us, 0) << "it counts as never started";
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "started"));
  worker.send(kept);  // Known: it is not started again.
  EXPECT_EQ(worker.started(kept.key).pid, started.pid);
  let_go(kept);
  EXPECT_EQ(worker.ended(kept.key).exit_code, 0);
}

/// A worker that is killed while an attempt runs and another has ended.
std::pair<wire::Launch, wire::Launch> leave_behind(const std::string& state) {
  WorkerClient worker(state, Way::kInheritedSocket);
  worker.hello();
  auto live = waiting(worker);
  auto ended = worker.shell("echo \"last words\"; exit 4");
  worker.send(live);
  worker.started(live.key);
  worker.send(ended);
  worker.ended(ended.key);
  worker.kill_worker(SIGKILL);
  worker.wait_exit();
  return {live, ended};
}

void expect_told(const wire::Inventory& inventory, const std::pair<wire::Launch, wire::Launch>& left) {
  std::map<wire::AttemptKey, wire::Ended> ends;
  for (const auto& ended : inventory.ended) ends[ended.key] = ended;
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends.at(left.first.key).outcome, Outcome::kLost);
  EXPECT_EQ(ends.at(left.second.key).exit_code, 4);
}

TEST(WorkerLife, AWorkerAnswersForTheDeadOnesOfOtherFolders) {
  test::ScratchFolder folder;
  const auto left = leave_behind(folder.path());
  std::filesystem::rename(folder / "workers/1", folder / "workers/7");
  {
    WorkerClient next(folder.path(), Way::kInheritedSocket);
    EXPECT_EQ(next.hello().worker_no, 1);
    expect_told(next.inventory(), left);
  }
  WorkerClient third(folder.path(), Way::kInheritedSocket);
  third.hello();
  expect_told(third.inventory(), left);
}

TEST(WorkerLife, TheLayoutBeforeThereWereFoldersIsReadOnce) {
  test::ScratchFolder folder;
  const auto left = leave_behind(folder.path());
  std::filesystem::rename(folder / "workers/1/journal", folder / "worker.journal");
  std::filesystem::rename(folder / "workers/1/lock", folder / "worker.lock");
  std::filesystem::remove_all(folder / "workers");
  WorkerClient next(folder.path(), Way::kInheritedSocket);
  next.hello();
  expect_told(next.inventory(), left);
  EXPECT_FALSE(std::filesystem::exists(folder / "worker.journal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "worker.lock"));
}

TEST(WorkerLife, AnOlderSchedulerIsRefusedAndTheNewerKeepsItsLink) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kListening);
  worker.connect();
  worker.hello(5);
  worker.connect();
  const auto refused = worker.hello(4);
  EXPECT_EQ(refused.protocol, 0U);
  EXPECT_THAT(refused.notes, HasSubstr("epoch 5"));
}

/// Else a scheduler that has been deposed would be told of ends, and acknowledge those that it knows nothing of.
TEST(WorkerLife, AnOlderSchedulerIsRefusedByTheWorkerAfterTheOneThatWasKilled) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kListening);
  worker.connect();
  worker.hello(5);
  worker.kill_worker(SIGKILL);
  worker.wait_exit();
  WorkerClient next(folder.path(), Way::kListening);
  next.connect();
  EXPECT_EQ(next.hello(4).protocol, 0U);
  next.connect();
  EXPECT_NE(next.hello(5).protocol, 0U);
}

TEST(WorkerLife, AnUnknownProtocolIsRefused) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kInheritedSocket);
  wire::Hello hello;
  hello.protocol_min = 1000;
  hello.protocol_max = 1001;
  worker.send(hello);
  EXPECT_EQ(std::get<wire::WorkerHello>(worker.receive().value()).protocol, 0U);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST(WorkerLife, GarbageEndsTheLink) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kInheritedSocket);
  worker.hello();
  worker.send_bytes(std::string(100, '\xff'));
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST(WorkerLife, SigtermStopsEverythingAndReportsIt) {
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kInheritedSocket);
  worker.hello();
  const auto launch = waiting(worker);
  worker.send(launch);
  worker.started(launch.key);
  for (const int harmless : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) worker.kill_worker(harmless);
  worker.kill_worker(SIGTERM);
  EXPECT_EQ(worker.ended(launch.key).outcome, Outcome::kStopped);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST(WorkerLife, WhatAKilledWorkerLeavesIsKilledAndReportedLost) {
  test::ScratchFolder folder;
  std::string worker_id;
  wire::Launch launch;
  {
    WorkerClient worker(folder.path(), Way::kInheritedSocket);
    worker_id = worker.hello().worker_id;
    launch = waiting(worker, "(setsid sleep 1000 &); touch ready;");
    worker.send(launch);
    const auto started = worker.started(launch.key);
    test::wait_for_file(folder / "ready");
    const int main_process = static_cast<int>(::syscall(SYS_pidfd_open, started.pid, 0));
    worker.kill_worker(SIGKILL);
    EXPECT_EQ(worker.wait_exit(), -SIGKILL);
    // The main process dies with its worker, without anybody's help.
    pollfd wait{main_process, POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 60'000), 1);
    ::close(main_process);
  }
  WorkerClient next(folder.path(), Way::kInheritedSocket);
  EXPECT_EQ(next.hello().worker_id, worker_id);
  EXPECT_THAT(next.inventory().live, IsEmpty());
  ASSERT_EQ(next.inventory().ended.size(), 1U);
  EXPECT_EQ(next.inventory().ended.front().key, launch.key);
  EXPECT_EQ(next.inventory().ended.front().outcome, Outcome::kLost);
  EXPECT_THAT(test::processes_of(worker_id), IsEmpty());
}

TEST(WorkerLife, AnAcknowledgedEndIsForgottenByTheNextWorker) {
  test::ScratchFolder folder;
  {
    WorkerClient worker(folder.path(), Way::kInheritedSocket);
    worker.hello();
    worker.run(worker.shell("true"));
    auto kept = worker.shell("echo '{\"a\": 1}' > $BATON_OUTPUT");
    worker.send(kept);
    worker.ended(kept.key);
    worker.kill_worker(SIGKILL);
    worker.wait_exit();
  }
  WorkerClient next(folder.path(), Way::kInheritedSocket);
  next.hello();
  ASSERT_EQ(next.inventory().ended.size(), 1U);
  EXPECT_EQ(next.inventory().ended.front().output, "{\"a\": 1}\n");
}

TEST(WorkerLife, ATornJournalIsNoObstacle) {
  test::ScratchFolder folder;
  std::filesystem::create_directories(folder / "workers/1");
  std::ofstream(folder / "workers/1/journal") << "BATONWJ1 and then nonsense";
  WorkerClient worker(folder.path(), Way::kInheritedSocket);
  worker.hello();
  EXPECT_EQ(worker.run(worker.shell("true")).exit_code, 0);
}

TEST(WorkerLife, ALongSocketPathWorks) {
  test::ScratchFolder folder;
  const std::string deep = folder / (std::string(100, 'd') + "/" + std::string(100, 'e'));
  WorkerClient worker(deep, Way::kListening);
  worker.connect();
  worker.hello();
  EXPECT_EQ(worker.run(worker.shell("true")).exit_code, 0);
}

TEST(WorkerHelpers, LookSaysWhetherSomethingMatches) {
  test::ScratchFolder folder;
  std::filesystem::create_directories(folder / "a/b");
  const std::string look =
      std::string(baton::checkout::kBinaryDir) + "/baton-worker --look '" + folder.path() + "/**/*.csv' >/dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(look.c_str())), 1);
  std::ofstream(folder / "a/b/x.csv") << "1";
  EXPECT_EQ(WEXITSTATUS(std::system(look.c_str())), 0);
}

TEST(WorkerHelpers, HashFilesWritesTheSameAsSha256sum) {
  test::ScratchFolder folder;
  std::filesystem::create_directories(folder / "a/b");
  std::ofstream(folder / "a/b/x.txt") << "content";
  std::ofstream(folder / "a/y.txt") << "";
  const std::string program = std::string(baton::checkout::kBinaryDir) + "/baton-worker";
  const std::string command =
      "cd " + folder.path() + " && BATON_OUTPUT=out " + program +
      " --hash-files 'a/**/*.txt' 'a/*.txt' && sha256sum a/b/x.txt a/y.txt | sha256sum | cut -d' ' -f1 > expected";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::string expected = test::file_text(folder / "expected");
  expected.pop_back();
  EXPECT_EQ(test::file_text(folder / "out"), "{\"hash\": \"" + expected + "\"}\n");
}

TEST(WorkerSpeed, ThousandsOfLaunches) {
#ifdef __SANITIZE_ADDRESS__
  constexpr int kCount = 1'000;
#else
  constexpr int kCount = 10'000;
#endif
  constexpr int kSlots = 2;
  test::ScratchFolder folder;
  WorkerClient worker(folder.path(), Way::kInheritedSocket);
  worker.hello();
  const auto launch = worker.argv({"/bin/true"});
  const auto begin = std::chrono::steady_clock::now();
  int launched = 0;
  const auto next = [&] {
    auto one = launch;
    one.key.map_index = launched++;
    one.log_path += "." + std::to_string(one.key.map_index);
    worker.send(one);
  };
  while (launched < kSlots) next();
  for (int ended = 0; ended < kCount;) {
    const auto message = worker.receive();
    ASSERT_TRUE(message.has_value());
    const auto* const end = std::get_if<wire::Ended>(&*message);
    if (end == nullptr) continue;
    ASSERT_EQ(end->outcome, Outcome::kExited) << end->message;
    worker.send(wire::Ack{end->key});
    ++ended;
    if (launched < kCount) next();
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  const std::string status = test::file_text("/proc/" + std::to_string(worker.pid()) + "/status");
  const std::size_t rss = status.find("VmRSS:");
  const std::string stat = test::file_text("/proc/" + std::to_string(worker.pid()) + "/stat");
  long user = 0;
  long system = 0;
  std::sscanf(stat.c_str() + stat.rfind(')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
              &system);
  const double own_us = 1e6 * static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::printf("%d x /bin/true, %d at a time: %.0f us each, the worker's own CPU %.0f us each; %s\n", kCount, kSlots,
              took.count() / kCount, own_us / kCount, status.substr(rss, status.find('\n', rss) - rss).c_str());
}

}  // namespace
}  // namespace baton
