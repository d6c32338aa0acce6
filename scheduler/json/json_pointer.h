// JSON pointers (RFC 6901): places within a value, as "/headers/Accept" and "/0/expect". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/value.h"

namespace baton {

/// A key as one step of a pointer: `~` and `/` in it are escaped.
std::string pointer_step(std::string_view key);

/// The key that the last step of a pointer names.
std::string last_step(std::string_view pointer);

/// What stands at `pointer`; nullptr where nothing does.
const Value* value_at(const Value& value, std::string_view pointer);

}  // namespace baton
