#include "scheduler/store/retention.h"

#include <array>
#include <initializer_list>
#include <set>
#include <span>
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
    // What an open dead letter wants tried again is its run.
    " AND NOT EXISTS (SELECT 1 FROM dead_letter l WHERE l.run_no = r.run_no AND l.state = 0)"
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

int bury(Database& db, std::int64_t seq, Deleted kind, std::int64_t object_no, WallUs at, const std::string& name) {
  int rc = kOk;
  Statement insert = db.prepare(
      "INSERT INTO tombstone (seq, kind, object_no, deleted_at, object) VALUES (?, ?, ?, ?, ?)", &rc, false);
  if (rc != kOk) return rc;
  return insert.run(seq, static_cast<std::int64_t>(kind), object_no, Time{at}, std::string_view(name));
}

/// What grows with the task instances of a run, and what there is once, or seldom.
constexpr std::array<const char*, 6> kOfEachInstance = {"task_try",    "mapped_item",  "task_store",
                                                        "cache_entry", "check_result", "task_instance"};
constexpr std::array<const char*, 9> kOfEachRun = {"run_input",        "run_date", "run_label",   "dead_letter", "run_asset_event",
                                                   "held_asset_event", "approval", "started_run", "dag_run"};

int delete_of_run(Database& db, std::span<const char* const> tables, RunNo run_no) {
  for (const char* table : tables) {
    const std::string sql = std::string("DELETE FROM ") + table + " WHERE run_no = ?";
    int rc = kOk;
    Statement statement = db.prepare(sql, &rc, false);
    if (rc == kOk) rc = statement.run(run_no);
    if (rc != kOk) return rc;
  }
  return kOk;
}

int delete_run(Database& db, const Doomed& run, const Numbers& numbers, bool is_in_parts = false) {
  int rc = is_in_parts ? kOk : delete_of_run(db, kOfEachInstance, run.run_no);
  if (rc == kOk) rc = delete_of_run(db, kOfEachRun, run.run_no);
  if (rc != kOk) return rc;
  if (is_in_parts) {
    Statement doom = db.prepare("INSERT OR IGNORE INTO doomed_run (run_no) VALUES (?)", &rc, false);
    if (rc == kOk) rc = doom.run(run.run_no);
    if (rc != kOk) return rc;
  }
  Statement count = db.prepare("UPDATE run_count SET runs = runs - 1 WHERE dag_no = ? AND state = ?", &rc, false);
  if (rc == kOk) rc = count.run(run.dag_no, run.state);
  if (rc != kOk) return rc;
  return bury(db, numbers.seq, Deleted::run, run.run_no, numbers.now, run.name);
}

/// Versions of a DAG that no run is of any more and no new run would get, but the newest.
constexpr char kForgotten[] =
    "(SELECT v.version_no FROM dag_version v JOIN dag d USING (dag_no) WHERE v.dag_no = ?1"
    " AND v.version_no IS NOT d.version_no"
    " AND v.number < (SELECT max(number) FROM dag_version n WHERE n.dag_no = v.dag_no)"
    " AND NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.version_no = v.version_no)"
    " AND NOT EXISTS (SELECT 1 FROM dead_letter l WHERE l.version_no = v.version_no) ORDER BY v.number LIMIT ?2)";
constexpr std::int64_t kVersionsMax = 64;

template <typename... Values>
int run_each(Database& db, std::initializer_list<std::string> statements, Values... values) {
  int rc = kOk;
  for (const std::string& sql : statements) {
    Statement statement = db.prepare(sql, &rc, false);
    if (rc == kOk) rc = statement.run(values...);
    if (rc != kOk) return rc;
  }
  return rc;
}

int delete_versions(Database& db, std::int64_t dag_no, std::int64_t most, std::int64_t& deleted) {
  const int rc = run_each(db, {std::string("DELETE FROM dag_task WHERE version_no IN ") + kForgotten,
                               std::string("DELETE FROM dag_version WHERE version_no IN ") + kForgotten},
                          dag_no, most);
  deleted += db.changes();
  return rc;
}

int delete_all(Database& db, const std::vector<Doomed>& doomed, const Numbers& given, PruneResult& result) {
  int rc = db.exec("BEGIN IMMEDIATE");
  if (rc != kOk) return rc;
  Statement numbers = db.prepare("UPDATE store SET seq = max(seq, ?), last_run_no = max(last_run_no, ?)", &rc, false);
  if (rc == kOk) rc = numbers.run(given.seq, given.last_run_no);
  for (std::size_t i = 0; rc == kOk && i < doomed.size(); ++i) rc = delete_run(db, doomed[i], given);
  std::set<std::int64_t> dags;
  for (const Doomed& run : doomed) dags.insert(run.dag_no);
  for (const std::int64_t dag_no : dags) {
    if (rc == kOk) rc = delete_versions(db, dag_no, -1, result.versions);
  }
  if (rc == kOk) rc = db.exec("COMMIT");
  if (rc == kOk) result.runs = static_cast<std::int64_t>(doomed.size());
  return rc;
}

}  // namespace

int delete_finished_run(Database& db, const RunDeletionRow& run, std::int64_t seq) {
  int rc = kOk;
  std::vector<Doomed> doomed;
  Statement select = db.prepare(
      "SELECT run_no, dag_no, state FROM dag_run WHERE run_no = ?1 AND state IN (2, 3) AND hooks_open = 0"
      " AND (?2 IS NULL OR (ended_at = ?2 AND NOT EXISTS (SELECT 1 FROM dead_letter l WHERE l.run_no = ?1 AND l.state = 0)))",
      &rc, false);
  if (rc != kOk) return rc;
  select.start_with(run.run_no, Time{run.ended_at});
  while ((rc = select.step()) == kRow) {
    doomed.push_back({select.integer(0), select.integer(1), select.integer(2), run.name});
  }
  if (rc != kDone || doomed.empty()) return rc == kDone ? kOk : rc;
  Statement numbers = db.prepare("UPDATE store SET last_run_no = max(last_run_no, ?)", &rc, false);
  if (rc == kOk) rc = numbers.run(run.run_no);
  return rc == kOk ? delete_run(db, doomed.front(), {seq, run.run_no, run.at}, run.is_in_parts) : rc;
}

int delete_rest(Database& db, const RunRestRow& rest) {
  int rc = kOk;
  Statement doomed = db.prepare("SELECT 1 FROM doomed_run WHERE run_no = ?", &rc, false);
  if (rc != kOk) return rc;
  doomed.start_with(rest.run_no);
  rc = doomed.step();
  if (rc != kRow) return rc == kDone ? kOk : rc;  // it has gone whole: another may have its number one day
  doomed = Statement();
  if (rest.is_last) {
    rc = delete_of_run(db, kOfEachInstance, rest.run_no);
    return rc == kOk ? run_each(db, {"DELETE FROM doomed_run WHERE run_no = ?"}, rest.run_no) : rc;
  }
  rc = kOk;
  for (const char* table : kOfEachInstance) {
    if (rc == kOk) {
      rc = run_each(db, {std::string("DELETE FROM ") + table + " WHERE run_no = ? AND instance_no < ?"}, rest.run_no,
                    std::int64_t{rest.up_to});
    }
  }
  return rc;
}

int delete_dag(Database& db, const DagDeletionRow& dag, std::int64_t seq) {
  int rc = kOk;
  Statement select = db.prepare(
      "SELECT dag_no FROM dag d WHERE dag_id = ? AND file_no IS NULL"
      " AND NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.dag_no = d.dag_no)", &rc, false);
  if (rc != kOk) return rc;
  select.start_with(std::string_view(dag.dag_id));
  std::int64_t dag_no = 0;
  while ((rc = select.step()) == kRow) dag_no = select.integer(0);
  if (rc != kDone || dag_no == 0) return rc == kDone ? kOk : rc;
  rc = run_each(
      db,
      {"DELETE FROM dag_task WHERE version_no IN (SELECT version_no FROM dag_version WHERE dag_no = ?)",
       "DELETE FROM backfill_interval WHERE backfill_no IN (SELECT backfill_no FROM backfill WHERE dag_no = ?)"},
      dag_no);
  for (const char* table : {"dag_version", "dag_tag", "dag_favorite", "task_duration", "run_count", "cache_entry",
                            "run_date",
                            "tick_record", "backfill", "asset_link", "asset_trigger", "asset_cursor", "task_state",
                            "dag"}) {
    if (rc == kOk) rc = run_each(db, {std::string("DELETE FROM ") + table + " WHERE dag_no = ?"}, dag_no);
  }
  if (rc != kOk) return rc;
  return bury(db, seq, Deleted::dag, dag_no, dag.at, dag.dag_id);
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
  WallUs OldRows::* before;
};
constexpr std::array<Ageing, 9> kAgeing = {{
    {"tick_record", "dag_no, from_at", "recorded_at < ?1 AND reason <> 10",  // those that wait are not over
     &OldRows::history_before},
    {"backfill_interval", "backfill_no, ordinal",
     "backfill_no IN (SELECT backfill_no FROM backfill WHERE completed_at < ?1)", &OldRows::history_before},
    {"backfill", "backfill_no",
     "completed_at < ?1 AND NOT EXISTS (SELECT 1 FROM backfill_interval i WHERE i.backfill_no = backfill.backfill_no)",
     &OldRows::history_before},
    {"token", "token_no", "(expires_at < ?1 OR revoked_at < ?1)", &OldRows::access_before},
    {"session", "session_no", "expires_at < ?1", &OldRows::access_before},
    {"idempotency", "principal, route, key", "created_at < ?1", &OldRows::keys_before},
    {"bulk_job", "job_no", "ended_at < ?1", &OldRows::history_before},
    {"outbox_delivery", "outbox_no, target",
     "outbox_no IN (SELECT outbox_no FROM outbox WHERE due_at IS NULL AND created_at < ?1)", &OldRows::history_before},
    {"outbox", "outbox_no",
     "due_at IS NULL AND created_at < ?1 AND NOT EXISTS (SELECT 1 FROM outbox_delivery d WHERE d.outbox_no ="
     " outbox.outbox_no)",
     &OldRows::history_before},
}};
/// Of each table in one transaction: others write in between.
constexpr std::int64_t kRowsMax = 250;

/// Of tables whose rows come in the order of their key the beginning goes, up to the first row that is not old; no more
/// of it is read than may go. The chain of the audit therefore never has a gap.
int delete_tombstones(Database& db, WallUs before, std::int64_t& deleted) {
  int rc = kOk;
  // Who follows the changes from before the last of them has to begin anew.
  Statement keep = db.prepare(
      "UPDATE store SET kept_seq = max(kept_seq, (SELECT coalesce(max(seq), 0) FROM (SELECT seq, deleted_at"
      " FROM tombstone ORDER BY seq, kind, object_no LIMIT ?2) WHERE deleted_at < ?1))",
      &rc, false);
  if (rc == kOk) rc = keep.run(Time{before}, kRowsMax);
  if (rc != kOk) return rc;
  Statement remove = db.prepare("DELETE FROM tombstone WHERE seq <= (SELECT kept_seq FROM store)", &rc, false);
  if (rc == kOk) rc = remove.run();
  deleted += db.changes();
  return rc;
}

int delete_audit(Database& db, WallUs before, std::int64_t& deleted) {
  int rc = kOk;
  Statement remove = db.prepare(
      "WITH oldest AS MATERIALIZED (SELECT audit_no, at FROM audit ORDER BY audit_no LIMIT ?2)"
      " DELETE FROM audit WHERE audit_no <= (SELECT coalesce("
      "(SELECT min(audit_no) - 1 FROM oldest WHERE at IS NULL OR at >= ?1), (SELECT max(audit_no) FROM oldest)))",
      &rc, false);
  if (rc == kOk) rc = remove.run(Time{before}, kRowsMax);
  deleted += db.changes();
  return rc;
}

/// Events go in their order, up to the first that is not old; those that somebody has still to take stay. What a run
/// was made for is told as long as both are there.
int delete_asset_events(Database& db, WallUs before, std::int64_t& deleted) {
  int rc = kOk;
  Statement remove = db.prepare(
      "DELETE FROM asset_event WHERE event_no IN (SELECT e.event_no FROM asset_event e WHERE e.event_no <"
      " coalesce((SELECT event_no FROM asset_event WHERE at >= ?1 ORDER BY event_no LIMIT 1), 9223372036854775807)"
      " AND NOT EXISTS (SELECT 1 FROM asset_cursor c WHERE c.asset_no = e.asset_no AND c.event_no < e.event_no)"
      " ORDER BY e.event_no LIMIT ?2)",
      &rc, false);
  if (rc == kOk) rc = remove.run(Time{before}, kRowsMax);
  deleted += db.changes();
  return rc;
}

int delete_aged(Database& db, const OldRows& old, std::int64_t& deleted) {
  for (const auto& aged : kAgeing) {
    if (old.*aged.before == kNoTime) continue;
    const std::string sql = std::string("DELETE FROM ") + aged.table + " WHERE (" + aged.key + ") IN (SELECT " +
                            aged.key + " FROM " + aged.table + " WHERE " + aged.is_over + " LIMIT ?2)";
    int rc = kOk;
    Statement statement = db.prepare(sql, &rc, false);
    if (rc == kOk) rc = statement.run(Time{old.*aged.before}, kRowsMax);
    if (rc != kOk) return rc;
    deleted += db.changes();
  }
  return kOk;
}

/// Runs `change` in a transaction of its own.
template <typename Change>
Result<std::int64_t> in_transaction(Database& db, int& code, Change change) {
  std::int64_t deleted = 0;
  code = db.exec("BEGIN IMMEDIATE");
  if (code == kOk) code = change(deleted);
  if (code == kOk) code = db.exec("COMMIT");
  if (code == kOk) return deleted;
  Error error = db.error("old rows could not be deleted", code);
  if (db.in_transaction()) db.exec("ROLLBACK");
  return error;
}

}  // namespace

Result<std::int64_t> prune_service(Database& db, const OldRows& old, int& code) {
  return in_transaction(db, code, [&](std::int64_t& deleted) {
    int rc = delete_aged(db, old, deleted);
    if (rc == kOk && old.history_before != kNoTime) rc = delete_audit(db, old.history_before, deleted);
    if (rc == kOk && old.history_before != kNoTime) rc = delete_asset_events(db, old.history_before, deleted);
    if (rc == kOk && old.tombstones_before != kNoTime) rc = delete_tombstones(db, old.tombstones_before, deleted);
    return rc;
  });
}

Result<std::int64_t> prune_versions(Database& db, const std::string& dag_id, int& code) {
  return in_transaction(db, code, [&](std::int64_t& deleted) {
    int rc = kOk;
    Statement select = db.prepare("SELECT dag_no FROM dag WHERE dag_id = ?", &rc, false);
    if (rc != kOk) return rc;
    select.start_with(std::string_view(dag_id));
    std::int64_t dag_no = 0;
    while ((rc = select.step()) == kRow) dag_no = select.integer(0);
    return rc == kDone ? delete_versions(db, dag_no, kVersionsMax, deleted) : rc;
  });
}

}  // namespace baton::sqlite
