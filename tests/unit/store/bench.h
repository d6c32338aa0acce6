// A store on disk with what tests do to it, each step waited for.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/state_folder.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"

namespace baton {

/// Runs SQL on a file behind the store's back; the first integer of the answer.
inline std::int64_t meddle(const std::string& database, const std::string& sql) {
  sqlite3* db = nullptr;
  std::int64_t answer = -1;
  EXPECT_EQ(sqlite3_open(database.c_str(), &db), SQLITE_OK);
  const auto take = [](void* to, int, char** values, char**) {
    if (values[0] != nullptr) *static_cast<std::int64_t*>(to) = std::atoll(values[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), take, &answer, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
  return answer;
}

class StoreBench : public testing::Test {
 protected:
  void open(StoreOptions options = {}) {
    auto opened = SqliteStore::open_for_writing(folder_->path(), loop_, options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
  }
  void close() { store_.reset(); }
  CommitOutcome commit(Batch batch) {
    std::optional<CommitOutcome> outcome;
    store_->commit(std::move(batch), [&](const CommitDone& how) { outcome = how.outcome; });
    loop_.run_until([&] { return outcome.has_value(); });
    return *outcome;
  }
  /// Of a batch of one part that is durable.
  PartVerdict verdict(Part part) {
    std::optional<CommitDone> answer;
    store_->commit(std::move(part), [&](const CommitDone& how) { answer = how; });
    loop_.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->outcome, CommitOutcome::durable);
    return answer->parts.empty() ? PartVerdict{} : answer->parts[0];
  }
  RunNo create(const std::shared_ptr<const Dag>& dag, const std::string& run_id) {
    Part batch;
    const RunNo run_no = store_->next_run_no();
    batch.creations.push_back(sample::creation(run_no, dag, run_id));
    EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
    return run_no;
  }
  void change(const TaskRow& row, bool with_try = false) {
    Part batch;
    batch.instances.push_back(row);
    if (with_try) batch.tries.push_back(sample::attempt(row));
    EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  }
  void end_run(RunNo run_no, RunState state, WallUs ended_at) {
    Part batch;
    batch.runs.push_back(store_->load_run(run_no).value().run);
    batch.runs[0].state = state;
    batch.runs[0].ended_at = ended_at;
    EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  }
  std::unique_ptr<Reader> reader() {
    auto opened = SqliteReader::open(folder_->path());
    if (!opened) ADD_FAILURE() << opened.error().message;
    return std::move(opened).value();
  }
  [[nodiscard]] std::string database() const { return database_path(folder_->path()).string(); }

  std::optional<sample::Folder> folder_{std::in_place};
  TestLoop loop_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace baton
