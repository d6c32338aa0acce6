// Reasons and names of task instances as words for people. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/insight/words.h"
#include "scheduler/model/states.h"

namespace baton::text {

/// `load`, `load[3]` or, where it has a label that is no number, `load[eu]`. Labels are an author's: made printable.
std::string instance_name(std::string_view task_id, std::int32_t map_index, std::string_view map_key);

using insight::reason_words;
using insight::wait_words;

}  // namespace baton::text
