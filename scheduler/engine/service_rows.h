// The rows of what a server does by itself: its DAGs and their files, the ticks that made no run, what holds for the
// whole server. Plain values, as those of rows.h; written in the part of the change that they tell of. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/asset_rows.h"
#include "scheduler/engine/check_rows.h"
#include "scheduler/engine/request_rows.h"
#include "scheduler/engine/rows.h"
#include "scheduler/model/attempt_key.h"
#include "scheduler/model/breaker_spec.h"
#include "scheduler/model/time.h"

namespace baton {

/// Why a tick made no run. The numbers are stored; new ones go to the end.
enum class TickReason : std::uint8_t {
  exists,    ///< its date has a run already
  overlap,   ///< the DAG was busy, by `overlap`
  paused,    ///< the DAG was paused
  drained,   ///< the DAG was draining
  frozen,    ///< the server was frozen
  calendar,  ///< its day does not count
  blackout,  ///< it fell into a blackout
  catchup,   ///< it was missed, and `catchup` does not make up for it; or the schedule was edited before it ran
  clock,     ///< the clock could not be trusted
  failures,  ///< the DAG was paused because its runs kept failing
  waiting,   ///< not decided yet: `catchup` will run it as soon as there is room
};
inline constexpr std::size_t kTickReasonCount = static_cast<std::size_t>(TickReason::waiting) + 1;

/// Ticks of one DAG that follow each other and made no run, for one reason. from and to are instants at which ticks
/// were due (the ends of their intervals). The key is (dag_id, from): a row with the key of an earlier one takes its
/// place.
struct TickRecordRow {
  std::string dag_id;
  WallUs from = kNoTime, to = kNoTime;  ///< the first and the last of them
  std::int64_t ticks = 0;               ///< 0: no row begins in [from, to] any more
  TickReason reason = TickReason::catchup;
  RunNo run_no = 0;                     ///< exists: the run that was there
  WallUs recorded_at = kNoTime;
};

/// A DAG as the server knows it, beside its versions and tags. Writing it leaves cursor and next_tick as they are:
/// those move with the ticks alone, so that a pause never sets back what a tick has just written.
struct DagRow {
  std::string dag_id;
  std::string file;               ///< path of its file, as in DagFileRow; empty: it is gone
  std::string version;            ///< that new runs get; empty: none was ever read
  Held paused, draining, stale;
  std::string schedule_hash;      ///< of what its ticks follow from: only a changed one is an edit
  WallUs schedule_since = kNoTime;  ///< ticks before it never fire
  WallUs cursor = kNoTime;        ///< every tick that was due up to here has ended in a run or a record (CursorRow)
  WallUs next_tick = kNoTime;     ///< when the next one is due, without jitter (CursorRow)
  std::int32_t failed_in_row = 0;
  std::int64_t seq = 0;           ///< given by the store
};

/// How far the ticks of a DAG have come: what changes of its row with each of them.
struct CursorRow {
  std::string dag_id;
  WallUs cursor = kNoTime, next_tick = kNoTime;
};

/// By what people find a DAG: all its tags, and who answers for it.
struct DagTagsRow {
  std::string dag_id;
  std::vector<std::string> tags;  ///< each once
  std::string owner = {};         ///< empty: nobody is named
  std::string timetable = {};     ///< the kind of its schedule: `CronDataIntervalTimetable`
};

/// A version that a file has brought, before any run has it.
struct NewVersionRow {
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const VersionRow> version;
};

/// A file of the folder of DAGs, as it was when it was last looked at.
struct DagFileRow {
  std::string path;
  std::int64_t size = 0;
  WallUs mtime = kNoTime;
  std::int64_t inode = 0;
  std::string hash;               ///< SHA-256 of its content
  WallUs read_at = kNoTime;
  WallUs failed_since = kNoTime;  ///< kNoTime: it reads
  std::string findings_json;      ///< the diagnostics, as `validate` writes them; empty: none
  bool is_gone = false;           ///< the row is taken away
  std::int64_t seq = 0;           ///< given by the store
};

/// What holds for the whole server, by name (`frozen`). An empty value: the row is taken away.
struct ServerStateRow {
  std::string name;
  std::string value;
  WallUs since = kNoTime;
  std::string actor, reason;
};

/// Which dates that have a run already a backfill does again. The numbers are stored.
enum class Reprocess : std::uint8_t {
  none,       ///< none of them, but for what was stopped
  failed,     ///< whose run did not succeed
  completed,  ///< whatever it ended as
};
enum class BackfillState : std::uint8_t { running, paused, cancelled, completed };

/// A range of a schedule that somebody wants run. Written whole; the row of the same number takes its place.
struct BackfillRow {
  std::int64_t backfill_no = 0;
  std::string dag_id;
  BackfillState state = BackfillState::running;
  WallUs from = kNoTime, to = kNoTime;  ///< logical dates, both inclusive
  WallUs created_at = kNoTime, updated_at = kNoTime, completed_at = kNoTime;  ///< completed: or cancelled
  std::int32_t max_active_runs = 0;
  std::int32_t intervals_per_run = 1;
  Reprocess reprocess = Reprocess::none;
  bool runs_backwards = false, no_cache = false;
  std::int64_t next_ordinal = 0;        ///< of the piece that is looked at next: all before it are carried out
  std::string created_by;
  std::string conf_json = "{}";         ///< params beside the defaults of the DAG
  std::string note;
  Labels labels;                        ///< of each of its runs, beside those of the DAG
};

/// Why an interval of a backfill has no run of its own.
enum class BackfillSkip : std::uint8_t { none, exists, in_flight };

/// What a backfill has done for one interval, by its first logical date.
struct BackfillIntervalRow {
  std::int64_t backfill_no = 0;
  std::int64_t ordinal = 0;             ///< in the order in which they were carried out
  WallUs logical_date = kNoTime;
  RunNo run_no = 0;                     ///< the run that it made or cleared, or that was there
  BackfillSkip skip = BackfillSkip::none;
};

/// A run whose tasks are kept from starting, or are so no longer (`paused` does not hold).
struct RunHoldRow {
  RunNo run_no = 0;
  Held paused;
};

/// A person's note on a run, or on one of its instances. An empty text: there is none any more.
struct NoteRow {
  RunNo run_no = 0;
  InstanceNo instance_no = -1;  ///< -1: on the run
  std::string text;
};

/// The outputs of a task instance that has succeeded, as a person has put them; of any other none are written.
struct OutputRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  std::string json;             ///< all of them; empty: there are none any more
};

/// What values are kept beside: a task instance, until its run goes, or an asset.
struct StorePlace {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  std::int64_t asset_no = 0;    ///< 0: a task instance
};

/// A value that is kept there by a key. Of a run that is gone none is written.
struct StoreEntryRow {
  StorePlace place;
  std::string key;              ///< empty: all that are kept there are taken away
  std::string json;             ///< empty: it is taken away
  WallUs at = kNoTime;
  WallUs expires_at = kNoTime;  ///< from then on there is none; kNoTime: never. Of task instances alone
};

/// A DAG that somebody wants to find again, or does not any more. Of a DAG that is gone none is written.
struct FavoriteRow {
  std::string dag_id, principal;
  WallUs at = kNoTime;
  bool is_gone = false;
};

/// A pool as a person has set it.
struct PoolRow {
  std::string name;
  std::int64_t slots = 0;
  bool include_deferred = false;
  std::string rate, description, updated_by;
  WallUs updated_at = kNoTime;
  bool is_gone = false;  ///< the row is taken away
};

struct VariableRow {
  std::string name, value, description, updated_by;
  WallUs updated_at = kNoTime;
  bool is_gone = false;  ///< the row is taken away
};

/// A personal token. Of the token itself there is only its SHA-256; who has revoked it stands in the audit.
struct TokenRow {
  std::string hash, name, principal, role;
  std::string scopes_json = "[]";
  WallUs created_at = kNoTime, expires_at = kNoTime;  ///< kNoTime: never
  WallUs revoked_at = kNoTime;  ///< of one that is there by its hash: from then on it opens nothing
};

/// A run that goes, with all that is kept of it. One that has not ended, or whose hooks have not, stays.
struct RunDeletionRow {
  RunNo run_no = 0;
  std::string name;  ///< DAG/RUN, for those who follow the changes
  WallUs at = kNoTime;
  WallUs ended_at = kNoTime;  ///< one that has ended anew since it was chosen stays; kNoTime: whenever it ended
  bool is_in_parts = false;   ///< what grows with its task instances stays for rows of the next kind: nobody sees it
};

/// A part of what is left of a run that has gone in parts.
struct RunRestRow {
  RunNo run_no = 0;
  InstanceNo up_to = 0;       ///< instances below this number; whatever is left with `is_last`
  bool is_last = false;
};

/// A DAG of which no run is left and whose file is gone: all that is kept of it goes. Any other stays as it is.
struct DagDeletionRow {
  std::string dag_id;
  WallUs at = kNoTime;
};

/// Attempts of one share of a breaker's window.
struct BreakerSlot {
  WallUs at = kNoTime;  ///< of the first of them
  std::int32_t calls = 0, failures = 0;
  friend bool operator==(const BreakerSlot&, const BreakerSlot&) = default;
};

/// A circuit breaker as it stands (breaker.h). Written whole, in the batch of what has moved it: a probe's permit with
/// its claim, a failure with the end of its attempt.
struct BreakerRow {
  BreakerSpec spec;
  std::string declared_by;        ///< the DAG whose file says so; empty: baton.yaml
  BreakerState state = BreakerState::closed;
  WallUs since = kNoTime;         ///< of this state; kNoTime: nothing has ever moved it
  WallUs until = kNoTime;         ///< open: when it lets probes through; kNoTime: when a person says so
  DurationUs cooldown_us = 0;     ///< of the next opening
  std::int32_t in_row = 0;        ///< failures since the last success
  std::vector<BreakerSlot> window;  ///< oldest first
  std::vector<AttemptKey> probes;   ///< who has a permit
  std::string cause, actor;       ///< of this state; actor: the person who wanted it
  WallUs updated_at = kNoTime;
  std::int64_t seq = 0;           ///< given by the store
};

/// One change of a breaker's state.
struct BreakerEventRow {
  std::string name;
  WallUs at = kNoTime;
  BreakerState from = BreakerState::closed, to = BreakerState::closed;
  std::string cause, actor;
};

// ── dead letters, jobs, the outbox ──

/// What became of a dead letter. The numbers are stored.
enum class LetterState : std::uint8_t {
  open,        ///< nobody has dealt with it
  redriven,    ///< its task instance was cleared for it, and runs again
  discarded,   ///< a person has let it go
  resolved,    ///< its task instance has ended well since, in another way: a retry, a clear, a mark
  superseded,  ///< its task instance has failed for good once more, and left another letter; or there is none any more
};
inline constexpr std::size_t kLetterStateCount = 5;
std::string_view to_string(LetterState state);

/// A task instance whose last try has failed: what is needed to see why, and to try it again. What it was given is its
/// run (params, outputs of what is above it), its version and its item. Unique by run, instance and epoch.
struct DeadLetterRow {
  std::int64_t letter_no = 0;     ///< given by the store
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;                ///< of the try that failed
  std::string dag_id, run_id;     ///< given by the store, as the two that follow
  std::string version;
  std::int32_t version_number = 0;
  std::string task_id;
  std::int32_t map_index = kUnmapped;
  std::string map_key, item_json;  ///< of a mapped instance
  std::int32_t try_number = 0;
  Reason reason = Reason::none;
  std::int32_t exit_code = -1, signal = 0;
  std::string error;              ///< one sentence
  WallUs failed_at = kNoTime;
  LetterState state = LetterState::open;
  WallUs closed_at = kNoTime;     ///< not open any more
  std::string closed_by;          ///< the person; empty: nobody in particular
  std::int64_t job_no = 0;        ///< the job that has closed it; 0: none
  std::int64_t seq = 0;           ///< given by the store
};

/// A letter that nobody has dealt with, as far as its run needs it.
struct OpenLetter {
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  friend bool operator==(const OpenLetter&, const OpenLetter&) = default;
};

/// The open letters of one task instance are open no more. Where there are none, nothing happens.
struct LetterClosingRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;                ///< of one of them alone; 0: of all
  LetterState state = LetterState::resolved;
  WallUs at = kNoTime;
  std::string by;
  std::int64_t job_no = 0;
};

enum class JobState : std::uint8_t { running, completed, cancelled };

/// Work over many objects that a filter names, done a few at a time. Written whole; the row of the same number takes its
/// place.
struct BulkJobRow {
  std::int64_t job_no = 0;
  JobState state = JobState::running;
  std::string kind, actor;
  std::string filter_json;        ///< what it is about, and how
  std::string note;               ///< of the last object that could not be done
  std::int64_t total = 0, done = 0, failed = 0;
  std::int64_t cursor = 0;        ///< all objects up to this number are dealt with
  WallUs created_at = kNoTime, ended_at = kNoTime;
};

/// Something that others are to be told, at least once, written with the change that it tells of. There is one for each
/// (event, object, episode); a second one is not written.
struct OutboxRow {
  std::string event, object, episode;
  std::string payload_json;
  WallUs created_at = kNoTime;
  std::vector<std::string> targets;  ///< each once
};

/// How far the telling of one target has come.
struct DeliveryRow {
  std::int64_t outbox_no = 0;
  std::string target;
  WallUs due_at = kNoTime;        ///< kNoTime: delivered, or given up
  WallUs delivered_at = kNoTime;
  std::int32_t tries = 0;
  std::string error;              ///< of the last try
};

/// A value of a DAG that lives on from run to run. `version` is one more than that of the row that is there, or 1: any
/// other is a conflict, and fences the batch.
struct TaskStateRow {
  std::string dag_id, name;
  std::string json;               ///< canonical; empty: it is taken away, its version stays
  std::int64_t version = 0;
  WallUs at = kNoTime;
  RunNo run_no = 0;               ///< of the task that has put it; 0: a person has
  std::string run_id, task_id;
  std::string actor;              ///< the person; empty: a task
  std::int64_t seq = 0;           ///< given by the store
};

/// Rows of the service that are written together, in the order of the members. A DAG without a row gets one.
struct ServiceRows {
  std::vector<DagFileRow> files;
  std::vector<NewVersionRow> versions;  ///< one that is there already stays as it is
  std::vector<DagRow> dags;             ///< whole; their version is there or comes with them
  std::vector<DagTagsRow> tags;
  std::vector<CursorRow> cursors;
  std::vector<TickRecordRow> ticks;
  std::vector<ServerStateRow> server;
  std::vector<BackfillRow> backfills;
  std::vector<BackfillIntervalRow> intervals;
  std::vector<NoteRow> notes;           ///< on runs and instances that are gone: none is written
  std::vector<RunHoldRow> run_holds;    ///< likewise
  std::vector<OutputRow> outputs;
  std::vector<StoreEntryRow> store_entries;
  std::vector<FavoriteRow> favorites;
  std::vector<PoolRow> pools;
  std::vector<VariableRow> variables;
  std::vector<TokenRow> tokens;
  std::vector<RunDeletionRow> deletions;
  std::vector<RunRestRow> rests;
  std::vector<DagDeletionRow> dag_deletions;
  std::vector<BreakerRow> breakers;
  std::vector<BreakerEventRow> breaker_events;
  std::vector<LetterClosingRow> letter_closings;
  std::vector<DeadLetterRow> letters;   ///< closes the earlier ones of its task instance
  std::vector<BulkJobRow> jobs;
  std::vector<OutboxRow> outbox;
  std::vector<DeliveryRow> deliveries;
  std::vector<AssetRow> assets;
  std::vector<AssetQuarantineRow> quarantines;  ///< of assets that are not there: none is written
  std::vector<DagAssetsRow> dag_assets;         ///< their assets are there or come with them
  std::vector<AssetEventRow> asset_events;      ///< an asset that nobody has told of is made
  std::vector<AssetCursorRow> asset_cursors;
  std::vector<TakenEventRow> taken_events;
  std::vector<TaskStateRow> task_states;
  std::vector<CheckRow> checks;
  std::vector<HeldEventRow> held_events;
  std::vector<ApprovalRow> approvals;
  std::vector<ApprovalClosingRow> approval_closings;  ///< of one that is open; any other stays as it is
  std::vector<ChildRow> children;                     ///< a second one of an attempt is a broken promise: it fences
  std::vector<ChildMoveRow> child_moves;

  [[nodiscard]] bool empty() const {
    return files.empty() && versions.empty() && dags.empty() && tags.empty() && cursors.empty() && ticks.empty() &&
           server.empty() && backfills.empty() && intervals.empty() && notes.empty() && run_holds.empty() && outputs.empty() &&
           store_entries.empty() && favorites.empty() && pools.empty() &&
           variables.empty() && tokens.empty() && deletions.empty() && rests.empty() && dag_deletions.empty() && breakers.empty() &&
           breaker_events.empty() && letter_closings.empty() && letters.empty() && jobs.empty() && outbox.empty() &&
           deliveries.empty() && assets.empty() && quarantines.empty() && dag_assets.empty() &&
           asset_events.empty() && asset_cursors.empty() && taken_events.empty() && task_states.empty() && checks.empty() &&
           held_events.empty() && approvals.empty() &&
           approval_closings.empty() && children.empty() && child_moves.empty();
  }
};

/// Adds `more` behind `rows`.
void append(ServiceRows& rows, ServiceRows more);

}  // namespace baton
