// Executor: launches attempts somewhere and reports what becomes of them. Implemented by the link to a worker process
// (tests/integration drives it against a real worker) and by the simulator. Loop thread only.
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
  std::vector<std::string> masks;      ///< secret values that the log must not show
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
  std::string note;                    ///< why a program could not be started, or what else is to be known of its run
};

/// Where an executor's events arrive. Implemented by the engine.
class ExecutorEvents {
 public:
  virtual ~ExecutorEvents() = default;
  virtual void attempt_started(AttemptKey key, std::int32_t pid, WallUs at) = 0;
  /// May come more than once for a key, until acknowledge(key).
  virtual void attempt_ended(const AttemptEnd& end) = 0;
  /// The executor can launch (again); `live` is all it runs now. What the engine believes live and is not here, nor
  /// reported as ended before this call, is lost.
  virtual void executor_ready(const std::vector<AttemptKey>& live) = 0;
  /// The executor is gone; what it ran is not yet known to be dead.
  virtual void executor_gone(const std::string& why) = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  /// Queues an attempt; it starts when one of `slots` is free, in the order of the calls. A known key is a no-op.
  virtual void launch(LaunchSpec spec) = 0;
  /// Sends `spec` ahead of the moment when its claim is durable: the executor gets everything ready but does not start
  /// the program before release(). For attempts that have a slot. stop() ends it without a start; an end may come before
  /// the release, when it cannot be started.
  virtual void prepare(LaunchSpec spec) = 0;
  /// Lets a prepared attempt start. An unknown key is a no-op.
  virtual void release(AttemptKey key) = 0;
  /// TERM, then KILL after `grace_us`; `kill_now` is KILL at once. The end comes as attempt_ended(stopped).
  virtual void stop(AttemptKey key, DurationUs grace_us, bool kill_now) = 0;
  /// The end of `key` is durable: the executor may forget it.
  virtual void acknowledge(AttemptKey key) = 0;
  /// Sends what launch/stop/acknowledge have gathered. Called once per turn of the engine.
  virtual void flush() = 0;
};

}  // namespace baton
