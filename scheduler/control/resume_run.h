// Resume: a run that its scheduler has left goes on where it stood.
#pragma once

#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/engine/admission.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"

namespace baton {

struct ResumeRun {
  RunNo run_no = 0;
  std::string why;
};

/// invalid: a task that has not ended wants more of a pool than it has now, and would wait for ever.
[[nodiscard]] Status check(const ResumeRun& request, const DagRun& run, const Admission& admission);
[[nodiscard]] AuditRow audit_of(const ResumeRun& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
