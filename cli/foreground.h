// Runs in this terminal: what `run`, `resume`, `retry` and `stop` ask of a LocalHost, with control.sock beside it
// (run_socket.h) so that another process can ask it things. The calling thread becomes the loop thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/observer.h"
#include "scheduler/host/local/local_host.h"
#include "scheduler/model/result.h"

namespace baton {

/// What all of these commands need.
struct ForegroundOptions {
  std::string state_folder;          ///< absolute; made if it does not exist
  Config config;
  std::int32_t slots = 0;            ///< attempts at a time; 0: the CPU count
  bool wait_for_folder = false;      ///< wait for the folder's lock instead of failing with a conflict
  std::string secrets_file;          ///< `--secrets`; empty: only BATON_SECRET_* of the environment
  std::vector<std::string> command;  ///< as typed, for those who are refused the folder
};

/// Errors: those of LocalHost; invalid for a request that could not run to its end, before anything is made durable.
Result<RunEnd> run_new(const ForegroundOptions& options, NewRun request, RunObserver& observer);
/// Goes on with a run that nobody works on, to its end: ResumeRun, RetryRun, ClearTasks, MarkTasks, MarkRun.
Result<RunEnd> go_on(const ForegroundOptions& options, Request request, RunObserver& observer);

/// `error` of a folder that could not be taken, with what can be done where another process holds it.
Error with_way_out(Error error, const std::string& state_folder);

/// Takes the folder, which nobody holds, and ends the run. conflict: somebody does; or it has ended already.
Result<std::string> stop_left(const ForegroundOptions& options, const StopRun& request);

}  // namespace baton
