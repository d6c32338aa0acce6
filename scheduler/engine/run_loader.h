// RunLoader: brings a run that is not in memory there, off the loop: one that somebody asks about, or one that has waited
// as a row and may begin now. Implemented by a thread with a connection of its own (scheduler/control/run_loader.h) and
// by the simulator.
#pragma once

#include <functional>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/moment.h"
#include "scheduler/model/result.h"

namespace baton {

struct LoadedRun {
  DagRun run;                       ///< as restore_run() gives it; of a run that has not begun as make_run() does
  std::vector<DurationUs> path_us;  ///< as path_lengths() gives it
};

class RunLoader {
 public:
  using OnLoaded = std::function<void(Result<LoadedRun>)>;
  virtual ~RunLoader() = default;
  /// Loop thread. `done` comes on the loop thread, once, never from within the call; not_found: no such run.
  virtual void load(RunNo run_no, Moment now, OnLoaded done) = 0;
  using OnRow = std::function<void(Result<RunRow>)>;
  /// The row alone, of a run that load() could not bring: its version may be damaged where its row is not. As load(), but
  /// a loader that has no rows says so from within the call.
  virtual void load_row(RunNo /*run_no*/, OnRow done) { done(Error{"its row is not at hand", ErrorKind::not_found}); }
};

}  // namespace baton
