// Stores of earlier schemas, with what they held, brought to the newest one.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "scheduler/store/migrations.h"
#include "scheduler/store/row_sums.h"
#include "scheduler/store/schema.h"
#include "test_paths.h"
#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class MigrationTest : public StoreBench {
 protected:
  /// The rows of old_stores/schema2.sql in tables of schema 1 or 2.
  void make_old(int schema) {
    std::ifstream file(std::string(checkout::kSourceDir) + "/tests/unit/store/old_stores/schema2.sql");
    std::stringstream rows;
    rows << file.rdbuf();
    ASSERT_GT(rows.str().size(), 1000U);
    meddle(database(), sqlite::kSchema1);
    if (schema > 1) meddle(database(), sqlite::kSchema2);
    meddle(database(), rows.str());
    meddle(database(), "PRAGMA application_id=" + std::to_string(sqlite::kApplicationId) +
                           "; PRAGMA user_version=" + std::to_string(schema) + "; PRAGMA journal_mode=WAL");
    ::chmod(database().c_str(), 0600);
  }
  /// Gives run `run_no` a logical date, as a store that a service wrote would have.
  void date(RunNo run_no, WallUs logical_date) {
    RunRow run;
    {
      sqlite3* db = nullptr;
      ASSERT_EQ(sqlite3_open(database().c_str(), &db), SQLITE_OK);
      sqlite3_stmt* row = nullptr;
      const std::string sql =
          "SELECT d.dag_id, r.run_id, v.version, r.interval_start, r.interval_end, r.run_after, r.triggered_by FROM"
          " dag_run r JOIN dag d USING (dag_no) JOIN dag_version v USING (version_no) WHERE run_no = ";
      ASSERT_EQ(sqlite3_prepare_v2(db, (sql + std::to_string(run_no)).c_str(), -1, &row, nullptr), SQLITE_OK);
      ASSERT_EQ(sqlite3_step(row), SQLITE_ROW);
      const auto text = [&](int at) { return reinterpret_cast<const char*>(sqlite3_column_text(row, at)); };
      run.run_no = run_no;
      run.dag_id = text(0);
      run.run_id = text(1);
      run.dag_version = text(2);
      run.logical_date = logical_date;
      run.interval_start = sqlite3_column_int64(row, 3);
      run.interval_end = sqlite3_column_int64(row, 4);
      run.run_after = sqlite3_column_int64(row, 5);
      run.triggered_by = text(6);
      sqlite3_finalize(row);
      sqlite3_close(db);
    }
    meddle(database(), "UPDATE dag_run SET logical_date=" + std::to_string(logical_date) +
                           ", checksum=" + std::to_string(sum_of_identity(run)) +
                           " WHERE run_no=" + std::to_string(run_no));
  }
};

class OldSchema : public MigrationTest, public testing::WithParamInterface<int> {};

TEST_P(OldSchema, IsBroughtToTheNewestWithAllThatItHeld) {
  make_old(GetParam());
  date(3, 1'700'000'000'000'000);
  open();
  const std::string newest = std::to_string(sqlite::known_migrations().size());
  EXPECT_EQ(meddle(database(), "SELECT user_version = " + newest + " FROM pragma_user_version"), 1);
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
  const auto r = reader();
  const auto runs = r->list_runs({}).value();
  ASSERT_EQ(runs.rows.size(), 5U);
  for (const auto& run : runs.rows) {
    EXPECT_NE(run.row.begun_at, kNoTime) << "it has instances, so it has begun";
    const auto loaded = store_->load_run(run.row.run_no);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_GT(loaded->instances.size(), 1U);
    EXPECT_TRUE(r->tries_of_run(run.row.run_no).ok());
  }
  EXPECT_EQ(store_->unfinished_runs().value(), std::vector<RunNo>{5});
  EXPECT_EQ(store_->load_run(1).value().instances.at(6).map_index, 1);
  EXPECT_EQ(r->audit({}).value().rows.at(0).row.action, "retry");
  EXPECT_EQ(meddle(database(), "SELECT run_no FROM run_date WHERE logical_date = 1700000000000000"), 3);
  const std::string backup = database() + ".schema" + std::to_string(GetParam()) + ".bak";
  EXPECT_EQ(meddle(backup, "SELECT count(*) FROM dag_run"), 5);
}

TEST_P(OldSchema, GoesOnWhereItWas) {
  make_old(GetParam());
  open();
  const auto before = store_->load_run(5).value();
  TaskRow row = before.instances.at(1);
  row.epoch += 1;
  row.state = TaskState::success;
  row.wait = Wait::pool;
  row.host = "there";
  change(row, true);
  const auto after = store_->load_run(5).value();
  EXPECT_EQ(after.instances.at(1).wait, Wait::pool);
  EXPECT_GT(after.instances.at(1).seq, before.run.seq);
  Part batch;
  batch.audit.push_back({7, "ada", "clear", "live", "r", "two", -1, "{}"});
  EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_EQ(create(sample::dag("etl", 2), "new"), 6);
}

TEST_P(OldSchema, WhatWasDeletedBeforeIsNotPretendedToBeKnown) {
  make_old(GetParam());
  open();
  EXPECT_EQ(meddle(database(), "SELECT kept_seq FROM store"), 44);
}

INSTANTIATE_TEST_SUITE_P(Schemas, OldSchema, testing::Values(1, 2));

/// All that are known, and `sql` behind them.
std::vector<sqlite::Migration> with_another(const char* name, const char* sql) {
  const auto known = sqlite::known_migrations();
  std::vector<sqlite::Migration> out(known.begin(), known.end());
  out.push_back({name, sql});
  return out;
}

TEST_F(MigrationTest, AnOlderSchemaIsMigratedAfterABackup) {
  open();
  create(sample::dag("etl", 1), "r");
  close();
  StoreOptions options;
  const auto migrations = with_another("one more", "CREATE TABLE more (a INTEGER) STRICT; INSERT INTO more VALUES (5)");
  options.migrations = migrations;
  open(options);
  EXPECT_EQ(store_->load_run(1).value().run.run_id, "r");
  close();
  EXPECT_EQ(meddle(database(), "SELECT a FROM more"), 5);
  const auto known = static_cast<std::int64_t>(sqlite::known_migrations().size());
  EXPECT_EQ(meddle(database(), "PRAGMA user_version"), known + 1);
  const std::string backup = database() + ".schema" + std::to_string(known) + ".bak";
  EXPECT_EQ(meddle(backup, "PRAGMA user_version"), known);
  EXPECT_EQ(meddle(backup, "SELECT count(*) FROM dag_run"), 1);
}

TEST_F(MigrationTest, TheCommitThatStoodBehindTheHashOfAVersionGetsAColumn) {
  open();
  const auto dag = sample::dag("etl", 1);
  auto version = std::make_shared<VersionRow>(*sample::version(*dag));
  version->commit = "c0ffee";
  ServiceRows rows;
  rows.versions.push_back({dag, version});
  Part part;
  part.service = std::move(rows);
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  create(dag, "r");
  close();
  meddle(database(), "UPDATE dag_version SET source_hash = source_hash || ' ' || git_commit;"
                     "ALTER TABLE dag_version DROP COLUMN git_commit; ALTER TABLE asset DROP COLUMN fresh_by_s;"
                     "ALTER TABLE asset DROP COLUMN fresh_timezone; PRAGMA user_version=11");
  open();
  const auto run = store_->load_run(1);
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(run->version.commit, "c0ffee");
  EXPECT_EQ(run->version.source_hash, version->source_hash);
}

TEST_F(MigrationTest, OneThatFailsLeavesTheSchemaAsItWas) {
  open();
  create(sample::dag("etl", 1), "r");
  close();
  StoreOptions options;
  const auto migrations =
      with_another("mistake", "CREATE TABLE more (a INTEGER) STRICT; INSERT INTO nothing VALUES (5)");
  options.migrations = migrations;
  EXPECT_EQ(SqliteStore::open_for_writing(folder_->path(), loop_, options).error().kind, ErrorKind::storage);
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);
  open();
  EXPECT_EQ(store_->load_run(1).value().run.run_id, "r");
}

}  // namespace
}  // namespace baton
