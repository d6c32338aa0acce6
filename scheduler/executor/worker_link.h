// WorkerLink: the Executor that runs attempts in a worker process on this machine, over one socket. It starts the
// worker, and starts it again when it dies. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/engine/executor.h"
#include "scheduler/loop/asio_loop.h"

namespace baton {

struct WorkerLinkOptions {
  std::string program;               ///< absolute path of baton-worker
  std::string state_folder;          ///< absolute
  std::int32_t slots = 1;
  bool tasks_outlive_us = false;     ///< what a lost scheduler means to the worker: false: stop everything
  DurationUs restart_delay_us = 200 * kMillisecond;
  std::int32_t restarts_max = 10;    ///< in a row, without a report in between
};

class WorkerLink final : public Executor {
 public:
  /// Starts the process; it comes up while the caller goes on.
  static Result<std::unique_ptr<WorkerLink>> start(AsioLoop& loop, WorkerLinkOptions options);
  ~WorkerLink() override;  ///< kills the worker if shut_down() has not ended

  /// Begins the talk: `events` hears executor_ready() when the worker has said what it holds. `epoch`: the leader's.
  void connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
               std::function<void(const std::string&)> gave_up);

  void launch(LaunchSpec spec) override;
  void prepare(LaunchSpec spec) override;
  void release(AttemptKey key) override;
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now) override;
  void acknowledge(AttemptKey key) override;
  void flush() override;

  /// Stops what runs, waits for the worker's end (blocking, at most `wait_us`), kills what is left.
  void shut_down(DurationUs grace_us, DurationUs wait_us);

 private:
  class Impl;
  explicit WorkerLink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
