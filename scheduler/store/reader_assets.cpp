// The SqliteReader's assets and their events.
#include <algorithm>
#include <map>

#include "scheduler/store/reader_connection.h"

namespace baton {
namespace {

using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::Statement;

constexpr std::int64_t kAssetRowsMax = 10'000;

constexpr char kAssetColumns[] =
    "a.asset_no, a.name, a.uri, a.description, a.declared_by, a.declarer, a.fresh_within_us, a.created_at,"
    " a.updated_at, a.events, a.last_event_no, a.last_event_at, a.quarantined_since, a.quarantined_by, a.quarantine_why, a.seq,"
    " a.fresh_by_s, a.fresh_timezone";
constexpr char kEventColumns[] =
    "e.event_no, e.asset_no, a.name, a.uri, e.at, e.run_no, e.dag_id, e.run_id, e.task_id, e.map_index, e.try_number,"
    " e.actor, e.extra";

AssetRole role_of(std::int64_t code) {
  return static_cast<AssetRole>(std::clamp<std::int64_t>(code, 0, static_cast<std::int64_t>(AssetRole::schedule)));
}

AssetView asset_of(const Statement& row) {
  AssetView view;
  view.asset_no = row.integer(0);
  view.row.name = row.string(1);
  view.row.uri = row.string(2);
  view.row.description = row.string(3);
  view.row.declared_by = row.string(4);
  view.row.declarer = static_cast<AssetDeclarer>(
      std::clamp<std::int64_t>(row.integer(5), 0, static_cast<std::int64_t>(AssetDeclarer::config)));
  view.row.fresh = {row.integer(6), row.small(16), row.string(17)};
  view.created_at = row.time(7);
  view.updated_at = view.row.at = row.time(8);
  view.events = row.integer(9);
  view.last_event_no = row.integer(10);
  view.last_event_at = row.time(11);
  view.quarantined = {row.time(12), row.string(13)};
  view.quarantine_why = row.string(14);
  view.seq = row.integer(15);
  return view;
}

AssetEventView event_of(const Statement& row) {
  AssetEventView view;
  view.row.event_no = row.integer(0);
  view.asset_no = row.integer(1);
  view.row.asset = row.string(2);
  view.uri = row.string(3);
  view.row.at = row.time(4);
  view.row.run_no = row.is_null(5) ? 0 : row.integer(5);
  view.row.dag_id = row.string(6);
  view.row.run_id = row.string(7);
  view.row.task_id = row.string(8);
  view.row.map_index = row.small(9);
  view.row.try_number = row.small(10);
  view.row.actor = row.string(11);
  view.row.extra_json = row.string(12);
  return view;
}

TakenBy taken_by_of(const Statement& row) {
  TakenBy run;
  run.run_no = row.integer(1);
  run.dag_id = row.string(2);
  run.run_id = row.string(3);
  run.version = row.string(4);
  constexpr auto kLast = static_cast<std::int64_t>(RunState::failed);
  run.state = static_cast<RunState>(std::clamp<std::int64_t>(row.integer(5), 0, kLast));
  run.logical_date = row.time(6);
  run.interval_start = row.time(7);
  run.interval_end = row.time(8);
  run.queued_at = row.time(9);
  run.started_at = row.time(10);
  run.ended_at = row.time(11);
  return run;
}

const char* column_of(AssetField field) {
  switch (field) {
    case AssetField::number: return "a.asset_no";
    case AssetField::name: return "a.name";
    case AssetField::uri: return "a.uri";
    case AssetField::created_at: return "a.created_at";
    case AssetField::updated_at: return "a.updated_at";
  }
  return "a.asset_no";
}

std::string order_of(const AssetQuery& query) {
  std::string order = " ORDER BY ";
  for (const auto& by : query.order) order += std::string(column_of(by.field)) + (by.descending ? " DESC, " : ", ");
  return order + "a.asset_no";
}

/// "[1,2,3]", for json_each.
std::string list_of_numbers(const std::vector<std::int64_t>& numbers) { return "[" + sqlite::codes_of(numbers) + "]"; }

/// All rows of `from`, which are few, cut to the page; `page.total` is their number.
template <typename Page, typename Of>
Status read_page(ReaderConnection& connection, const std::string& columns, const Query& from, const std::string& order,
                 const PageRequest& asked, Page& page, const Of& of) {
  Query rows{"SELECT " + columns, {}};
  const std::int64_t limit = std::clamp<std::int64_t>(asked.limit, 0, kAssetRowsMax);
  rows.append(from).add(order + " LIMIT ? OFFSET ?", limit, std::max<std::int64_t>(asked.offset, 0));
  const Status read = connection.query(rows, [&](const Statement& row) -> Status {
    page.rows.push_back(of(row));
    return Unit{};
  });
  return read ? finish_page(connection, asked, from, page) : read;
}

/// One query for all of the page.
Status add_links(ReaderConnection& connection, std::vector<AssetView>& rows) {
  std::map<std::int64_t, AssetView*> by_number;
  std::vector<std::int64_t> numbers;
  for (AssetView& view : rows) {
    by_number[view.asset_no] = &view;
    numbers.push_back(view.asset_no);
  }
  return connection.query(
      "SELECT l.asset_no, d.dag_id, l.task_id, l.role FROM json_each(?) p CROSS JOIN asset_link l"
      " ON l.asset_no = p.value CROSS JOIN dag d ON d.dag_no = l.dag_no ORDER BY l.role, d.dag_id, l.task_id",
      [&](const Statement& row) -> Status {
        by_number.at(row.integer(0))->links.push_back({row.string(1), row.string(2), role_of(row.integer(3))});
        return Unit{};
      },
      std::string_view(list_of_numbers(numbers)));
}

Status add_taken_by(ReaderConnection& connection, std::vector<AssetEventView>& rows) {
  std::map<std::int64_t, AssetEventView*> by_number;
  std::vector<std::int64_t> numbers;
  for (AssetEventView& view : rows) {
    by_number[view.row.event_no] = &view;
    numbers.push_back(view.row.event_no);
  }
  return connection.query(
      "SELECT t.event_no, r.run_no, d.dag_id, r.run_id, v.version, r.state, r.logical_date, r.interval_start,"
      " r.interval_end, r.queued_at, r.started_at, r.ended_at FROM json_each(?) p CROSS JOIN run_asset_event t"
      " ON t.event_no = p.value CROSS JOIN dag_run r ON r.run_no = t.run_no CROSS JOIN dag d ON d.dag_no = r.dag_no"
      " LEFT JOIN dag_version v ON v.version_no = r.version_no ORDER BY r.run_no",
      [&](const Statement& row) -> Status {
        by_number.at(row.integer(0))->taken_by.push_back(taken_by_of(row));
        return Unit{};
      },
      std::string_view(list_of_numbers(numbers)));
}

Result<AssetView> one_asset(ReaderConnection& connection, const std::string& where, const std::string& what,
                            std::variant<std::int64_t, std::string> key) {
  const ReaderConnection::Snapshot snapshot(connection);
  Query query{std::string("SELECT ") + kAssetColumns + " FROM asset a WHERE " + where, {}};
  query.values.push_back(std::move(key));
  std::vector<AssetView> found;
  const Status read = connection.query(query, [&](const Statement& row) -> Status {
    found.push_back(asset_of(row));
    return Unit{};
  });
  if (!read) return read.error();
  if (found.empty()) return Error{"there is no asset " + what, ErrorKind::not_found};
  if (Status links = add_links(connection, found); !links) return links.error();
  return std::move(found.front());
}

Status add_conditions(const AssetEventFilter& filter, Query& from) {
  if (filter.asset_no != 0) from.add(" AND e.asset_no = ?", filter.asset_no);
  sqlite::add_one_of(from, "e.dag_id", filter.dag_ids);
  sqlite::add_one_of(from, "e.task_id", filter.task_ids);
  sqlite::add_one_of(from, "e.run_id", filter.run_ids);
  if (filter.map_index) from.add(" AND e.map_index = ?", std::int64_t{*filter.map_index});
  sqlite::add_one_of_codes(from, "e.event_no", filter.numbers);
  if (filter.source_run != 0) from.add(" AND e.run_no = ?", filter.source_run);
  sqlite::add_range(from, "e.at", filter.at);
  return sqlite::add_match(from, "a.name", filter.name);
}

}  // namespace

Result<AssetPage> SqliteReader::list_assets(const AssetQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  Query from{" FROM asset a WHERE 1", {}};
  sqlite::add_one_of(from, "a.name", query.names);
  if (!query.dag_ids.empty()) {
    from.add(" AND a.asset_no IN (SELECT l.asset_no FROM asset_link l JOIN dag d USING (dag_no) WHERE 1");
    sqlite::add_one_of(from, "d.dag_id", query.dag_ids);
    from.add(")");
  }
  if (Status match = sqlite::add_match(from, "a.name", query.name); !match) return match.error();
  if (Status match = sqlite::add_match(from, "a.uri", query.uri); !match) return match.error();
  AssetPage page;
  Status read = read_page(*connection_, kAssetColumns, from, order_of(query), query.page, page, asset_of);
  if (read) read = add_links(*connection_, page.rows);
  if (!read) return read.error();
  return page;
}

Result<AssetView> SqliteReader::asset(std::int64_t asset_no) {
  return one_asset(*connection_, "a.asset_no = ?", std::to_string(asset_no), asset_no);
}

Result<AssetView> SqliteReader::asset_named(const std::string& name) {
  return one_asset(*connection_, "a.name = ?", "\"" + name + "\"", name);
}

Result<AssetEventPage> SqliteReader::list_asset_events(const AssetEventQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  Query from{" FROM asset_event e JOIN asset a USING (asset_no) WHERE 1", {}};
  if (query.filter.taken_by != 0) {
    from = {" FROM run_asset_event t JOIN asset_event e USING (event_no) JOIN asset a USING (asset_no)"
            " WHERE t.run_no = ?",
            {query.filter.taken_by}};
  }
  if (Status added = add_conditions(query.filter, from); !added) return added.error();
  AssetEventPage page;
  const std::string order = std::string(" ORDER BY e.event_no") + (query.newest_first ? " DESC" : "");
  Status read = read_page(*connection_, kEventColumns, from, order, query.page, page, event_of);
  if (read) read = add_taken_by(*connection_, page.rows);
  if (!read) return read.error();
  return page;
}

Result<std::vector<QueuedAssetEvent>> SqliteReader::queued_asset_events(const std::string& dag_id,
                                                                        std::int64_t asset_no) {
  std::vector<QueuedAssetEvent> out;
  Query query{"SELECT d.dag_id, a.name, a.asset_no, e.event_no, e.at FROM asset_cursor c JOIN dag d USING (dag_no)"
              " JOIN asset a ON a.asset_no = c.asset_no JOIN asset_event e ON e.asset_no = c.asset_no"
              " AND e.event_no > c.event_no WHERE 1", {}};
  if (!dag_id.empty()) query.add(" AND d.dag_id = ?", dag_id);
  if (asset_no != 0) query.add(" AND c.asset_no = ?", asset_no);
  query.add(" ORDER BY d.dag_id, e.event_no LIMIT ?", kQueuedEventsMax);
  const Status read = connection_->query(query, [&](const Statement& row) -> Status {
    out.push_back({row.string(0), row.string(1), row.integer(2), row.integer(3), row.time(4)});
    return Unit{};
  });
  if (!read) return read.error();
  return out;
}

Result<std::vector<AssetLinkRow>> SqliteReader::asset_links() {
  std::vector<AssetLinkRow> out;
  const Status read = connection_->query(
      "SELECT d.dag_id, a.name, l.role, l.task_id FROM asset_link l JOIN dag d USING (dag_no)"
      " JOIN asset a USING (asset_no) ORDER BY d.dag_id, a.name, l.role, l.task_id LIMIT ?",
      [&](const Statement& row) -> Status {
        out.push_back({row.string(0), {row.string(1), role_of(row.integer(2)), row.string(3)}});
        return Unit{};
      },
      kAssetLinksMax);
  if (!read) return read.error();
  return out;
}

}  // namespace baton
