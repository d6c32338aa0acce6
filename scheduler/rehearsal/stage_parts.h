// What a run that nobody carries out is given in place of a machine: a context for its launches, and outputs. Pure; any
// thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/render.h"
#include "scheduler/model/task_spec.h"

namespace baton::rehearsal {

/// Paths that nobody opens; secrets are `secret-NAME`, so that none of this machine is read.
LaunchContext stage_context();

/// The content of $BATON_OUTPUT that satisfies the types that a task declares: 0, "", [], …; empty where there are none.
std::string sample_output(const TaskSpec& spec, WallUs now);

/// The same of a task of checks, as the program that runs them writes it. `given`: what single ones come to, by name:
/// passed, failed, error; the others hold.
std::string checks_output(const TaskSpec& spec, const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace baton::rehearsal
