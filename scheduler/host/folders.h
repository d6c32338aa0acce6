// Where things lie on this machine: the state folder, the worker's program, and whether this process is itself part of
// a task. Reads the environment and folders; owns nothing. Any thread, as long as none changes the environment.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "scheduler/model/result.h"

namespace baton {

/// Absolute, without `.`, `..` and a slash at the end. Links stay as they are.
std::filesystem::path made_absolute(const std::filesystem::path& path);

/// The nearest `.baton/` of this user at or above `from`, else `<from>/.baton`; absolute. It need not exist.
std::filesystem::path find_state_folder(const std::filesystem::path& from);

/// $BATON_STATE, where it names no file of a task's value, else find_state_folder(".").
std::filesystem::path default_state_folder();

/// baton-worker: $BATON_WORKER, else beside this program. Inside of an attempt that variable is the worker's mark,
/// which names no program. Nothing need be at that place.
std::string worker_program();

/// baton-task, beside this program.
std::string task_program();

/// The state folder of the attempt that this process belongs to, by the marks in its environment; none outside of one,
/// and where a task has cleared its environment.
std::optional<std::filesystem::path> enclosing_state_folder();

/// Whether process `pid` is this one's parent, or its parent's parent, and so on.
bool is_ancestor(std::int64_t pid);

/// Whether `program` is found in $PATH.
bool is_in_path(const std::string& program);

}  // namespace baton
