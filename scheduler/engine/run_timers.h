// RunTimers: the timers of one live run. They belong to it: when it is forgotten, refused or finished, what it still
// waits for goes with it, so that a timer of hours keeps neither memory nor a wake-up of a run that is gone. Loop thread.
#pragma once

#include <functional>
#include <unordered_map>

#include "scheduler/engine/loop.h"
#include "scheduler/model/attempt_key.h"

namespace baton {

class RunTimers {
 public:
  explicit RunTimers(Loop& loop) : loop_(loop) {}
  ~RunTimers() { cancel_all(); }
  RunTimers(const RunTimers&) = delete;
  RunTimers& operator=(const RunTimers&) = delete;

  /// Calls `f` once, not before `at`, for a task instance. Its earlier timer is cancelled: an instance sleeps for one
  /// reason at a time.
  void set(InstanceNo i, MonoUs at, std::function<void()> f);
  /// Calls `f` once, not before `at`, for the run as a whole: its time limit.
  void set_limit(MonoUs at, std::function<void()> f);
  void cancel_all();

 private:
  Loop& loop_;
  std::unordered_map<InstanceNo, Loop::TimerId> of_instances_;
  Loop::TimerId limit_ = 0;  ///< 0: none
};

}  // namespace baton
