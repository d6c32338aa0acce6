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
};

constexpr char kChoose[] =
    "SELECT r.run_no, r.dag_no, r.state, (SELECT count(*) FROM task_instance t WHERE t.run_no = r.run_no)"
    " FROM dag_run r WHERE r.state IN (2, 3)"
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
    doomed.push_back({select.integer(0), select.integer(1), select.integer(2)});
    instances += select.integer(3);
    if (instances >= kInstancesMax) return kOk;
  }
  return rc == kDone ? kOk : rc;
}

int delete_run(Database& db, const Doomed& run) {
  constexpr std::array<const char*, 6> kTables = {"task_try",    "mapped_item", "task_instance",
                                                  "cache_entry", "run_input",   "dag_run"};
  for (const char* table : kTables) {
    const std::string sql = std::string("DELETE FROM ") + table + " WHERE run_no = ?";
    int rc = kOk;
    Statement statement = db.prepare(sql, &rc, false);
    if (rc == kOk) rc = statement.run(run.run_no);
    if (rc != kOk) return rc;
  }
  int rc = kOk;
  Statement count = db.prepare("UPDATE run_count SET runs = runs - 1 WHERE dag_no = ? AND state = ?", &rc, false);
  return rc == kOk ? count.run(run.dag_no, run.state) : rc;
}

/// Versions that no run is of any more, but the newest of each DAG.
int delete_versions(Database& db, std::int64_t& deleted) {
  int rc = db.exec(
      "DELETE FROM dag_task WHERE version_no IN (SELECT version_no FROM dag_version v WHERE"
      " NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.version_no = v.version_no)"
      " AND number < (SELECT max(number) FROM dag_version n WHERE n.dag_no = v.dag_no))");
  if (rc != kOk) return rc;
  rc = db.exec(
      "DELETE FROM dag_version AS v WHERE NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.version_no = v.version_no)"
      " AND number < (SELECT max(number) FROM dag_version n WHERE n.dag_no = v.dag_no)");
  deleted = db.changes();
  return rc;
}

int delete_all(Database& db, const std::vector<Doomed>& doomed, std::int64_t seq, RunNo last_run_no,
               PruneResult& result) {
  int rc = db.exec("BEGIN IMMEDIATE");
  if (rc != kOk) return rc;
  Statement numbers = db.prepare("UPDATE store SET seq = max(seq, ?), last_run_no = max(last_run_no, ?)", &rc, false);
  if (rc == kOk) rc = numbers.run(seq, last_run_no);
  for (std::size_t i = 0; rc == kOk && i < doomed.size(); ++i) rc = delete_run(db, doomed[i]);
  if (rc == kOk) rc = delete_versions(db, result.versions);
  if (rc == kOk) rc = db.exec("COMMIT");
  if (rc == kOk) result.runs = static_cast<std::int64_t>(doomed.size());
  return rc;
}

}  // namespace

Result<PruneResult> prune_some(Database& db, const PruneRule& rule, std::int64_t seq, RunNo last_run_no, int& code) {
  PruneResult result;
  if (rule.ended_before == kNoTime && rule.keep_per_dag == 0 && rule.run_no == 0) return Error{"say which runs are to go"};
  std::vector<Doomed> doomed;
  code = choose(db, rule, doomed);
  if (code == kOk && !doomed.empty()) code = delete_all(db, doomed, seq, last_run_no, result);
  if (code == kOk) return result;
  Error error = db.error("old runs could not be deleted", code);
  if (db.in_transaction()) db.exec("ROLLBACK");
  return error;
}

}  // namespace baton::sqlite
