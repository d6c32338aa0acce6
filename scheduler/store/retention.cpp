#include "scheduler/store/retention.h"

#include <array>
#include <vector>

namespace baton::sqlite {
namespace {

// What one transaction deletes: so many runs, or the one that passes so many task instances.
constexpr std::int64_t kRunsMax = 64;
constexpr std::int64_t kInstancesMax = 20'000;

struct Doomed {
  RunNo run_no;
  std::int64_t dag_no, state;
  std::string name;  ///< DAG/RUN
};

constexpr char kChoose[] =
    "SELECT r.run_no, r.dag_no, r.state, (SELECT count(*) FROM task_instance t WHERE t.run_no = r.run_no),"
    " (SELECT dag_id FROM dag d WHERE d.dag_no = r.dag_no) || '/' || r.run_id"
    " FROM dag_run r WHERE r.state IN (2, 3) AND r.hooks_open = 0"
    " AND (?1 = '' OR r.dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?1))"
    " AND (?2 IS NULL OR r.ended_at < ?2)"
    " AND (?3 = 0 OR r.run_no < (SELECT n.run_no FROM dag_run n WHERE n.dag_no = r.dag_no"
    "                            ORDER BY n.run_no DESC LIMIT 1 OFFSET ?3 - 1))"
    " ORDER BY r.run_no LIMIT ?4";

/// One run by its number. Nothing of its row is trusted but the keys that its deletion needs.
int choose_one(Database& db, RunNo run_no, std::vector<Doomed>& doomed) {
  int rc = kOk;
  Statement select = db.prepare("SELECT run_no, dag_no, state FROM dag_run WHERE run_no = ?", &rc, false);
  if (rc != kOk) return rc;
  select.start_with(run_no);
  while ((rc = select.step()) == kRow) doomed.push_back({select.integer(0), select.integer(1), select.integer(2)});
  return rc == kDone ? kOk : rc;
}

int choose(Database& db, const PruneRule& rule, std::vector<Doomed>& doomed) {
  int rc = kOk;
  if (rule.run_no != 0) return choose_one(db, rule.run_no, doomed);
  Statement select = db.prepare(kChoose, &rc, false);
  if (rc != kOk) return rc;
  select.start_with(std::string_view(rule.dag_id), Time{rule.ended_before}, rule.keep_per_dag, kRunsMax);
  std::int64_t instances = 0;
  while ((rc = select.step()) == kRow) {
    doomed.push_back({select.integer(0), select.integer(1), select.integer(2), select.string(4)});
    instances += select.integer(3);
    if (instances >= kInstancesMax) return kOk;
  }
  return rc == kDone ? kOk : rc;
}

int delete_run(Database& db, const Doomed& run, const Numbers& numbers) {
  constexpr std::array<const char*, 8> kTables = {"task_try",  "mapped_item", "task_instance", "cache_entry",
                                                  "run_input", "run_date",    "run_label",     "dag_run"};
  for (const char* table : kTables) {
    const std::string sql = std::string("DELETE FROM ") + table + " WHERE run_no = ?";
    int rc = kOk;
    Statement statement = db.prepare(sql, &rc, false);
    if (rc == kOk) rc = statement.run(run.run_no);
    if (rc != kOk) return rc;
  }
  int rc = kOk;
  Statement count = db.prepare("UPDATE run_count SET runs = runs - 1 WHERE dag_no = ? AND state = ?", &rc, false);
  if (rc == kOk) rc = count.run(run.dag_no, run.state);
  if (rc != kOk) return rc;
  Statement bury = db.prepare(
      "INSERT INTO tombstone (seq, kind, object_no, deleted_at, object) VALUES (?, ?, ?, ?, ?)", &rc, false);
  if (rc != kOk) return rc;
  return bury.run(numbers.seq, static_cast<std::int64_t>(Deleted::run), run.run_no, Time{numbers.now},
                  std::string_view(run.name));
}

/// Versions that no run is of any more, but the newest of each DAG.
int delete_versions(Database& db, std::int64_t& deleted) {
  int rc = db.exec(
      "DELETE FROM dag_task WHERE version_no IN (SELECT version_no FROM dag_version v WHERE"
      " NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.version_no = v.version_no)"
      " AND NOT EXISTS (SELECT 1 FROM dag d WHERE d.version_no = v.version_no)"
      " AND number < (SELECT max(number) FROM dag_version n WHERE n.dag_no = v.dag_no))");
  if (rc != kOk) return rc;
  rc = db.exec(
      "DELETE FROM dag_version AS v WHERE NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.version_no = v.version_no)"
      " AND NOT EXISTS (SELECT 1 FROM dag d WHERE d.version_no = v.version_no)"
      " AND number < (SELECT max(number) FROM dag_version n WHERE n.dag_no = v.dag_no)");
  deleted = db.changes();
  return rc;
}

int delete_all(Database& db, const std::vector<Doomed>& doomed, const Numbers& given, PruneResult& result) {
  int rc = db.exec("BEGIN IMMEDIATE");
  if (rc != kOk) return rc;
  Statement numbers = db.prepare("UPDATE store SET seq = max(seq, ?), last_run_no = max(last_run_no, ?)", &rc, false);
  if (rc == kOk) rc = numbers.run(given.seq, given.last_run_no);
  for (std::size_t i = 0; rc == kOk && i < doomed.size(); ++i) rc = delete_run(db, doomed[i], given);
  if (rc == kOk) rc = delete_versions(db, result.versions);
  if (rc == kOk) rc = db.exec("COMMIT");
  if (rc == kOk) result.runs = static_cast<std::int64_t>(doomed.size());
  return rc;
}

}  // namespace

int delete_finished_run(Database& db, RunNo run_no, const std::string& name, std::int64_t seq, WallUs now) {
  std::vector<Doomed> doomed;
  int rc = choose_one(db, run_no, doomed);
  if (rc != kOk || doomed.empty()) return rc;
  doomed.front().name = name;
  Statement numbers = db.prepare("UPDATE store SET last_run_no = max(last_run_no, ?)", &rc, false);
  if (rc == kOk) rc = numbers.run(run_no);
  return rc == kOk ? delete_run(db, doomed.front(), {seq, run_no, now}) : rc;
}

Result<PruneResult> prune_some(Database& db, const PruneRule& rule, const Numbers& given, int& code) {
  PruneResult result;
  if (rule.ended_before == kNoTime && rule.keep_per_dag == 0 && rule.run_no == 0) return Error{"say which runs are to go"};
  std::vector<Doomed> doomed;
  code = choose(db, rule, doomed);
  if (code == kOk && !doomed.empty()) code = delete_all(db, doomed, given, result);
  if (code == kOk) return result;
  Error error = db.error("old runs could not be deleted", code);
  if (db.in_transaction()) db.exec("ROLLBACK");
  return error;
}

// ---- what a service leaves behind ----

namespace {

/// Rows of one table that are over once they are older than the rule says. Those of a DAG or a run go with it.
struct Ageing {
  const char* table;
  const char* key;
  const char* is_over;  ///< ?1 is the time
};
constexpr std::array<Ageing, 9> kAgeing = {{
    {"audit", "audit_no", "at < ?1"},
    {"tick_record", "dag_no, from_at", "recorded_at < ?1 AND reason <> 10"},  // those that wait are not over
    {"backfill_interval", "backfill_no, ordinal",
     "backfill_no IN (SELECT backfill_no FROM backfill WHERE completed_at < ?1)"},
    {"backfill", "backfill_no", "completed_at < ?1"},
    {"token", "token_no", "(expires_at < ?1 OR revoked_at < ?1)"},
    {"session", "session_no", "expires_at < ?1"},
    {"idempotency", "principal, route, key", "created_at < ?1"},
    {"bulk_job", "job_no", "ended_at < ?1"},
    {"outbox", "outbox_no", "due_at IS NULL AND created_at < ?1"},
}};
constexpr std::int64_t kRowsMax = 5'000;

int delete_tombstones(Database& db, WallUs before, std::int64_t& deleted) {
  int rc = kOk;
  // Who follows the changes from before the last of them has to begin anew.
  Statement keep = db.prepare(
      "UPDATE store SET kept_seq = max(kept_seq, (SELECT coalesce(max(seq), 0) FROM tombstone WHERE deleted_at < ?))",
      &rc, false);
  if (rc == kOk) rc = keep.run(Time{before});
  if (rc != kOk) return rc;
  Statement bury = db.prepare("DELETE FROM tombstone WHERE seq <= (SELECT kept_seq FROM store)", &rc, false);
  if (rc == kOk) rc = bury.run();
  deleted += db.changes();
  return rc;
}

int delete_aged(Database& db, WallUs before, std::int64_t& deleted) {
  for (const auto& aged : kAgeing) {
    const std::string sql = std::string("DELETE FROM ") + aged.table + " WHERE (" + aged.key + ") IN (SELECT " +
                            aged.key + " FROM " + aged.table + " WHERE " + aged.is_over + " LIMIT ?2)";
    int rc = kOk;
    Statement statement = db.prepare(sql, &rc, false);
    if (rc == kOk) rc = statement.run(Time{before}, kRowsMax);
    if (rc != kOk) return rc;
    deleted += db.changes();
  }
  return kOk;
}

}  // namespace

Result<std::int64_t> prune_service(Database& db, WallUs before, int& code) {
  std::int64_t deleted = 0;
  code = db.exec("BEGIN IMMEDIATE");
  if (code == kOk) code = delete_aged(db, before, deleted);
  if (code == kOk) code = delete_tombstones(db, before, deleted);
  if (code == kOk) code = db.exec("COMMIT");
  if (code == kOk) return deleted;
  Error error = db.error("old rows could not be deleted", code);
  if (db.in_transaction()) db.exec("ROLLBACK");
  return error;
}

}  // namespace baton::sqlite
