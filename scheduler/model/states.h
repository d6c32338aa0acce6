// The states of runs and task instances, the reasons beside them, and what a waiting task instance waits for.
// The names are Airflow's; a state that needs more detail carries a reason, never a new state (docs/ARCHITECTURE.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace baton {

enum class RunState : std::uint8_t { queued, running, success, failed };

enum class TaskState : std::uint8_t {
  none,               ///< its upstreams have not settled its trigger rule
  scheduled,          ///< may run; waits for resources (see Wait)
  queued,             ///< claimed with an epoch; holds its resources
  running,            ///< the worker has started its process
  success,
  failed,
  skipped,
  upstream_failed,
  up_for_retry,       ///< failed, and will try again at wake_at
  up_for_reschedule,  ///< a sensor between two looks
  deferred,           ///< waits for a person or another run, and holds nothing
  removed,
};
inline constexpr std::size_t kTaskStateCount = 12;
inline constexpr std::size_t kReasonCount = 32;

enum class RunType : std::uint8_t { manual, scheduled, backfill, asset_triggered };

/// Why a run or task instance stands in its state: `state_reason` in the API.
enum class Reason : std::uint8_t {
  none,
  exit_code,        ///< the process ended with a code that is a failure
  signal,           ///< the process was killed by a signal that was not ours
  oom,              ///< killed for its memory limit
  timeout,          ///< the time limit of the try (or of the sensor) passed
  run_timeout,      ///< the time limit of the run passed
  heartbeat,        ///< silent for longer than `heartbeat`
  lost,             ///< its worker died or its lease lapsed
  spawn,            ///< the process could not be started
  outputs,          ///< $BATON_OUTPUT was missing, too large or of a wrong type
  expression,       ///< an expression failed to evaluate
  secret,           ///< a secret could not be resolved
  stopped,          ///< a person or Ctrl-C stopped it
  fail_fast,        ///< another task's failure ended the run
  condition,        ///< `if` was false
  exit_skip,        ///< the process ended with 99
  no_items,         ///< `for_each` or `matrix` had nothing to expand to
  trigger_rule,     ///< the upstreams' ends settled the trigger rule against it
  cached,           ///< succeeded from the cache
  upstream_failed,  ///< (run) a task ended failed, told as `task_failed`
  marked,           ///< a person set this state
  not_selected,     ///< left out by --task
  unsupported,      ///< its kind or executor cannot run here
  cache_key,        ///< (scheduled, queued, running) its attempt hashes the files of its cache key
  cleared,          ///< (queued, running) it is stopped, and none once its tree is gone; (try) it ended so
  replaced,         ///< (queued, running) as cleared, and its mapped task expands anew then
  marking_success,  ///< (queued, running) it is stopped, and success once its tree is gone; (run) likewise, all of it
  marking_failed,   ///< (queued, running) it is stopped, and failed once its tree is gone; (run) likewise, all of it
  state,            ///< its state across runs could not be kept: changed by another meanwhile, too large, no JSON
  checks,           ///< a check of data quality that is to fail the task did not hold
  rejected,         ///< a person was asked, and has said no
  deadlock,         ///< what it would wait for waits for it
};

/// What a task instance that is not running waits for, or what it does while it holds its resources. The order is the
/// order in which `why` names the first (docs/ARCHITECTURE.md). Time is summed by these (docs/ARCHITECTURE.md).
enum class Wait : std::uint8_t {
  ended,  ///< in a final state: no time passes
  pause, calendar, approval, upstream, backoff, breaker, limit, pool, rate, slots, worker, commit,
  sensor, starting, running, stopping, offline,
  child,  ///< the end of the run that it has started
};
inline constexpr std::size_t kWaitCount = 19;

enum class TriggerRule : std::uint8_t {
  all_success, all_failed, all_done, all_done_min_one_success, all_skipped, one_success, one_failed, one_done,
  none_failed, none_failed_min_one_success, none_skipped, always,
};

enum class TaskKind : std::uint8_t { run, exec, http, sql, sensor, checks, approval, trigger_dag, noop };

std::string_view to_string(RunState state);
std::string_view to_string(TaskState state);
std::string_view to_string(RunType type);
std::string_view to_string(Reason reason);
/// As a run says it: what is `upstream_failed` of a task, failed because of what stood before it, is `task_failed` of a
/// run.
std::string_view run_reason_name(Reason reason);
std::string_view to_string(Wait wait);
std::string_view to_string(TriggerRule rule);
std::string_view to_string(TaskKind kind);

std::optional<RunState> run_state_from(std::string_view name);
std::optional<TaskState> task_state_from(std::string_view name);
std::optional<RunType> run_type_from(std::string_view name);
std::optional<Reason> reason_from(std::string_view name);
std::optional<Wait> wait_from(std::string_view name);
std::optional<TriggerRule> trigger_rule_from(std::string_view name);
std::optional<TaskKind> task_kind_from(std::string_view name);

/// success, failed, skipped, upstream_failed, removed: changes only by an audited clear (INV-10).
constexpr bool is_final(TaskState s) {
  return s == TaskState::success || s == TaskState::failed || s == TaskState::skipped ||
         s == TaskState::upstream_failed || s == TaskState::removed;
}
constexpr bool is_final(RunState s) { return s == RunState::success || s == RunState::failed; }

/// queued or running: an attempt exists that holds resources.
constexpr bool is_live(TaskState s) { return s == TaskState::queued || s == TaskState::running; }

/// What a live instance becomes when its attempt has ended in any way: a person has cleared or marked it meanwhile.
constexpr bool awaits_its_end(Reason r) {
  return r == Reason::cleared || r == Reason::replaced || r == Reason::marking_success || r == Reason::marking_failed;
}

/// Whether the table of transitions allows `from → to`. A clear (anything → none, or → removed where its task expands
/// anew) and a mark (anything → success or failed) are audited and not in the table.
bool may_become(TaskState from, TaskState to);

}  // namespace baton
