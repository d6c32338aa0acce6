// ChildMaker: makes the runs that tasks of the kind trigger_dag start. It finds the DAG, holds the params against it, and
// looks whether it takes runs now; the engine makes the run durable. Implemented by the host; loop thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/child_ask.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

struct ChildRun {
  RunCreation creation;             ///< with its number, its id and the version of its DAG
  Value params;
  std::vector<DurationUs> path_us;  ///< as path_lengths() gives it; empty: not known
};

class ChildMaker {
 public:
  using OnMade = std::function<void(Result<ChildRun>)>;
  virtual ~ChildMaker() = default;
  /// `done` comes once, on the loop thread, never from within the call. Kinds of Error: not_found, there is no such DAG;
  /// conflict, it takes no runs now; invalid, the params are not what it wants.
  virtual void make_child(const ChildAsk& ask, OnMade done) = 0;
};

}  // namespace baton
