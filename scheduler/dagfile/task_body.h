// Compiles the body of a task: which of its texts hold expressions, which are scripts, which values are secrets, for
// each kind. Files and stored versions go through this one function, so that both render the same. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/expr/shell_template.h"
#include "scheduler/model/result.h"
#include "scheduler/model/states.h"
#include "scheduler/model/task_body.h"
#include "scheduler/model/value.h"

namespace baton::dagfile {

/// `json` is the canonical JSON of the body of a task of `kind`. An error where it is no JSON (invalid), or a text in it
/// no template (storage): in a file such texts have been reported before, and `lenient` leaves them as they are.
Result<TaskBody> compile_body(TaskKind kind, std::string json, expr::ShellKind shell, bool lenient = false);

}  // namespace baton::dagfile
