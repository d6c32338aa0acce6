// What a trigger_dag task wants: which run of which DAG, and what its end means for the task. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

struct ChildAsk {
  std::string dag_id;
  Value params;                    ///< a map
  std::string run_id;              ///< empty: one is made
  WallUs logical_date = kNoTime;   ///< kNoTime: none
  bool waits = false;              ///< for its end
  bool ignores_failure = false;    ///< waits: a failed run is a success of the task all the same
};

/// As its author wrote it: what no expression can stand in.
[[nodiscard]] ChildAsk child_ask_of(const TaskSpec& spec);
/// What instance `i` wants now. The run id of a later try has `__` and the number of the try behind it, so that each try
/// has a run of its own. An Error: an expression of it has failed, or a date is none.
[[nodiscard]] Result<ChildAsk> rendered_child_ask(const DagRun& run, InstanceNo i);

}  // namespace baton
