// What people write for a run and for a task instance, found in the store (docs/ARCHITECTURE.md).
#include <charconv>
#include <optional>

#include "scheduler/store/reader_connection.h"

namespace baton {
namespace {

using sqlite::ReaderConnection;
using sqlite::Statement;

constexpr std::size_t kCandidatesMax = 10;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

Result<RunNo> latest_run(ReaderConnection& connection, std::string_view dag_id) {
  const auto found = dag_id.empty() ? connection.integers("SELECT run_no FROM dag_run WHERE run_no > 0 ORDER BY run_no DESC LIMIT 1")
                                    : connection.integers(
                                          "SELECT run_no FROM dag_run WHERE dag_no = (SELECT dag_no FROM dag"
                                          " WHERE dag_id = ?) ORDER BY run_no DESC LIMIT 1",
                                          dag_id);
  if (!found) return found.error();
  if (!found->empty()) return found->front();
  if (dag_id.empty()) return Error{"there is no run yet", ErrorKind::not_found};
  return Error{"DAG " + quoted(dag_id) + " has no run", ErrorKind::not_found};
}

Result<RunNo> run_of_dag(ReaderConnection& connection, std::string_view dag_id, std::string_view run_id) {
  const auto found = connection.integers(
      "SELECT run_no FROM dag_run WHERE dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?) AND run_id = ?", dag_id,
      run_id);
  if (!found) return found.error();
  if (!found->empty()) return found->front();
  return Error{"DAG " + quoted(dag_id) + " has no run " + quoted(run_id),
               ErrorKind::not_found};
}

Result<RunNo> run_by_id(ReaderConnection& connection, std::string_view run_id) {
  std::vector<RunNo> numbers;
  std::string candidates;
  const Status read = connection.query(
      "SELECT r.run_no, d.dag_id FROM dag_run r JOIN dag d USING (dag_no) WHERE r.run_id = ? ORDER BY r.run_no DESC",
      [&](const Statement& row) -> Status {
        numbers.push_back(row.integer(0));
        if (numbers.size() <= kCandidatesMax) candidates += "\n  " + row.string(1) + '/' + std::string(run_id);
        return Unit{};
      },
      run_id);
  if (!read) return read.error();
  if (numbers.size() == 1) return numbers.front();
  if (numbers.empty()) {
    return Error{"there is no run " + quoted(run_id),
                 ErrorKind::not_found};
  }
  return Error{std::to_string(numbers.size()) + " runs are called " + quoted(run_id) + ", say which:" + candidates};
}

}  // namespace

Result<RunNo> SqliteReader::find_run(std::string_view selector) {
  const sqlite::ReaderConnection::Snapshot snapshot(*connection_);
  constexpr std::string_view kLatest = "@latest";
  if (selector.ends_with(kLatest)) {
    return latest_run(*connection_, selector.substr(0, selector.size() - kLatest.size()));
  }
  if (const auto slash = selector.find('/'); slash != std::string_view::npos) {
    return run_of_dag(*connection_, selector.substr(0, slash), selector.substr(slash + 1));
  }
  if (const auto number = whole_number(selector)) {
    const auto found = connection_->integers("SELECT run_no FROM dag_run WHERE run_no = ?", *number);
    if (!found) return found.error();
    if (!found->empty()) return found->front();
  }
  return run_by_id(*connection_, selector);
}

Result<RunNo> SqliteReader::run_number(const std::string& dag_id, const std::string& run_id) {
  return run_of_dag(*connection_, dag_id, run_id);
}

Result<bool> SqliteReader::has_dag(const std::string& dag_id) {
  const auto dag_no = connection_->dag_no(dag_id);
  if (!dag_no) return dag_no.error();
  return *dag_no != 0;
}

namespace {

struct TaskPlace {
  std::int64_t task_no = -1;
  bool is_mapped = false;
};

Result<TaskPlace> find_task(ReaderConnection& connection, RunNo run_no, std::string_view task_id) {
  TaskPlace place;
  const Status read = connection.query(
      "SELECT k.task_no, k.is_mapped FROM dag_run r JOIN dag_task k USING (version_no)"
      " WHERE r.run_no = ? AND k.task_id = ?",
      [&](const Statement& row) -> Status {
        place = {row.integer(0), row.integer(1) != 0};
        return Unit{};
      },
      run_no, task_id);
  if (!read) return read.error();
  if (place.task_no < 0) {
    return Error{"run " + std::to_string(run_no) + " has no task " + quoted(task_id), ErrorKind::not_found};
  }
  return place;
}

/// The instance of a mapped task by its index, else by its key.
Result<InstanceNo> find_mapped(ReaderConnection& connection, RunNo run_no, const TaskPlace& task, std::string_view label) {
  if (const auto index = whole_number(label)) {
    const auto found =
        connection.integers("SELECT instance_no FROM task_instance WHERE run_no = ? AND task_no = ? AND map_index = ?",
                            run_no, task.task_no, *index);
    if (!found) return found.error();
    if (!found->empty()) return static_cast<InstanceNo>(found->front());
  }
  const auto found = connection.integers(
      "SELECT m.instance_no FROM mapped_item m JOIN task_instance t USING (run_no, instance_no)"
      " WHERE m.run_no = ? AND t.task_no = ? AND m.map_key = ?",
      run_no, task.task_no, label);
  if (!found) return found.error();
  if (found->size() == 1) return static_cast<InstanceNo>(found->front());
  if (found->empty()) return Error{"there is no instance [" + std::string(label) + "] of this task",
                                   ErrorKind::not_found};
  return Error{std::to_string(found->size()) + " instances have the key " + quoted(label) + ": give the index"};
}

}  // namespace

Result<InstanceNo> SqliteReader::find_instance(RunNo run_no, std::string_view selector) {
  const sqlite::ReaderConnection::Snapshot snapshot(*connection_);
  const auto bracket = selector.find('[');
  const bool has_label = bracket != std::string_view::npos && selector.ends_with(']');
  const auto task = find_task(*connection_, run_no, has_label ? selector.substr(0, bracket) : selector);
  if (!task) return task.error();
  if (has_label) {
    return find_mapped(*connection_, run_no, *task, selector.substr(bracket + 1, selector.size() - bracket - 2));
  }
  const auto no = static_cast<InstanceNo>(task->task_no);
  if (!task->is_mapped) return no;
  const auto count = connection_->integers("SELECT count(*) FROM task_instance WHERE run_no = ? AND task_no = ?",
                                           run_no, task->task_no);
  if (!count) return count.error();
  if (count->at(0) == 1) return no;
  return Error{"task " + quoted(selector) + " has " + std::to_string(count->at(0)) + " instances: say which, as " +
                   std::string(selector) + "[0] or by its key"};
}

}  // namespace baton
