// The SqliteReader's values that live on from run to run.
#include "scheduler/store/reader_connection.h"
#include "scheduler/store/task_state_rows.h"

namespace baton {

using sqlite::Statement;

Result<std::vector<TaskStateRow>> SqliteReader::list_task_states(const std::string& dag_id) {
  std::vector<TaskStateRow> out;
  const Status read = connection_->query(
      std::string("SELECT ") + sqlite::kTaskStateColumns + sqlite::kTaskStateTables +
          " WHERE d.dag_id = ? AND s.value IS NOT NULL ORDER BY s.name LIMIT ?",
      [&](const Statement& row) -> Status {
        out.push_back(sqlite::task_state_of(row));
        return Unit{};
      },
      std::string_view(dag_id), kTaskStatesMax);
  if (!read) return read.error();
  return out;
}

Result<TaskStateRow> SqliteReader::task_state(const std::string& dag_id, const std::string& name) {
  std::optional<TaskStateRow> out;
  const Status read = connection_->query(
      std::string("SELECT ") + sqlite::kTaskStateColumns + sqlite::kTaskStateTables +
          " WHERE d.dag_id = ? AND s.name = ? AND s.value IS NOT NULL",
      [&](const Statement& row) -> Status {
        out = sqlite::task_state_of(row);
        return Unit{};
      },
      std::string_view(dag_id), std::string_view(name));
  if (!read) return read.error();
  if (!out) return Error{"DAG \"" + dag_id + "\" keeps no state \"" + name + "\"", ErrorKind::not_found};
  return std::move(*out);
}

Result<std::vector<StoreEntryRow>> SqliteReader::store_entries(const StorePlace& place, WallUs now) {
  std::vector<StoreEntryRow> out;
  const auto take = [&](const Statement& row) -> Status {
    out.push_back({place, row.string(0), row.string(1), row.time(2), row.time(3)});
    return Unit{};
  };
  const Status read =
      place.asset_no != 0
          ? connection_->query("SELECT key, value, at, NULL FROM asset_store WHERE asset_no = ? ORDER BY key LIMIT ?", take,
                               place.asset_no, kStoreEntriesMax)
          : connection_->query(
                "SELECT key, value, at, expires_at FROM task_store WHERE run_no = ?1 AND instance_no = ?2"
                " AND (expires_at IS NULL OR expires_at > ?3) ORDER BY key LIMIT ?4",
                take, place.run_no, std::int64_t{place.instance_no}, now, kStoreEntriesMax);
  if (!read) return read.error();
  return out;
}

}  // namespace baton
