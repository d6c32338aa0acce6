// The SqliteReader's changes: a walk in the order of seq through each table, cut at the limit.
#include <algorithm>
#include <array>
#include <limits>

#include "scheduler/store/reader_connection.h"
#include "scheduler/store/retention.h"

namespace baton {
namespace {

using sqlite::Query;
using sqlite::Statement;

constexpr std::int64_t kBeyond = std::numeric_limits<std::int64_t>::max();

/// Where the rows of one table lie that can be heard of: its numbers, its name, and the term of its index by seq.
struct Table {
  Changed kind;
  const char* name;
  const char* first;
  const char* second;
  const char* label;
  const char* condition;
};
constexpr std::array kTables = {
    Table{Changed::deleted, "tombstone", "object_no", "kind", "object", ""},
    Table{Changed::dag, "dag", "dag_no", "0", "dag_id", " AND seq > 0"},
    Table{Changed::dag_file, "dag_file", "file_no", "0", "path", ""},
    Table{Changed::audit, "audit", "audit_no", "0", "action", " AND seq > 0"},
    Table{Changed::tick_record, "tick_record", "dag_no", "from_at", "''", ""},
    Table{Changed::backfill, "backfill", "backfill_no", "0", "''", ""},
    Table{Changed::backfill_interval, "backfill_interval", "backfill_no", "ordinal", "''", ""},
    Table{Changed::pool, "pool", "pool_no", "0", "name", ""},
    Table{Changed::variable, "variable", "variable_no", "0", "name", ""},
    Table{Changed::token, "token", "token_no", "0", "name", ""},
    Table{Changed::bulk_job, "bulk_job", "job_no", "0", "kind", ""},
    Table{Changed::breaker, "breaker", "breaker_no", "0", "name", ""},
    Table{Changed::dead_letter, "dead_letter", "letter_no", "0", "task_id", ""},
    Table{Changed::asset, "asset", "asset_no", "0", "name", ""},
    Table{Changed::server_state, "server_state", "0", "0", "name", ""},
};

/// The key as it holds for rows of `kind`: within its seq some tables lie before it, others behind.
ChangeKey key_for(Changed kind, const ChangeKey& key) {
  if (kind < key.kind) return {key.seq, kind, kBeyond, kBeyond};
  if (kind > key.kind) return {key.seq, kind, -1, -1};
  return key;
}

ChangeKey key_of(const RunView& run) {
  return {run.row.seq, Changed::run, run.row.run_no, 0};
}
ChangeKey key_of(const InstanceView& instance) {
  return {instance.row.seq, Changed::instance, instance.row.run_no, instance.row.instance_no};
}
ChangeKey key_of(const ObjectChange& object) {
  return {object.seq, object.kind, object.first, object.second};
}

/// Drops what lies beyond `last`.
template <typename Rows>
void cut(Rows& rows, const ChangeKey& last) {
  std::erase_if(rows, [&](const auto& row) { return key_of(row) > last; });
}

/// What changed after one key, table by table.
class ChangeWalk {
 public:
  ChangeWalk(sqlite::ReaderConnection& connection, const ChangeKey& key, std::int64_t limit)
      : connection_(connection), key_(key), limit_(std::clamp<std::int64_t>(limit, 1, 10'000)) {}

  Result<Changes> take() {
    const auto now = connection_.seq();
    if (!now) return now.error();
    const auto kept = connection_.integers("SELECT kept_seq FROM store");
    if (!kept) return kept.error();
    changes_.key = {*now, Changed::server_state, kBeyond, kBeyond};
    changes_.reset = key_.seq > *now || (key_.seq > 0 && key_.seq < kept->at(0));
    if (changes_.reset) return std::move(changes_);
    if (Status read = read_runs(); !read) return read.error();
    if (Status read = read_instances(); !read) return read.error();
    for (const Table& table : kTables) {
      if (Status read = read_objects(table); !read) return read.error();
    }
    cut_at_limit();
    return std::move(changes_);
  }

 private:
  /// Row values let the indexes by seq begin right after the key.
  Status read_runs() {
    const ChangeKey from = key_for(Changed::run, key_);
    const auto numbers = connection_.integers(
        "SELECT run_no FROM dag_run WHERE (seq, run_no) > (?, ?) ORDER BY seq, run_no LIMIT ?", from.seq, from.first,
        limit_ + 1);
    if (!numbers) return numbers.error();
    auto views = connection_.runs(*numbers);
    if (!views) return views.error();
    changes_.runs = std::move(*views);
    return Unit{};
  }

  Status read_instances() {
    const ChangeKey from = key_for(Changed::instance, key_);
    Query query;
    query.add(
        "SELECT run_no, instance_no FROM task_instance WHERE seq IS NOT NULL AND (seq, run_no, instance_no) > (?, ?, ?)"
        " AND run_no NOT IN (SELECT run_no FROM doomed_run) ORDER BY seq, run_no, instance_no LIMIT ?",
        from.seq, from.first, from.second, limit_ + 1);
    const auto keys = connection_.instance_keys(query);
    if (!keys) return keys.error();
    auto views = connection_.instances(*keys);
    if (!views) return views.error();
    changes_.instances = std::move(*views);
    return Unit{};
  }

  Status read_objects(const Table& table) {
    const ChangeKey from = key_for(table.kind, key_);
    const std::string numbers = std::string(table.first) + ", " + table.second;
    std::string order = " ORDER BY seq";  // a bare 0 would name a column by its place
    for (const std::string_view number : {table.first, table.second}) {
      if (number != "0") order += ", " + std::string(number);
    }
    const std::string sql = "SELECT " + numbers + ", " + table.label + ", seq FROM " + table.name + " WHERE seq >= ?1" +
                            table.condition + " AND (seq, " + numbers + ") > (?1, ?2, ?3)" + order + " LIMIT ?4";
    return connection_.query(
        sql,
        [&](const Statement& row) -> Status {
          changes_.objects.push_back({table.kind, row.integer(0), row.integer(1), row.string(2), row.integer(3)});
          return Unit{};
        },
        from.seq, from.first, from.second, limit_ + 1);
  }

  void cut_at_limit() {
    std::vector<ChangeKey> keys;
    for (const auto& row : changes_.runs) keys.push_back(key_of(row));
    for (const auto& row : changes_.instances) keys.push_back(key_of(row));
    for (const auto& row : changes_.objects) keys.push_back(key_of(row));
    changes_.has_more = std::ssize(keys) > limit_;
    if (!changes_.has_more) return;
    std::nth_element(keys.begin(), keys.begin() + limit_ - 1, keys.end());
    changes_.key = keys[static_cast<std::size_t>(limit_) - 1];
    cut(changes_.runs, changes_.key);
    cut(changes_.instances, changes_.key);
    cut(changes_.objects, changes_.key);
  }

  sqlite::ReaderConnection& connection_;
  const ChangeKey key_;
  const std::int64_t limit_;
  Changes changes_;
};

}  // namespace

Result<Changes> SqliteReader::changes_after(const ChangeKey& key, std::int64_t limit) {
  const sqlite::ReaderConnection::Snapshot snapshot(*connection_);
  return ChangeWalk(*connection_, key, limit).take();
}

}  // namespace baton
