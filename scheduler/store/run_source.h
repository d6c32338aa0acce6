// SqliteRunSource: what a scheduler asks of its store while it works, over a read-only connection of its own: a run that
// is not in memory, and what came of an idempotency key. Neither the writer nor the loop waits for it. One thread at a
// time. It sees what is durable when it is asked.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/store.h"
#include "scheduler/store/sqlite_db.h"

namespace baton {

/// A date of a DAG that has a run.
struct DatedRun {
  WallUs date = kNoTime;
  RunNo run_no = 0;
  RunState state = RunState::queued;
  Reason reason = Reason::none;
  std::int64_t backfill_no = 0;  ///< of the last one that has made it, or has had it run again; 0: none has
};

class SqliteRunSource {
 public:
  /// The folder's database exists and has been brought up to date. storage: it cannot be opened.
  static Result<std::unique_ptr<SqliteRunSource>> open(const std::filesystem::path& folder);

  /// As Store's.
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo run_no);
  /// The row alone: it reads where the version or an instance of the run does not. not_found, storage.
  [[nodiscard]] Result<RunRow> load_row(RunNo run_no);
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string& dag_id);
  /// What was made under this key; none: nothing. storage: the database cannot be read.
  [[nodiscard]] Result<std::optional<IdempotencyRow>> find_key(const std::string& principal, const std::string& route,
                                                               const std::string& key);
  /// The runs that cover the dates of a DAG from `from` to `to`, both inclusive, by date. storage: as above.
  [[nodiscard]] Result<std::vector<DatedRun>> dated_runs(const std::string& dag_id, WallUs from, WallUs to);
  /// The first `limit` events of an asset after one, by number. storage: as above.
  [[nodiscard]] Result<std::vector<std::int64_t>> asset_events(const std::string& asset, std::int64_t after,
                                                               std::size_t limit);

 private:
  explicit SqliteRunSource(sqlite::Database db) : db_(std::move(db)) {}
  sqlite::Database db_;
};

}  // namespace baton
