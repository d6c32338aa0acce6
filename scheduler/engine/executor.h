// Executor: the seam behind which attempts run. The engine says what is to run, an executor knows where and how, and
// tells what becomes of it. Implemented for this machine by scheduler/executor/local, and by the simulator;
// tests/conformance/executor is what every one must keep.
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
// call. Events of one attempt come in the order of what happened: started (may be left out), then ended.
//
// Failures: no call fails. What cannot be done is told as an end (spawn_failed: it never ran; lost: nobody knows), and
// an executor that cannot work at all tells its owner, who gave it a function for that when he made it.
//
// What survives: ends survive both sides' deaths until they are acknowledged. An attempt survives its scheduler where
// the executor keeps attempts (a server's), and is then named by executor_ready() of the next one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
  std::string output;                  ///< content of $BATON_OUTPUT after exit 0
  bool output_too_large = false;
  bool output_holds_secret = false;    ///< a value of `masks`; the executor has thrown the output away
  std::string log_tail;                ///< the last KiB of its log, masked as that is, from the beginning of a character
  std::string note;                    ///< why a program could not be started, or what else is to be known of its run
};

/// Where an executor's events arrive. Implemented by the engine.
class ExecutorEvents {
 public:
  virtual ~ExecutorEvents() = default;

  /// The program runs since `at`, as process `pid` of its host. Left out where the end follows within milliseconds; said
  /// again after a reconnect. For who shows it: nothing depends on it but `AttemptEnd::started` of what is lost later.
  virtual void attempt_started(AttemptKey key, std::int32_t pid, WallUs at) = 0;

  /// It is over, with everything that it started. Comes for every attempt that was launched or prepared, and more than
  /// once, until acknowledge(key); also for keys of earlier schedulers. An end of `lost` that answers a stop() of an
  /// unknown key is not repeated.
  virtual void attempt_ended(const AttemptEnd& end) = 0;

  /// The executor can launch (again). `live` is all that it holds: running, prepared, waiting for a slot, and what was
  /// launched since it became unready, which is on its way. Ends that it knows were told before this call. So what the
  /// engine believes live and finds in neither is lost, and what is live and nobody wants is to be stopped.
  /// Order: nothing goes to a worker before its inventory has been taken into this call.
  virtual void executor_ready(const std::vector<AttemptKey>& live) = 0;

  /// Nothing is launched until executor_ready(): a worker died or is silent, for the reason `why`, a sentence's end for
  /// people. What it ran is not known to be dead: nothing of it may be started elsewhere before that call.
  virtual void executor_gone(const std::string& why) = 0;

  /// So many attempts can be held at once, because of `why` (a sentence for people, empty where it is as asked for). Said
  /// before executor_ready(), and where it changes. More are not lost: they wait for a slot.
  virtual void executor_capacity(std::int32_t slots, const std::string& why) {
    static_cast<void>(slots);
    static_cast<void>(why);
  }
};

class Executor {
 public:
  virtual ~Executor() = default;

  /// Starts an attempt whose claim is durable, when one of the executor's slots is free, in the order of the calls.
  /// A key that is known (live, or ended and not acknowledged) starts nothing: its start or end is told again. Before
  /// executor_ready() it is kept, counts as live, and is sent once.
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
