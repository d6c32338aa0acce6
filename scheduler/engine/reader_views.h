// What a Reader shows, as plain values: rows with what the API shows beside them. Any thread; no behaviour.
//
// `damage` is empty, or says what is wrong with a row: then only its numbers are sure, and the rest is as far as it could
// be read. Lists show such a row among the others; what asks for that one object alone gets the error. UUIDs are derived
// from the store's id and the row's numbers: they never change.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/service_rows.h"

namespace baton {

/// A run. `row.counts` are the task instances by state.
struct RunView {
  RunRow row;
  std::int32_t version_number = 0;  ///< 1, 2, … per DAG
  std::string damage;
  Labels labels;
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
  std::int32_t version_number = 0;                      ///< of its run
  WallUs logical_date = kNoTime, run_after = kNoTime;   ///< of its run
  WallUs interval_start = kNoTime, interval_end = kNoTime;
  std::string user_note;   ///< by a person
  std::string uuid;
  std::string damage;
};

/// A page of a list: rows in the order asked for.
template <typename Row>
struct PageOf {
  std::vector<Row> rows;
  std::int64_t total = 0;        ///< of all that the filter lets through; at most kTotalMax, unless from aggregates
  bool total_is_capped = false;
  std::string next;              ///< `after` of the next page; empty: this is the last
  std::string previous;          ///< `after` of the page before, of one that was asked for by key; empty: this is the first
  std::int64_t seq = 0;          ///< of the snapshot that this is of
};
using RunPage = PageOf<RunView>;
using InstancePage = PageOf<InstanceView>;

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

/// A date of a DAG's schedule that a run covers: a run has several of them where it is of a chunk.
struct CoveredDateView {
  WallUs logical_date = kNoTime;
  RunState state = RunState::queued;
  std::string run_id;
};

/// One try that ended, oldest first in lists.
struct TryView {
  TryRow row;
  std::string uuid;
  std::string damage;
};

/// How many runs of a DAG stand in each state, by RunState.
using RunCounts = std::array<std::int64_t, 4>;

/// A DAG that the store has seen. A *_since of kNoTime: it is not.
struct DagView {
  std::string dag_id;
  std::string latest_version;  ///< SHA-256; the one that stands, which need not have the highest number
  std::int32_t latest_number = 0;
  RunCounts runs_by_state{};
  RunNo latest_run = 0;        ///< 0: none
  std::vector<std::string> tags;
  WallUs paused_since = kNoTime, draining_since = kNoTime, stale_since = kNoTime;
  std::string paused_by, draining_by, stale_by;
  WallUs schedule_since = kNoTime, cursor = kNoTime, next_tick = kNoTime;
  std::int64_t failed_in_row = 0;
  bool is_favorite = false;    ///< of the principal that was asked with
  std::string timetable;       ///< the kind of its schedule
  std::string file;            ///< path of its file; empty: not from a folder of DAGs
  WallUs file_read_at = kNoTime;
  bool has_import_error = false;  ///< its file does not read now
  std::int64_t seq = 0;
  std::vector<RunView> last_runs;  ///< newest first, as many as were asked for
};
using DagPage = PageOf<DagView>;

/// A version without its texts.
struct VersionView {
  std::string dag_id, version;
  std::int32_t number = 0;
  std::string source_hash, source_file, work_folder;
  WallUs created_at = kNoTime;
  std::string uuid;
  std::string commit;   ///< of git, as VersionRow has it
  bool stands = false;  ///< what new runs get: an edit that was taken back is not the newest; one in a list, always
};

/// The one that stands, of a list that is not empty.
[[nodiscard]] inline const VersionView& standing(const std::vector<VersionView>& versions) {
  for (const VersionView& version : versions) {
    if (version.stands) return version;
  }
  return versions.front();
}

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
  std::string damage;
};
using AuditPage = PageOf<AuditView>;

/// A file of the folder of DAGs that does not read now.
struct ImportErrorView {
  std::int64_t file_no = 0;
  std::string path, findings_json;
  WallUs failed_since = kNoTime, read_at = kNoTime;
};
using ImportErrorPage = PageOf<ImportErrorView>;

/// Ticks that follow each other and made no run, for one reason.
struct TickView {
  WallUs from = kNoTime, to = kNoTime;  ///< the first and the last of them
  std::int64_t count = 0;
  TickReason reason = TickReason::catchup;
  std::string run_id;                   ///< exists: of the run that was there
  WallUs recorded_at = kNoTime;
};
using TickPage = PageOf<TickView>;

/// A pool as it is set. What holds it is `pool_loads`.
struct PoolView {
  std::int64_t pool_no = 0;
  std::string name, rate, description, updated_by;
  std::int64_t slots = 0;
  bool include_deferred = false;
  WallUs updated_at = kNoTime;
  std::int64_t seq = 0;
};
using PoolPage = PageOf<PoolView>;

/// How many task instances of runs that live stand in `state` and name this pool (empty: none), and their slots.
struct PoolLoad {
  std::string pool;
  TaskState state = TaskState::none;
  std::int64_t instances = 0, slots = 0;
};

struct VariableView {
  std::int64_t variable_no = 0;
  std::string name, value, description, updated_by;
  WallUs updated_at = kNoTime;
  std::int64_t seq = 0;
};
using VariablePage = PageOf<VariableView>;

/// A personal token; what opens the door is its hash alone.
struct TokenView {
  std::int64_t token_no = 0, seq = 0;
  std::string hash, name, principal, role, scopes_json;
  WallUs created_at = kNoTime, expires_at = kNoTime, revoked_at = kNoTime;  ///< kNoTime: never, or not yet
};
using TokenPage = PageOf<TokenView>;

/// A job over many objects.
struct JobView {
  std::int64_t job_no = 0, state = 0, total = 0, done = 0, failed = 0;
  std::string kind, actor, filter_json, note;
  WallUs created_at = kNoTime, ended_at = kNoTime;
};
using JobPage = PageOf<JobView>;

/// A dead letter. `letter()` alone has what follows `row`.
struct LetterView {
  DeadLetterRow row;
  std::string conf_json;  ///< the params of its run
  std::string log_tail;   ///< the end of the log of the try that failed
};
using LetterPage = PageOf<LetterView>;

/// A question to a person, with the task instance that asks.
struct ApprovalView {
  ApprovalRow row;
  InstanceView instance;
};
using ApprovalPage = PageOf<ApprovalView>;

/// One thing that others are told, and how far that has come with one of them.
struct DeliveryView {
  DeliveryRow row;
  std::string event, object, episode, payload_json;
  WallUs created_at = kNoTime, withdrawn_at = kNoTime;
};
using DeliveryPage = PageOf<DeliveryView>;
struct AssetLinkView {
  std::string dag_id, task_id;
  AssetRole role = AssetRole::producer;
};

/// An asset, who makes it, who reads it, and who runs on it.
struct AssetView {
  std::int64_t asset_no = 0;
  AssetRow row;
  WallUs created_at = kNoTime, updated_at = kNoTime;
  std::int64_t events = 0;             ///< that there ever were
  std::int64_t last_event_no = 0;      ///< 0: there was none
  WallUs last_event_at = kNoTime;
  Held quarantined;
  std::string quarantine_why;
  std::int64_t seq = 0;
  std::vector<AssetLinkView> links;    ///< by role, DAG, task
};
using AssetPage = PageOf<AssetView>;

/// A run that was made for an event, without what its instances say.
struct TakenBy {
  RunNo run_no = 0;
  std::string dag_id, run_id, version;
  RunState state = RunState::queued;
  WallUs logical_date = kNoTime, interval_start = kNoTime, interval_end = kNoTime;
  WallUs queued_at = kNoTime, started_at = kNoTime, ended_at = kNoTime;
};

struct AssetEventView {
  std::int64_t asset_no = 0;
  std::string uri;
  AssetEventRow row;
  std::vector<TakenBy> taken_by;       ///< by number; of runs that are still there
};
using AssetEventPage = PageOf<AssetEventView>;

/// An event that waits for a DAG to take it.
struct QueuedAssetEvent {
  std::string dag_id, asset;
  std::int64_t asset_no = 0, event_no = 0;
  WallUs at = kNoTime;
};

/// One thread of the web of DAGs and assets.
struct AssetLinkRow {
  std::string dag_id;
  AssetLink link;
};

/// A backfill, and the runs that it has made or cleared, by state.
struct BackfillView {
  BackfillRow row;
  RunCounts runs{};
  std::int64_t skipped = 0;  ///< intervals that had a run already
};
using BackfillPage = PageOf<BackfillView>;

/// What lives: for `ps`.
struct LiveView {
  std::vector<RunView> runs;            ///< queued, running, or with hooks that have not ended; newest first
  std::vector<InstanceView> instances;  ///< of these runs: queued, running, up_for_retry, up_for_reschedule
};

/// What one who follows the changes can hear of. The order is that of changes within one seq.
enum class Changed : std::uint8_t {
  run, instance, deleted, dag, dag_file, audit, tick_record, backfill, backfill_interval, pool, variable, token, bulk_job,
  breaker, dead_letter, asset, server_state,
};

/// Where one who follows the changes stands: everything up to this row is known. `{seq}` alone: a whole seq.
struct ChangeKey {
  std::int64_t seq = 0;
  Changed kind = Changed::server_state;
  std::int64_t first = INT64_MAX, second = INT64_MAX;  ///< the row's numbers
  auto operator<=>(const ChangeKey&) const = default;
};

/// A row of another table than runs and instances: which it is, and that it changed.
struct ObjectChange {
  Changed kind = Changed::dag;
  std::int64_t first = 0, second = 0;  ///< its numbers: of the DAG and the tick's date, of the backfill and the ordinal, …
  std::string name;                    ///< as people know it; of a deleted run DAG/RUN
  std::int64_t seq = 0;
};

/// What changed after a key, in its latest state; for event streams.
struct Changes {
  std::vector<RunView> runs;  ///< by seq. One that began at its making lists none of its instances as they began
  std::vector<InstanceView> instances;  ///< by seq
  std::vector<ObjectChange> objects;    ///< by kind, then seq
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

}  // namespace baton
