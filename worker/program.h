// Finding the program of a launch as execvp would, with the PATH of the task, and saying clearly why it did not start.
// Pure but for looking at files. Main thread.
#pragma once

#include <string>
#include <string_view>

#include "worker/protocol/messages.h"
#include "worker/spawn.h"

namespace baton::worker {

/// Where `name` is found; empty if nowhere. A name with a slash is taken as it is (relative to the task's folder).
[[nodiscard]] std::string find_program(std::string_view name, const wire::StringList& env);

/// One sentence for a person about a start that failed with `error` at `step`.
[[nodiscard]] std::string spawn_failure_text(SpawnStep step, int error, const wire::Launch& launch);

}  // namespace baton::worker
