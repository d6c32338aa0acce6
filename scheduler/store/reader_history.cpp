// The Reader's versions, durations, cache, audit and changes.
#include <algorithm>
#include <iterator>
#include <limits>

#include "scheduler/store/derived_uuid.h"
#include "scheduler/store/reader_connection.h"
#include "scheduler/store/row_sums.h"

namespace baton {

using sqlite::Statement;

// ---- versions ----

Result<std::vector<VersionView>> Reader::list_versions(const std::string& dag_id) {
  std::vector<VersionView> versions;
  const Status read = connection_->query(
      "SELECT d.dag_id, v.version, v.number, v.source_hash, v.source_file, v.work_folder, v.created_at, v.version_no"
      " FROM dag_version v JOIN dag d USING (dag_no) WHERE d.dag_id = ? ORDER BY v.number DESC",
      [&](const Statement& row) -> Status {
        versions.push_back({row.string(0), row.string(1), row.small(2), row.string(3), row.string(4), row.string(5),
                            row.time(6), derived_uuid(connection_->store_id(), "version/" + row.string(7))});
        return Unit{};
      },
      std::string_view(dag_id));
  if (!read) return read.error();
  return versions;
}

namespace {

template <typename Connection, typename... Values>
Result<VersionRow> one_version(Connection& connection, const std::string& from, const Error& missing,
                               const Values&... values) {
  std::vector<VersionRow> found;
  const Status read = connection.query(
      std::string("SELECT ") + sqlite::kVersionColumns + from,
      [&](const Statement& row) -> Status {
        auto version = sqlite::decode_version(row);
        if (!version) return version.error();
        found.push_back(std::move(*version));
        return Unit{};
      },
      values...);
  if (!read) return read.error();
  if (found.empty()) return missing;
  return std::move(found.front());
}

}  // namespace

Result<VersionRow> Reader::version_of_run(RunNo run_no) {
  return one_version(*connection_,
                     " FROM dag_run r JOIN dag_version v USING (version_no) JOIN dag d ON d.dag_no = v.dag_no"
                     " WHERE r.run_no = ?",
                     {"there is no run " + std::to_string(run_no), ErrorKind::not_found}, run_no);
}

Result<VersionRow> Reader::version(const std::string& dag_id, const std::string& version) {
  return one_version(*connection_, " FROM dag_version v JOIN dag d USING (dag_no) WHERE d.dag_id = ? AND v.version = ?",
                     {"DAG \"" + dag_id + "\" has no version " + version,
                         ErrorKind::not_found}, std::string_view(dag_id),
                     std::string_view(version));
}

// ---- durations, cache ----

Result<std::unordered_map<std::string, DurationView>> Reader::durations(const std::string& dag_id) {
  std::unordered_map<std::string, DurationView> durations;
  const Status read = connection_->query(
      "SELECT task_id, mean_us, samples FROM task_duration JOIN dag USING (dag_no) WHERE dag_id = ?",
      [&](const Statement& row) -> Status {
        durations.emplace(row.string(0), DurationView{row.integer(1), row.integer(2)});
        return Unit{};
      },
      std::string_view(dag_id));
  if (!read) return read.error();
  return durations;
}

Result<CacheStats> Reader::cache_stats(const std::string& dag_id) {
  CacheStats stats;
  const Status read = connection_->query(
      "SELECT count(*), coalesce(sum(length(CAST(key AS BLOB)) + length(CAST(outputs AS BLOB))), 0), min(created_at),"
      " max(created_at) FROM cache_entry WHERE ?1 = '' OR dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?1)",
      [&](const Statement& row) -> Status {
        stats = {row.integer(0), row.integer(1), row.time(2), row.time(3)};
        return Unit{};
      },
      std::string_view(dag_id));
  if (!read) return read.error();
  return stats;
}

// ---- audit, changes ----

Result<std::vector<AuditView>> Reader::audit(const AuditFilter& filter) {
  std::vector<AuditView> rows;
  // One condition for each thing asked for: one that could be anything (`? = '' OR …`) keeps SQLite from the index.
  std::string conditions = filter.dag_id.empty() ? " AND length(?3) = 0" : " AND dag_id = ?3";
  conditions += filter.run_id.empty() ? " AND length(?4) = 0" : " AND run_id = ?4";
  const Status read = connection_->query(
      "SELECT audit_no, at, actor, action, dag_id, run_id, task_id, map_index, extra, checksum, address, via,"
      " before, after, hash FROM audit"
      " WHERE audit_no < ?1" + conditions + " ORDER BY audit_no DESC LIMIT ?2",
      [&](const Statement& row) -> Status {
        AuditView view;
        view.audit_no = row.integer(0);
        view.row = {row.time(1),   row.string(2), row.string(3), row.string(4),
                    row.string(5), row.string(6), row.small(7),  row.string(8),
                    row.string(10), row.string(11), row.string(12), row.string(13)};
        view.hash = row.string(14);
        if (row.integer(9) != sum_of(view.row)) return sqlite::damaged("audit row " + std::to_string(view.audit_no));
        rows.push_back(std::move(view));
        return Unit{};
      },
      filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max(),
      std::clamp<std::int64_t>(filter.limit, 1, 10'000), std::string_view(filter.dag_id),
      std::string_view(filter.run_id));
  if (!read) return read.error();
  return rows;
}

Result<Changes> Reader::changes_after(std::int64_t seq, std::int64_t limit) {
  const Connection::Snapshot snapshot(connection_->db());
  // Up to the transaction that holds the last row of the limit: one transaction is never split.
  const auto bound = connection_->integers(
      "SELECT coalesce((SELECT seq FROM task_instance WHERE seq > ?1 ORDER BY seq LIMIT 1 OFFSET ?2),"
      " max(?1, (SELECT coalesce(max(seq), 0) FROM task_instance WHERE seq IS NOT NULL),"
      " (SELECT coalesce(max(seq), 0) FROM dag_run)))",
      seq, std::max<std::int64_t>(limit, 1) - 1);
  if (!bound) return bound.error();
  Changes changes;
  changes.seq = bound->at(0);
  auto runs = connection_->runs("WHERE r.seq > ? AND r.seq <= ? ORDER BY r.seq, r.run_no", seq, changes.seq);
  if (!runs) return runs.error();
  changes.runs = std::move(*runs);
  auto instances = connection_->instances("WHERE t.seq > ? AND t.seq <= ? ORDER BY t.seq, t.run_no, t.instance_no", seq,
                                          changes.seq);
  if (!instances) return instances.error();
  changes.instances = std::move(*instances);
  // Instances that have not changed since their run was made stand under its created_seq.
  const auto created = connection_->integers(
      "SELECT run_no FROM dag_run WHERE seq > ?1 AND created_seq > ?1 AND created_seq <= ?2", seq, changes.seq);
  if (!created) return created.error();
  for (const RunNo run_no : *created) {
    auto fresh = connection_->instances("WHERE t.run_no = ? AND t.seq IS NULL ORDER BY t.instance_no", run_no);
    if (!fresh) return fresh.error();
    std::move(fresh->begin(), fresh->end(), std::back_inserter(changes.instances));
  }
  return changes;
}

}  // namespace baton
