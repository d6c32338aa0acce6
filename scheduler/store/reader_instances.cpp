// The SqliteReader's task instances and tries: their rows.
#include <algorithm>

#include "scheduler/digest/derived_uuid.h"
#include "scheduler/store/reader_connection.h"

namespace baton::sqlite {
namespace {

constexpr std::int64_t kTaskKinds = static_cast<std::int64_t>(TaskKind::noop) + 1;
constexpr std::int64_t kHooks = static_cast<std::int64_t>(Hook::on_finish) + 1;

constexpr char kItemJoin[] = " LEFT JOIN mapped_item m ON m.run_no = t.run_no AND m.instance_no = t.instance_no";

/// What all instances of a run show of it: column names, or the parameters that stand for them.
struct RunColumns {
  const char *version_no, *created_seq, *dag_id, *run_id, *number, *logical_date, *run_after, *interval_start,
      *interval_end;
};
constexpr RunColumns kOfRun = {"r.version_no",   "r.created_seq", "d.dag_id",         "r.run_id",      "v.number",
                               "r.logical_date", "r.run_after",   "r.interval_start", "r.interval_end"};
constexpr RunColumns kBound = {"?1", "?2", "?3", "?4", "?5", "?6", "?7", "?8", "?9"};
constexpr char kJoinsOfRun[] =
    " LEFT JOIN dag d ON d.dag_no = r.dag_no LEFT JOIN dag_version v ON v.version_no = r.version_no";

/// SELECT … FROM `from`, which has the instances as t, and what `run` names.
std::string instances_from(const std::string& from, const RunColumns& run) {
  return std::string("SELECT ") + kInstanceColumns + ", m.map_key, m.item, m.checksum, " + run.created_seq + ", " +
         run.dag_id + ", " + run.run_id +
         ", k.task_id, k.group_id, k.pool, k.pool_slots, k.priority, k.max_tries, k.kind, k.hook, k.is_mapped,"
         " coalesce(t.host, (SELECT host FROM task_try y WHERE y.run_no = t.run_no AND y.instance_no = t.instance_no"
         " ORDER BY y.epoch DESC LIMIT 1)), " +
         run.number + ", " + run.logical_date + ", " + run.run_after + ", " + run.interval_start + ", " +
         run.interval_end + ", t.user_note FROM " + from + kItemJoin + " LEFT JOIN dag_task k ON k.version_no = " +
         run.version_no + " AND k.task_no = t.task_no ";
}

/// As kBound wants them; NULL where the row has none.
struct RunOfInstances {
  std::optional<std::int64_t> version_no, created_seq, number, logical_date, run_after, interval_start, interval_end;
  std::string dag_id, run_id;
};

std::optional<std::int64_t> value_of(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

std::string list_of(const std::vector<InstanceKey>& keys) {
  std::string list = "[";
  for (const InstanceKey& key : keys) {
    if (list.size() > 1) list += ',';
    list += '[' + std::to_string(key.run_no) + ',' + std::to_string(key.instance_no) + ']';
  }
  return list + ']';
}

}  // namespace

// ---- rows ----

Status ReaderConnection::read_instances(const std::string& keys, std::map<InstanceKey, InstanceView>& into) {
  static const std::string sql = instances_from(
      std::string("json_each(?) p CROSS JOIN task_instance t ON t.run_no = p.value ->> 0"
                  " AND t.instance_no = p.value ->> 1 LEFT JOIN dag_run r ON r.run_no = t.run_no") +
          kJoinsOfRun,
      kOfRun);
  return query(sql, [&](const Statement& row) { return take_instance(row, into); }, std::string_view(keys));
}

/// A page is mostly of one run: that is read once, and not for each row.
Status ReaderConnection::read_instances_of(RunNo run_no, const std::string& numbers,
                                           std::map<InstanceKey, InstanceView>& into) {
  static const std::string run_sql =
      std::string("SELECT r.version_no, r.created_seq, d.dag_id, r.run_id, v.number, r.logical_date, r.run_after,"
                  " r.interval_start, r.interval_end FROM dag_run r") +
      kJoinsOfRun + " WHERE r.run_no = ?";
  RunOfInstances run;
  const auto take_run = [&](const Statement& row) -> Status {
    run = {value_of(row, 0), value_of(row, 1), value_of(row, 4), value_of(row, 5), value_of(row, 6),
           value_of(row, 7), value_of(row, 8), row.string(2),    row.string(3)};
    return Unit{};
  };
  if (Status read = query(run_sql, take_run, run_no); !read) return read;
  static const std::string sql = instances_from(
      "json_each(?11) p CROSS JOIN task_instance t ON t.run_no = ?10 AND t.instance_no = p.value", kBound);
  return query(sql, [&](const Statement& row) { return take_instance(row, into); }, run.version_no, run.created_seq,
               TextOrNull{run.dag_id}, TextOrNull{run.run_id}, run.number, run.logical_date, run.run_after,
               run.interval_start, run.interval_end, run_no, std::string_view(numbers));
}

Status ReaderConnection::take_instance(const Statement& row, std::map<InstanceKey, InstanceView>& into) const {
  InstanceView view = decode_instance_view(row);
  const InstanceKey key{view.row.run_no, view.row.instance_no};
  into.insert_or_assign(into.end(), key, std::move(view));
  return Unit{};
}

Status ReaderConnection::read_page(const std::vector<InstanceKey>& keys, std::map<InstanceKey, InstanceView>& into) {
  const auto is_other = [&](const InstanceKey& key) { return key.run_no != keys.front().run_no; };
  if (keys.empty() || std::ranges::any_of(keys, is_other)) return read_instances(list_of(keys), into);
  std::string numbers = "[";
  for (const InstanceKey& key : keys) {
    if (numbers.size() > 1) numbers += ',';
    numbers += std::to_string(key.instance_no);
  }
  return read_instances_of(keys.front().run_no, numbers + ']', into);
}

Result<std::vector<InstanceView>> ReaderConnection::instances(const std::vector<InstanceKey>& keys) {
  std::map<InstanceKey, InstanceView> found;
  std::map<InstanceKey, std::string> broken;
  if (Status read = read_page(keys, found); !read) {
    if (!is_damage(read.error())) return read.error();
    // A damaged page ends the whole statement: each by itself, so that it costs no more than what lies on it.
    for (const InstanceKey& key : keys) {
      if (Status one = read_page({key}, found); !one) broken[key] = one.error().message;
    }
  }
  std::vector<InstanceView> views;
  views.reserve(keys.size());
  for (const InstanceKey& key : keys) {
    if (auto at = found.find(key); at != found.end()) {
      views.push_back(std::move(at->second));
      continue;
    }
    InstanceView view;
    view.row.run_no = key.run_no;
    view.row.instance_no = key.instance_no;
    const auto why = broken.find(key);
    view.damage = why != broken.end() ? why->second : damaged("a task instance").message;
    views.push_back(std::move(view));
  }
  return views;
}

Result<std::vector<InstanceKey>> ReaderConnection::instance_keys(const Query& keys) {
  std::vector<InstanceKey> found;
  const Status read = query(keys, [&](const Statement& row) -> Status {
    found.push_back({row.integer(0), row.small(1)});
    return Unit{};
  });
  if (!read) return read.error();
  return found;
}

InstanceView ReaderConnection::decode_instance_view(const Statement& row) const {
  InstanceView view;
  int column = kInstanceColumnCount;
  const Status decoded = decode_instance(row, row.integer(column + 3), view.row);
  if (!decoded) view.damage = decoded.error().message;
  if (Status item = decode_item(row, column, view.row); !item) view.damage = item.error().message;
  column += 4;
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
  const bool codes_hold = kind >= 0 && kind < kTaskKinds && hook >= 0 && hook < kHooks;
  if (codes_hold) {
    view.kind = static_cast<TaskKind>(kind);
    view.hook = static_cast<Hook>(hook);
  }
  if (!codes_hold || view.task_id.empty()) view.damage = damaged("task \"" + view.task_id + '"').message;
  view.is_mapped = row.integer(column++) != 0;
  view.host = row.string(column++);
  view.version_number = row.small(column++);
  view.logical_date = row.time(column++);
  view.run_after = row.time(column++);
  view.interval_start = row.time(column++);
  view.interval_end = row.time(column++);
  view.user_note = row.string(column);
  view.uuid =
      derived_uuid(store_id_, "ti/" + std::to_string(view.row.run_no) + '/' + std::to_string(view.row.instance_no));
  return view;
}

Result<std::vector<TryView>> ReaderConnection::tries(const Query& where) {
  std::vector<TryView> found;
  Query whole{std::string("SELECT ") + kTryColumns + " FROM task_try " + where.sql, where.values};
  const Status read = query(whole, [&](const Statement& row) -> Status {
    found.push_back(decode_try_view(row));
    return Unit{};
  });
  if (!read) return read.error();
  return found;
}

TryView ReaderConnection::decode_try_view(const Statement& row) const {
  TryView view;
  if (Status decoded = decode_try(row, view.row); !decoded) view.damage = decoded.error().message;
  const TryRow& t = view.row;
  view.uuid = derived_uuid(store_id_, "try/" + std::to_string(t.run_no) + '/' + std::to_string(t.instance_no) + '/' +
                                          std::to_string(t.epoch));
  return view;
}

}  // namespace baton::sqlite

namespace baton {

using sqlite::Query;

Result<InstanceView> SqliteReader::instance(RunNo run_no, InstanceNo instance_no) {
  const sqlite::ReaderConnection::Snapshot snapshot(*connection_);
  const auto there = connection_->integers("SELECT 1 FROM task_instance WHERE run_no = ? AND instance_no = ?", run_no,
                                           std::int64_t{instance_no});
  if (!there) return there.error();
  if (there->empty()) {
    return Error{"run " + std::to_string(run_no) + " has no task instance " + std::to_string(instance_no),
                 ErrorKind::not_found};
  }
  auto found = connection_->instances({{run_no, instance_no}});
  if (!found) return found.error();
  if (!found->front().damage.empty()) return Error{found->front().damage, ErrorKind::storage};
  return std::move(found->front());
}

Result<std::vector<TryView>> SqliteReader::tries(RunNo run_no, InstanceNo instance_no) {
  Query query;
  return connection_->tries(
      query.add("WHERE run_no = ? AND instance_no = ? ORDER BY epoch", run_no, std::int64_t{instance_no}));
}

Result<std::vector<TryView>> SqliteReader::tries_of_run(RunNo run_no) {
  Query query;
  return connection_->tries(query.add("WHERE run_no = ? ORDER BY instance_no, epoch", run_no));
}

}  // namespace baton
