// Executor: the seam behind which attempts run. The engine says what is to run and on which worker, an executor knows
// how, and tells what becomes of it. Implemented for this machine by scheduler/executor/local, and by the simulator;
// scheduler/executor/executors routes to several. tests/conformance/executor is what every one must keep.
//
// An executor has workers: a process on this machine, a host far away, a cluster with a queue of its own. A worker has
// slots, holds attempts, and answers for them: what one worker does not name is lost for that worker alone.
//
//   (known by rows) ──capacity──▶ ──ready──▶ launches go to it ──gone──▶ held for it ──ready──▶ …
//                                   └─ its inventory: all that it holds. Nothing is launched to a worker before
//
// An attempt, as the executor sees it (a key names one attempt for ever):
//
//            prepare               release
//   unknown ─────────▶ prepared ─────────────▶ ┐
//      │                  │ stop: ended(stopped, started = false)
//      │ launch           │ the link breaks: the same, whoever was to release it
//      └──────────────▶ waiting for a slot ──▶ running ──▶ ended ──▶ acknowledge: unknown again
//                         │ stop: ended(stopped)  │ stop, timeout, heartbeat    │
//                         ▼                       ▼                             └─ told again after each reconnect
//                       ended                   ended
//
// Threads: one. All calls and all events are made on the loop thread; no call blocks, and no event comes from inside a
// call. Events of one attempt come in the order of what happened: accepted and started (may be left out), then ended.
//
// Order when a scheduler comes: the executor asks all workers that it can find. Of each one come its capacity, the ends
// that nobody has acknowledged, starts of what lives, and ready(). When all have spoken of whom anything is still to be
// heard, settled() says so. Where an executor prepares, no ready() comes before the ends of what was prepared for an
// earlier scheduler and never released: those keys may be given again.
//
// Failures: no call fails. What cannot be done is told as an end (spawn_failed: it never ran; lost: nobody knows), and
// an executor that cannot work at all tells its owner, who gave it a function for that when he made it.
//
// What survives: ends survive both sides' deaths until they are acknowledged. An attempt survives its scheduler where
// the executor keeps attempts (a server's), and is then named by the ready() of its worker to the next one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/worker.h"
#include "scheduler/model/attempt_key.h"
#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton {

/// One attempt, rendered: nothing in it is evaluated any more.
struct LaunchSpec {
  AttemptKey key;
  std::vector<std::string> argv;       ///< argv[0] is looked up in the PATH of `env`
  std::string script;                  ///< non-empty: too long for `-c`; the worker keeps it as a file and appends its path
  std::vector<std::string> env;        ///< NAME=value, complete
  std::string cwd;
  std::string stdin_text;
  std::string log_path, output_path, heartbeat_path;  ///< absolute
  DurationUs timeout_us = 0, grace_us = 0, heartbeat_us = 0;  ///< 0: none
  std::int64_t log_limit_bytes = 0;
  std::int64_t memory_bytes = 0, cpus_milli = 0;
  std::vector<std::string> masks;      ///< secret values that the log must not show and outputs must not hold
  std::string state_path;              ///< absolute, of the file with its state across runs; empty: it has none
  std::string state;                   ///< what that file holds at the start
  std::int64_t state_version = 0;      ///< of `state`; comes back with the end
  WorkerRef worker;                    ///< who is to have it: one that has said it is ready, with a slot or a claim ahead
};

/// What an attempt has left of its state across runs.
struct EndedState {
  std::int64_t version = 0;            ///< that it was launched with
  std::string json;                    ///< what its file held at the end; empty: as it was
  bool is_too_large = false;
  bool holds_secret = false;           ///< a value of `masks`; the executor has thrown it away
};

/// How an attempt ended.
struct AttemptEnd {
  enum class Outcome : std::uint8_t { exited, signaled, timed_out, stopped, heartbeat_lost, spawn_failed, lost };
  AttemptKey key;
  Outcome outcome = Outcome::lost;
  std::int32_t exit_code = -1;
  std::int32_t signal = 0;
  bool started = false;                ///< a process was started
  bool oom_killed = false;
  WallUs started_at = kNoTime, ended_at = kNoTime;
  DurationUs run_us = 0, user_us = 0, sys_us = 0;
  std::int64_t max_rss_bytes = 0, log_bytes = 0;
  std::int32_t pid = 0;
  std::string handle;                  ///< what the executor knew it by; empty: as accepted or started said
  std::string output;                  ///< content of $BATON_OUTPUT after exit 0
  bool output_too_large = false;
  bool output_holds_secret = false;    ///< a value of `masks`; the executor has thrown the output away
  EndedState state;                    ///< after exit 0 of a launch with a state_path
  std::string log_tail;                ///< the last KiB of its log, masked as that is, from the beginning of a character
  std::string note;                    ///< why a program could not be started, or what else is to be known of its run
};

/// Where an executor's events arrive. Implemented by the engine.
class ExecutorEvents {
 public:
  virtual ~ExecutorEvents() = default;

  /// `worker` has taken the attempt and knows it as `handle` (a job in somebody's queue, a pod): that is kept with its row,
  /// lazily. Left out where the handle is the pid that started() tells.
  virtual void attempt_accepted(AttemptKey key, const WorkerRef& worker, const std::string& handle) = 0;

  /// The program runs since `at` on `worker`, as process `pid` of its host (0: none that is known). Left out where the end
  /// follows within milliseconds; said again after a reconnect. For who shows it: nothing depends on it but
  /// `AttemptEnd::started` of what is lost later.
  virtual void attempt_started(AttemptKey key, const WorkerRef& worker, std::int32_t pid, WallUs at) = 0;

  /// It is over, with everything that it started. Comes for every attempt that was launched or prepared, and more than
  /// once, until acknowledge(key); also for keys of earlier schedulers. An end of `lost` that answers a stop() of an
  /// unknown key is not repeated.
  virtual void attempt_ended(const AttemptEnd& end) = 0;

  /// So many attempts of `worker` run at once, because of `why` (a sentence for people, empty where it is as asked for).
  /// Said before its ready(), and where it changes. 0: it gets nothing new. More are not lost: they wait for a slot.
  virtual void worker_capacity(const WorkerRef& worker, std::int32_t slots, const std::vector<std::string>& labels,
                               const std::string& why) = 0;

  /// `worker` can take launches (again). `live` is all that it holds: running, prepared, waiting for a slot, and what was
  /// launched to it since it became unready, which is on its way. Ends that it knows were told before this call. So what
  /// the engine believes to be with it and finds in neither is lost, and what is live and nobody wants is to be stopped.
  virtual void worker_ready(const WorkerRef& worker, const std::vector<AttemptKey>& live) = 0;

  /// `worker` gets nothing until its worker_ready(): it died or is silent, for the reason `why`, a sentence's end for people.
  /// What it ran is not known to be dead: nothing of it may be started elsewhere before that call.
  virtual void worker_gone(const WorkerRef& worker, const std::string& why) = 0;

  /// All workers of `executor` of whom anything was still to be heard have spoken: what rows of an earlier scheduler give
  /// to it and nobody has named is lost, also where its worker is never seen again. Once for each scheduler.
  virtual void executor_settled(const std::string& executor) = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;

  /// Starts an attempt whose claim is durable, when a slot of spec.worker is free, in the order of the calls. A key that is
  /// known (live, or ended and not acknowledged) starts nothing: its start or end is told again. While its worker is not
  /// ready it is kept, counts as live, and is sent once; where that worker never comes back it ends as lost.
  virtual void launch(LaunchSpec spec) = 0;

  /// Sends `spec` ahead of the moment when its claim is durable: the executor gets everything ready and does not start
  /// the program before release(). For attempts that have a slot. stop() ends it without a start, and so does a link that
  /// breaks; an end may come before the release, where it cannot be started. What does not pay for an executor (a job in
  /// a queue of somebody else) may be done at the release.
  virtual void prepare(LaunchSpec spec) = 0;
  /// The claim is durable: a prepared attempt starts. An unknown key, or one that runs, is a no-op.
  virtual void release(AttemptKey key) = 0;

  /// TERM to all of it, then KILL after `grace_us`; `kill_now` is KILL at once. Always answered by an end: `stopped`, or
  /// what it came to by itself where it had ended before it was told; `lost` for an unknown key. A kill that is not
  /// answered within seconds costs the worker its life, not the person the wait.
  virtual void stop(AttemptKey key, DurationUs grace_us, bool kill_now) = 0;

  /// The end of `key` is durable: the executor forgets it, and the key with it. An unknown key is a no-op.
  virtual void acknowledge(AttemptKey key) = 0;

  /// Sends what the calls above have gathered, in their order. Called once per turn of the engine; before it nothing
  /// needs to have left.
  virtual void flush() = 0;
};

}  // namespace baton
