// What a value becomes inside a text. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/model/number.h"
#include "scheduler/model/result.h"
#include "scheduler/model/time_value.h"
#include "scheduler/model/value.h"

namespace baton::expr {

// The texts of times belong to the model; who uses expressions finds them here too.
using baton::double_text;
using baton::duration_from_us;
using baton::duration_text;
using baton::duration_to_us;
using baton::parse_duration;
using baton::parse_timestamp;
using baton::timestamp_from_us;
using baton::timestamp_text;
using baton::timestamp_to_us;

/// Strings verbatim, booleans and times as string() gives them; a number as it was written, where that is known
/// (Value::spelling). null, lists and maps are an error that says what to write instead.
Result<std::string> to_text(const Value& value);

}  // namespace baton::expr
