#include "scheduler/store/run_source.h"

#include <algorithm>
#include <utility>

#include "scheduler/store/row_reading.h"
#include "scheduler/store/state_folder.h"

namespace baton {
namespace {

constexpr char kFindKey[] =
    "SELECT body_hash, status, created_at, object FROM idempotency WHERE principal = ? AND route = ? AND key = ?";

constexpr char kDatedRuns[] =
    "SELECT c.logical_date, c.run_no, r.state, r.reason, coalesce((SELECT max(i.backfill_no) FROM backfill_interval i"
    " WHERE i.run_no = c.run_no AND i.reason IS NULL), 0) FROM dag d JOIN run_date c USING (dag_no)"
    " JOIN dag_run r ON r.run_no = c.run_no WHERE d.dag_id = ? AND c.logical_date BETWEEN ? AND ?"
    " ORDER BY c.logical_date";

constexpr char kAssetEvents[] =
    "SELECT e.event_no FROM asset a CROSS JOIN asset_event e ON e.asset_no = a.asset_no AND e.event_no > ?2"
    " WHERE a.name = ?1 ORDER BY e.event_no LIMIT ?3";

/// All rows of a run are of one moment.
class Snapshot {
 public:
  explicit Snapshot(sqlite::Database& db) : db_(db) { (void)db_.lend("BEGIN").run(); }
  ~Snapshot() { (void)db_.lend("COMMIT").run(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  sqlite::Database& db_;
};

}  // namespace

Result<std::unique_ptr<SqliteRunSource>> SqliteRunSource::open(const std::filesystem::path& folder) {
  sqlite::OpenOptions options;
  options.access = sqlite::Access::read;
  auto db = sqlite::Database::open(database_path(folder).string(), options);
  if (!db) return db.error();
  return std::unique_ptr<SqliteRunSource>(new SqliteRunSource(std::move(db).value()));
}

Result<RunSnapshot> SqliteRunSource::load_run(RunNo run_no) {
  const Snapshot snapshot(db_);
  return sqlite::load_run(db_, run_no);
}

Result<RunRow> SqliteRunSource::load_row(RunNo run_no) {
  const Snapshot snapshot(db_);
  std::int64_t created_seq = 0;
  return sqlite::load_run_row(db_, run_no, created_seq);
}

Result<std::unordered_map<std::string, DurationUs>> SqliteRunSource::mean_durations(const std::string& dag_id) {
  return sqlite::mean_durations(db_, dag_id);
}

Result<std::optional<IdempotencyRow>> SqliteRunSource::find_key(const std::string& principal, const std::string& route,
                                                                const std::string& key) {
  int rc = sqlite::kOk;
  sqlite::Statement row = db_.lend(kFindKey, &rc);
  if (rc != sqlite::kOk) return db_.error("the state cannot be read", rc);
  row.start_with(std::string_view(principal), std::string_view(route), std::string_view(key));
  rc = row.step();
  if (rc == sqlite::kDone) return std::optional<IdempotencyRow>();
  if (rc != sqlite::kRow) return db_.error("the state cannot be read", rc);
  IdempotencyRow found{principal, route, key, std::string(row.text(0)), static_cast<std::int32_t>(row.integer(1)),
                       std::string(row.text(3)), row.integer(2)};
  return std::optional<IdempotencyRow>(std::move(found));
}

Result<std::vector<DatedRun>> SqliteRunSource::dated_runs(const std::string& dag_id, WallUs from, WallUs to) {
  int rc = sqlite::kOk;
  sqlite::Statement row = db_.lend(kDatedRuns, &rc);
  if (rc != sqlite::kOk) return db_.error("the runs of a DAG cannot be read", rc);
  row.start_with(std::string_view(dag_id), from, to);
  std::vector<DatedRun> found;
  for (rc = row.step(); rc == sqlite::kRow; rc = row.step()) {
    const auto state = std::clamp<std::int64_t>(row.integer(2), 0, static_cast<std::int64_t>(RunState::failed));
    found.push_back({row.time(0), row.integer(1), static_cast<RunState>(state), static_cast<Reason>(row.integer(3)),
                     row.integer(4)});
  }
  if (rc != sqlite::kDone) return db_.error("the runs of a DAG cannot be read", rc);
  return found;
}

Result<std::vector<std::int64_t>> SqliteRunSource::asset_events(const std::string& asset, std::int64_t after,
                                                                std::size_t limit) {
  int rc = sqlite::kOk;
  sqlite::Statement row = db_.lend(kAssetEvents, &rc);
  if (rc != sqlite::kOk) return db_.error("the events of an asset cannot be read", rc);
  row.start_with(std::string_view(asset), after, static_cast<std::int64_t>(limit));
  std::vector<std::int64_t> found;
  for (rc = row.step(); rc == sqlite::kRow; rc = row.step()) found.push_back(row.integer(0));
  if (rc != sqlite::kDone) return db_.error("the events of an asset cannot be read", rc);
  return found;
}

}  // namespace baton
