// Event, Decision, Command: what goes into the pure core of a run and what comes out. Values; no behaviour.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/executor.h"
#include "scheduler/engine/request_rows.h"

namespace baton {

struct ChecksOutcome;

/// The run begins, or goes on after a recovery or a clear: judge every task.
struct RunBegins {};
/// The ends of upstreams may have settled this task's trigger rule.
struct UpstreamsEnded { TaskNo task_no; };
/// The task may run: expand it, or take its one instance further.
struct InstanceBegins { InstanceNo instance; };
/// `admit` granted its resources.
/// `epoch`: the number of the claim, above all that others may know of already; 0: the next one.
struct Admitted { InstanceNo instance; std::string rendered_json; WorkerRef worker = nullptr; Epoch epoch = 0; };
/// The claim is on disk and the launch has gone to the executor.
struct Launched { InstanceNo instance; bool behind_others; };
/// A worker has it and knows it as `handle`; nothing has started yet.
struct AttemptAccepted { InstanceNo instance; WorkerRef worker; std::string handle; };
struct AttemptStarted { InstanceNo instance; std::int32_t pid; WallUs at; WorkerRef worker = nullptr; };
/// An attempt ended. `counts_as_loss`: it was lost while the scheduler lived.
struct AttemptEnded { InstanceNo instance; AttemptEnd end; bool counts_as_loss = true; };
/// It could not be launched: an expression or a secret failed.
struct LaunchFailed { InstanceNo instance; Reason reason; std::string note; };
/// What the cache holds under the key that was asked for; none: a miss.
struct CacheAnswered { InstanceNo instance; std::optional<std::string> outputs_json; };
/// The last event of the asset that a sensor waits for was at `at`: it has come, or it is told again.
struct AssetSeen { InstanceNo instance; WallUs at; };
/// The timer that was set for `wake_at` has fired. One that was set before a later change is stale.
struct TimerDue { InstanceNo instance; WallUs wake_at; };
/// A task is done in the run of the date before: nothing of its past keeps it any more.
struct PastSeen { TaskNo task_no; };
/// A person, a signal, a time limit or fail_fast ends the run. `kill`: at once, teardowns too.
struct StopRequested { Reason reason; bool kill; };
/// A person clears `selected` (select() in clear.h), in a run that lives or has ended, and with it whatever has begun
/// downstream of it and has not ended. What is live among them is stopped first, and none once its tree is gone, whatever
/// its end. The run goes on (a stop of it is taken back), its hooks are to come, and its time limit counts from now.
struct Cleared { std::vector<InstanceNo> selected; };
/// A person says how `instances` ended: `to` is success or failed. What is live is stopped first. Success also clears
/// what they left upstream_failed. A run that had ended goes on where something is open then or its outcome changes,
/// unless a person has said the outcome; its time limit counts from now then.
struct Marked { std::vector<InstanceNo> instances; TaskState to; };
/// A person ends the run, as success or failed. Its attempts are stopped, due teardowns run, what is open is marked. Of
/// a run that has ended the outcome alone changes; nothing does while its hooks run.
struct RunMarked { RunState to; };
/// A person has answered what an approval asks, and the answer fits (scheduler/control/answer_approval.h). `answer`: a map
/// of what its outputs are.
struct Answered { InstanceNo instance; Epoch epoch; Value answer; std::string by; bool rejects; };
/// What has become of the run that an instance wanted made, or waits for.
struct ChildMoved {
  enum class Kind : std::uint8_t {
    made,     ///< it is durable
    refused,  ///< it was not made, for `reason`
    ended,    ///< as `state`
  };
  InstanceNo instance;
  Epoch epoch;
  Kind kind;
  std::string dag_id, run_id;
  RunState state = RunState::queued;
  Reason reason = Reason::none;
  std::string note;
};
/// Every instance but hooks has ended.
struct AllEnded {};

using Event = std::variant<RunBegins, UpstreamsEnded, InstanceBegins, Admitted, Launched, AttemptAccepted, AttemptStarted,
                           AttemptEnded, LaunchFailed, CacheAnswered, AssetSeen, TimerDue, PastSeen, StopRequested,
                           Cleared, Marked, RunMarked, Answered, ChildMoved, AllEnded>;

/// One instance moves.
struct TaskChange {
  InstanceNo instance = 0;
  TaskState to = TaskState::none;
  Reason reason = Reason::none;
  Wait wait = Wait::ended;
  WallUs wake_at = kNoTime;
  bool counts_failure = false;
  bool counts_loss = false;
  bool new_epoch = false;              ///< a claim: the epoch rises, and the try number unless a sensor looks again
  Epoch epoch = 0;                     ///< of the claim; 0: the next one
  bool by_person = false;              ///< a clear or mark: not held to the table of transitions
  bool to_be_written = false;          ///< its row too, though its state stays: a restart must know the reason
  const AttemptEnd* end = nullptr;     ///< the attempt that this ends; lives as long as the event
  bool look_only = false;              ///< a look of a sensor that was not met: no try row
  bool key_only = false;               ///< the attempt hashed files for the cache key: no try row
  WallUs at = kNoTime;                 ///< when it happened, where that is earlier than when it was heard of
  std::optional<Value> outputs;
  std::string outputs_json;
  std::shared_ptr<const ChecksOutcome> checks;  ///< of a task with checks that has ended by them
  std::optional<Value> state;          ///< of a success: what its state across runs becomes
  std::string state_json;
  std::optional<std::string> cache_key;  ///< known now; it may be empty
  std::string rendered_json;
  WorkerRef worker;                    ///< of a claim: who is to have it
  ApprovalState request_end = ApprovalState::withdrawn;  ///< of what it asked of others, where this ends that
  std::string request_json;            ///< what it asks of a person, or the answer
  std::string by;                      ///< who has answered
  std::string note;
};

/// A mapped task becomes as many instances as it has items (≥ 1).
struct Expansion {
  TaskNo task_no = 0;
  std::vector<MappedItem> items;
};

/// A clear, or a mark and what it clears. Applied as a whole; then the counters are computed anew and all is judged anew.
struct Intervention {
  std::vector<InstanceNo> none;        ///< as if they had not run
  std::vector<TaskNo> expand_anew;     ///< mapped tasks, once nothing of them is live
  bool reopens = false;                ///< the run goes on whatever its outcome; else only where that changes
};

struct RunChange {
  RunState to = RunState::running;
  Reason reason = Reason::none;
  std::string note;
};

/// Effects that the shell carries out once the changes beside them are durable (Offer and Timer at once).
struct Command {
  enum class Kind : std::uint8_t {
    offer,        ///< to `admit`
    stop,         ///< TERM, grace, KILL; kill_now: KILL
    timer,        ///< TimerDue at wake_at
    find_cached,  ///< CacheAnswered under `text`
    find_past,    ///< PastSeen for each task whose past is well, now or later
    finished,     ///< the run and its hooks have ended
    time_limit,   ///< the run's time limit counts from row.started_at, which has changed
    start_child,  ///< a run of another DAG, or the wait for the one that was made
    stop_child,   ///< of the attempt `epoch`: nobody waits for it any more
  };
  Kind kind = Kind::offer;
  InstanceNo instance = -1;
  WallUs wake_at = kNoTime;
  bool kill_now = false;
  std::string text;
  Epoch epoch = 0;
};

struct Decision {
  std::vector<TaskChange> changes;
  std::vector<Expansion> expansions;
  std::optional<Intervention> intervention;
  std::optional<RunChange> run_change;
  std::vector<InstanceNo> begins;  ///< instances to take further once the changes have been applied
  std::vector<Command> commands;
  Reason begins_stopping = Reason::none;  ///< from here on nothing new starts
  bool begins_killing = false;

  /// Empty again; what it has reserved stays: one is used for many steps.
  void clear();
};

}  // namespace baton
