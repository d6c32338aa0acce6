// Reader: what may be seen of the state, for the command line, the API and the page. Values in, values out: no SQL, no
// engine. One thread at a time for each Reader; who answers requests has one for each thread.
//
// Each call is one snapshot: all that it says was true at one moment, and never what is not durable yet. Pages of one
// list are several snapshots; paging by key neither repeats nor leaves out a row that did not change in between. After a
// commit was answered, the next call sees it.
//
// Every list is bounded, and its cost grows with the page, not with the history: no query for each row, and nothing
// scanned that grows, but for totals (up to kTotalMax) and orders that say so.
//
// A row whose checksum does not hold is never a silent answer: a list shows it as damaged among the others, a question
// for it alone is an Error of kind `storage`. Other errors: `not_found` and `invalid` as said below; `storage` when the
// database cannot be read.
//
// Implemented by SqliteReader (scheduler/store/sqlite_reader.h); tests/conformance/reader runs one suite over all.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// A run with what the API shows beside its row. `row.counts` are the task instances by state.
/// `damage` is empty, or what is wrong with the row: then only its number is sure, and the rest as far as it could be
/// read. Lists show such a row among the others; what asks for that one object alone gets the error.
struct RunView {
  RunRow row;
  std::int32_t version_number = 0;  ///< 1, 2, … per DAG
  std::string damage;
};

/// From `at_least` up to but not `below`; kNoTime: open on that side.
struct TimeRange {
  WallUs at_least = kNoTime, below = kNoTime;
  [[nodiscard]] bool is_open() const { return at_least == kNoTime && below == kNoTime; }
};

/// How many rows match at most before a total says no more than that (`Page::total_is_capped`).
inline constexpr std::int64_t kTotalMax = 100'000;

/// What runs can be ordered by. Those without an index (`duration`, `dag_id`) want a filter on one DAG, else `invalid`.
enum class RunOrder : std::uint8_t { run_no, run_after, logical_date, started_at, ended_at, run_id, state, duration };

struct RunFilter {
  std::string dag_id;            ///< empty: all DAGs
  std::vector<RunState> states;  ///< empty: all states
  std::int64_t limit = 50;       ///< rows at most; clamped to 1 … 10,000
  std::int64_t offset = 0;       ///< rows passed over; costs time in proportion: prefer a key
  RunNo before = 0;              ///< key of the order by run_no: only lower numbers; 0: from the newest
  std::vector<RunType> types;    ///< empty: all types
  TimeRange run_after, logical_date, started_at, ended_at;
  std::string id_pattern;        ///< a part of the run id, `%` stands for anything; empty: all
  RunOrder order = RunOrder::run_no;
  bool ascending = false;        ///< rows that have no such time come last either way
  std::string after;             ///< key: `RunPage::next` of the page before, of the same filter and order
  bool with_total = true;
};

struct RunPage {
  std::vector<RunView> runs;     ///< in the order asked for, then by number the same way
  std::int64_t total = 0;        ///< of all that the filter lets through; at most kTotalMax, unless from aggregates
  bool total_is_capped = false;
  RunNo next_before = 0;         ///< in the order by run_no: `before` of the next page; 0: this is the last
  std::string next;              ///< `after` of the next page; empty: this is the last
  std::int64_t seq = 0;          ///< of the snapshot that this is of
};

/// A task instance with what is kept once per version. Only `row.times_json` and `row.outputs_json` may be large.
struct InstanceView {
  TaskRow row;
  std::string dag_id, run_id;
  std::string task_id, group, pool;  ///< pool: the first one, empty when the task names none
  std::int32_t pool_slots = 1, priority = 0;
  std::int32_t max_tries = 1;  ///< 1 + retries
  TaskKind kind = TaskKind::noop;
  Hook hook = Hook::none;
  bool is_mapped = false;  ///< its task has for_each or matrix
  std::string host;        ///< where it runs, or ran last; empty before
  std::string uuid;        ///< derived from the store's id and (run_no, instance_no): never changes
  std::string damage;      ///< as in RunView
};

/// What task instances can be ordered by: `task` is the order of the file, then the index. `duration` wants one run.
enum class InstanceOrder : std::uint8_t { task, started_at, ended_at, state, duration };

struct InstanceFilter {
  std::string task_id;  ///< empty: all tasks
  std::optional<std::int32_t> map_index;
  std::vector<TaskState> states;  ///< empty: all states
  std::int64_t limit = 100;       ///< rows at most; clamped to 1 … 10,000
  std::int64_t offset = 0;        ///< rows passed over; costs time in proportion: prefer `after`
  std::string after;              ///< key: `InstancePage::next` of the page before, of the same filter and order
  std::string dag_id;             ///< over all runs: empty: all DAGs
  TimeRange started_at;
  InstanceOrder order = InstanceOrder::task;
  bool descending = false;        ///< rows that have no such time come last either way
  bool with_total = true;
};

struct InstancePage {
  std::vector<InstanceView> instances;  ///< in the order asked for; over all runs by task: the newest run first
  std::int64_t total = 0;               ///< of all that the filter lets through; at most kTotalMax
  bool total_is_capped = false;
  std::string next;                     ///< `after` of the next page; empty: this is the last
  std::int64_t seq = 0;                 ///< of the snapshot that this is of
};

/// The states of many runs at once, for a grid.
struct GridCell {
  TaskNo task_no = 0;
  std::int32_t map_index = kUnmapped;
  TaskState state = TaskState::none;
};
struct GridColumn {
  RunView run;
  std::vector<GridCell> cells;  ///< by task, then index
  bool is_cut = false;          ///< it has more
};

/// One try that ended, oldest first in lists.
struct TryView {
  TryRow row;
  std::string uuid;  ///< derived from the store's id and (run_no, instance_no, epoch)
  std::string damage;  ///< as in RunView
};

/// A DAG that the store has seen.
struct DagView {
  std::string dag_id;
  std::string latest_version;  ///< SHA-256
  std::int32_t latest_number = 0;
  std::array<std::int64_t, 4> runs_by_state{};  ///< by RunState
  RunNo latest_run = 0;                         ///< 0: none
};

/// A version without its texts.
struct VersionView {
  std::string dag_id, version;
  std::int32_t number = 0;
  std::string source_hash, source_file, work_folder;
  WallUs created_at = kNoTime;
  std::string uuid;
};

struct DurationView {
  DurationUs mean_us = 0;  ///< recent successes weigh more
  std::int64_t samples = 0;
};

struct CacheStats {
  std::int64_t entries = 0, bytes = 0;  ///< bytes of keys and outputs
  WallUs oldest_at = kNoTime, newest_at = kNoTime;
};

struct AuditView {
  std::int64_t audit_no = 0;
  AuditRow row;
  std::string hash;    ///< of the chain over all rows; empty: of a time before it
  std::string damage;  ///< as in RunView
};

struct AuditFilter {
  std::string dag_id, run_id;  ///< empty: all
  std::int64_t limit = 50;
  std::int64_t before = 0;  ///< keyset: lower numbers only; 0: from the newest
};

/// What lives: for `ps`.
struct LiveView {
  std::vector<RunView> runs;            ///< queued or running, newest first
  std::vector<InstanceView> instances;  ///< of these runs: queued, running, up_for_retry, up_for_reschedule
};

/// Where one who follows the changes stands: everything up to this row is known. `{seq}` alone: a whole seq.
struct ChangeKey {
  std::int64_t seq = 0;
  std::int64_t run_no = -1;
  std::int64_t instance_no = -1;
  auto operator<=>(const ChangeKey&) const = default;
};

/// A run that was deleted.
struct Tombstone {
  RunNo run_no = 0;
  std::string object;  ///< DAG/RUN
  std::int64_t seq = 0;
};

/// What changed after a key, in its latest state; for event streams.
struct Changes {
  std::vector<RunView> runs;  ///< by seq. One with `created_seq` after the key is new: its instances as it began are not listed
  std::vector<InstanceView> instances;  ///< by seq
  std::vector<Tombstone> deleted;       ///< by seq
  ChangeKey key;                        ///< ask again with this one
  bool has_more = false;                ///< the limit cut it
  bool reset = false;  ///< the key is older than what is kept, or of another store's future: read all anew, then go on from `key`
};

struct StoreInfo {
  std::string store_id;
  std::int32_t schema_version = 0;
  std::int64_t leader_epoch = 0, seq = 0;
  bool closed_cleanly = false;  ///< false while a writer is at work, or after it was killed
  std::int64_t runs = 0;
  std::int64_t database_bytes = 0, wal_bytes = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;

  // ---- names ----

  /// RUN as people write it: a run number, a run id that is unique here, `DAG/ID`, `@latest`, `DAG@latest`.
  /// not_found: nothing such. invalid: several; the message has the candidates.
  [[nodiscard]] virtual Result<RunNo> find_run(std::string_view selector) = 0;
  /// A task instance as people write it: `task`, `task[3]`, `task[key]`. not_found: not there. invalid: without brackets
  /// where a mapped task has several.
  [[nodiscard]] virtual Result<InstanceNo> find_instance(RunNo run_no, std::string_view selector) = 0;

  // ---- runs ----

  [[nodiscard]] virtual Result<RunView> run(RunNo run_no) = 0;  ///< not_found: no such run
  /// invalid: an order that needs one DAG and has none, a key of another order.
  [[nodiscard]] virtual Result<RunPage> list_runs(const RunFilter& filter) = 0;
  /// The newest kLiveMax runs that have not ended, and of these the instances that live.
  [[nodiscard]] virtual Result<LiveView> live() = 0;
  /// The newest runs of a DAG by run_after, oldest first, with the states of at most kGridCellsMax instances each.
  [[nodiscard]] virtual Result<std::vector<GridColumn>> grid(const std::string& dag_id, std::int64_t runs) = 0;

  // ---- task instances ----

  /// Of one run. not_found: no such run. A run that waits to begin has none.
  [[nodiscard]] virtual Result<InstancePage> list_instances(RunNo run_no, const InstanceFilter& filter) = 0;
  /// Over all runs. invalid: an order that needs one run.
  [[nodiscard]] virtual Result<InstancePage> list_all_instances(const InstanceFilter& filter) = 0;
  [[nodiscard]] virtual Result<InstanceView> instance(RunNo run_no, InstanceNo instance_no) = 0;
  [[nodiscard]] virtual Result<std::vector<TryView>> tries(RunNo run_no, InstanceNo instance_no) = 0;  ///< oldest first
  /// All tries of a run, by instance and epoch; for `explain`.
  [[nodiscard]] virtual Result<std::vector<TryView>> tries_of_run(RunNo run_no) = 0;

  // ---- DAGs, versions, and what is kept beside ----

  [[nodiscard]] virtual Result<std::vector<DagView>> list_dags() = 0;  ///< by id
  [[nodiscard]] virtual Result<std::vector<VersionView>> list_versions(const std::string& dag_id) = 0;  ///< newest first
  [[nodiscard]] virtual Result<VersionRow> version_of_run(RunNo run_no) = 0;
  [[nodiscard]] virtual Result<VersionRow> version(const std::string& dag_id, const std::string& version) = 0;
  [[nodiscard]] virtual Result<std::unordered_map<std::string, DurationView>> durations(const std::string& dag_id) = 0;
  [[nodiscard]] virtual Result<CacheStats> cache_stats(const std::string& dag_id) = 0;  ///< empty: all DAGs
  [[nodiscard]] virtual Result<std::vector<AuditView>> audit(const AuditFilter& filter) = 0;  ///< newest first

  // ---- what changed ----

  /// At most `limit` rows (1 … 10,000) after `key`, in the order of their seq.
  [[nodiscard]] virtual Result<Changes> changes_after(const ChangeKey& key, std::int64_t limit) = 0;
  [[nodiscard]] virtual Result<StoreInfo> info() = 0;
};

inline constexpr std::int64_t kLiveMax = 10'000;
inline constexpr std::int64_t kGridCellsMax = 10'000;

}  // namespace baton
