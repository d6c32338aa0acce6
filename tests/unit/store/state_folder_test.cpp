#include "scheduler/store/state_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "tests/conformance/store/sample.h"

namespace baton {
namespace {

int mode_of(const std::filesystem::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<int>(facts.st_mode & 0777) : -1;
}

TEST(StateFolder, IsMadePrivateWithItsParents) {
  const sample::Folder folder;
  const auto path = folder.path() / "a" / "b" / ".baton";
  const auto owned = StateFolder::own(path, {0, "run etl.yaml", ""});
  ASSERT_TRUE(owned.ok());
  EXPECT_EQ(mode_of(path), 0700);
  EXPECT_EQ(mode_of(database_path(path).string() + ".lock"), 0600);
}

TEST(StateFolder, TheSecondOwnerIsToldWhoHoldsIt) {
  const sample::Folder folder;
  auto first = StateFolder::own(folder.path(), {::getpid(), "run etl.yaml", ""});
  ASSERT_TRUE(first.ok());
  first->name_run("manual__1");
  const auto second = StateFolder::own(folder.path(), {1, "resume", ""});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_NE(second.error().message.find("manual__1"), std::string::npos);
  const auto holder = StateFolder::holder(folder.path()).value();
  EXPECT_EQ(holder.pid, ::getpid());
  EXPECT_EQ(holder.command, "run etl.yaml");
  first->name_run("r");  // shorter: nothing of the longer one stays
  EXPECT_EQ(StateFolder::holder(folder.path()).value().run, "r");
  EXPECT_EQ(StateFolder::holder(folder.path()).value().command, "run etl.yaml");
}

TEST(StateFolder, IsFreeAgainAfterItsOwner) {
  const sample::Folder folder;
  { ASSERT_TRUE(StateFolder::own(folder.path(), {1, "run", ""}).ok()); }
  EXPECT_EQ(StateFolder::holder(folder.path()).value().pid, 0);
  EXPECT_TRUE(StateFolder::own(folder.path(), {2, "run", ""}).ok());
}

TEST(StateFolder, NobodyHoldsAFolderThatIsNotThere) {
  const sample::Folder folder;
  EXPECT_EQ(StateFolder::holder(folder.path() / "none").value().pid, 0);
}

TEST(StateFolder, WhoWaitsGetsItWhenTheOwnerGoes) {
  const sample::Folder folder;
  std::optional<StateFolder> owner(std::move(StateFolder::own(folder.path(), {1, "run", ""})).value());
  std::optional<bool> got;
  std::thread waiter([&] { got = StateFolder::own(folder.path(), {2, "run", ""}, kNoTime).ok(); });
  owner.reset();
  waiter.join();
  EXPECT_TRUE(got.value());
}

TEST(StateFolder, WaitingEndsInTime) {
  const sample::Folder folder;
  const auto owner = StateFolder::own(folder.path(), {1, "run", ""});
  EXPECT_EQ(StateFolder::own(folder.path(), {2, "run", ""}, 40 * kMillisecond).error().kind, ErrorKind::conflict);
}

/// A server that is killed while it starts a worker: for a moment the child of it holds what it held.
TEST(StateFolder, WhatADeadOwnerLeftBehindIsWaitedFor) {
  const sample::Folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  std::optional<StateFolder> owner(std::move(StateFolder::own(folder.path(), {dead, "server", ""})).value());
  std::optional<Result<StateFolder>> next;
  std::thread starter([&] { next.emplace(StateFolder::own(folder.path(), {::getpid(), "server", ""})); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  owner.reset();
  starter.join();
  EXPECT_TRUE(next->ok());
  next.reset();
  owner.emplace(std::move(StateFolder::own(folder.path(), {dead, "server", ""})).value());
  EXPECT_EQ(StateFolder::own(folder.path(), {::getpid(), "server", ""}).error().kind, ErrorKind::conflict);  // in the end
}

TEST(StateFolder, TheLockGoesWithAProcessThatIsKilled) {
  const sample::Folder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto owned = StateFolder::own(folder.path(), {0, "run", ""});
    (void)!::write(ready[1], owned.ok() ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_EQ(StateFolder::own(folder.path(), {0, "run", ""}).error().kind, ErrorKind::conflict);
  EXPECT_EQ(StateFolder::holder(folder.path()).value().pid, child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(StateFolder::own(folder.path(), {0, "run", ""}).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace baton
