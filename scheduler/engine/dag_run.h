// DagRun: the live state of one run in memory, and the only function that moves it. The rows of the store are its
// image; it is rebuilt from them at recovery. Loop thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/moment.h"
#include "scheduler/engine/rows.h"
#include "scheduler/engine/task_states.h"
#include "scheduler/engine/trigger_rule.h"
#include "scheduler/engine/wait_times.h"
#include "scheduler/engine/worker.h"
#include "scheduler/model/value.h"

namespace baton {

/// One task instance: what the hot path touches, kept small (1,000,000 of them must fit).
struct Instance {
  TaskNo task_no = 0;
  std::int32_t map_index = kUnmapped;
  TaskState state = TaskState::none;
  Reason reason = Reason::none;
  Wait wait = Wait::upstream;
  bool stop_requested = false;
  bool looks_again = false;   ///< a sensor between two looks of one try: the next claim is no new try
  bool in_outcome = false;    ///< the step's StepOutcome names it already: one row and one report a step
  std::int16_t losses = 0;    ///< since the last clear
  std::int32_t failures = 0;  ///< since the last clear
  std::int32_t try_number = 0;
  Epoch epoch = 0;
  std::int32_t activity = -1;  ///< index into DagRun::activities; −1 while nothing has happened yet or after the end
  MonoUs since = 0;            ///< when `wait` began
};

/// What only an instance on its way needs.
struct Activity {
  WaitTimes times;
  WallUs summed_to = kNoTime;  ///< up to where `times` are summed
  WallUs scheduled_at = kNoTime, queued_at = kNoTime, started_at = kNoTime;
  WallUs wake_at = kNoTime, first_look_at = kNoTime;
  MonoUs first_look = 0;  ///< the same by the clock that nobody sets; of a run that was taken over, as the wall clock has it
  std::int32_t pid = 0;
  WorkerRef worker;            ///< who has the attempt, or had it last
  std::string handle;          ///< what that one knows it by
  std::string rendered_json;
  std::optional<std::string> cache_key;  ///< evaluated, and perhaps empty; under it a success will be kept
  WallUs ended_at = kNoTime;
  std::string outputs_json;
  std::string note;
};

/// What stands between a task and its verdict, and how far its own instances are.
struct TaskProgress {
  UpstreamCounts upstreams;
  std::int32_t own_open = 1;          ///< its instances that are not final
  std::int32_t count = 1;             ///< its instances; 1 before an expansion (the placeholder)
  InstanceNo extra_first = -1;        ///< instance number of map index 1; the others follow
  bool expanded = false;
  bool waits_again = false;           ///< expanded, and some of it was cleared and waits for the upstreams' verdict
  bool expands_anew = false;          ///< cleared, and expands anew once its last attempt's tree is gone
};

struct MappedItem {
  Value item;
  std::string key;  ///< label; empty: none
};

/// What expressions see of a mapped task as a whole (`tasks.a`). Made once and mended where instances have changed since:
/// making it anew for each expression would cost n² for n instances that each look at one.
struct DescribedTask {
  Value list;
  std::vector<std::int32_t> stale;  ///< k-th instances that have changed since
};

/// What an applied change leads to, kept small: a fan-out of 1,000,000 stands here for a while.
struct FollowUp {
  enum class Kind : std::uint8_t { upstreams_ended, instance_begins, all_ended, fail_fast };
  Kind kind = Kind::all_ended;
  std::int32_t number = 0;  ///< TaskNo or InstanceNo, by kind
};

struct DagRun {
  RunRow row;
  std::shared_ptr<const Dag> dag;
  Value params;
  const Variables* variables = nullptr;  ///< the engine's, that has the run; null: nobody has said any
  std::vector<Instance> instances;   ///< by InstanceNo
  std::vector<TaskProgress> tasks;   ///< by TaskNo
  std::unordered_map<InstanceNo, Value> outputs;  ///< of successes that had any
  std::int64_t outputs_bytes = 0;                 ///< about what `outputs` takes in memory
  std::unordered_map<InstanceNo, MappedItem> items;
  mutable std::unordered_map<TaskNo, DescribedTask> described;  ///< of mapped tasks that expressions have named
  std::set<InstanceNo> held_events;               ///< successes whose asset events wait for the checks behind them
  std::map<InstanceNo, Epoch> open_letters;       ///< of instances that gave up, under which epoch; see dead_letters.h
  std::set<TaskNo> waits_for_past;                ///< tasks that are not known to be done in the run of the date before
  std::shared_ptr<TaskStates> states;             ///< of its DAG, shared by its live runs; null: none are known
  std::deque<FollowUp> pending;
  std::vector<Activity> activities;
  std::vector<std::int32_t> free_activities;

  std::int32_t open_instances = 0;   ///< hooks aside
  std::int32_t open_hooks = 0;
  std::int32_t counted_failures = 0; ///< failed instances that make the run fail
  std::int32_t cut_off = 0;          ///< instances that a stop failed or skipped, hooks aside
  Reason stopping = Reason::none;    ///< stopped, fail_fast, run_timeout: nothing new starts but due teardowns
  bool killing = false;              ///< a second stop: not even teardowns
  InstanceNo first_failure = -1;     ///< for the run's note
  std::unordered_map<InstanceNo, std::string> unexpanded;  ///< why a mapped task could not expand, for the run's note
  /// When it was taken over from one who ran it before. What ran then has run on: its span began earlier than this.
  MonoUs restored_at = std::numeric_limits<MonoUs>::min();
  bool has_collapsed = false;        ///< a clear has removed mapped instances: their attempts' keys are not used again

  [[nodiscard]] Instance& at(InstanceNo i) { return instances[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const Instance& at(InstanceNo i) const { return instances[static_cast<std::size_t>(i)]; }
  [[nodiscard]] TaskProgress& progress(TaskNo t) { return tasks[static_cast<std::size_t>(t)]; }
  [[nodiscard]] const TaskProgress& progress(TaskNo t) const { return tasks[static_cast<std::size_t>(t)]; }
  [[nodiscard]] const TaskSpec& spec_of(InstanceNo i) const { return dag->spec(at(i).task_no); }
  /// The k-th instance of a task, 0 ≤ k < progress(t).count.
  [[nodiscard]] InstanceNo instance_of(TaskNo t, std::int32_t k) const {
    return k == 0 ? t : progress(t).extra_first + k - 1;
  }
  [[nodiscard]] AttemptKey key_of(InstanceNo i) const {
    return {row.run_no, at(i).task_no, at(i).map_index, at(i).epoch};
  }
  /// The instance that a key names, whatever its epoch; −1 when there is none.
  [[nodiscard]] InstanceNo find(const AttemptKey& key) const;
  [[nodiscard]] const Activity* activity(InstanceNo i) const {
    return at(i).activity < 0 ? nullptr : &activities[static_cast<std::size_t>(at(i).activity)];
  }
  void keep_outputs(InstanceNo i, Value value);
  void drop_outputs(InstanceNo i);
  /// The instance is no longer what expressions have seen of it.
  void note_change(InstanceNo i);
  Activity& ensure_activity(InstanceNo i);
  void drop_activity(InstanceNo i);
  /// All that can happen has happened: the run has its outcome and its hooks have ended.
  [[nodiscard]] bool is_finished() const { return is_final(row.state) && open_hooks == 0; }
};

/// A new run in memory: every task waits for its upstreams since `now`.
DagRun make_run(RunRow row, std::shared_ptr<const Dag> dag, Value params, Moment now,
                const std::vector<TaskState>& initial_states);

/// Whether the run has ended while it waited to begin: nothing of it has run, its hooks neither.
inline bool never_began(const DagRun& run) { return is_final(run.row.state) && run.row.begun_at == kNoTime; }

/// Whether nothing of it goes on before a task that waits for the run of the date before may start.
bool stands_for_past(const DagRun& run);

/// Whether a stop of any kind ended an instance with this reason.
bool is_cut_off(Reason reason);

/// Recomputes every counter from the states of the instances: after recovery and after a clear. O(tasks + edges).
void recount(DagRun& run);

/// Whether a failure of this task makes the run fail: not with allow_failure, and teardowns only when asked; hooks never.
bool counts_for_run(const Task& task);

/// One that is upstream_failed with no failure above it (any more): nothing else would fail the run for it. −1: none.
InstanceNo stray_upstream_failed(const DagRun& run);

/// What the ends of all instances make of the run. Those that are open do not count.
RunState outcome_of(const DagRun& run);

/// Whether this end makes the run fail: a failure that counts, or a mapped task that could not be expanded. That one is
/// upstream_failed by name, but no failure above it need exist that would fail the run in its place.
bool fails_run(const Task& task, TaskState state, Reason reason);

/// An open upstream instance has become `state`, a final one.
void count_upstream_end(UpstreamCounts& counts, TaskState state);

}  // namespace baton
