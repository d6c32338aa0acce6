// What a state folder remembers beside its database, and what a database that was put back from a copy comes to.
#include "scheduler/store/leader_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/bench.h"

namespace baton {
namespace {

namespace fs = std::filesystem;
using sqlite::LeaderFile;
using sqlite::Leadership;

TEST(LeaderFile, SaysWhatWasWrittenLast) {
  const sample::Folder folder;
  const LeaderFile file(folder.path());
  EXPECT_FALSE(file.read());
  const Leadership first{"0c5b6a52-0000-4000-8000-000000000001", 7, 1'000, 0};
  ASSERT_TRUE(file.write(first, true));
  EXPECT_EQ(file.read(), first);
  const Leadership next{first.store_id, INT64_MAX, INT64_MAX, INT32_MAX};
  ASSERT_TRUE(file.write(next, false));
  EXPECT_EQ(file.read(), next);
}

TEST(LeaderFile, WhatIsDamagedSaysNothing) {
  const sample::Folder folder;
  const LeaderFile file(folder.path());
  ASSERT_TRUE(file.write({"id", 7, 1'000, 0}, false));
  const auto size = fs::file_size(folder.path() / "leader");
  for (std::size_t at = 0; at + 1 < size; ++at) {
    std::fstream bytes(folder.path() / "leader", std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(at));
    const int old = bytes.get();
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(static_cast<char>(old ^ 1));
    bytes.flush();
    EXPECT_FALSE(file.read()) << at;
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(static_cast<char>(old));
  }
  EXPECT_TRUE(file.read());
  fs::resize_file(folder.path() / "leader", size - 1);
  EXPECT_FALSE(file.read());
}

class RestoredStore : public StoreBench {
 protected:
  /// A store with one run, a copy of it, and `later` more runs.
  void live(int later) {
    open();
    create(sample::dag("d", 2), "known");
    ASSERT_TRUE(store_->back_up(copy()));
    for (int i = 0; i < later; ++i) create(sample::dag("d", 2), "later" + std::to_string(i));
    given_ = store_->last_run_no();
    epoch_ = store_->leader_epoch();
    close();
  }
  void put_back() {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(database() + suffix);
    fs::rename(copy(), database());
  }
  std::string copy() { return (folder_->path() / "copy.db").string(); }
  LeaderFile file() { return LeaderFile(folder_->path()); }

  RunNo given_ = 0;
  std::int64_t epoch_ = 0;
};

TEST_F(RestoredStore, ACopyInItsPlaceGetsNumbersAboveAllThatCameAfterIt) {
  live(3);
  put_back();
  open();
  EXPECT_TRUE(store_->was_restored());
  EXPECT_GT(store_->next_run_no(), given_);
  EXPECT_GT(store_->leader_epoch(), epoch_);
  EXPECT_GT(store_->attempts_above(), 1'000'000);
  const auto changes = reader()->changes_after({5}, 100);
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->reset);
  const Epoch above = store_->attempts_above();
  close();
  open();
  EXPECT_FALSE(store_->was_restored());
  EXPECT_EQ(store_->attempts_above(), above);
}

TEST_F(RestoredStore, WhatIsOpenedAgainIsNoCopy) {
  live(3);
  open();
  EXPECT_FALSE(store_->was_restored());
  EXPECT_EQ(store_->next_run_no(), given_ + 1);
  EXPECT_EQ(store_->attempts_above(), 0);
}

/// A process that is killed has reserved numbers that it never used: they are passed over, and that is all.
TEST_F(RestoredStore, AKilledProcessPassesNumbersOver) {
  live(1);
  ASSERT_TRUE(file().write({file().read()->store_id, epoch_, given_ + 1'000, 0}, false));
  meddle(database(), "UPDATE store SET is_clean = 0");
  open();
  EXPECT_FALSE(store_->was_restored());
  EXPECT_EQ(store_->next_run_no(), given_ + 1'001);
}

/// The file says what is above before the database says that it is no copy any more.
TEST_F(RestoredStore, WhoDiesBetweenTheFileAndTheDatabaseFindsTheCopyOnceMore) {
  live(3);
  put_back();
  constexpr Epoch kAbove = 2'000'000'000;
  ASSERT_TRUE(file().write({file().read()->store_id, epoch_, given_ + 7, kAbove}, false));
  open();
  EXPECT_TRUE(store_->was_restored());
  EXPECT_EQ(store_->attempts_above(), kAbove);
  EXPECT_EQ(store_->next_run_no(), given_ + 8);
}

TEST_F(RestoredStore, ACopyThatWasMadeByHandIsKnownByTheLeadersAfterIt) {
  live(0);
  meddle(copy(), "UPDATE store SET is_clean = 1");
  open();
  close();
  put_back();
  open();
  EXPECT_TRUE(store_->was_restored());
}

TEST_F(RestoredStore, WithoutTheFileTheLogsTellOfRunsThatAreNotKnown) {
  live(0);
  fs::create_directories(folder_->path() / "logs" / "41");
  fs::create_directories(folder_->path() / "logs" / "not a number");
  fs::remove(folder_->path() / "leader");
  open();
  EXPECT_TRUE(store_->was_restored());
  EXPECT_EQ(store_->next_run_no(), 42);
}

/// Workers remember the epoch of the last scheduler that they have heard, and refuse those below it.
TEST_F(RestoredStore, WithoutTheFileWhoeverLeadsIsAboveAllThatTheWorkersHaveHeard) {
  live(0);
  fs::create_directories(folder_->path() / "workers" / "1");
  fs::remove(folder_->path() / "leader");
  open();
  EXPECT_TRUE(store_->was_restored());
  EXPECT_GT(store_->leader_epoch(), 1'000'000);
}

TEST_F(RestoredStore, ANewDatabaseInAnOldFolderIsLedFromAboveTheOldOnes) {
  live(0);
  fs::create_directories(folder_->path() / "workers" / "1");
  fs::remove(folder_->path() / "leader");
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(database() + suffix);
  open();
  EXPECT_FALSE(store_->was_restored());
  EXPECT_GT(store_->leader_epoch(), 1'000'000);
}

/// A copy that is tried elsewhere, as one should: nothing lives there.
TEST_F(RestoredStore, ACopyInAnEmptyFolderIsNothingSpecial) {
  live(0);
  fs::remove(folder_->path() / "leader");
  put_back();
  open();
  EXPECT_FALSE(store_->was_restored());
  EXPECT_EQ(store_->next_run_no(), given_ + 1);
}

}  // namespace
}  // namespace baton
