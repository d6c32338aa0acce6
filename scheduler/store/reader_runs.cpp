// The SqliteReader's runs: pages in any order, what lives, the grid.
#include <algorithm>
#include <functional>
#include <iterator>

#include "scheduler/store/reader_connection.h"

namespace baton {

using sqlite::Statement;

// ---- rows of runs ----

Status SqliteReader::Connection::read_runs(const std::string& numbers, std::unordered_map<RunNo, RunView>& into) {
  static const std::string sql = std::string("SELECT ") + sqlite::kRunColumns + sqlite::kRunTables +
                                 "WHERE r.run_no IN (SELECT value FROM json_each(?))";
  return query(
      sql,
      [&](const Statement& row) -> Status {
        RunView view;
        if (Status decoded = sqlite::decode_run(row, view.row); !decoded) {
          if (!is_damage(decoded.error())) return decoded;
          view.damage = decoded.error().message;
        }
        view.version_number = row.small(sqlite::kRunVersionNumber);
        into[view.row.run_no] = std::move(view);
        return Unit{};
      },
      std::string_view(numbers));
}

Result<std::vector<RunView>> SqliteReader::Connection::runs(const std::vector<RunNo>& numbers) {
  std::unordered_map<RunNo, RunView> found;
  Status read = read_runs('[' + codes_of(numbers) + ']', found);
  std::unordered_map<RunNo, std::string> broken;
  if (!read) {
    if (!is_damage(read.error())) return read.error();
    // A damaged page ends the whole statement: each by itself, so that it costs no more than the runs that lie on it.
    for (const RunNo run_no : numbers) {
      if (Status one = read_runs('[' + std::to_string(run_no) + ']', found); !one) broken[run_no] = one.error().message;
    }
  }
  std::vector<RunView> views;
  views.reserve(numbers.size());
  for (const RunNo run_no : numbers) {
    if (auto at = found.find(run_no); at != found.end()) {
      views.push_back(std::move(at->second));
      continue;
    }
    RunView view;
    view.row.run_no = run_no;
    const auto why = broken.find(run_no);
    view.damage = why != broken.end() ? why->second : sqlite::damaged("run " + std::to_string(run_no)).message;
    views.push_back(std::move(view));
  }
  return views;
}

Result<RunView> SqliteReader::Connection::run(RunNo run_no) {
  std::unordered_map<RunNo, RunView> found;
  if (Status read = read_runs('[' + std::to_string(run_no) + ']', found); !read) return read.error();
  const auto at = found.find(run_no);
  if (at == found.end()) return Error{"there is no run " + std::to_string(run_no), ErrorKind::not_found};
  if (!at->second.damage.empty()) return Error{at->second.damage, ErrorKind::storage};
  return std::move(at->second);
}

Result<RunView> SqliteReader::run(RunNo run_no) {
  return connection_->run(run_no);
}

// ---- pages ----

namespace {

struct OrderColumn {
  const char* sql;
  char letter;      ///< in keys
  bool may_be_null;
  bool is_text;
};

OrderColumn column_of(RunOrder order) {
  switch (order) {
    case RunOrder::run_no: return {"r.run_no", 'n', false, false};
    case RunOrder::run_after: return {"r.run_after", 'a', true, false};
    case RunOrder::logical_date: return {"r.logical_date", 'l', true, false};
    case RunOrder::started_at: return {"r.started_at", 's', true, false};
    case RunOrder::ended_at: return {"r.ended_at", 'e', true, false};
    case RunOrder::run_id: return {"r.run_id", 'i', false, true};
    case RunOrder::state: return {"r.state", 't', false, false};
    case RunOrder::duration: return {"(r.ended_at - r.started_at)", 'd', true, false};
  }
  return {"r.run_no", 'n', false, false};
}

void add_range(Query& query, const char* column, const TimeRange& range) {
  if (range.at_least != kNoTime) query.add(std::string(" AND ") + column + " >= ?", range.at_least);
  if (range.below != kNoTime) query.add(std::string(" AND ") + column + " < ?", range.below);
}

bool is_pattern_free(const RunFilter& filter) {
  return filter.id_pattern.empty() && filter.types.empty() && filter.run_after.is_open() &&
         filter.logical_date.is_open() && filter.started_at.is_open() && filter.ended_at.is_open();
}

/// Beside DAG and states, which an index may serve.
void add_conditions(Query& query, const RunFilter& filter) {
  if (!filter.types.empty()) query.add(" AND r.run_type IN (" + codes_of(filter.types) + ")");
  add_range(query, "r.run_after", filter.run_after);
  add_range(query, "r.logical_date", filter.logical_date);
  add_range(query, "r.started_at", filter.started_at);
  add_range(query, "r.ended_at", filter.ended_at);
  if (!filter.id_pattern.empty()) query.add(" AND r.run_id LIKE ?", "%" + filter.id_pattern + "%");
}

/// Few enough that they are sorted rather than looked for along another order.
constexpr std::int64_t kFewRuns = 5'000;

/// One page's walk: which rows, in which order.
class RunWalk {
 public:
  template <typename Connection>
  static Result<RunPage> page(Connection& connection, const RunFilter& filter) {
    RunWalk walk(filter);
    if (!filter.dag_id.empty()) {
      const auto dag_no = connection.dag_no(filter.dag_id);
      if (!dag_no) return dag_no.error();
      if (*dag_no == 0) return walk.finish(connection, {});
      walk.dag_no_ = *dag_no;
    }
    if (Status key = walk.take_key(); !key) return key.error();
    auto rows = walk.rows(connection);
    if (!rows) return rows.error();
    return walk.finish(connection, std::move(*rows));
  }

 private:
  struct Row {
    RunNo run_no = 0;
    std::optional<std::string> value;  ///< in the order, where it has one
    std::int64_t number = 0;           ///< the same as a number
  };

  explicit RunWalk(const RunFilter& filter)
      : filter_(filter),
        column_(column_of(filter.order)),
        limit_(std::clamp<std::int64_t>(filter.limit, 1, 10'000)),
        skipped_(std::max<std::int64_t>(filter.offset, 0)) {}

  Status take_key() {
    if (filter_.order == RunOrder::duration && dag_no_ == 0) {
      return Error{"runs can be ordered by duration within one DAG only"};
    }
    if (filter_.order == RunOrder::run_no && filter_.before > 0) key_ = PageKey{std::nullopt, {filter_.before}};
    if (filter_.after.empty()) return Unit{};
    auto key = key_from(filter_.after, column_.letter, 1);
    if (!key) return key.error();
    key_ = std::move(*key);
    return Unit{};
  }

  /// The rows whose order is known, then those that have no such value.
  template <typename Connection>
  Result<std::vector<Row>> rows(Connection& connection) {
    const std::int64_t wanted = skipped_ + limit_ + 1;
    std::vector<Row> found;
    const bool past_values = key_ && column_.may_be_null && !key_->value;
    if (!past_values) {
      if (Status read = walk_values(connection, wanted, found); !read) return read.error();
    }
    const auto left = wanted - static_cast<std::int64_t>(found.size());
    if (column_.may_be_null && left > 0) {
      Query query = select("");
      query.add(std::string(" AND ") + column_.sql + " IS NULL");
      if (past_values) query.add(filter_.ascending ? " AND r.run_no > ?" : " AND r.run_no < ?", key_->numbers[0]);
      query.add(filter_.ascending ? " ORDER BY r.run_no" : " ORDER BY r.run_no DESC");
      if (Status read = take(connection, query.add(" LIMIT ?", left), found); !read) return read.error();
    }
    found.erase(found.begin(), found.begin() + std::min<std::ptrdiff_t>(skipped_, std::ssize(found)));
    return found;
  }

  /// By number each state is one walk down its index, and the walks are merged: a filter on two states reads two pages.
  template <typename Connection>
  Status walk_values(Connection& connection, std::int64_t wanted, std::vector<Row>& found) {
    if (filter_.order != RunOrder::run_no || filter_.states.size() < 2) {
      const auto few = are_few(connection);
      if (!few) return few.error();
      return take(connection, values(state_condition(*few), *few, wanted), found);
    }
    for (const RunState state : filter_.states) {
      Query query = values(" AND r.state = " + codes_of(std::vector{state}), false, wanted);
      if (Status read = take(connection, query, found); !read) return read;
    }
    const auto in_order = [this](const Row& a, const Row& b) {
      return filter_.ascending ? a.run_no < b.run_no : a.run_no > b.run_no;
    };
    std::sort(found.begin(), found.end(), in_order);
    const auto same = [](const Row& a, const Row& b) { return a.run_no == b.run_no; };
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
    if (std::ssize(found) > wanted) found.resize(static_cast<std::size_t>(wanted));
    return Unit{};
  }

  Query values(const std::string& states, bool sorted, std::int64_t wanted) {
    Query query = select(states);
    const std::string column = column_.sql;
    const std::string direction = filter_.ascending ? "" : " DESC";
    const std::string than = filter_.ascending ? " > " : " < ";
    if (column_.may_be_null) query.add(" AND " + column + " IS NOT NULL");
    if (key_ && filter_.order == RunOrder::run_no) {
      query.add(" AND r.run_no" + than + "?", key_->numbers[0]);
    } else if (key_) {
      query.add(" AND (" + column + ", r.run_no)" + than + "(");
      if (column_.is_text) {
        query.add("?", *key_->value);
      } else {
        query.add("?", static_cast<std::int64_t>(std::stoll(*key_->value)));
      }
      query.add(", ?)", key_->numbers[0]);
    }
    // A plus keeps SQLite from walking this order where the rows are few and found by their state.
    query.add(" ORDER BY " + std::string(sorted ? "+" : "") + column + direction + ", r.run_no" + direction);
    return query.add(" LIMIT ?", wanted);
  }

  Query select(const std::string& states) {
    Query query;
    query.add(std::string("SELECT r.run_no, ") + column_.sql + " FROM dag_run r WHERE 1" + states);
    if (states.empty() && !filter_.states.empty()) query.add(state_condition(false));
    if (dag_no_ != 0) query.add(" AND r.dag_no = ?", dag_no_);
    add_conditions(query, filter_);
    return query;
  }

  [[nodiscard]] std::string state_condition(bool few) const {
    if (filter_.states.empty()) return "";
    if (filter_.states.size() == 1 && filter_.order == RunOrder::run_no) {
      return " AND r.state = " + codes_of(filter_.states);
    }
    return std::string(few ? " AND r.state IN (" : " AND +r.state IN (") + codes_of(filter_.states) + ")";
  }

  /// Whether the runs in these states are few: then they are sorted, else the order is walked until the page is full.
  template <typename Connection>
  Result<bool> are_few(Connection& connection) {
    if (filter_.states.empty() || filter_.order == RunOrder::run_no) return false;
    const auto count = from_counts(connection);
    if (!count) return count.error();
    return *count <= kFewRuns;
  }

  template <typename Connection>
  Result<std::int64_t> from_counts(Connection& connection) {
    Query query;
    query.add("SELECT coalesce(sum(runs), 0) FROM run_count WHERE 1");
    if (!filter_.states.empty()) query.add(" AND state IN (" + codes_of(filter_.states) + ")");
    if (dag_no_ != 0) query.add(" AND dag_no = ?", dag_no_);
    const auto count = connection.integers(query);
    if (!count) return count.error();
    return count->at(0);
  }

  template <typename Connection>
  Status take(Connection& connection, const Query& query, std::vector<Row>& into) {
    return connection.query(query, [&](const Statement& row) -> Status {
      Row found{row.integer(0), std::nullopt, 0};
      if (!row.is_null(1)) found.value = row.string(1);
      into.push_back(std::move(found));
      return Unit{};
    });
  }

  template <typename Connection>
  Result<RunPage> finish(Connection& connection, std::vector<Row> rows) {
    RunPage page;
    const bool has_more = std::ssize(rows) > limit_;
    if (has_more) rows.resize(static_cast<std::size_t>(limit_));
    std::vector<RunNo> numbers;
    for (const Row& row : rows) numbers.push_back(row.run_no);
    auto views = connection.runs(numbers);
    if (!views) return views.error();
    page.runs = std::move(*views);
    if (has_more) {
      page.next = key_text(column_.letter, {rows.back().value, {rows.back().run_no}});
      if (filter_.order == RunOrder::run_no) page.next_before = rows.back().run_no;
    }
    const auto seq = connection.seq();
    if (!seq) return seq.error();
    page.seq = *seq;
    if (filter_.with_total) {
      if (Status counted = count(connection, page); !counted) return counted.error();
    }
    return page;
  }

  template <typename Connection>
  Status count(Connection& connection, RunPage& page) {
    if (!filter_.dag_id.empty() && dag_no_ == 0) return Unit{};
    if (is_pattern_free(filter_)) {
      const auto total = from_counts(connection);
      if (!total) return total.error();
      page.total = *total;
      return Unit{};
    }
    const auto total = connection.total(select(""));
    if (!total) return total.error();
    std::tie(page.total, page.total_is_capped) = *total;
    return Unit{};
  }

  const RunFilter& filter_;
  const OrderColumn column_;
  const std::int64_t limit_, skipped_;
  std::int64_t dag_no_ = 0;
  std::optional<PageKey> key_;
};

}  // namespace

Result<RunPage> SqliteReader::list_runs(const RunFilter& filter) {
  const Connection::Snapshot snapshot(*connection_);
  return RunWalk::page(*connection_, filter);
}

// ---- what lives, the grid ----

Result<LiveView> SqliteReader::live() {
  const Connection::Snapshot snapshot(*connection_);
  LiveView view;
  const auto numbers = connection_->integers(
      "SELECT run_no FROM dag_run WHERE state IN (0, 1) UNION SELECT run_no FROM dag_run WHERE hooks_open = 1"
      " ORDER BY run_no DESC LIMIT ?",
      kLiveMax);
  if (!numbers) return numbers.error();
  auto runs = connection_->runs(*numbers);
  if (!runs) return runs.error();
  view.runs = std::move(*runs);
  const auto of = [](const std::string& numbers) {
    // queued, running, up_for_retry, up_for_reschedule
    Query query;
    query.add("WHERE t.run_no IN (SELECT value FROM json_each(?)) AND t.state IN (2, 3, 8, 9)", '[' + numbers + ']');
    return query.add(" ORDER BY t.run_no DESC, t.task_no, t.map_index LIMIT ?", kLiveMax);
  };
  auto found = connection_->instances(of(codes_of(*numbers)));
  if (found) {
    view.instances = std::move(*found);
    return view;
  }
  // As with rows of runs: a damaged page costs the runs that lie on it.
  for (RunView& run : view.runs) {
    auto own = connection_->instances(of(std::to_string(run.row.run_no)));
    if (!own) {
      run.damage = own.error().message;
    } else {
      std::move(own->begin(), own->end(), std::back_inserter(view.instances));
    }
  }
  return view;
}

Result<std::vector<GridColumn>> SqliteReader::grid(const std::string& dag_id, std::int64_t runs) {
  RunFilter filter;
  filter.dag_id = dag_id;
  filter.order = RunOrder::run_after;
  filter.limit = std::clamp<std::int64_t>(runs, 1, 1'000);
  filter.with_total = false;
  const Connection::Snapshot snapshot(*connection_);
  auto page = RunWalk::page(*connection_, filter);
  if (!page) return page.error();
  std::vector<GridColumn> columns;
  std::unordered_map<RunNo, std::size_t> at;
  std::string numbers;
  std::reverse(page->runs.begin(), page->runs.end());
  for (RunView& run : page->runs) {
    at[run.row.run_no] = columns.size();
    numbers += (numbers.empty() ? "" : ",") + std::to_string(run.row.run_no);
    columns.push_back({std::move(run), {}, false});
  }
  const Status read = connection_->query(
      "SELECT run_no, task_no, map_index, state FROM task_instance WHERE run_no IN (SELECT value FROM json_each(?))"
      " ORDER BY run_no DESC, task_no, map_index LIMIT ?",
      [&](const Statement& row) -> Status {
        GridColumn& column = columns[at[row.integer(0)]];
        column.is_cut = std::ssize(column.cells) == kGridCellsMax;
        if (column.is_cut) return Unit{};
        column.cells.push_back({row.small(1), row.small(2), static_cast<TaskState>(row.integer(3))});
        return Unit{};
      },
      std::string_view('[' + numbers + ']'), kGridCellsMax * 20);
  if (!read) return read.error();
  return columns;
}

}  // namespace baton
