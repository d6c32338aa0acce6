// Values that live on from run to run, results of checks and what waits for them, in their tables: a part of BatchWriter. Each row follows the one before by its
// version; what does not is a conflict, and never silently lost.
#include "scheduler/store/batch_writer.h"
#include "scheduler/store/task_state_rows.h"

namespace baton::sqlite {

StateStatements::StateStatements()
    : insert(
          "INSERT INTO task_state (dag_no, seq, version, at, run_no, name, value, run_id, task_id, actor)"
          " VALUES (?,?,1,?,?,?,?,?,?,?) ON CONFLICT (dag_no, name) DO NOTHING"),
      update(
          "UPDATE task_state SET seq = ?2, version = ?3, at = ?4, run_no = ?5, value = ?7, run_id = ?8, task_id = ?9,"
          " actor = ?10 WHERE dag_no = ?1 AND name = ?6 AND version = ?3 - 1"),
      insert_check(
          "INSERT INTO check_result (seq, dag_no, run_no, instance_no, epoch, try_number, ordinal, state, on_fail, at,"
          " task_id, name, observed, message, description) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
      hold_event("INSERT OR REPLACE INTO held_asset_event (run_no, instance_no, at) VALUES (?,?,?)"),
      drop_held("DELETE FROM held_asset_event WHERE run_no = ? AND instance_no = ?"),
      put_store(
          "INSERT INTO task_store (run_no, instance_no, at, expires_at, key, value) SELECT ?1, ?2, ?3, ?4, ?5, ?6"
          " WHERE EXISTS (SELECT 1 FROM dag_run WHERE run_no = ?1) ON CONFLICT (run_no, instance_no, key) DO UPDATE SET"
          " at = excluded.at, expires_at = excluded.expires_at, value = excluded.value"),
      drop_store("DELETE FROM task_store WHERE run_no = ? AND instance_no = ? AND key = ?"),
      drop_whole_store("DELETE FROM task_store WHERE run_no = ? AND instance_no = ?"),
      put_asset_store(
          "INSERT INTO asset_store (asset_no, at, key, value) VALUES (?,?,?,?) ON CONFLICT (asset_no, key) DO UPDATE SET"
          " at = excluded.at, value = excluded.value"),
      drop_asset_store("DELETE FROM asset_store WHERE asset_no = ? AND key = ?"),
      drop_whole_asset_store("DELETE FROM asset_store WHERE asset_no = ?") {}

bool BatchWriter::put(const TaskStateRow& row) {
  std::int64_t dag_no = 0;
  if (!dag_no_of(row.dag_id, dag_no)) return false;
  const std::optional<std::int64_t> run_no = row.run_no == 0 ? std::nullopt : std::optional(row.run_no);
  if (row.version <= 1) {
    return ok_one_row(states_.insert.on(db_).run(dag_no, next_seq_, row.at, run_no, std::string_view(row.name),
                                                 TextOrNull{row.json}, TextOrNull{row.run_id}, TextOrNull{row.task_id},
                                                 TextOrNull{row.actor}));
  }
  return ok_one_row(states_.update.on(db_).run(dag_no, next_seq_, row.version, row.at, run_no,
                                               std::string_view(row.name), TextOrNull{row.json},
                                               TextOrNull{row.run_id}, TextOrNull{row.task_id}, TextOrNull{row.actor}));
}

bool BatchWriter::put(const StoreEntryRow& row) {
  const auto [run_no, instance, asset_no] = row.place;
  const std::int64_t instance_no = instance;
  const std::string_view key = row.key;
  if (asset_no != 0) {
    if (key.empty()) return ok(states_.drop_whole_asset_store.on(db_).run(asset_no));
    if (row.json.empty()) return ok(states_.drop_asset_store.on(db_).run(asset_no, key));
    return ok(states_.put_asset_store.on(db_).run(asset_no, row.at, key, std::string_view(row.json)));
  }
  if (key.empty()) return ok(states_.drop_whole_store.on(db_).run(run_no, instance_no));
  if (row.json.empty()) return ok(states_.drop_store.on(db_).run(run_no, instance_no, key));
  return ok(states_.put_store.on(db_).run(run_no, instance_no, row.at, Time{row.expires_at}, key,
                                          std::string_view(row.json)));
}

bool BatchWriter::put(const CheckRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok(states_.insert_check.on(db_).run(
             next_seq_, dag_no, row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch},
             std::int64_t{row.try_number}, std::int64_t{row.ordinal}, static_cast<std::int64_t>(row.state),
             static_cast<std::int64_t>(row.on_fail), row.at, std::string_view(row.task_id), std::string_view(row.name),
             TextOrNull{row.observed}, TextOrNull{row.message}, TextOrNull{row.description}));
}

bool BatchWriter::put(const HeldEventRow& row) {
  if (row.is_gone) return ok(states_.drop_held.on(db_).run(row.run_no, std::int64_t{row.instance_no}));
  return ok(states_.hold_event.on(db_).run(row.run_no, std::int64_t{row.instance_no}, row.at));
}

TaskStateRow task_state_of(const Statement& row) {
  TaskStateRow out;
  out.dag_id = row.string(0);
  out.name = row.string(1);
  out.json = row.string(2);
  out.version = row.integer(3);
  out.at = row.time(4);
  out.run_no = row.is_null(5) ? 0 : row.integer(5);
  out.run_id = row.string(6);
  out.task_id = row.string(7);
  out.actor = row.string(8);
  out.seq = row.integer(9);
  return out;
}

Result<std::vector<TaskStateRow>> all_task_states(Database& db) {
  int code = kOk;
  const std::string sql = std::string("SELECT ") + kTaskStateColumns + kTaskStateTables + " ORDER BY d.dag_id, s.name";
  Statement query = db.prepare(sql, &code, false);
  if (code != kOk) return db.error("the state across runs cannot be read", code);
  std::vector<TaskStateRow> out;
  query.start();
  int rc = kOk;
  while ((rc = query.step()) == kRow) out.push_back(task_state_of(query));
  if (rc != kDone) return db.error("the state across runs cannot be read", rc);
  return out;
}

}  // namespace baton::sqlite
