// Mark of a run: a person ends it as success or failed. Its attempts are stopped, due teardowns still run; what is open
// becomes success with it, or where it fails: failed what was running, skipped what was not. Of a run that has ended the
// outcome alone changes.
#pragma once

#include <optional>
#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/engine/event.h"
#include "scheduler/model/result.h"

namespace baton {

struct MarkRun {
  RunNo run_no = 0;
  RunState state = RunState::success;  ///< or failed
  std::string why;
  std::optional<std::string> note;  ///< on the run
};

/// Whether there is something to change: not where the run has ended so already. conflict: its hooks still run for the
/// outcome that it has, or it is not with this process; invalid: a state that nobody can say.
[[nodiscard]] Result<bool> check(const MarkRun& request, const DagRun& run, bool is_with_us);
[[nodiscard]] Event event_of(const MarkRun& request);
[[nodiscard]] AuditRow audit_of(const MarkRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
