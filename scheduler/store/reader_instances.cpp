// The SqliteReader's task instances and tries: their rows.
#include "scheduler/digest/derived_uuid.h"
#include "scheduler/store/reader_connection.h"

namespace baton::sqlite {
namespace {

constexpr std::int64_t kTaskKinds = static_cast<std::int64_t>(TaskKind::noop) + 1;
constexpr std::int64_t kHooks = static_cast<std::int64_t>(Hook::on_finish) + 1;

constexpr char kInstanceJoins[] =
    " LEFT JOIN mapped_item m ON m.run_no = t.run_no AND m.instance_no = t.instance_no"
    " LEFT JOIN dag_run r ON r.run_no = t.run_no LEFT JOIN dag d ON d.dag_no = r.dag_no"
    " LEFT JOIN dag_version v ON v.version_no = r.version_no"
    " LEFT JOIN dag_task k ON k.version_no = r.version_no AND k.task_no = t.task_no ";
/// Behind the columns of the instance itself.
constexpr char kViewColumns[] =
    ", m.map_key, m.item, m.checksum, r.created_seq, d.dag_id, r.run_id, k.task_id, k.group_id, k.pool, k.pool_slots,"
    " k.priority, k.max_tries, k.kind, k.hook, k.is_mapped, coalesce(t.host, (SELECT host FROM task_try y WHERE"
    " y.run_no = t.run_no AND y.instance_no = t.instance_no ORDER BY y.epoch DESC LIMIT 1)),"
    " v.number, r.logical_date, r.run_after, r.interval_start, r.interval_end, t.user_note";

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
  static const std::string sql = std::string("SELECT ") + kInstanceColumns + kViewColumns +
                                 " FROM json_each(?) p CROSS JOIN task_instance t ON t.run_no = p.value ->> 0"
                                 " AND t.instance_no = p.value ->> 1" +
                                 kInstanceJoins;
  return query(
      sql,
      [&](const Statement& row) -> Status {
        InstanceView view = decode_instance_view(row);
        const InstanceKey key{view.row.run_no, view.row.instance_no};
        into.insert_or_assign(key, std::move(view));
        return Unit{};
      },
      std::string_view(keys));
}

Result<std::vector<InstanceView>> ReaderConnection::instances(const std::vector<InstanceKey>& keys) {
  std::map<InstanceKey, InstanceView> found;
  std::map<InstanceKey, std::string> broken;
  if (Status read = read_instances(list_of(keys), found); !read) {
    if (!is_damage(read.error())) return read.error();
    // A damaged page ends the whole statement: each by itself, so that it costs no more than what lies on it.
    for (const InstanceKey& key : keys) {
      if (Status one = read_instances(list_of({key}), found); !one) broken[key] = one.error().message;
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
