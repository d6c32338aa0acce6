// The rows that the engine writes and reads, as plain values: what the columns of a store hold (docs/ARCHITECTURE.md). Times are µs UTC, kNoTime where there is none. JSON is text. Any thread; no behaviour.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/states.h"
#include "scheduler/model/time.h"

namespace baton {

/// Texts that people keep by name, for all DAGs, as they are now: `var("name")`.
using Variables = std::map<std::string, std::string, std::less<>>;

/// How many task instances of a run stand in each state, by TaskState.
using StateCounts = std::array<std::int32_t, kTaskStateCount>;

/// Something that holds since a moment, because somebody or something wanted it. kNoTime: it does not hold.
struct Held {
  WallUs since = kNoTime;
  std::string by;
  [[nodiscard]] bool holds() const { return since != kNoTime; }
  friend bool operator==(const Held&, const Held&) = default;
};

struct RunRow {
  RunNo run_no = 0;
  std::string dag_id;
  std::string run_id;
  std::string dag_version;       ///< SHA-256 of the canonical form
  RunType type = RunType::manual;
  RunState state = RunState::queued;
  Reason reason = Reason::none;
  std::string note;              ///< one sentence for a person, by the engine
  std::string user_note;         ///< by a person
  std::string conf_json = "{}";  ///< the params as resolved
  WallUs logical_date = kNoTime;
  WallUs interval_start = kNoTime, interval_end = kNoTime;
  WallUs run_after = kNoTime, queued_at = kNoTime, started_at = kNoTime, ended_at = kNoTime;
  WallUs begun_at = kNoTime;     ///< kNoTime: it waits to begin, and has no task instances
  bool hooks_open = false;       ///< it has ended, its hooks have not: not finished for recovery and retention
  std::string triggered_by;      ///< cli, rest_api, timetable, backfill, …
  std::string options_json = "{}";  ///< what the command asked for beside params: tasks selected, …
  StateCounts counts{};
  Held paused;                   ///< by a person: nothing of it is claimed. Written by RunHoldRow alone
  std::int64_t seq = 0;          ///< of the last change; given by the store
};

/// One task instance. What is the same for all runs of a version (task id, pool, priority, max_tries) is kept once with
/// the version and not here.
struct TaskRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  TaskNo task_no = 0;
  std::int32_t map_index = kUnmapped;
  std::string map_key;           ///< label of a mapped instance; empty otherwise
  std::string item_json;         ///< the item of a mapped instance; empty otherwise
  bool has_no_item = false;      ///< of a mapped task that is not expanded (any more): the store forgets an earlier item
  TaskState state = TaskState::none;
  Reason reason = Reason::none;
  Epoch epoch = 0;
  std::int32_t try_number = 0;   ///< 0 before the first try
  std::int32_t failures = 0;     ///< since the last clear; what `retries` is held against
  std::int32_t losses = 0;       ///< since the last clear; what the loss budget is held against
  WallUs scheduled_at = kNoTime, queued_at = kNoTime, started_at = kNoTime, ended_at = kNoTime;
  WallUs wake_at = kNoTime;      ///< only where a timer, lease or backoff waits (INV-11)
  WallUs first_look_at = kNoTime;  ///< sensors: what their timeout counts from
  std::optional<Wait> wait;      ///< what it waits for, where that has been told; written lazily
  std::int32_t pid = 0;
  std::string executor, worker, handle, host;  ///< of the attempt that lives or lived last; see TryRow
  std::string outputs_json;      ///< of a success; empty: none
  std::string note;
  std::string times_json;        ///< µs by Wait outside any try, e.g. {"upstream":120}; empty: none
  std::int64_t seq = 0;
};

/// One try (or look of a sensor) that ended. Never changed after.
struct TryRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  std::int32_t try_number = 0;
  TaskState state = TaskState::failed;  ///< what the try ended as: success failed skipped up_for_retry up_for_reschedule
  Reason reason = Reason::none;
  std::int32_t exit_code = -1;   ///< −1: none
  std::int32_t signal = 0;
  WallUs queued_at = kNoTime, started_at = kNoTime, ended_at = kNoTime;
  std::int32_t pid = 0;
  std::string host;
  std::string executor, worker;  ///< who had it; empty: not kept
  std::string handle;            ///< what the executor knows it by: pid, job of Slurm, pod
  std::string log_tail;          ///< the end of its log, for the first look
  std::int32_t version_number = 0;  ///< of the DAG, as it was then; given by the store, 0: not kept
  DurationUs user_us = 0, sys_us = 0;
  std::int64_t max_rss_bytes = 0;
  std::int64_t log_bytes = 0;
  std::string times_json;        ///< µs by Wait, from the end of the try before (or the instance's start) to this end
  std::string rendered_json;     ///< the spec as launched where it held expressions, without secrets; empty otherwise
  std::string note;
};

/// The outputs of a success under a cache key (docs/ARCHITECTURE.md).
struct CacheRow {
  std::string dag_id, task_id, key, spec_hash;
  std::string outputs_json;
  WallUs created_at = kNoTime;
  WallUs expires_at = kNoTime;   ///< kNoTime: as long as the history
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
};

/// A success's run time, for the mean that the critical path and the ETA use.
struct DurationRow {
  std::string dag_id, task_id;
  DurationUs run_us = 0;
};

/// Who changed what: a clear, a stop, a retry, a mark. Append-only, and chained: each row's hash covers the one before.
struct AuditRow {
  WallUs at = kNoTime;
  std::string actor, action, dag_id, run_id, task_id;
  std::int32_t map_index = kUnmapped;
  std::string extra_json = "{}";
  std::string address, via;      ///< where the actor came from: 10.0.0.7; cli, api, page, socket
  std::string before_json, after_json;  ///< of what was changed; empty: nothing to show
};

/// A request's key, kept with what it made: a repetition finds that instead of making it again.
struct IdempotencyRow {
  std::string principal, route, key;
  std::string body_hash;
  std::int32_t status = 0;       ///< of the answer
  std::string object;            ///< what was made, as the route names it
  WallUs created_at = kNoTime;
};

/// A version of a DAG, with what it was made from.
struct VersionRow {
  std::string dag_id;
  std::string version;           ///< SHA-256 of `canonical_json`
  std::int32_t number = 0;       ///< 1, 2, … per DAG; given by the store
  std::string canonical_json;
  std::string source, source_hash, source_file, work_folder;
  WallUs created_at = kNoTime;
  std::string commit;            ///< of the git work tree that held the file when this source was first stored; or empty
};

/// A new run: with `run.begun_at`, one task instance for each task; without, the row alone, which waits to begin (the
/// instances come as `new_instances` with the change of the row that says it has begun). That of a mapped task is a placeholder, unmapped like the others,
/// which becomes index 0 when the task expands: by this recovery tells whether it has.
struct RunCreation {
  RunRow run;
  std::shared_ptr<const Dag> dag;
  /// Inserted with its task list when the store does not know `version` yet.
  std::shared_ptr<const VersionRow> version;
  /// Initial state by task number; empty: all none. `removed` is what --task leaves out.
  std::vector<TaskState> initial_states;
  /// Dates that it covers beside its logical date: each date of a DAG belongs to one run.
  std::vector<WallUs> inner_dates;
  Labels labels;  ///< those of its DAG among them
};

}  // namespace baton
