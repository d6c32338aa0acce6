// Stop: ends a run. What runs gets TERM and its grace, what never started is skipped, teardowns still run; with `kill`
// everything ends at once. A second stop of a run that stops already is no error.
#pragma once

#include "scheduler/control/actor.h"
#include "scheduler/engine/event.h"
#include "scheduler/model/result.h"

namespace baton {

struct StopRun {
  RunNo run_no = 0;
  bool kill = false;
  std::string why;
};

/// conflict: it has ended already, hooks aside.
[[nodiscard]] Status check(const StopRun& request, const DagRun& run);
[[nodiscard]] Event event_of(const StopRun& request);
[[nodiscard]] AuditRow audit_of(const StopRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
