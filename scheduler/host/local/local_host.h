// LocalHost: the Host of one machine: a state folder and its lock, a worker process, SQLite, the signals of a terminal,
// and one loop for all of them. Works on one run and ends with it. The thread that calls run() or go_on() becomes the
// loop thread; one of the two, once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/host/local/machine.h"

namespace baton {

struct LocalHostOptions : MachineOptions {
  Actor actor;  ///< who has started this, and whose Ctrl-C it is
};

/// How the one run came out.
struct RunEnd {
  RunState state = RunState::failed;
  bool interrupted = false;      ///< by a signal
  bool did_nothing = false;      ///< it had ended before, and there was nothing to do again
  /// Where nothing was done: the task instances that the request would have changed (its dry run).
  std::vector<TouchedInstance> touched = {};
};

class LocalHost {
 public:
  /// Takes the folder, starts the worker, opens the store. conflict: another process holds the folder, or this process
  /// is a task of the one that does, whom it cannot wait for; storage: the folder, worker or store cannot be used.
  static Result<std::unique_ptr<LocalHost>> open(LocalHostOptions options, RunObserver& observer);
  ~LocalHost();
  LocalHost(const LocalHost&) = delete;
  LocalHost& operator=(const LocalHost&) = delete;

  /// Called on the loop thread just before the loop runs; what it returns lives as long as the loop does. For who wants
  /// to be asked from outside meanwhile.
  using Attachment = std::shared_ptr<void>;
  void on_loop(std::function<Attachment(LocalHost&)> attach);

  /// Both run the loop until the run has ended, or a signal has ended the wait: the first one stops the run with its
  /// grace and teardowns, the second kills, and if what is killed does not end within seconds, this process does.
  /// Errors: those of Control; invalid for what would fail a task at its start (request_check.h), before anything is
  /// durable; conflict where the run's id exists; storage where the run can only be resumed later.
  Result<RunEnd> run(NewRun request);
  /// What a run that nobody works on is wanted for: ResumeRun, RetryRun, or StopRun: what was running is dead, due
  /// teardowns and hooks still run, or with `kill` not even these.
  Result<RunEnd> go_on(Request request);

  [[nodiscard]] AsioLoop& loop();
  [[nodiscard]] Host& host();
  /// The run that this is about; 0: none yet.
  [[nodiscard]] RunNo run_no() const;

 private:
  class Impl;
  explicit LocalHost(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
