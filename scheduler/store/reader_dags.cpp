// The SqliteReader's DAGs: pages with tags, counts and last runs; the grid; files that do not read.
#include <algorithm>
#include <array>
#include <limits>

#include "scheduler/store/reader_connection.h"

namespace baton::sqlite {
namespace {

constexpr char kNewestRun[] = "(SELECT max(run_no) FROM dag_run r WHERE r.dag_no = d.dag_no)";
/// What a server has read last, which an edit that was taken back makes an older one; where none has read, the newest.
constexpr char kStandingVersion[] =
    "coalesce(d.version_no, (SELECT s.version_no FROM dag_version s WHERE s.dag_no = d.dag_no"
    " ORDER BY s.number DESC LIMIT 1))";

SortTerm term_of(const OrderBy<DagField>& by) {
  SortTerm term{static_cast<int>(by.field), "", true, false, false, by.descending};
  switch (by.field) {
    case DagField::dag_id:
      return {static_cast<int>(by.field), "d.dag_id", false, true, true, by.descending};
    case DagField::next_tick: term.sql = "d.next_tick"; break;
    case DagField::last_run_state: term.sql = "n.state"; break;
    case DagField::last_run_started_at: term.sql = "n.started_at"; break;
  }
  return term;
}

/// One page of DAGs.
class DagList {
 public:
  DagList(ReaderConnection& connection, const DagQuery& query) : connection_(connection), query_(query) {}

  Result<DagPage> page() {
    std::vector<SortTerm> terms;
    for (const auto& by : query_.order) terms.push_back(term_of(by));
    if (terms.empty()) terms.push_back(term_of({DagField::dag_id}));
    PageWalk walk('d', std::move(terms), {term_of({DagField::dag_id})}, "d.dag_no, 0", query_.page);
    if (Status key = walk.take_key(); !key) return key.error();
    const auto from = this->from();
    if (!from) return from.error();
    auto rows = walk.rows(connection_, *from);
    if (!rows) return rows.error();
    walk.cut(*rows, page_);
    for (const WalkedRow& row : *rows) at_[row.first] = at_.size();
    page_.rows.resize(rows->size());
    numbers_ = list_of(*rows);
    for (const auto part : {&DagList::read_rows, &DagList::read_counts, &DagList::read_tags, &DagList::read_favorites,
                            &DagList::read_last_runs}) {
      if (Status read = (this->*part)(); !read) return read.error();
    }
    if (Status counted = finish_page(connection_, query_.page, *from, page_); !counted) return counted.error();
    return std::move(page_);
  }

 private:
  Result<Query> from() {
    const DagFilter& filter = query_.filter;
    Query query{" FROM dag d", {}};
    const bool by_last = !filter.last_run_states.empty() || std::ranges::any_of(query_.order, [](const auto& by) {
      return by.field == DagField::last_run_state || by.field == DagField::last_run_started_at;
    });
    if (by_last) query.add(std::string(" LEFT JOIN dag_run n ON n.run_no = ") + kNewestRun);
    query.add(" WHERE 1");
    add_one_of(query, "d.dag_id", filter.dag_ids);
    if (Status added = add_match(query, "d.dag_id", filter.dag_id); !added) return added.error();
    if (Status added = add_match(query, "d.dag_id", filter.display_name); !added) return added.error();
    add_one_of(query, "d.owner", filter.owners);
    add_one_of(query, "d.timetable", filter.timetables);
    add_versions(query);
    if (filter.is_favorite) {
      query.add(*filter.is_favorite ? " AND " : " AND NOT ")
          .add("EXISTS (SELECT 1 FROM dag_favorite w WHERE w.dag_no = d.dag_no AND w.principal = ?)", filter.principal);
    }
    if (Status added = add_assets(query); !added) return added.error();
    add_runs(query);
    add_tags(query);
    if (filter.paused) query.add(*filter.paused ? " AND paused_since IS NOT NULL" : " AND paused_since IS NULL");
    if (filter.stale) query.add(*filter.stale ? " AND stale_since IS NOT NULL" : " AND stale_since IS NULL");
    if (filter.has_import_error) {
      query.add(*filter.has_import_error ? " AND " : " AND NOT ")
          .add("EXISTS (SELECT 1 FROM dag_file f WHERE f.file_no = d.file_no AND f.failed_since IS NOT NULL)");
    }
    add_one_of_codes(query, "n.state", filter.last_run_states);
    return query;
  }

  Status add_assets(Query& query) {
    const DagFilter& filter = query_.filter;
    if (filter.runs_on_assets) {
      query.add(*filter.runs_on_assets ? " AND " : " AND NOT ")
          .add("EXISTS (SELECT 1 FROM asset_trigger o WHERE o.dag_no = d.dag_no)");
    }
    if (filter.asset.is_open()) return Unit{};
    query.add(" AND d.dag_no IN (SELECT l.dag_no FROM asset_link l JOIN asset a USING (asset_no) WHERE l.role = ?",
              static_cast<std::int64_t>(AssetRole::schedule));
    if (Status added = add_match(query, "a.name", filter.asset); !added) return added;
    query.add(")");
    return Unit{};
  }

  void add_versions(Query& query) {
    if (query_.filter.versions.empty()) return;
    query.add(" AND EXISTS (SELECT 1 FROM dag_version x WHERE x.version_no = ")
        .add(kStandingVersion);
    add_one_of(query, "x.version", query_.filter.versions);
    query.add(")");
  }

  void add_runs(Query& query) {
    const DagFilter& filter = query_.filter;
    if (filter.run_states.empty() && filter.run_started_at.is_open() && filter.run_ended_at.is_open()) return;
    query.add(" AND EXISTS (SELECT 1 FROM dag_run u WHERE u.dag_no = d.dag_no");
    add_one_of_codes(query, "u.state", filter.run_states);
    add_range(query, "u.started_at", filter.run_started_at);
    add_range(query, "u.ended_at", filter.run_ended_at);
    query.add(")");
  }

  void add_tags(Query& query) {
    const auto& tags = query_.filter.tags;
    if (tags.empty()) return;
    if (!query_.filter.all_tags) {
      query.add(" AND d.dag_no IN (SELECT dag_no FROM dag_tag WHERE 1");
      add_one_of(query, "tag", tags);
      query.add(")");
      return;
    }
    for (const std::string& tag : tags) {
      query.add(" AND EXISTS (SELECT 1 FROM dag_tag g WHERE g.dag_no = d.dag_no AND g.tag = ?)", tag);
    }
  }

  DagView& view_of(std::int64_t dag_no) { return page_.rows[at_.at(dag_no)]; }

  Status read_rows() {
    static const std::string sql =
        std::string("SELECT d.dag_no, d.dag_id, v.version, v.number, ") + kNewestRun +
        ", paused_since, draining_since, stale_since, paused_by, draining_by, stale_by, schedule_since, cursor, next_tick,"
        " failed_in_row, f.path, f.read_at, f.failed_since, d.seq, d.timetable FROM json_each(?) p"
        " CROSS JOIN dag d ON d.dag_no = p.value LEFT JOIN dag_version v ON v.version_no = " + kStandingVersion +
        " LEFT JOIN dag_file f ON f.file_no = d.file_no";
    return connection_.query(
        sql,
        [&](const Statement& row) -> Status {
          DagView& view = view_of(row.integer(0));
          view.dag_id = row.string(1);
          view.latest_version = row.string(2);
          view.latest_number = row.small(3);
          view.latest_run = row.integer(4);
          view.paused_since = row.time(5);
          view.draining_since = row.time(6);
          view.stale_since = row.time(7);
          view.paused_by = row.string(8);
          view.draining_by = row.string(9);
          view.stale_by = row.string(10);
          view.schedule_since = row.time(11);
          view.cursor = row.time(12);
          view.next_tick = row.time(13);
          view.failed_in_row = row.integer(14);
          view.file = row.string(15);
          view.file_read_at = row.time(16);
          view.has_import_error = !row.is_null(17);
          view.seq = row.integer(18);
          view.timetable = row.string(19);
          return Unit{};
        },
        std::string_view(numbers_));
  }

  Status read_counts() {
    return connection_.query(
        "SELECT c.dag_no, c.state, c.runs FROM json_each(?) p CROSS JOIN run_count c ON c.dag_no = p.value",
        [&](const Statement& row) -> Status {
          RunCounts& counts = view_of(row.integer(0)).runs_by_state;
          const std::int64_t state = row.integer(1);
          if (state < 0 || state >= std::ssize(counts)) return damaged("run_count");
          counts[static_cast<std::size_t>(state)] = row.integer(2);
          return Unit{};
        },
        std::string_view(numbers_));
  }

  Status read_favorites() {
    if (query_.filter.principal.empty()) return Unit{};
    return connection_.query(
        "SELECT w.dag_no FROM json_each(?) p CROSS JOIN dag_favorite w ON w.dag_no = p.value AND w.principal = ?",
        [&](const Statement& row) -> Status {
          view_of(row.integer(0)).is_favorite = true;
          return Unit{};
        },
        std::string_view(numbers_), std::string_view(query_.filter.principal));
  }

  Status read_tags() {
    return connection_.query(
        "SELECT g.dag_no, g.tag FROM json_each(?) p CROSS JOIN dag_tag g ON g.dag_no = p.value ORDER BY g.dag_no, g.tag",
        [&](const Statement& row) -> Status {
          view_of(row.integer(0)).tags.push_back(row.string(1));
          return Unit{};
        },
        std::string_view(numbers_));
  }

  Status read_last_runs() {
    const std::int64_t wanted = std::clamp<std::int64_t>(query_.last_runs, 0, 50);
    if (wanted == 0) return Unit{};
    std::vector<std::pair<std::int64_t, RunNo>> found;
    const Status read = connection_.query(
        "SELECT r.dag_no, r.run_no FROM json_each(?) p CROSS JOIN dag_run r ON r.run_no IN (SELECT run_no FROM dag_run"
        " WHERE dag_no = p.value ORDER BY run_no DESC LIMIT ?) ORDER BY r.dag_no, r.run_no DESC",
        [&](const Statement& row) -> Status {
          found.emplace_back(row.integer(0), row.integer(1));
          return Unit{};
        },
        std::string_view(numbers_), wanted);
    if (!read) return read;
    std::vector<RunNo> numbers;
    for (const auto& [dag_no, run_no] : found) numbers.push_back(run_no);
    auto runs = connection_.runs(numbers);
    if (!runs) return runs.error();
    for (std::size_t i = 0; i < found.size(); ++i) view_of(found[i].first).last_runs.push_back(std::move((*runs)[i]));
    return Unit{};
  }

  ReaderConnection& connection_;
  const DagQuery& query_;
  DagPage page_;
  std::string numbers_;
  std::unordered_map<std::int64_t, std::size_t> at_;
};

}  // namespace
}  // namespace baton::sqlite

namespace baton {

using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::Statement;

Result<DagPage> SqliteReader::list_dags(const DagQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  return sqlite::DagList(*connection_, query).page();
}

Result<std::unordered_map<std::string, RunCounts>> SqliteReader::run_counts(const std::vector<std::string>& dag_ids) {
  Query query{"SELECT d.dag_id, c.state, c.runs FROM dag d LEFT JOIN run_count c ON c.dag_no = d.dag_no WHERE 1", {}};
  add_one_of(query, "d.dag_id", dag_ids);
  std::unordered_map<std::string, RunCounts> counts;
  const Status read = connection_->query(query, [&](const Statement& row) -> Status {
    RunCounts& own = counts[row.string(0)];
    const std::int64_t state = row.integer(1);
    if (row.is_null(1)) return Unit{};
    if (state < 0 || state >= std::ssize(own)) return sqlite::damaged("run_count");
    own[static_cast<std::size_t>(state)] = row.integer(2);
    return Unit{};
  });
  if (!read) return read.error();
  return counts;
}

// ---- the dates of its schedule ----

Result<std::vector<CoveredDateView>> SqliteReader::covered_dates(const std::string& dag_id, const Range& dates) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  std::vector<CoveredDateView> covered;
  const Status read = connection_->query(
      "SELECT c.logical_date, r.state, r.run_id FROM dag d CROSS JOIN run_date c ON c.dag_no = d.dag_no"
      " CROSS JOIN dag_run r ON r.run_no = c.run_no WHERE d.dag_id = ? AND c.logical_date >= ? AND c.logical_date < ?"
      " ORDER BY c.logical_date LIMIT ?",
      [&](const Statement& row) -> Status {
        covered.push_back({row.integer(0), static_cast<RunState>(row.integer(1)), row.string(2)});
        return Unit{};
      },
      std::string_view(dag_id), dates.at_least == kNoTime ? std::numeric_limits<WallUs>::min() : dates.at_least,
      dates.below == kNoTime ? std::numeric_limits<WallUs>::max() : dates.below, kCoveredDatesMax);
  if (!read) return read.error();
  return covered;
}

// ---- the grid ----

Result<std::vector<GridColumn>> SqliteReader::grid(const std::string& dag_id, std::int64_t runs, RunNo before) {
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  query.order = {{RunField::run_after, true}};
  query.page.limit = std::clamp<std::int64_t>(runs, 1, kGridRunsMax);
  query.page.with_total = false;
  const ReaderConnection::Snapshot snapshot(*connection_);
  if (before != 0) {
    const auto found = connection_->run(before);
    if (!found) return found.error();
    query.page.after = sqlite::key_after(found->row, query);
  }
  auto page = sqlite::list_runs(*connection_, query);
  if (!page) return page.error();
  std::vector<GridColumn> columns;
  std::unordered_map<RunNo, std::size_t> at;
  std::vector<RunNo> numbers;
  std::ranges::reverse(page->rows);
  for (RunView& run : page->rows) {
    at[run.row.run_no] = columns.size();
    numbers.push_back(run.row.run_no);
    columns.push_back({std::move(run), {}, false});
  }
  std::int64_t left = kGridCellsTotal;
  std::ranges::reverse(numbers);  // the newest first, so that a grid that is cut lacks the oldest
  const Status read = connection_->query(
      "SELECT t.run_no, t.task_no, t.map_index, t.state FROM json_each(?) p"
      " CROSS JOIN task_instance t ON t.run_no = p.value LIMIT ?",
      [&](const Statement& row) -> Status {
        GridColumn& column = columns[at[row.integer(0)]];
        column.is_cut = --left == 0 || std::ssize(column.cells) == kGridCellsMax;
        if (column.is_cut) return Unit{};
        column.cells.push_back({row.small(1), row.small(2), static_cast<TaskState>(row.integer(3))});
        return Unit{};
      },
      std::string_view('[' + sqlite::codes_of(numbers) + ']'), kGridCellsTotal);
  if (!read) return read.error();
  for (GridColumn& column : columns) {
    std::ranges::sort(column.cells, {}, [](const GridCell& cell) { return std::pair(cell.task_no, cell.map_index); });
  }
  return columns;
}

}  // namespace baton
