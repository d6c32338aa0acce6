// The SqliteReader's changes: three walks in the order of seq, merged and cut at the limit.
#include <algorithm>

#include "scheduler/store/reader_connection.h"
#include "scheduler/store/retention.h"

namespace baton {

using sqlite::Statement;

namespace {

ChangeKey key_of(const RunView& run) {
  return {run.row.seq, run.row.run_no, -1};
}
ChangeKey key_of(const InstanceView& instance) {
  return {instance.row.seq, instance.row.run_no, instance.row.instance_no};
}
ChangeKey key_of(const Tombstone& stone) {
  return {stone.seq, stone.run_no, -1};
}

/// Drops what lies beyond `last`.
template <typename Rows>
void cut(Rows& rows, const ChangeKey& last) {
  const auto beyond = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return key_of(row) > last; });
  rows.erase(beyond, rows.end());
}

}  // namespace

Result<Changes> SqliteReader::changes_after(const ChangeKey& key, std::int64_t limit) {
  const Connection::Snapshot snapshot(*connection_);
  limit = std::clamp<std::int64_t>(limit, 1, 10'000);
  Changes changes;
  const auto now = connection_->seq();
  if (!now) return now.error();
  const auto kept = connection_->integers("SELECT kept_seq FROM store");
  if (!kept) return kept.error();
  changes.reset = key.seq > *now || (key.seq > 0 && key.seq < kept->at(0));
  if (changes.reset) {
    changes.key = {*now, std::numeric_limits<std::int64_t>::max(), 0};
    return changes;
  }

  // Row values let the indexes by seq begin right after the key.
  const auto runs = connection_->integers(
      "SELECT run_no FROM dag_run WHERE seq >= ?1 AND (seq, run_no) > (?1, ?2) ORDER BY seq, run_no LIMIT ?3", key.seq,
      key.run_no, limit + 1);
  if (!runs) return runs.error();
  auto views = connection_->runs(*runs);
  if (!views) return views.error();
  changes.runs = std::move(*views);
  Query query;
  query.add("WHERE t.seq IS NOT NULL AND t.seq >= ? AND (t.seq, t.run_no, t.instance_no) > (?, ?, ?)", key.seq, key.seq,
            key.run_no, key.instance_no);
  auto instances = connection_->instances(query.add(" ORDER BY t.seq, t.run_no, t.instance_no LIMIT ?", limit + 1));
  if (!instances) return instances.error();
  changes.instances = std::move(*instances);
  const Status read = connection_->query(
      "SELECT object_no, object, seq FROM tombstone WHERE seq >= ?1 AND kind = ?2 AND (seq, object_no) > (?1, ?3)"
      " ORDER BY seq, object_no LIMIT ?4",
      [&](const Statement& row) -> Status {
        changes.deleted.push_back({row.integer(0), row.string(1), row.integer(2)});
        return Unit{};
      },
      key.seq, static_cast<std::int64_t>(sqlite::Deleted::run), key.run_no, limit + 1);
  if (!read) return read.error();

  std::vector<ChangeKey> keys;
  for (const auto& row : changes.runs) keys.push_back(key_of(row));
  for (const auto& row : changes.instances) keys.push_back(key_of(row));
  for (const auto& row : changes.deleted) keys.push_back(key_of(row));
  changes.has_more = std::ssize(keys) > limit;
  changes.key = {*now, std::numeric_limits<std::int64_t>::max(), 0};
  if (changes.has_more) {
    std::nth_element(keys.begin(), keys.begin() + limit - 1, keys.end());
    changes.key = keys[static_cast<std::size_t>(limit) - 1];
    cut(changes.runs, changes.key);
    cut(changes.instances, changes.key);
    cut(changes.deleted, changes.key);
  }
  return changes;
}

}  // namespace baton
