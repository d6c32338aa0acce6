// The process or the machine dies in a migration from schema 2, with data: at operations sampled evenly, at every one with
// BATON_CRASH_STRIDE=1. Whatever the disk then holds, the next start ends with the same newest store.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "scheduler/store/migrations.h"
#include "scheduler/store/schema.h"
#include "scheduler/store/state_folder.h"
#include "test_paths.h"
#include "tests/crash/workload.h"

namespace baton::crash {
namespace {

class MigrationCrash : public testing::Test {
 protected:
  StoreOptions options() {
    StoreOptions options;
    options.inline_writer = true;
    options.vfs = vfs_.name();
    options.cache_kib = 64;  // so that it spills
    return options;
  }

  /// The disk with a store of schema 2.
  Image old_store() {
    std::ifstream file(std::string(checkout::kSourceDir) + "/tests/unit/store/old_stores/schema2.sql");
    std::stringstream rows;
    rows << file.rdbuf();
    vfs_.load({});
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(database_.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs_.name()), SQLITE_OK);
    const std::string versions = "PRAGMA journal_mode=WAL; PRAGMA user_version=2; PRAGMA application_id=" +
                                 std::to_string(sqlite::kApplicationId);
    for (const std::string& sql : {versions, std::string(sqlite::kSchema1), std::string(sqlite::kSchema2), rows.str()}) {
      EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    }
    sqlite3_close(db);
    return vfs_.image();
  }

  /// What a start makes of `image`, as one number.
  std::uint64_t opened(const Image& image, const std::string& where) {
    vfs_.load(image);
    TestLoop loop;
    auto store = SqliteStore::open_for_writing(folder_.path(), loop, options());
    if (!store) {
      ADD_FAILURE() << where << ": " << store.error().message;
      return 0;
    }
    EXPECT_EQ((*store)->unfinished_runs().value(), std::vector<RunNo>{5}) << where;
    for (RunNo n = 1; n <= 5; ++n) EXPECT_TRUE((*store)->load_run(n).ok()) << where;
    std::string problem;
    const std::uint64_t found = digest(vfs_, database_, problem);
    EXPECT_EQ(problem, "") << where;
    return found;
  }

  sample::Folder folder_;
  const std::string database_ = database_path(folder_.path()).string();
  DiskVfs vfs_;
};

TEST_F(MigrationCrash, LeavesWhatTheNextStartBringsToTheEnd) {
  const Image old = old_store();
  const std::uint64_t migrated = opened(old, "without a crash");
  const Log log = vfs_.take_log();
  ASSERT_GT(log.size(), 30U);
  Replay replay(old);
  std::int64_t cases = 0;
  const auto sampled = static_cast<std::int64_t>(1 + log.size() / 60);
  const auto stride = static_cast<std::size_t>(setting("BATON_CRASH_STRIDE", sampled));
  for (std::size_t n = 0; n < log.size(); ++n) {
    for (const Death death : {Death::kill, Death::torn, Death::power}) {
      if (n % stride != 0 || (death == Death::torn && log[n].kind != Op::Kind::write)) continue;
      std::mt19937_64 random(n);
      const std::string where = "at operation " + std::to_string(n) + ", death " + std::to_string(static_cast<int>(death));
      ASSERT_EQ(opened(replay.image_after(death, log[n], random), where), migrated) << where;
      ++cases;
    }
    replay.apply(log[n]);
  }
  std::printf("%lld crash points of a migration over %zu operations\n", static_cast<long long>(cases), log.size());
}

}  // namespace
}  // namespace baton::crash
