// The SqliteReader's rows of the service: files that do not read, tags, pools, variables, jobs.
#include "scheduler/store/reader_connection.h"

namespace baton {
namespace {

using sqlite::PageWalk;
using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::SortTerm;
using sqlite::Statement;

/// A page of a table that is short: `columns` of the rows found, each made a Row by `make`.
template <typename Row, typename Make>
Result<PageOf<Row>> page_of(ReaderConnection& connection, PageWalk walk, const PageRequest& asked, const Query& from,
                            const std::string& select, const Make& make) {
  const ReaderConnection::Snapshot snapshot(connection);
  if (Status key = walk.take_key(); !key) return key.error();
  auto rows = walk.rows(connection, from);
  if (!rows) return rows.error();
  PageOf<Row> page;
  walk.cut(*rows, page);
  const Status read = connection.query(
      select,
      [&](const Statement& row) -> Status {
        page.rows.push_back(make(row));
        return Unit{};
      },
      std::string_view(sqlite::list_of(*rows)));
  if (!read) return read.error();
  if (Status counted = finish_page(connection, asked, from, page); !counted) return counted.error();
  return page;
}

/// By the column `name`, which is unique unless a number follows it.
PageWalk by_name(char list, const char* name, const std::string& number, const NameQuery& query) {
  return {list, {{0, name, false, true, number.empty(), query.descending}},
          {{1, number, false, false, true}}, (number.empty() ? std::string("0") : number) + ", 0", query.page};
}

Result<Query> named(const char* table, const char* column, const TextMatch& match) {
  Query from{std::string(" FROM ") + table + " WHERE 1", {}};
  if (Status added = add_match(from, column, match); !added) return added.error();
  return from;
}

}  // namespace

Result<ImportErrorPage> SqliteReader::list_import_errors(const ImportErrorQuery& query) {
  std::vector<SortTerm> terms;
  for (const auto& by : query.order) {
    SortTerm term{static_cast<int>(by.field), "file_no", false, false, true, by.descending};
    if (by.field == ImportErrorField::path) term.sql = "path", term.is_text = true;
    if (by.field == ImportErrorField::failed_since) term.sql = "failed_since", term.is_unique = false;
    terms.push_back(std::move(term));
  }
  PageWalk walk('f', std::move(terms), {{-1, "file_no", false, false, true}}, "file_no, 0", query.page);
  auto from = named("dag_file", "path", query.path);
  if (!from) return from.error();
  from->add(" AND failed_since IS NOT NULL");
  return page_of<ImportErrorView>(
      *connection_, std::move(walk), query.page, *from,
      "SELECT f.file_no, f.path, f.findings, f.failed_since, f.read_at FROM json_each(?) p"
      " CROSS JOIN dag_file f ON f.file_no = p.value",
      [](const Statement& row) {
        return ImportErrorView{row.integer(0), row.string(1), row.string(2), row.time(3), row.time(4)};
      });
}

Result<std::vector<std::string>> SqliteReader::list_tags(const NameQuery& query) {
  PageWalk walk = by_name('g', "tag", "", query);
  if (Status key = walk.take_key(); !key) return key.error();
  Query from{" FROM (SELECT DISTINCT tag FROM dag_tag WHERE 1", {}};
  if (Status added = add_match(from, "tag", query.name); !added) return added.error();
  auto rows = walk.rows(*connection_, from.add(") WHERE 1"));
  if (!rows) return rows.error();
  walk.cut(*rows);
  std::vector<std::string> tags;
  for (auto& row : *rows) tags.push_back(row.values[0].value_or(""));
  return tags;
}

// ---- pools ----

Result<PoolPage> SqliteReader::list_pools(const NameQuery& query) {
  const auto from = named("pool", "name", query.name);
  if (!from) return from.error();
  return page_of<PoolView>(*connection_, by_name('p', "name", "pool_no", query), query.page, *from,
                           "SELECT pool_no, name, coalesce(rate, ''), description, updated_by, slots, include_deferred,"
                           " updated_at, seq FROM json_each(?) p CROSS JOIN pool o ON o.pool_no = p.value",
                           [](const Statement& row) {
                             return PoolView{row.integer(0), row.string(1),  row.string(2),       row.string(3),
                                             row.string(4),  row.integer(5), row.integer(6) != 0, row.time(7),
                                             row.integer(8)};
                           });
}

// ---- variables, jobs, tokens, keys ----

Result<VariablePage> SqliteReader::list_variables(const NameQuery& query) {
  const auto from = named("variable", "name", query.name);
  if (!from) return from.error();
  return page_of<VariableView>(
      *connection_, by_name('v', "name", "variable_no", query), query.page, *from,
      "SELECT variable_no, name, v.value, description, updated_by, updated_at, seq FROM json_each(?) p"
      " CROSS JOIN variable v ON v.variable_no = p.value",
      [](const Statement& row) {
        return VariableView{row.integer(0), row.string(1), row.string(2), row.string(3), row.string(4), row.time(5),
                            row.integer(6)};
      });
}

Result<JobPage> SqliteReader::list_jobs(const NameQuery& query) {
  const auto from = named("bulk_job", "kind", query.name);
  if (!from) return from.error();
  PageWalk walk('j', {{0, "job_no", false, false, true, query.descending}}, {}, "job_no, 0", query.page);
  return page_of<JobView>(*connection_, std::move(walk), query.page, *from,
                          "SELECT job_no, state, total, done, failed, kind, actor, filter, note, created_at, ended_at"
                          " FROM json_each(?) p CROSS JOIN bulk_job j ON j.job_no = p.value",
                          [](const Statement& row) {
                            return JobView{row.integer(0), row.integer(1), row.integer(2), row.integer(3),
                                           row.integer(4), row.string(5),  row.string(6),  row.string(7),
                                           row.string(8),  row.time(9),    row.time(10)};
                          });
}

namespace {

constexpr char kTokenColumns[] =
    "SELECT token_no, k.seq, hash, k.name, principal, role, scopes, created_at, expires_at, revoked_at FROM ";

TokenView token_of(const Statement& row) {
  return {row.integer(0), row.integer(1), row.string(2), row.string(3), row.string(4),
          row.string(5),  row.string(6),  row.time(7),   row.time(8),   row.time(9)};
}

}  // namespace

Result<std::vector<ServerStateRow>> SqliteReader::server_state() {
  std::vector<ServerStateRow> rows;
  const Status read = connection_->query(
      "SELECT name, value, since, actor, reason FROM server_state ORDER BY name", [&](const Statement& row) -> Status {
        rows.push_back({row.string(0), row.string(1), row.time(2), row.string(3), row.string(4)});
        return Unit{};
      });
  if (!read) return read.error();
  return rows;
}

Result<TokenPage> SqliteReader::list_tokens(const NameQuery& query) {
  const auto from = named("token", "name", query.name);
  if (!from) return from.error();
  PageWalk walk('t', {{0, "token_no", false, false, true, query.descending}}, {}, "token_no, 0", query.page);
  return page_of<TokenView>(*connection_, std::move(walk), query.page, *from,
                            std::string(kTokenColumns) + "json_each(?) p CROSS JOIN token k ON k.token_no = p.value",
                            token_of);
}

Result<TokenView> SqliteReader::token(const std::string& hash) {
  std::optional<TokenView> found;
  const Status read = connection_->query(
      std::string(kTokenColumns) + "token k WHERE hash = ?",
      [&](const Statement& row) -> Status {
        found = token_of(row);
        return Unit{};
      },
      std::string_view(hash));
  if (!read) return read.error();
  if (!found) return Error{"there is no such token", ErrorKind::not_found};
  return std::move(*found);
}

Result<std::optional<IdempotencyRow>> SqliteReader::find_key(const std::string& principal, const std::string& route,
                                                             const std::string& key) {
  std::optional<IdempotencyRow> found;
  const Status read = connection_->query(
      "SELECT body_hash, status, object, created_at FROM idempotency WHERE principal = ? AND route = ? AND key = ?",
      [&](const Statement& row) -> Status {
        found = IdempotencyRow{principal, route, key, row.string(0), static_cast<std::int32_t>(row.integer(1)),
                               row.string(2), row.time(3)};
        return Unit{};
      },
      std::string_view(principal), std::string_view(route), std::string_view(key));
  if (!read) return read.error();
  return found;
}

}  // namespace baton
