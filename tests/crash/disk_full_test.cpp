// S4 on a real file system: a tmpfs of 3 MiB fills up under a real store with its thread, and is given space again.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"

namespace baton {
namespace {

/// A small tmpfs, for as long as it lives.
class SmallDisk {
 public:
  SmallDisk() { mounted_ = ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=3m,mode=0700") == 0; }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool is_mounted() const { return mounted_; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

 private:
  sample::Folder folder_;
  bool mounted_ = false;
};

class DiskFull : public testing::Test {
 protected:
  CommitOutcome create(SqliteStore& store, const std::string& run_id) {
    Part batch;
    batch.creations.push_back(sample::creation(store.next_run_no(), dag_, run_id));
    batch.creations[0].run.conf_json = '"' + std::string(8'000, 'x') + '"';
    std::optional<CommitOutcome> outcome;
    store.commit(std::move(batch), [&](const CommitDone& how) { outcome = how.outcome; });
    loop_.run_until([&] { return outcome.has_value(); });
    return *outcome;
  }

  TestLoop loop_;
  std::shared_ptr<const Dag> dag_ = sample::dag("etl", 10);
};

TEST_F(DiskFull, RollsBackAndGoesOnWhenThereIsSpaceAgain) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no tmpfs may be mounted here: " << std::strerror(errno);
  const auto ballast = disk.path() / "ballast";
  std::ofstream(ballast) << std::string(1 << 20, 'b');
  std::vector<std::string> acknowledged;
  auto store = std::move(SqliteStore::open_for_writing(disk.path(), loop_)).value();
  CommitOutcome outcome = CommitOutcome::durable;
  for (int i = 0; i < 2'000 && outcome == CommitOutcome::durable; ++i) {
    outcome = create(*store, "before" + std::to_string(i));
    if (outcome == CommitOutcome::durable) acknowledged.push_back("before" + std::to_string(i));
  }
  ASSERT_EQ(outcome, CommitOutcome::rolled_back);
  ASSERT_GT(acknowledged.size(), 10U);
  EXPECT_EQ(create(*store, "still full"), CommitOutcome::rolled_back);
  // Reading goes on, and shows what was acknowledged and nothing else.
  {
    auto reader = SqliteReader::open(disk.path());
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ((*reader)->list_runs({}).value().total, static_cast<std::int64_t>(acknowledged.size()));
  }
  std::filesystem::remove(ballast);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(create(*store, "after" + std::to_string(i)), CommitOutcome::durable);
    acknowledged.push_back("after" + std::to_string(i));
  }
  store.reset();
  auto reader = SqliteReader::open(disk.path());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  for (const auto& run_id : acknowledged) EXPECT_TRUE((*reader)->find_run(run_id).ok()) << run_id;
  EXPECT_EQ((*reader)->list_runs({}).value().total, static_cast<std::int64_t>(acknowledged.size()));
  std::printf("disk full after %zu runs, 5 more after space came\n", acknowledged.size() - 5);
}

TEST_F(DiskFull, ABackupThatDoesNotFitIsAnErrorAndLeavesNothing) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no tmpfs may be mounted here: " << std::strerror(errno);
  auto store = std::move(SqliteStore::open_for_writing(disk.path(), loop_)).value();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(create(*store, "r" + std::to_string(i)), CommitOutcome::durable);
  ASSERT_TRUE(store->checkpoint().ok());
  std::ofstream(disk.path() / "ballast") << std::string(1 << 20, 'b');
  const auto copy = (disk.path() / "copy.db").string();
  Status made = Unit{};
  for (int i = 0; i < 20 && made.ok(); ++i) made = store->back_up(copy + std::to_string(i));
  EXPECT_FALSE(made.ok());
  EXPECT_FALSE(std::filesystem::exists(copy + "19"));
  for (const auto& entry : std::filesystem::directory_iterator(disk.path())) {
    EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
  }
}

}  // namespace
}  // namespace baton
