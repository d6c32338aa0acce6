// Pause: nothing more of a live run is claimed until it goes on. What runs goes on, and what has been handed to a worker
// starts; the run keeps its place among the active ones, its limits and its time. A stop lets go of the pause: what is due
// of a stopped run (teardowns) has to run. It survives restarts.
#pragma once

#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"

namespace baton {

struct PauseRun {
  RunNo run_no = 0;
  bool is_paused = true;  ///< false: it goes on
  std::string why;
};

/// conflict: it has ended, stops, or waits to begin (its DAG can be paused).
[[nodiscard]] Status check(const PauseRun& request, const DagRun& run);
[[nodiscard]] RunHoldRow row_of(const PauseRun& request, const Actor& actor, WallUs at);
[[nodiscard]] AuditRow audit_of(const PauseRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
