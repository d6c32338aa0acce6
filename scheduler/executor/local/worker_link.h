// WorkerLink: the Executor that runs attempts on this machine, in worker processes. It starts a worker, starts another
// where one dies or falls silent, and with `tasks_outlive_us` finds those of an earlier scheduler again and goes on with
// what they run. Loop thread only; nothing blocks but shut_down().
//
//   launch() ──▶ held until its worker has said what it runs ──▶ the worker of our own build
//   a worker of another build runs what it has to its end, gets nothing new (0 slots), and is then told to go
//
// Order that matters: a worker's inventory first, then what was held for it, then worker_ready(). A launch that was
// released between hello and inventory counts as live there: it is not lost, and it is sent once. When we come, all
// workers are heard before the first is ready; who dies later is replaced without the others noticing.
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
  /// False (`baton run`): a worker that loses us stops everything and goes. True (a server): what runs goes on, and the
  /// next scheduler adopts it.
  bool tasks_outlive_us = false;
  DurationUs restart_delay_us = 200 * kMillisecond;
  std::int32_t restarts_max = 10;    ///< in a row, without a report in between
  DurationUs ping_every_us = 5 * kSecond;
  DurationUs silence_told_us = 15 * kSecond;   ///< of awake time: nothing is launched any more
  DurationUs silence_ends_us = 60 * kSecond;   ///< …then it is killed, what it ran is swept, another takes over
  std::function<void(RunNo)> before_launch;    ///< of an attempt of that run: its folders are to be there. May be empty
  DurationUs kill_answer_us = 3 * kSecond;     ///< one that leaves a kill unanswered for so long is killed itself
};

class WorkerLink final : public Executor {
 public:
  /// Connects to the workers that an earlier scheduler left (with `tasks_outlive_us`), else starts one; it comes up while
  /// the caller goes on. Errors: storage (it cannot be started); conflict, without `tasks_outlive_us`, where a kept
  /// worker of this folder still runs attempts: they are the next server's.
  static Result<std::unique_ptr<WorkerLink>> start(AsioLoop& loop, WorkerLinkOptions options);
  ~WorkerLink() override;  ///< kills the workers, unless shut_down() or leave() came first

  /// Begins the talk: `events` hears worker_ready() of each and executor_settled() when all have said what they hold.
  /// `epoch`: the leader's.
  void connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
               std::function<void(const std::string&)> gave_up);

  void launch(LaunchSpec spec) override;
  void prepare(LaunchSpec spec) override;
  void release(AttemptKey key) override;
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now) override;
  void acknowledge(AttemptKey key) override;
  void flush() override;

  /// Stops what runs, waits for the workers' ends (blocking, at most `wait_us`), kills what is left.
  void shut_down(DurationUs grace_us, DurationUs wait_us);
  /// Goes away and leaves workers and kept attempts as they are; what is prepared is not started.
  void leave();

 private:
  class Impl;
  explicit WorkerLink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
