#include "scheduler/store/sqlite_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

using SqliteStoreTest = StoreBench;

/// Whether a log ends in zeros that commits can overwrite, not where its last commit does.
bool has_room_ahead(const std::string& log) {
  std::ifstream file(log, std::ios::binary);
  std::string end(32 << 10, 'x');
  file.seekg(-static_cast<std::streamoff>(end.size()), std::ios::end);
  file.read(end.data(), static_cast<std::streamsize>(end.size()));
  return end == std::string(end.size(), '\0');
}

TEST_F(SqliteStoreTest, FilesArePrivate) {
  open();
  create(sample::dag("etl", 1), "r");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat facts {};
    ASSERT_EQ(::stat((database() + suffix).c_str(), &facts), 0) << suffix;
    EXPECT_EQ(facts.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteStoreTest, ACommitAfterStopIsRolledBackAndStopMayBeRepeated) {
  open();
  store_->stop();
  store_->stop();
  Part batch;
  batch.audit.push_back({1, "a", "b", "c", "d", "e", -1, "{}"});
  EXPECT_EQ(commit(std::move(batch)), CommitOutcome::rolled_back);
}

TEST_F(SqliteStoreTest, StopFinishesWhatIsQueued) {
  open();
  const auto dag = sample::dag("etl", 1);
  int durable = 0;
  for (int i = 0; i < 100; ++i) {
    Part batch;
    batch.creations.push_back(sample::creation(store_->next_run_no(), dag, "r" + std::to_string(i)));
    store_->commit(std::move(batch), [&](const CommitDone& how) { durable += how.outcome == CommitOutcome::durable; });
  }
  close();
  loop_.run_posted();
  EXPECT_EQ(durable, 100);
  EXPECT_EQ(reader()->list_runs({}).value().total, 100);
}

TEST_F(SqliteStoreTest, TheLogHasRoomAheadOfItsEnd) {
  open();
  create(sample::dag("etl", 1), "r");
  // Afterwards, on the writer's thread: the next transaction comes after it.
  ASSERT_TRUE(store_->back_up((folder_->path() / "copy.db").string()).ok());
  EXPECT_TRUE(has_room_ahead(database() + "-wal"));
  create(sample::dag("etl", 1), "again");
  EXPECT_EQ(reader()->list_runs({}).value().total, 2);
}

TEST_F(SqliteStoreTest, ADatabaseOfOtherPagesKeepsThemAndItsLogHasRoomToo) {
  const auto dag = sample::dag("etl", 1);
  open();
  create(dag, "r");
  close();
  meddle(database(), "PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM");
  open();
  for (int i = 0; i < 50; ++i) create(dag, "r" + std::to_string(i));
  ASSERT_TRUE(store_->back_up((folder_->path() / "copy.db").string()).ok());  // see above
  EXPECT_EQ(meddle(database(), "PRAGMA page_size"), 4096);
  EXPECT_TRUE(has_room_ahead(database() + "-wal"));
  EXPECT_EQ(reader()->list_runs({}).value().total, 51);
}

TEST_F(SqliteStoreTest, BeyondTheQueuesLimitABatchIsRolledBackAndSoAreThoseBehindIt) {
  StoreOptions options;
  options.inline_writer = true;
  options.queue_depth_max = 2;
  open(options);
  const auto dag = sample::dag("etl", 1);
  std::vector<CommitOutcome> outcomes;
  for (int i = 0; i < 4; ++i) {
    Part batch;
    batch.creations.push_back(sample::creation(store_->next_run_no(), dag, "r" + std::to_string(i)));
    store_->commit(std::move(batch), [&](const CommitDone& how) { outcomes.push_back(how.outcome); });
  }
  loop_.run_posted();
  std::sort(outcomes.begin(), outcomes.end());
  using enum CommitOutcome;
  EXPECT_EQ(outcomes, (std::vector{durable, durable, rolled_back, rolled_back}));
}

TEST_F(SqliteStoreTest, AStoreThatDidNotCloseIsKnownAndSeqAndNumbersGoOn) {
  open();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  const auto seq = store_->load_run(run_no).value().run.seq;
  EXPECT_EQ(meddle(database(), "SELECT is_clean FROM store"), 0);
  close();
  EXPECT_EQ(meddle(database(), "SELECT is_clean FROM store"), 1);
  open();
  EXPECT_GT(store_->next_run_no(), run_no);
  change(sample::instance(run_no, 0, TaskState::queued, 1));
  EXPECT_GT(store_->load_run(run_no).value().instances.at(0).seq, seq);
}

TEST_F(SqliteStoreTest, ADatabaseOfAnotherProgramIsRefusedAndKept) {
  meddle(database(), "CREATE TABLE t(a); INSERT INTO t VALUES (7)");
  auto opened = SqliteStore::open_for_writing(folder_->path(), loop_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::invalid);
  EXPECT_EQ(meddle(database(), "SELECT a FROM t"), 7);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  const std::string text(5000, 'x');
  std::ofstream(database()) << text;
  ::chmod(database().c_str(), 0600);
  auto opened = SqliteStore::open_for_writing(folder_->path(), loop_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::storage);
  EXPECT_NE(opened.error().message.find("kept"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(database()), text.size());
  EXPECT_EQ(SqliteReader::open(folder_->path()).error().kind, ErrorKind::storage);
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefused) {
  open();
  close();
  meddle(database(), "PRAGMA user_version=99");
  auto opened = SqliteStore::open_for_writing(folder_->path(), loop_);
  EXPECT_EQ(opened.error().kind, ErrorKind::invalid);
  EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
  EXPECT_EQ(SqliteReader::open(folder_->path()).error().kind, ErrorKind::invalid);
}

TEST_F(SqliteStoreTest, ASymbolicLinkInThePlaceOfTheDatabaseIsRefused) {
  std::ofstream(folder_->path() / "elsewhere") << "";
  std::filesystem::create_symlink(folder_->path() / "elsewhere", database());
  EXPECT_EQ(SqliteStore::open_for_writing(folder_->path(), loop_).error().kind, ErrorKind::invalid);
}

TEST_F(SqliteStoreTest, ABackupIsAWholeDatabase) {
  open();
  const RunNo run_no = create(sample::dag("etl", 3), "r");
  const auto elsewhere = folder_->path() / "elsewhere";
  std::filesystem::create_directory(elsewhere);
  ASSERT_TRUE(store_->back_up(database_path(elsewhere).string()).ok());
  ASSERT_TRUE(store_->back_up(database_path(elsewhere).string()).ok()) << "a backup replaces the one before";
  auto copy = SqliteReader::open(elsewhere);
  ASSERT_TRUE(copy.ok()) << copy.error().message;
  EXPECT_EQ((*copy)->find_run("r").value(), run_no);
  EXPECT_TRUE(store_->check_copy().ok());
  EXPECT_EQ(store_->back_up("/nowhere/at/all.db").error().kind, ErrorKind::storage);
}

TEST_F(SqliteStoreTest, ARowThatWasChangedBehindTheStoresBackIsFoundOut) {
  open();
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  TaskRow row = sample::instance(run_no, 0, TaskState::success, 1);
  row.outputs_json = R"({"n":1})";
  change(row, true);
  end_run(run_no, RunState::success, 5);
  close();
  const auto is_found_out = [&](const std::string& sql, const std::string& undo) {
    meddle(database(), sql);
    open();
    EXPECT_EQ(store_->load_run(run_no).error().kind, ErrorKind::storage) << sql;
    close();
    meddle(database(), undo);
  };
  is_found_out("UPDATE task_instance SET state = 6 WHERE instance_no = 0",
               "UPDATE task_instance SET state = 4 WHERE instance_no = 0");
  is_found_out("UPDATE task_instance SET outputs = '{\"n\":2}' WHERE instance_no = 0",
               "UPDATE task_instance SET outputs = '{\"n\":1}' WHERE instance_no = 0");
  is_found_out("UPDATE task_instance SET task_no = 0 WHERE instance_no = 1",
               "UPDATE task_instance SET task_no = 1 WHERE instance_no = 1");
  is_found_out("UPDATE dag_run SET state = 3", "UPDATE dag_run SET state = 2");
  is_found_out("UPDATE run_input SET conf = '{}'", "UPDATE run_input SET conf = '{\"n\":1}'");
  is_found_out("UPDATE dag_version SET source = 'x'", "UPDATE dag_version SET source = 'id: etl' || char(10)");
  open();
  EXPECT_TRUE(store_->load_run(run_no).ok());
  close();
  meddle(database(), "UPDATE task_try SET exit_code = 3");
  EXPECT_NE(reader()->tries(run_no, 0).value().at(0).damage, "");
}

TEST_F(SqliteStoreTest, PruningTakesOldFinishedRunsWithAllTheirRows) {
  open();
  const auto etl = sample::dag("etl", 3, true);
  for (int i = 1; i <= 5; ++i) {
    const RunNo run_no = create(etl, "r" + std::to_string(i));
    Part batch;
    TaskRow row = sample::instance(run_no, 2, TaskState::success, 1);
    row.map_index = 0;
    row.map_key = "a";
    batch.instances.push_back(row);
    batch.tries.push_back(sample::attempt(row));
    batch.cache.push_back({"etl", "t0", "k" + std::to_string(i), "s", "{}", 1, kNoTime, run_no, 0});
    ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
    if (i != 2) end_run(run_no, RunState::success, i * 100);
  }
  PruneRule rule;
  rule.ended_before = 400;
  EXPECT_EQ(store_->prune(rule).value().runs, 2);  // 1 and 3; 2 still lives
  const auto left = reader()->list_runs({}).value();
  EXPECT_EQ(left.total, 3);
  ASSERT_EQ(left.rows.size(), 3U);
  EXPECT_EQ(left.rows.back().row.run_no, 2);
  EXPECT_EQ(reader()->cache_stats("").value().entries, 3);
  for (const char* table : {"task_instance", "task_try", "mapped_item", "run_input"}) {
    EXPECT_EQ(meddle(database(), std::string("SELECT count(DISTINCT run_no) FROM ") + table), 3) << table;
  }
  PruneRule keep;
  keep.keep_per_dag = 1;
  EXPECT_EQ(store_->prune(keep).value().runs, 1);  // 4
  EXPECT_EQ(store_->prune({}).error().kind, ErrorKind::invalid);
}

TEST_F(SqliteStoreTest, NumbersOfPrunedRunsAreNeverGivenAgain) {
  open();
  const auto etl = sample::dag("etl", 1);
  const RunNo run_no = create(etl, "r");
  end_run(run_no, RunState::success, 1);
  const auto seq = store_->load_run(run_no).value().run.seq;
  PruneRule rule;
  rule.ended_before = 10;
  ASSERT_EQ(store_->prune(rule).value().runs, 1);
  close();
  open();
  const RunNo next = create(etl, "r");
  EXPECT_GT(next, run_no);
  EXPECT_GT(store_->load_run(next).value().run.seq, seq);
}

TEST_F(SqliteStoreTest, PruningForgetsVersionsWithoutRunsButTheNewest) {
  open();
  for (int tasks = 1; tasks <= 3; ++tasks) {
    end_run(create(sample::dag("etl", tasks), "r" + std::to_string(tasks)), RunState::failed, 1);
  }
  PruneRule rule;
  rule.ended_before = 10;
  const auto pruned = store_->prune(rule).value();
  EXPECT_EQ(pruned.runs, 3);
  EXPECT_EQ(pruned.versions, 2);
  EXPECT_EQ(reader()->list_versions("etl").value().at(0).version, "version-of-etl-3");
  create(sample::dag("etl", 1), "again");
  EXPECT_EQ(reader()->list_versions("etl").value().at(0).number, 4);
}

}  // namespace
}  // namespace baton
