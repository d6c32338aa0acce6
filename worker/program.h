// Finding the program of a launch as execvp would, with the PATH of the task, and saying clearly why it did not start.
// Pure but for looking at files. Main thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "worker/protocol/messages.h"
#include "worker/spawn.h"

namespace baton::worker {

/// Where `name` is found; empty if nowhere. A name with a slash is taken as it is (relative to the task's folder).
[[nodiscard]] std::string find_program(std::string_view name, const wire::StringList& env);

/// Remembers where programs were found, as shells do: one look at the file instead of one in each folder of the PATH. A
/// program that appears later in an earlier folder is not seen until the one that is known goes away.
class ProgramCache {
 public:
  /// As find_program().
  [[nodiscard]] std::string find(std::string_view name, const wire::StringList& env);

 private:
  std::unordered_map<std::string, std::string> found_;  // By name and PATH.
};

/// One sentence for a person about a start that failed with `error` at `step`.
[[nodiscard]] std::string spawn_failure_text(SpawnStep step, int error, const wire::Launch& launch);

}  // namespace baton::worker
