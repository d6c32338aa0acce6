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

}  // namespace baton
