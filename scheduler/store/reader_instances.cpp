// The Reader's task instances and tries.
#include <algorithm>

#include "scheduler/store/derived_uuid.h"
#include "scheduler/store/reader_connection.h"

namespace baton {

using sqlite::kInstanceColumnCount;
using sqlite::Statement;

namespace {
/// Columns between those of the instance and r.created_seq.
constexpr int kTaskColumnCount = 15;
constexpr std::int64_t kTaskKinds = static_cast<std::int64_t>(TaskKind::noop) + 1;
constexpr std::int64_t kHooks = static_cast<std::int64_t>(Hook::on_finish) + 1;
}  // namespace

const std::string& Reader::Connection::instance_select() {
  static const std::string select =
      std::string("SELECT ") + sqlite::kInstanceColumns +
      ", m.map_key, m.item, m.checksum, d.dag_id, r.run_id, k.task_id, k.group_id, k.pool, k.pool_slots, k.priority,"
      " k.max_tries, k.kind, k.hook, k.is_mapped, (SELECT host FROM task_try y WHERE y.run_no = t.run_no AND"
      " y.instance_no = t.instance_no ORDER BY y.epoch DESC LIMIT 1), r.created_seq"
      " FROM task_instance t LEFT JOIN mapped_item m ON m.run_no = t.run_no AND m.instance_no = t.instance_no"
      " JOIN dag_run r ON r.run_no = t.run_no JOIN dag d ON d.dag_no = r.dag_no"
      " JOIN dag_task k ON k.version_no = r.version_no AND k.task_no = t.task_no ";
  return select;
}

Result<InstanceView> Reader::Connection::decode_instance_view(const Statement& row) const {
  auto decoded = sqlite::decode_instance(row, row.integer(kInstanceColumnCount + kTaskColumnCount));
  if (!decoded) return decoded.error();
  InstanceView view;
  view.row = std::move(*decoded);
  int column = kInstanceColumnCount;
  if (Status item = sqlite::decode_item(row, column, view.row); !item) return item.error();
  column += 3;
  view.dag_id = row.string(column++);
  view.run_id = row.string(column++);
  view.task_id = row.string(column++);
  view.group = row.string(column++);
  view.pool = row.string(column++);
  view.pool_slots = row.small(column++);
  view.priority = row.small(column++);
  view.max_tries = row.small(column++);
  const std::int64_t kind = row.integer(column++);
  const std::int64_t hook = row.integer(column++);
  if (kind < 0 || kind >= kTaskKinds || hook < 0 || hook >= kHooks) return sqlite::damaged("task " + view.task_id);
  view.kind = static_cast<TaskKind>(kind);
  view.hook = static_cast<Hook>(hook);
  view.is_mapped = row.integer(column++) != 0;
  view.host = row.string(column);
  view.uuid =
      derived_uuid(store_id_, "ti/" + std::to_string(view.row.run_no) + '/' + std::to_string(view.row.instance_no));
  return view;
}

Result<TryView> Reader::Connection::decode_try_view(const Statement& row) const {
  auto decoded = sqlite::decode_try(row);
  if (!decoded) return decoded.error();
  const std::string name = "try/" + std::to_string(decoded->run_no) + '/' + std::to_string(decoded->instance_no) + '/' +
                           std::to_string(decoded->epoch);
  return TryView{std::move(*decoded), derived_uuid(store_id_, name)};
}

namespace {

/// States that have an index of their own: those that need attention are few.
bool is_indexed(TaskState state) {
  return state == TaskState::failed || state == TaskState::upstream_failed || state == TaskState::up_for_retry ||
         state == TaskState::up_for_reschedule || state == TaskState::deferred;
}

/// Conditions of a filter on the rows of one run, beside run_no.
struct Conditions {
  std::string sql;            ///< " AND …"
  bool matches_none = false;  ///< there is no such task
  bool by_task = false;
};

template <typename Connection>
Result<Conditions> conditions_of(Connection& connection, RunNo run_no, const InstanceFilter& filter) {
  Conditions conditions;
  if (!filter.states.empty()) conditions.sql += " AND t.state IN (" + codes_of(filter.states) + ")";
  const bool indexed = !filter.states.empty() && std::all_of(filter.states.begin(), filter.states.end(), is_indexed);
  // The terms of the partial index, word by word, let SQLite use it.
  if (indexed) conditions.sql += " AND t.state >= 5 AND t.state <= 10 AND t.state <> 6";
  if (filter.map_index) {
    conditions.by_task = true;
    conditions.sql += " AND t.map_index = " + std::to_string(*filter.map_index);
  }
  if (filter.task_id.empty()) return conditions;
  conditions.by_task = true;
  std::int64_t task_no = -1;
  bool is_mapped = false;
  const Status read = connection.query(
      "SELECT k.task_no, k.is_mapped FROM dag_run r JOIN dag_task k USING (version_no)"
      " WHERE r.run_no = ? AND k.task_id = ?",
      [&](const Statement& row) -> Status {
        task_no = row.integer(0);
        is_mapped = row.integer(1) != 0;
        return Unit{};
      },
      run_no, std::string_view(filter.task_id));
  if (!read) return read.error();
  conditions.matches_none = task_no < 0;
  // An unmapped task's instance has the task's number: no scan.
  conditions.sql += (is_mapped ? " AND t.task_no = " : " AND t.instance_no = ") + std::to_string(task_no);
  return conditions;
}

/// From the run's counts where the filter is on states alone; otherwise counted.
template <typename Connection>
Result<std::int64_t> total_of(Connection& connection, const RunView& run, const InstanceFilter& filter,
                              const Conditions& conditions) {
  if (conditions.by_task) {
    const auto counted =
        connection.integers("SELECT count(*) FROM task_instance t WHERE t.run_no = ?" + conditions.sql, run.row.run_no);
    if (!counted) return counted.error();
    return counted->at(0);
  }
  std::int64_t total = 0;
  for (std::size_t s = 0; s < kTaskStateCount; ++s) {
    const bool counts = filter.states.empty() || std::find(filter.states.begin(), filter.states.end(),
                                                           static_cast<TaskState>(s)) != filter.states.end();
    if (counts) total += run.row.counts[s];
  }
  return total;
}

}  // namespace

Result<InstancePage> Reader::list_instances(RunNo run_no, const InstanceFilter& filter) {
  const Connection::Snapshot snapshot(connection_->db());
  const auto run = connection_->run(run_no);
  if (!run) return run.error();
  const auto conditions = conditions_of(*connection_, run_no, filter);
  if (!conditions) return conditions.error();
  InstancePage page;
  if (conditions->matches_none) return page;
  const std::int64_t limit = std::clamp<std::int64_t>(filter.limit, 1, 1'000'000);
  auto rows = connection_->instances(
      "WHERE t.run_no = ? AND t.instance_no > ?" + conditions->sql + " ORDER BY t.instance_no LIMIT ?", run_no,
      std::int64_t{filter.after}, limit + 1);
  if (!rows) return rows.error();
  page.instances = std::move(*rows);
  if (static_cast<std::int64_t>(page.instances.size()) > limit) {
    page.instances.pop_back();
    page.next_after = page.instances.back().row.instance_no;
  }
  const auto total = total_of(*connection_, *run, filter, *conditions);
  if (!total) return total.error();
  page.total = *total;
  return page;
}

Result<InstanceView> Reader::instance(RunNo run_no, InstanceNo instance_no) {
  auto found = connection_->instances("WHERE t.run_no = ? AND t.instance_no = ?", run_no, std::int64_t{instance_no});
  if (!found) return found.error();
  if (found->empty()) {
    return Error{"run " + std::to_string(run_no) + " has no task instance " + std::to_string(instance_no),
                 ErrorKind::not_found};
  }
  return std::move(found->front());
}

Result<std::vector<TryView>> Reader::tries(RunNo run_no, InstanceNo instance_no) {
  return connection_->tries("WHERE run_no = ? AND instance_no = ? ORDER BY epoch", run_no, std::int64_t{instance_no});
}

Result<std::vector<TryView>> Reader::tries_of_run(RunNo run_no) {
  return connection_->tries("WHERE run_no = ? ORDER BY instance_no, epoch", run_no);
}

}  // namespace baton
