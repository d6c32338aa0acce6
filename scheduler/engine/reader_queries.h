// What a Reader can be asked for: filters, orders and pages, as plain values. Any thread; no behaviour.
//
// A filter lets through what fulfils all that it names; what is empty names nothing. A page goes on by key, which costs
// the same on page 1 and page 10,000, or by offset, which costs time in proportion.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

/// From `at_least` up to but not `below`; kNoTime: open on that side. Rows without the value lie in no range.
/// Times are µs UTC, durations µs; "greater than x" is at_least x + 1.
struct Range {
  std::int64_t at_least = kNoTime, below = kNoTime;
  [[nodiscard]] bool is_open() const { return at_least == kNoTime && below == kNoTime; }
};

/// Texts that hold one of `parts` (`%` stands for anything, `_` for one character; ASCII letters of either case), or
/// begin with one of `prefixes` (exactly). Both empty: any text. Parts longer than 250 bytes are `invalid`.
struct TextMatch {
  std::vector<std::string> parts, prefixes;
  bool is_literal = false;  ///< parts: `%` and `_` stand for themselves, and case counts
  [[nodiscard]] bool is_open() const { return parts.empty() && prefixes.empty(); }
};

/// How many rows match at most before a total says no more than that (`total_is_capped`).
inline constexpr std::int64_t kTotalMax = 100'000;

struct PageRequest {
  std::int64_t limit = 50;  ///< rows at most; clamped to 0 … 10,000; 0: the total alone
  std::int64_t offset = 0;  ///< rows passed over
  /// `next` or `previous` of another page of the same filter and order; that of another one is `invalid`. Then offset
  /// counts for nothing where it goes back.
  std::string after;
  bool with_total = true;   ///< a total costs time with the rows that match, up to kTotalMax
};

/// One thing that a list is ordered by. Rows that lack it come last either way, and are found by going through what the
/// filter lets through; equal rows by their numbers, the way of
/// the first one. Enums are ordered as scheduler/model/states.h lists them.
template <typename Field>
struct OrderBy {
  Field field;
  bool descending = false;
};

// ---- runs ----

/// Walked along an index: number, run_after, logical_date, started_at, ended_at, run_id, and state by number. The others
/// sort what the filter lets through; `duration` and `conf` want one DAG for that, else `invalid`. `updated_at` is the
/// last of a run's times.
enum class RunField : std::uint8_t {
  number, dag_id, run_id, state, type, logical_date, run_after, queued_at, started_at, ended_at, updated_at, duration,
  conf,
};

struct RunFilter {
  std::vector<std::string> dag_ids, run_ids;  ///< exactly one of these
  TextMatch dag_id, run_id;
  std::vector<RunState> states;
  std::vector<RunType> types;
  std::vector<std::int32_t> versions;         ///< numbers of the version of the DAG
  std::vector<std::string> version_ids;       ///< exactly one of these versions
  TextMatch asset;                            ///< made for an event of such an asset
  std::string conf_part;                      ///< a part of the params as JSON; costs time with the runs
  std::string triggered_by;
  std::vector<std::pair<std::string, std::optional<std::string>>> labels;  ///< all of these; no value: has it
  Range logical_date, run_after, queued_at, started_at, ended_at, updated_at, duration;
  RunNo number_min = 0, number_max = 0;       ///< both included; 0: no limit
};

struct RunQuery {
  RunFilter filter;
  std::vector<OrderBy<RunField>> order = {{RunField::number, true}};  ///< empty: the newest first
  PageRequest page;
};

// ---- task instances ----

/// `number`: by run, then instance, as they were made. `task`: the newest run first, then as the file has the tasks, then
/// by index; always this way. Both, started_at, and the times of the run are walked along an index. The others sort what
/// the filter lets through: within one run or DAG; over more only where at most kTotalMax match, and `duration` and `kind`
/// not at all, else `invalid`.
enum class InstanceField : std::uint8_t {
  number, task, dag_id, run_id, task_id, map_index, map_key, state, try_number, kind, pool, started_at, ended_at,
  updated_at, duration, logical_date, run_after, interval_start, interval_end,
};

struct InstanceFilter {
  std::optional<RunNo> run_no;          ///< of this run alone; one that is not there has none
  RunFilter run;                        ///< of runs that this lets through
  std::vector<std::string> task_ids, groups, pools, executors;  ///< exactly one of these
  TextMatch task_id, map_key, pool;
  std::vector<std::int32_t> map_indexes, try_numbers;
  std::vector<TaskState> states;
  std::vector<TaskKind> kinds;          ///< what Airflow calls operator
  Range started_at, ended_at, updated_at, duration;
  bool with_hooks = true;               ///< also those of hooks
};

struct InstanceQuery {
  InstanceFilter filter;
  std::vector<OrderBy<InstanceField>> order = {{InstanceField::task}};  ///< empty: by number
  PageRequest page;
};

// ---- DAGs, and what is kept beside ----

enum class DagField : std::uint8_t { dag_id, next_tick, last_run_state, last_run_started_at };

struct DagFilter {
  std::vector<std::string> dag_ids;
  TextMatch dag_id, display_name;       ///< both of its id: it has no other name
  std::vector<std::string> owners;      ///< exactly one of these
  std::vector<std::string> timetables;  ///< exactly one of these kinds
  std::vector<std::string> versions;    ///< its newest version is one of these
  std::string principal;                ///< whose favorites `is_favorite` means; empty: nobody's
  std::optional<bool> is_favorite;
  TextMatch asset;                      ///< it runs on such an asset
  std::optional<bool> runs_on_assets;
  std::vector<RunState> run_states;     ///< it has a run in one of these states,
  Range run_started_at, run_ended_at;   ///< that has begun and ended in these times
  std::vector<std::string> tags;
  bool all_tags = false;                ///< all of `tags`; else one of them
  std::optional<bool> paused, stale, has_import_error;
  std::vector<RunState> last_run_states;  ///< of the newest run
};

struct DagQuery {
  DagFilter filter;
  std::vector<OrderBy<DagField>> order = {{DagField::dag_id}};
  PageRequest page;
  std::int64_t last_runs = 0;           ///< with so many of each one's newest runs; clamped to 0 … 50
};

enum class AuditField : std::uint8_t { number, at, dag_id, run_id, task_id, actor, action };

/// Of the event log: who changed what.
struct AuditFilter {
  std::vector<std::string> dag_ids, run_ids, task_ids, actors, actions, excluded_actions;
  TextMatch dag_id, run_id, task_id, actor, action;
  std::optional<std::int32_t> map_index;
  Range at;
};

struct AuditQuery {
  AuditFilter filter;
  std::vector<OrderBy<AuditField>> order = {{AuditField::number, true}};
  PageRequest page;
};

enum class AssetField : std::uint8_t { number, name, uri, created_at, updated_at };

/// Assets are few: their lists are read whole, and only pages by offset.
struct AssetQuery {
  TextMatch name, uri;
  std::vector<std::string> names;       ///< exactly one of these
  std::vector<std::string> dag_ids;     ///< that one of these makes, reads or runs on
  std::vector<OrderBy<AssetField>> order = {{AssetField::number}};
  PageRequest page;
};

struct AssetEventFilter {
  std::int64_t asset_no = 0;            ///< 0: of any
  TextMatch name;                       ///< of the asset
  std::vector<std::string> dag_ids, task_ids, run_ids;  ///< that have produced them
  std::optional<std::int32_t> map_index;
  std::vector<std::int64_t> numbers;    ///< exactly these
  RunNo source_run = 0;                 ///< that this run has produced
  RunNo taken_by = 0;                   ///< that this run was made for
  Range at;
};

/// By number, which is the order of their commits. Only pages by offset.
struct AssetEventQuery {
  AssetEventFilter filter;
  bool newest_first = true;
  PageRequest page;
};

/// Ticks of one DAG that made no run, newest first. Only pages by offset.
struct TickQuery {
  std::string dag_id;
  Range due;  ///< records of which at least one tick was due in it
  PageRequest page;
};

enum class ImportErrorField : std::uint8_t { number, path, failed_since };

struct ImportErrorQuery {
  TextMatch path;
  std::vector<OrderBy<ImportErrorField>> order = {{ImportErrorField::number}};
  PageRequest page;
};

/// Of dead letters. `numbers`: exactly one of these; `number_min`, `number_max`: from and up to these, 0: any.
struct LetterFilter {
  std::vector<std::string> dag_ids, task_ids;
  std::vector<Reason> reasons;
  std::vector<LetterState> states;
  std::vector<std::int64_t> numbers;
  std::optional<RunNo> run_no;
  std::int64_t number_min = 0, number_max = 0;
  Range failed_at;
};

/// By number, which is the order in which they were left.
struct LetterQuery {
  LetterFilter filter;
  bool descending = false;
  PageRequest page;
};

/// Of each task instance the newest question alone, unless `with_earlier`.
struct ApprovalFilter {
  std::vector<std::string> dag_ids, task_ids;
  std::vector<ApprovalState> states;
  std::vector<std::int64_t> numbers;
  std::vector<std::int32_t> map_indexes;
  std::vector<std::string> closed_by;
  std::optional<RunNo> run_no;
  std::optional<InstanceNo> instance_no;
  std::optional<std::int32_t> try_number;
  TextMatch dag_id, task_id;
  std::string words;        ///< somewhere in the form of the question, in any case; empty: any
  Range created_at;
  bool with_earlier = false;
};

/// By number, which is the order in which they were asked.
struct ApprovalQuery {
  ApprovalFilter filter;
  bool descending = false;
  PageRequest page;
};

/// Lists of few rows: pools, variables, backfills, jobs, tags. By name, or by number where there is none.
struct NameQuery {
  TextMatch name;
  bool descending = false;
  PageRequest page;
};

/// Which results of checks, newest first.
struct CheckQuery {
  std::string dag_id;                ///< empty: of all
  RunNo run_no = 0;                  ///< 0: of all
  InstanceNo instance_no = -1;       ///< of the run; -1: of all
  bool last_try = false;             ///< of each instance those of its last try alone, in their order
  bool not_passed = false;
  std::int64_t before = 0;           ///< those with a lower number; 0: from the newest
  std::int64_t limit = 100;
};

}  // namespace baton
