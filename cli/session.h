// Session: the engine in this terminal. Composes loop, store, worker and engine for `run`, `resume` and `retry`, and
// lives until the run has ended or was interrupted. The calling thread becomes the loop thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/observer.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

/// What all three commands need.
struct SessionOptions {
  std::string state_folder;          ///< absolute; made if it does not exist
  Config config;
  std::int32_t slots = 0;            ///< attempts at a time; 0: the CPU count
  bool wait_for_folder = false;      ///< wait for the folder's lock instead of failing with a conflict
  std::string secrets_file;          ///< `--secrets`; empty: only BATON_SECRET_* of the environment
  std::vector<std::string> command;  ///< as typed, for the lock's holder text
};

struct NewRun {
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const VersionRow> version;  ///< canonical form and source
  Value params;                      ///< resolved: a map
  std::string run_id;                ///< empty: manual__<time>_<6 random>
  WallUs interval_start = kNoTime, interval_end = kNoTime;
  std::vector<std::string> tasks;    ///< `--task`: these and all their upstreams; empty: all
};

struct RetryRequest {
  RunNo run_no = 0;
  std::optional<std::string> from_task;        ///< `--from T`: T and what follows; none: failed and what follows
  std::shared_ptr<const Dag> latest;           ///< `--latest`: the file as it is now; null: the run's own version
  std::shared_ptr<const VersionRow> latest_version;
};

struct SessionEnd {
  RunState state = RunState::failed;
  bool interrupted = false;          ///< Ctrl-C, SIGTERM: exit 130
  bool did_nothing = false;          ///< resume of a finished run
};

/// Errors: conflict where the folder is held, storage, invalid, not_found where there is no such run.
Result<SessionEnd> run_new(const SessionOptions& options, NewRun request, RunObserver& observer);
Result<SessionEnd> resume_run(const SessionOptions& options, RunNo run_no, RunObserver& observer);
Result<SessionEnd> retry_run(const SessionOptions& options, const RetryRequest& request, RunObserver& observer);

/// Asks the process that holds the folder to stop a run, over control.sock; where nobody holds it, takes the lock and
/// marks the run stopped. Code 3: no such run; 5: it has ended already.
Result<std::string> stop_run(const SessionOptions& options, RunNo run_no, bool kill_now);

}  // namespace baton
