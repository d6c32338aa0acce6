// The items of mapped instances as the store keeps them: JSON that reads back as the very same value. Plain where JSON
// can say it; what JSON cannot (times, NaN and infinities, maps whose keys are no strings) stands as
// {"$baton": [type, …]}. Rows that were written before there was this form read as the plain JSON that they are.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

std::string stored_json(const Value& value);

/// Whatever stored_json() wrote, of any size and depth; an Error for what is no JSON.
Result<Value> value_of_stored(std::string_view json);

}  // namespace baton
