// Copies that a server makes by itself: when, under which name, and which of the older ones go.
#include "scheduler/service/backups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "scheduler/service/backup_plan.h"
#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

constexpr WallUs kMorning = 1'769'832'000 * kSecond;  // 2026-01-31T04:00:00Z
const BackupSettings kDaily{"/backup", 24 * kHour, 2};

TEST(BackupPlan, ANameSaysWhenAndSortsByIt) {
  EXPECT_EQ(backup_name(kMorning), "baton-20260131T040000Z.db");
  EXPECT_EQ(backup_name(kMorning + kSecond - 1), "baton-20260131T040000Z.db");
  EXPECT_EQ(backup_time("baton-20260131T040000Z.db"), kMorning);
  for (const char* other : {"", "baton.db", "baton-20260131T040000Z.db.partial", "baton-20260131T040000.db",
                            "baton-2026013AT040000Z.db", "baton-20261331T040000Z.db", "mine-20260131T040000Z.db"}) {
    EXPECT_EQ(backup_time(other), kNoTime) << other;
  }
}

TEST(BackupPlan, TheNextOneIsDueAfterTheNewestThatIsThere) {
  EXPECT_EQ(next_backup(kDaily, {}, kMorning), kMorning);
  EXPECT_EQ(next_backup(kDaily, {"notes.txt"}, kMorning), kMorning);
  EXPECT_EQ(next_backup(kDaily, {backup_name(kMorning), backup_name(kMorning - kHour)}, kMorning + kHour),
            kMorning + 24 * kHour);
  EXPECT_EQ(next_backup(kDaily, {backup_name(kMorning + kHour)}, kMorning), kMorning) << "of a clock that went back";
}

TEST(BackupPlan, OnlyItsOwnOldOnesGo) {
  const std::string a = backup_name(kMorning), b = backup_name(kMorning + kHour), c = backup_name(kMorning + 2 * kHour);
  EXPECT_EQ(backups_to_drop(kDaily, {c, "baton.db", a, "z.db", b}), std::vector<std::string>{a});
  EXPECT_TRUE(backups_to_drop(kDaily, {a, b}).empty());
  EXPECT_EQ(backups_to_drop({"/b", kHour, 0}, {a, b}), std::vector<std::string>{a}) << "the new one stays in any case";
}

class CopyingHost final : public BackupHost {
 public:
  explicit CopyingHost(ManualLoop& loop) : loop_(loop) {}
  void list(const std::string& folder, OnNames done) override {
    loop_.post([this, folder, done = std::move(done)] {
      done(std::vector<std::string>(files[folder].begin(), files[folder].end()));
    });
  }
  void copy_to(const std::string& folder, const std::string& name, OnDone done) override {
    loop_.post([this, folder, name, done = std::move(done)] {
      if (!error.empty()) return done(Error{error, ErrorKind::storage});
      files[folder].insert(name);
      done(Unit{});
    });
  }
  void remove(const std::string& folder, const std::vector<std::string>& names) override {
    for (const std::string& name : names) files[folder].erase(name);
  }
  void say(const std::string& line) override { said.push_back(line); }

  std::map<std::string, std::set<std::string>> files;
  std::string error;
  std::vector<std::string> said;

 private:
  ManualLoop& loop_;
};

class BackupsTest : public testing::Test {
 protected:
  void let_pass(DurationUs span) { loop.run_to(loop.wall + span); }
  ManualLoop loop{kMorning};
  CopyingHost host{loop};
  Backups service{loop, host};
};

TEST_F(BackupsTest, OneIsMadeEachTimeAndSoManyStay) {
  service.start(kDaily);
  let_pass(kMinute);
  EXPECT_EQ(host.files["/backup"].size(), 1U);
  const std::string first = *host.files["/backup"].begin();
  let_pass(23 * kHour);
  EXPECT_EQ(host.files["/backup"].size(), 1U);
  let_pass(2 * kHour);
  EXPECT_EQ(host.files["/backup"].size(), 2U);
  let_pass(72 * kHour);
  EXPECT_EQ(host.files["/backup"].size(), 2U);
  EXPECT_FALSE(host.files["/backup"].contains(first));
  EXPECT_EQ(service.status().last_name, *host.files["/backup"].rbegin());
}

TEST_F(BackupsTest, ARestartMakesNoneThatIsNotDue) {
  host.files["/backup"] = {backup_name(kMorning - kHour)};
  service.start(kDaily);
  let_pass(22 * kHour);
  EXPECT_EQ(host.files["/backup"].size(), 1U);
  let_pass(2 * kHour);
  EXPECT_EQ(host.files["/backup"].size(), 2U);
}

TEST_F(BackupsTest, WhatFailsIsSaidOnceTriedAgainAndTakesNothingAway) {
  host.files["/backup"] = {backup_name(kMorning - 100 * kHour), backup_name(kMorning - 99 * kHour)};
  host.error = "no space";
  service.start({"/backup", kHour, 1});
  let_pass(10 * kMinute);
  EXPECT_EQ(host.said, std::vector<std::string>{"no backup: no space"});
  EXPECT_EQ(host.files["/backup"].size(), 2U);
  host.error.clear();
  let_pass(2 * kMinute);
  EXPECT_EQ(host.files["/backup"].size(), 1U);
  EXPECT_TRUE(service.status().error.empty());
}

TEST_F(BackupsTest, OtherSettingsActWithinSeconds) {
  service.start({});
  let_pass(5 * kMinute);
  EXPECT_TRUE(host.files.empty());
  service.set(kDaily);
  let_pass(3 * kSecond);
  EXPECT_EQ(host.files["/backup"].size(), 1U);
  service.set({});
  let_pass(100 * kHour);
  EXPECT_EQ(host.files["/backup"].size(), 1U);
}

}  // namespace
}  // namespace baton
