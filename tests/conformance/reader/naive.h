// NaiveReader: what a list should be, by going through all rows. Filters and orders as reader_queries.h words them, with
// none of the statements of a store.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/reader.h"

namespace baton::naive {

/// What a row is ordered by: none comes last either way.
struct SortValue {
  bool is_missing = false;
  std::int64_t number = 0;
  std::string text;
};

inline bool lies_in(const Range& range, std::int64_t value, bool is_missing) {
  if (range.is_open()) return true;
  if (is_missing) return false;
  return (range.at_least == kNoTime || value >= range.at_least) && (range.below == kNoTime || value < range.below);
}
inline bool lies_in(const Range& range, WallUs at) {
  return lies_in(range, at, at == kNoTime);
}

template <typename T>
bool one_of(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

inline bool matches(const TextMatch& match, const std::string& text) {
  if (match.is_open()) return true;
  for (const auto& part : match.parts) {
    if (text.find(part) != std::string::npos) return true;  // the tests' parts have no wildcards and small letters
  }
  return std::ranges::any_of(match.prefixes, [&](const auto& prefix) { return text.starts_with(prefix); });
}

/// Orders `rows` by what `value(row, i)` says of the i-th of `descending`, then by `number` the way of the first.
template <typename Row, typename Value, typename Number>
void order(std::vector<Row>& rows, const std::vector<bool>& descending, const Value& value, const Number& number) {
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
    for (std::size_t i = 0; i < descending.size(); ++i) {
      const SortValue x = value(a, i), y = value(b, i);
      if (x.is_missing != y.is_missing) return y.is_missing;
      if (x.is_missing) continue;
      if (x.number != y.number) return descending[i] ? x.number > y.number : x.number < y.number;
      if (x.text != y.text) return descending[i] ? x.text > y.text : x.text < y.text;
    }
    return descending[0] ? number(a) > number(b) : number(a) < number(b);
  });
}

// ---- runs ----

inline WallUs updated_at(const RunRow& run) {
  return std::max({WallUs{0}, run.queued_at, run.begun_at, run.started_at, run.ended_at});
}

inline bool lets_through(const RunFilter& f, const RunView& view) {
  const RunRow& run = view.row;
  const bool has_span = run.started_at != kNoTime && run.ended_at != kNoTime;
  return one_of(f.dag_ids, run.dag_id) && one_of(f.run_ids, run.run_id) && matches(f.dag_id, run.dag_id) &&
         matches(f.run_id, run.run_id) && one_of(f.states, run.state) && one_of(f.types, run.type) &&
         one_of(f.versions, view.version_number) &&
         (f.conf_part.empty() || run.conf_json.find(f.conf_part) != std::string::npos) &&
         lies_in(f.logical_date, run.logical_date) && lies_in(f.run_after, run.run_after) &&
         lies_in(f.queued_at, run.queued_at) && lies_in(f.started_at, run.started_at) &&
         lies_in(f.ended_at, run.ended_at) && lies_in(f.updated_at, updated_at(run)) &&
         lies_in(f.duration, run.ended_at - run.started_at, !has_span);
}

inline SortValue sort_value(const RunView& view, RunField field) {
  const RunRow& run = view.row;
  const auto time = [](WallUs at) { return SortValue{at == kNoTime, at, ""}; };
  switch (field) {
    case RunField::number: return {false, run.run_no, ""};
    case RunField::dag_id: return {false, 0, run.dag_id};
    case RunField::run_id: return {false, 0, run.run_id};
    case RunField::state: return {false, static_cast<std::int64_t>(run.state), ""};
    case RunField::type: return {false, static_cast<std::int64_t>(run.type), ""};
    case RunField::logical_date: return time(run.logical_date);
    case RunField::run_after: return time(run.run_after);
    case RunField::queued_at: return time(run.queued_at);
    case RunField::started_at: return time(run.started_at);
    case RunField::ended_at: return time(run.ended_at);
    case RunField::updated_at: return time(updated_at(run));
    case RunField::duration:
      return {run.started_at == kNoTime || run.ended_at == kNoTime, run.ended_at - run.started_at, ""};
    case RunField::conf: return {false, 0, run.conf_json};
  }
  return {};
}

inline std::vector<RunView> select(std::vector<RunView> rows, const RunQuery& query) {
  std::erase_if(rows, [&](const RunView& view) { return !lets_through(query.filter, view); });
  std::vector<bool> descending;
  for (const auto& by : query.order) descending.push_back(by.descending);
  order(
      rows, descending, [&](const RunView& v, std::size_t i) { return sort_value(v, query.order[i].field); },
      [](const RunView& v) { return v.row.run_no; });
  return rows;
}

// ---- task instances ----

/// An instance and the run that it is of.
struct Instance {
  InstanceView view;
  RunView run;
};

inline WallUs updated_at(const TaskRow& row) {
  return std::max({WallUs{0}, row.scheduled_at, row.queued_at, row.started_at, row.ended_at});
}

inline bool lets_through(const InstanceFilter& f, const Instance& one) {
  const InstanceView& view = one.view;
  const TaskRow& row = view.row;
  const bool has_span = row.started_at != kNoTime && row.ended_at != kNoTime;
  return (!f.run_no || *f.run_no == row.run_no) && lets_through(f.run, one.run) && one_of(f.task_ids, view.task_id) &&
         one_of(f.pools, view.pool) && matches(f.task_id, view.task_id) && matches(f.pool, view.pool) &&
         (f.map_key.is_open() || matches(f.map_key, row.map_key)) && one_of(f.map_indexes, row.map_index) &&
         one_of(f.try_numbers, row.try_number) && one_of(f.states, row.state) && one_of(f.kinds, view.kind) &&
         lies_in(f.started_at, row.started_at) && lies_in(f.ended_at, row.ended_at) &&
         lies_in(f.updated_at, updated_at(row)) && lies_in(f.duration, row.ended_at - row.started_at, !has_span);
}

inline SortValue sort_value(const Instance& one, InstanceField field) {
  const TaskRow& row = one.view.row;
  const auto time = [](WallUs at) { return SortValue{at == kNoTime, at, ""}; };
  switch (field) {
    case InstanceField::number: return {false, row.run_no * 1'000'000 + row.instance_no, ""};
    case InstanceField::task: return {false, -row.run_no * 1'000'000 + row.task_no * 1'000 + row.map_index, ""};
    case InstanceField::dag_id: return {false, 0, one.view.dag_id};
    case InstanceField::run_id: return {false, 0, one.view.run_id};
    case InstanceField::task_id: return {false, 0, one.view.task_id};
    case InstanceField::map_index: return {false, row.map_index, ""};
    case InstanceField::map_key: return {row.map_key.empty(), 0, row.map_key};
    case InstanceField::state: return {false, static_cast<std::int64_t>(row.state), ""};
    case InstanceField::try_number: return {false, row.try_number, ""};
    case InstanceField::kind: return {false, static_cast<std::int64_t>(one.view.kind), ""};
    case InstanceField::pool: return {one.view.pool.empty(), 0, one.view.pool};
    case InstanceField::started_at: return time(row.started_at);
    case InstanceField::ended_at: return time(row.ended_at);
    case InstanceField::updated_at: return time(updated_at(row));
    case InstanceField::duration:
      return {row.started_at == kNoTime || row.ended_at == kNoTime, row.ended_at - row.started_at, ""};
    case InstanceField::logical_date: return time(one.run.row.logical_date);
    case InstanceField::run_after: return time(one.run.row.run_after);
    case InstanceField::interval_start: return time(one.run.row.interval_start);
    case InstanceField::interval_end: return time(one.run.row.interval_end);
  }
  return {};
}

inline std::vector<Instance> select(std::vector<Instance> rows, const InstanceQuery& query) {
  std::erase_if(rows, [&](const Instance& one) { return !lets_through(query.filter, one); });
  std::vector<bool> descending;
  for (const auto& by : query.order) descending.push_back(by.descending && by.field != InstanceField::task);
  order(
      rows, descending, [&](const Instance& v, std::size_t i) { return sort_value(v, query.order[i].field); },
      [](const Instance& v) { return v.view.row.run_no * 1'000'000 + v.view.row.instance_no; });
  return rows;
}

}  // namespace baton::naive
