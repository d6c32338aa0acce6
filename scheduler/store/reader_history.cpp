// The SqliteReader's versions, durations, cache and audit.
#include "scheduler/digest/derived_uuid.h"
#include "scheduler/store/reader_connection.h"
#include "scheduler/store/row_sums.h"

namespace baton {

using sqlite::ReaderConnection;
using sqlite::Statement;

// ---- versions ----

Result<std::vector<VersionView>> SqliteReader::list_versions(const std::string& dag_id) {
  std::vector<VersionView> versions;
  const Status read = connection_->query(
      "SELECT d.dag_id, v.version, v.number, v.source_hash, v.source_file, v.work_folder, v.created_at, v.version_no,"
      " coalesce(v.version_no = d.version_no,"
      " v.number = (SELECT max(number) FROM dag_version n WHERE n.dag_no = v.dag_no)), v.git_commit"
      " FROM dag_version v JOIN dag d USING (dag_no) WHERE d.dag_id = ? ORDER BY v.number DESC",
      [&](const Statement& row) -> Status {
        VersionView& view = versions.emplace_back();
        view.dag_id = row.string(0);
        view.version = row.string(1);
        view.number = row.small(2);
        view.source_hash = row.string(3);
        view.commit = row.string(9);
        view.source_file = row.string(4);
        view.work_folder = row.string(5);
        view.created_at = row.time(6);
        view.uuid = derived_uuid(connection_->store_id(), "version/" + row.string(7));
        view.stands = row.integer(8) != 0;
        return Unit{};
      },
      std::string_view(dag_id));
  if (!read) return read.error();
  return versions;
}

namespace {

template <typename... Values>
Result<VersionRow> one_version(ReaderConnection& connection, const std::string& from, const Error& missing,
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

Result<VersionRow> SqliteReader::version_of_run(RunNo run_no) {
  return one_version(*connection_,
                     " FROM dag_run r JOIN dag_version v USING (version_no) JOIN dag d ON d.dag_no = v.dag_no"
                     " WHERE r.run_no = ?",
                     {"there is no run " + std::to_string(run_no), ErrorKind::not_found}, run_no);
}

Result<VersionRow> SqliteReader::version(const std::string& dag_id, const std::string& version) {
  return one_version(*connection_, " FROM dag_version v JOIN dag d USING (dag_no) WHERE d.dag_id = ? AND v.version = ?",
                     {"DAG \"" + dag_id + "\" has no version " + version,
                         ErrorKind::not_found}, std::string_view(dag_id),
                     std::string_view(version));
}

// ---- durations, cache ----

Result<std::unordered_map<std::string, DurationView>> SqliteReader::durations(const std::string& dag_id) {
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

Result<CacheStats> SqliteReader::cache_stats(const std::string& dag_id) {
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

// ---- audit ----

namespace {

using sqlite::PageWalk;
using sqlite::Query;
using sqlite::SortTerm;

PageWalk walk_of(const AuditQuery& query) {
  std::vector<SortTerm> terms;
  const auto order = query.order.empty() ? std::vector<OrderBy<AuditField>>{{AuditField::number, true}} : query.order;
  for (const auto& by : order) {
    SortTerm term{static_cast<int>(by.field), "", false, true, false, by.descending};
    switch (by.field) {
      case AuditField::number: term.sql = "audit_no"; term.is_unique = true; term.is_text = false; break;
      case AuditField::at: term.sql = "at"; term.may_be_null = true; term.is_text = false; break;
      case AuditField::dag_id: term.sql = "dag_id"; break;
      case AuditField::run_id: term.sql = "run_id"; break;
      case AuditField::task_id: term.sql = "task_id"; break;
      case AuditField::actor: term.sql = "actor"; break;
      case AuditField::action: term.sql = "action"; break;
    }
    terms.push_back(std::move(term));
  }
  return {'a', std::move(terms), {{-1, "audit_no", false, false, true}}, "audit_no, 0", query.page};
}

Result<Query> audit_from(const AuditFilter& filter) {
  Query from{" FROM audit WHERE 1", {}};
  add_one_of(from, "dag_id", filter.dag_ids);
  add_one_of(from, "run_id", filter.run_ids);
  add_one_of(from, "task_id", filter.task_ids);
  add_one_of(from, "actor", filter.actors);
  add_one_of(from, "action", filter.actions);
  add_one_of(from, "action", filter.excluded_actions, true);
  if (filter.map_index) from.add(" AND map_index = ?", std::int64_t{*filter.map_index});
  add_range(from, "at", filter.at);
  for (const auto& [column, match] : {std::pair("dag_id", &filter.dag_id), std::pair("run_id", &filter.run_id),
                                      std::pair("task_id", &filter.task_id), std::pair("actor", &filter.actor),
                                      std::pair("action", &filter.action)}) {
    if (Status added = add_match(from, column, *match); !added) return added.error();
  }
  return from;
}

AuditView audit_view(const Statement& row) {
  AuditView view;
  view.audit_no = row.integer(0);
  view.row = {row.time(1),    row.string(2),  row.string(3),  row.string(4),  row.string(5),  row.string(6),
              row.small(7),   row.string(8),  row.string(10), row.string(11), row.string(12), row.string(13)};
  view.hash = row.string(14);
  if (row.integer(9) != sum_of(view.row)) {
    view.damage = sqlite::damaged("audit row " + std::to_string(view.audit_no)).message;
  }
  return view;
}

}  // namespace

Result<AuditPage> SqliteReader::audit(const AuditQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  PageWalk walk = walk_of(query);
  if (Status key = walk.take_key(); !key) return key.error();
  const auto from = audit_from(query.filter);
  if (!from) return from.error();
  auto rows = walk.rows(*connection_, *from);
  if (!rows) return rows.error();
  AuditPage page;
  walk.cut(*rows, page);
  const Status read = connection_->query(
      "SELECT a.audit_no, at, actor, action, dag_id, run_id, task_id, map_index, extra, checksum, address, via, before,"
      " after, hash FROM json_each(?) p CROSS JOIN audit a ON a.audit_no = p.value",
      [&](const Statement& row) -> Status {
        page.rows.push_back(audit_view(row));
        return Unit{};
      },
      std::string_view(sqlite::list_of(*rows)));
  if (!read) return read.error();
  if (Status counted = finish_page(*connection_, query.page, *from, page); !counted) return counted.error();
  return page;
}

}  // namespace baton
