// Reasons and names of task instances as words for people. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/states.h"

namespace baton::text {

/// `load`, `load[3]` or, where it has a label that is no number, `load[eu]`. Labels are an author's: made printable.
std::string instance_name(std::string_view task_id, std::int32_t map_index, std::string_view map_key);

/// `exit code 1`, `killed by SIGSEGV`, `timed out`, …: why an instance or a try stands in its state; empty: nothing to
/// say.
std::string reason_words(Reason reason, std::int32_t exit_code = -1, std::int32_t signal = 0);

/// What an instance waits for: `a free slot`, `its pool`, ….
std::string_view wait_words(Wait wait);

}  // namespace baton::text
