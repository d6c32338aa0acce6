#include "scheduler/store/run_source.h"

#include <utility>

#include "scheduler/store/row_reading.h"
#include "scheduler/store/state_folder.h"

namespace baton {
namespace {

constexpr char kFindKey[] =
    "SELECT body_hash, status, created_at, object FROM idempotency WHERE principal = ? AND route = ? AND key = ?";

/// All rows of a run are of one moment.
class Snapshot {
 public:
  explicit Snapshot(sqlite::Database& db) : db_(db) { (void)db_.exec("BEGIN"); }
  ~Snapshot() { (void)db_.exec("COMMIT"); }
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

Result<std::unordered_map<std::string, DurationUs>> SqliteRunSource::mean_durations(const std::string& dag_id) {
  return sqlite::mean_durations(db_, dag_id);
}

Result<std::optional<IdempotencyRow>> SqliteRunSource::find_key(const std::string& principal, const std::string& route,
                                                                const std::string& key) {
  int rc = sqlite::kOk;
  sqlite::Statement row = db_.prepare(kFindKey, &rc, false);
  if (rc != sqlite::kOk) return db_.error("the state cannot be read", rc);
  row.start_with(std::string_view(principal), std::string_view(route), std::string_view(key));
  rc = row.step();
  if (rc == sqlite::kDone) return std::optional<IdempotencyRow>();
  if (rc != sqlite::kRow) return db_.error("the state cannot be read", rc);
  IdempotencyRow found{principal, route, key, std::string(row.text(0)), static_cast<std::int32_t>(row.integer(1)),
                       std::string(row.text(3)), row.integer(2)};
  return std::optional<IdempotencyRow>(std::move(found));
}

}  // namespace baton
