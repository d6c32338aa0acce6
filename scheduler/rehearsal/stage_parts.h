// What a run that nobody carries out is given in place of a machine: a context for its launches, and outputs. Pure; any
// thread.
#pragma once

#include <string>

#include "scheduler/engine/render.h"
#include "scheduler/model/task_spec.h"

namespace baton::rehearsal {

/// Paths that nobody opens; secrets are `secret-NAME`, so that none of this machine is read.
LaunchContext stage_context();

/// The content of $BATON_OUTPUT that satisfies the types that a task declares: 0, "", [], …; empty where there are none.
std::string sample_output(const TaskSpec& spec, WallUs now);

}  // namespace baton::rehearsal
