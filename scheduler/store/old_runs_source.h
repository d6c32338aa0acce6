// SqliteOldRuns: what retention asks of a store: which runs have ended long ago, and what is known of the run that a
// folder belongs to. Over a read-only connection of its own: neither the writer nor the loop waits for it. One thread
// at a time. It sees what is durable when it is asked.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/old_runs.h"
#include "scheduler/model/result.h"
#include "scheduler/store/sqlite_db.h"

namespace baton {

/// How a run stands.
struct RunStanding {
  bool has_row = false;
  bool has_ended = false;  ///< with its hooks
  WallUs ended_at = kNoTime;
};

class SqliteOldRuns {
 public:
  /// The folder's database exists and has been brought up to date. storage: it cannot be opened.
  static Result<std::unique_ptr<SqliteOldRuns>> open(const std::filesystem::path& folder);

  /// DAGs with more runs than `runs`. storage: as for all of these.
  [[nodiscard]] Result<std::vector<std::string>> dags_over(std::int64_t runs);
  /// At most `limit` runs that `rule` lets go, behind `after`: those that ended first, with `keep_per_dag` by number.
  [[nodiscard]] Result<OldRunPage> find(const KeepRule& rule, const OldRunPlace& after, std::int64_t limit);
  [[nodiscard]] Result<RunStanding> standing(RunNo run_no);
  /// Runs of a DAG, however they stand.
  [[nodiscard]] Result<std::int64_t> count(const std::string& dag_id);

 private:
  explicit SqliteOldRuns(sqlite::Database db) : db_(std::move(db)) {}
  sqlite::Database db_;
};

}  // namespace baton
