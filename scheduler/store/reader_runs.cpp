// The SqliteReader's runs: rows, pages in any order, what lives.
#include <algorithm>

#include "scheduler/store/reader_connection.h"

namespace baton::sqlite {

// ---- rows of runs ----

Status ReaderConnection::read_runs(const std::string& numbers, std::unordered_map<RunNo, RunView>& into) {
  // Beginning with the numbers, each run is found by its own: IN (…) would have a table made of them first.
  static const std::string sql =
      std::string("SELECT ") + kRunColumns + " FROM json_each(?) p CROSS JOIN dag_run r ON r.run_no = p.value" + kRunJoins;
  Status read = query(
      sql,
      [&](const Statement& row) -> Status {
        RunView view;
        if (Status decoded = decode_run(row, view.row); !decoded) {
          if (!is_damage(decoded.error())) return decoded;
          view.damage = decoded.error().message;
        }
        view.version_number = row.small(kRunVersionNumber);
        into[view.row.run_no] = std::move(view);
        return Unit{};
      },
      std::string_view(numbers));
  if (!read) return read;
  return query(
      "SELECT l.run_no, l.label, l.value FROM json_each(?) p CROSS JOIN run_label l ON l.run_no = p.value"
      " ORDER BY l.run_no, l.label",
      [&](const Statement& row) -> Status {
        if (const auto at = into.find(row.integer(0)); at != into.end()) {
          at->second.labels.emplace_back(row.string(1), row.string(2));
        }
        return Unit{};
      },
      std::string_view(numbers));
}

Result<std::vector<RunView>> ReaderConnection::runs(const std::vector<RunNo>& numbers) {
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
    view.damage = why != broken.end() ? why->second : damaged("run " + std::to_string(run_no)).message;
    views.push_back(std::move(view));
  }
  return views;
}

Result<RunView> ReaderConnection::run(RunNo run_no) {
  std::unordered_map<RunNo, RunView> found;
  if (Status read = read_runs('[' + std::to_string(run_no) + ']', found); !read) return read.error();
  const auto at = found.find(run_no);
  if (at == found.end()) return Error{"there is no run " + std::to_string(run_no), ErrorKind::not_found};
  if (!at->second.damage.empty()) return Error{at->second.damage, ErrorKind::storage};
  return std::move(at->second);
}

// ---- conditions ----

bool names_more_than_dag_and_state(const RunFilter& f) {
  return !f.run_ids.empty() || !f.dag_id.is_open() || !f.run_id.is_open() || !f.types.empty() || !f.versions.empty() ||
         !f.conf_part.empty() || !f.triggered_by.empty() || !f.labels.empty() || !f.version_ids.empty() || !f.asset.is_open() || !f.logical_date.is_open() || !f.run_after.is_open() ||
         !f.queued_at.is_open() || !f.started_at.is_open() || !f.ended_at.is_open() || !f.updated_at.is_open() ||
         !f.duration.is_open() || f.number_min != 0 || f.number_max != 0;
}

namespace {

/// By number, so that an index by dag_no serves; a DAG that is not there has no runs.
Status add_dags(ReaderConnection& connection, const std::vector<std::string>& dag_ids, const char* plus, Query& into) {
  if (dag_ids.empty()) return Unit{};
  Query numbers{"SELECT dag_no FROM dag WHERE 1", {}};
  add_one_of(numbers, "dag_id", dag_ids);
  const auto found = connection.integers(numbers);
  if (!found) return found.error();
  if (found->empty()) {
    into.add(" AND 0");
  } else if (found->size() == 1) {
    into.add(" AND ").add(plus).add("r.dag_no = ?", found->front());
  } else {
    into.add(" AND ").add(plus).add("r.dag_no IN (SELECT value FROM json_each(?))", '[' + codes_of(*found) + ']');
  }
  return Unit{};
}

}  // namespace

Status add_run_conditions(ReaderConnection& connection, const RunFilter& filter, bool by_order, Query& into) {
  const char* const plus = by_order ? "+" : "";
  if (Status added = add_dags(connection, filter.dag_ids, plus, into); !added) return added;
  add_one_of_codes(into, std::string(plus) + "r.state", filter.states);
  add_one_of(into, "r.run_id", filter.run_ids);
  if (filter.number_min != 0) into.add(" AND r.run_no >= ?", filter.number_min);
  if (filter.number_max != 0) into.add(" AND r.run_no <= ?", filter.number_max);
  if (!filter.dag_id.is_open()) {
    into.add(" AND r.dag_no IN (SELECT dag_no FROM dag WHERE 1");
    if (Status added = add_match(into, "dag_id", filter.dag_id); !added) return added;
    into.add(")");
  }
  if (Status added = add_match(into, "r.run_id", filter.run_id); !added) return added;
  add_one_of_codes(into, "r.run_type", filter.types);
  if (!filter.versions.empty()) {
    into.add(" AND r.version_no IN (SELECT version_no FROM dag_version WHERE number IN (" + codes_of(filter.versions) +
             "))");
  }
  if (!filter.version_ids.empty()) {
    into.add(" AND r.version_no IN (SELECT version_no FROM dag_version WHERE 1");
    add_one_of(into, "version", filter.version_ids);
    into.add(")");
  }
  if (!filter.asset.is_open()) {
    into.add(" AND r.run_no IN (SELECT x.run_no FROM run_asset_event x JOIN asset_event e USING (event_no)"
             " JOIN asset a USING (asset_no) WHERE 1");
    if (Status added = add_match(into, "a.name", filter.asset); !added) return added;
    into.add(")");
  }
  if (!filter.triggered_by.empty()) into.add(" AND r.triggered_by = ?", filter.triggered_by);
  for (const auto& [name, value] : filter.labels) {
    into.add(" AND r.run_no IN (SELECT run_no FROM run_label WHERE label = ?", name);
    if (value) into.add(" AND value = ?", *value);
    into.add(")");
  }
  if (!filter.conf_part.empty()) {
    into.add(" AND EXISTS (SELECT 1 FROM run_input c WHERE c.run_no = r.run_no");
    if (Status added = add_match(into, "c.conf", {{filter.conf_part}, {}}); !added) return added;
    into.add(")");
  }
  add_range(into, "r.logical_date", filter.logical_date);
  add_range(into, "r.run_after", filter.run_after);
  add_range(into, "r.queued_at", filter.queued_at);
  add_range(into, "r.started_at", filter.started_at);
  add_range(into, "r.ended_at", filter.ended_at);
  add_range(into, kRunUpdatedAt, filter.updated_at);
  add_range(into, "(r.ended_at - r.started_at)", filter.duration);
  return Unit{};
}

// ---- pages ----

namespace {

/// Few enough that they are sorted rather than looked for along another order.
constexpr std::int64_t kFewRuns = 5'000;

SortTerm term_of(const OrderBy<RunField>& by) {
  SortTerm term{static_cast<int>(by.field), "", false, false, false, by.descending};
  switch (by.field) {
    case RunField::number: term.sql = "r.run_no"; term.is_unique = true; break;
    case RunField::dag_id: term.sql = "d.dag_id"; term.is_text = true; break;
    case RunField::run_id: term.sql = "r.run_id"; term.is_text = true; break;
    case RunField::state: term.sql = "r.state"; break;
    case RunField::type: term.sql = "r.run_type"; break;
    case RunField::logical_date: term.sql = "r.logical_date"; term.may_be_null = true; break;
    case RunField::run_after: term.sql = "r.run_after"; term.may_be_null = true; break;
    case RunField::queued_at: term.sql = "r.queued_at"; term.may_be_null = true; break;
    case RunField::started_at: term.sql = "r.started_at"; term.may_be_null = true; break;
    case RunField::ended_at: term.sql = "r.ended_at"; term.may_be_null = true; break;
    case RunField::updated_at: term.sql = kRunUpdatedAt; break;
    case RunField::duration: term.sql = "(r.ended_at - r.started_at)"; term.may_be_null = true; break;
    case RunField::conf: term.sql = "i.conf"; term.may_be_null = term.is_text = true; break;
  }
  return term;
}

PageWalk walk_of(const RunQuery& query) {
  std::vector<SortTerm> terms;
  for (const auto& by : query.order) terms.push_back(term_of(by));
  if (terms.empty()) terms.push_back(term_of({RunField::number, true}));
  return {'r', std::move(terms), {{-1, "r.run_no", false, false, true}}, "r.run_no, 0", query.page};
}

/// One page of runs.
class RunList {
 public:
  RunList(ReaderConnection& connection, const RunQuery& query)
      : connection_(connection), query_(query), walk_(walk_of(query)) {}

  Result<RunPage> page() {
    if (wants_one_dag() && query_.filter.dag_ids.size() != 1) {
      return Error{"runs can be ordered by their duration or conf within one DAG only"};
    }
    if (Status key = walk_.take_key(); !key) return key.error();
    auto rows = this->rows();
    if (!rows) return rows.error();
    RunPage page;
    walk_.cut(*rows, page);
    std::vector<RunNo> numbers;
    for (const WalkedRow& row : *rows) numbers.push_back(row.first);
    auto views = connection_.runs(numbers);
    if (!views) return views.error();
    page.rows = std::move(*views);
    if (Status counted = finish(page); !counted) return counted.error();
    return page;
  }

 private:
  [[nodiscard]] RunField field() const { return query_.order.empty() ? RunField::number : query_.order[0].field; }
  [[nodiscard]] bool wants_one_dag() const {
    return std::ranges::any_of(query_.order, [](const auto& by) {
      return by.field == RunField::duration || by.field == RunField::conf;
    });
  }
  [[nodiscard]] bool has(RunField wanted) const {
    return std::ranges::any_of(query_.order, [&](const auto& by) { return by.field == wanted; });
  }

  Result<std::vector<WalkedRow>> rows() {
    const RunFilter& filter = query_.filter;
    if (field() == RunField::number) {
      if (filter.states.size() > 1 && query_.order.size() < 2) return merged();
      const auto from = this->from(false, filter);
      return from ? walk_.rows(connection_, *from) : Result<std::vector<WalkedRow>>(from.error());
    }
    // The runs of one DAG by run_after have an index of their own.
    const bool has_index = field() == RunField::run_after && filter.states.empty() && filter.dag_ids.size() == 1;
    const auto few = has_index ? Result<bool>(false) : are_few();
    if (!few) return few.error();
    if (*few) walk_.sort();
    const auto from = this->from(!*few && !has_index, filter);
    if (!from) return from.error();
    return walk_.rows(connection_, *from);
  }

  /// By number each state is one walk along its index, and the walks are merged: a filter on two states reads two pages.
  Result<std::vector<WalkedRow>> merged() {
    RunQuery one = query_;
    one.page.limit = walk_.limit() + std::max<std::int64_t>(query_.page.offset, 0);
    one.page.offset = 0;
    std::vector<WalkedRow> found;
    for (const RunState state : query_.filter.states) {
      one.filter.states = {state};
      const auto from = this->from(false, one.filter);
      if (!from) return from.error();
      PageWalk walk = walk_of(one);
      if (Status key = walk.take_key(); !key) return key.error();
      auto rows = walk.rows(connection_, *from);
      if (!rows) return rows.error();
      found.insert(found.end(), rows->begin(), rows->end());
    }
    const bool descending = walk_.first_term().descending;
    std::ranges::sort(found, [&](const WalkedRow& a, const WalkedRow& b) {
      return descending ? a.first > b.first : a.first < b.first;
    });
    const auto is_same = [](const WalkedRow& a, const WalkedRow& b) { return a.first == b.first; };
    found.erase(std::unique(found.begin(), found.end(), is_same), found.end());
    const auto skip = std::clamp<std::int64_t>(query_.page.offset, 0, std::ssize(found));
    found.erase(found.begin(), found.begin() + skip);
    const auto beyond = std::ssize(found) - walk_.limit() - 1;
    if (beyond > 0 && walk_.is_back()) found.erase(found.begin(), found.begin() + beyond);
    if (beyond > 0 && !walk_.is_back()) found.resize(static_cast<std::size_t>(walk_.limit() + 1));
    return found;
  }

  Result<Query> from(bool by_order, const RunFilter& filter) {
    Query query;
    // The names of the DAGs are walked first where they are the order.
    query.add(field() == RunField::dag_id ? " FROM dag d CROSS JOIN dag_run r ON r.dag_no = d.dag_no"
                                          : " FROM dag_run r");
    const bool is_by_failure = field() != RunField::dag_id && are_failures_of_a_time(filter);
    if (is_by_failure) query.add(" INDEXED BY dag_run_failed");
    if (field() != RunField::dag_id && has(RunField::dag_id)) query.add(" JOIN dag d ON d.dag_no = r.dag_no");
    if (has(RunField::conf)) query.add(" LEFT JOIN run_input i ON i.run_no = r.run_no");
    query.add(" WHERE 1");
    // In so many words: by a bound number SQLite cannot tell that the index holds them all.
    if (is_by_failure) query.add(" AND r.state = " + codes_of(filter.states));
    if (Status added = add_run_conditions(connection_, filter, by_order, query); !added) return added.error();
    return query;
  }

  /// What has failed since then over all DAGs, as Home asks: by an index of failures alone, or it would cost what all
  /// of years cost, or all that has run since then.
  static bool are_failures_of_a_time(const RunFilter& filter) {
    return filter.dag_ids.empty() && filter.states == std::vector{RunState::failed} &&
           filter.ended_at.at_least != kNoTime;
  }

  /// Whether what the filter lets through is few by its run ids, DAGs and states: then it is sorted, else the order is
  /// walked until the page is full.
  Result<bool> are_few() {
    const RunFilter& filter = query_.filter;
    if (!filter.run_ids.empty()) return true;
    if (filter.dag_ids.empty() && filter.states.empty()) return false;
    const auto count = from_counts();
    if (!count) return count.error();
    return *count <= kFewRuns;
  }

  Result<std::int64_t> from_counts() {
    Query query{"SELECT coalesce(sum(runs), 0) FROM run_count r WHERE 1", {}};
    RunFilter plain;
    plain.dag_ids = query_.filter.dag_ids;
    plain.states = query_.filter.states;
    if (Status added = add_run_conditions(connection_, plain, false, query); !added) return added.error();
    const auto count = connection_.integers(query);
    if (!count) return count.error();
    return count->at(0);
  }

  Status finish(RunPage& page) {
    PageRequest asked = query_.page;
    if (asked.with_total && !names_more_than_dag_and_state(query_.filter)) {
      const auto total = from_counts();
      if (!total) return total.error();
      page.total = *total;
      asked.with_total = false;
    }
    const auto from = this->from(false, query_.filter);
    if (!from) return from.error();
    return finish_page(connection_, asked, *from, page);
  }

  ReaderConnection& connection_;
  const RunQuery& query_;
  PageWalk walk_;
};

}  // namespace

Result<RunPage> list_runs(ReaderConnection& connection, const RunQuery& query) {
  return RunList(connection, query).page();
}

std::string key_after(const RunRow& run, const RunQuery& by_run_after) {
  std::optional<std::string> value;
  if (run.run_after != kNoTime) value = std::to_string(run.run_after);
  return walk_of(by_run_after).key_after({value, std::to_string(run.run_no)});
}

}  // namespace baton::sqlite

namespace baton {

using sqlite::InstanceKey;
using sqlite::Query;
using sqlite::ReaderConnection;

Result<RunView> SqliteReader::run(RunNo run_no) {
  return connection_->run(run_no);
}

Result<RunPage> SqliteReader::list_runs(const RunQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  return sqlite::list_runs(*connection_, query);
}

Result<LiveView> SqliteReader::live() {
  const ReaderConnection::Snapshot snapshot(*connection_);
  LiveView view;
  const auto numbers = connection_->integers(
      "SELECT run_no FROM dag_run WHERE state IN (0, 1) UNION SELECT run_no FROM dag_run WHERE hooks_open = 1"
      " ORDER BY run_no DESC LIMIT ?",
      kLiveMax);
  if (!numbers) return numbers.error();
  auto runs = connection_->runs(*numbers);
  if (!runs) return runs.error();
  view.runs = std::move(*runs);
  const auto of = [&](const std::string& list) {  // queued, running, up_for_retry, up_for_reschedule
    Query query;
    query.add(
        "SELECT run_no, instance_no FROM task_instance WHERE run_no IN (SELECT value FROM json_each(?))"
        " AND state IN (2, 3, 8, 9) ORDER BY run_no DESC, task_no, map_index LIMIT ?",
        '[' + list + ']', kLiveMax);
    return connection_->instance_keys(query);
  };
  auto keys = of(sqlite::codes_of(*numbers));
  if (!keys) {  // as with rows of runs: a damaged page costs the runs that lie on it
    keys = std::vector<InstanceKey>{};
    for (RunView& run : view.runs) {
      const auto own = of(std::to_string(run.row.run_no));
      if (!own) run.damage = own.error().message;
      if (own) keys->insert(keys->end(), own->begin(), own->end());
    }
  }
  auto instances = connection_->instances(*keys);
  if (!instances) return instances.error();
  view.instances = std::move(*instances);
  return view;
}

}  // namespace baton
