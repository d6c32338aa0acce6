// Values as text and back: CEL's string(), int(), double(), bool(), and the texts of times. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::expr {

/// Shortest text that reads back as the same double: 0.1, 1000000, 1e+21, NaN, Infinity, -Infinity.
std::string double_text(double value);

/// RFC 3339 in UTC with as many digits of the second as needed: 2026-01-01T00:00:00Z.
std::string timestamp_text(Timestamp value);

/// Seconds with as many decimals as needed: "3.5s", "-0.001s".
std::string duration_text(Duration value);

/// RFC 3339 with an offset or Z; years 0001 to 9999 (CEL's range).
Result<Timestamp> parse_timestamp(std::string_view text);

/// "1h30m", "3.5s", "-15ms"; units h m s ms us ns; within ±2^63 nanoseconds (about 292 years).
Result<Duration> parse_duration(std::string_view text);

/// What a value becomes inside a longer text: strings verbatim, numbers, booleans and times as string() gives them.
/// null, lists and maps are an error that says what to write instead.
Result<std::string> to_text(const Value& value);

/// Conversion between the two representations of time, µs and CEL's; nanoseconds below a µs are cut off.
Timestamp timestamp_from_us(std::int64_t wall_us);
std::int64_t timestamp_to_us(Timestamp value);
Duration duration_from_us(std::int64_t us);
std::int64_t duration_to_us(Duration value);

}  // namespace baton::expr
