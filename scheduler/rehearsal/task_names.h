// Names of tasks in a test file: `load`, `load[2]`, `load[eu]`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/rehearsal/test_case.h"

namespace baton::rehearsal {

/// `line` goes along. A text without brackets names the task, all of its instances.
TaskName task_name_of(std::string_view text, std::uint32_t line);
std::string to_text(const TaskName& name);
/// Whether `name` means this instance; `label`: of its item, empty where it has none.
bool names(const TaskName& name, std::string_view task, std::int32_t map_index, std::string_view label);

}  // namespace baton::rehearsal
