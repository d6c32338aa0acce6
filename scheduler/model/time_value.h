// Timestamp and Duration: their ranges, arithmetic and texts (RFC 3339, CEL's durations). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z (cel-spec, langdef.md, "Timestamps").
inline constexpr std::int64_t kTimestampSecondsMin = -62'135'596'800;
inline constexpr std::int64_t kTimestampSecondsMax = 253'402'300'799;

struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

/// Proleptic Gregorian calendar, UTC.
CivilTime civil_time(std::int64_t unix_seconds);
std::int64_t unix_seconds(const CivilTime& civil);

/// Errors are those of the range.
Result<Timestamp> make_timestamp(std::int64_t seconds, std::int64_t nanos);
Result<Timestamp> add(Timestamp time, Duration span);
Result<Timestamp> subtract(Timestamp time, Duration span);
Result<Duration> subtract(Timestamp a, Timestamp b);
Result<Duration> add(Duration a, Duration b);
Result<Duration> subtract(Duration a, Duration b);
Result<Duration> negate(Duration span);

/// RFC 3339 in UTC with as many digits of the second as needed: 2026-01-01T00:00:00Z.
std::string timestamp_text(Timestamp value);

/// Seconds with as many decimals as needed: "3.5s", "-0.001s".
std::string duration_text(Duration value);

/// RFC 3339 with an offset or Z; years 0001 to 9999 (CEL's range).
Result<Timestamp> parse_timestamp(std::string_view text);

/// "1h30m", "3.5s", "-15ms"; units h m s ms us ns; within ±2^63 nanoseconds (about 292 years).
Result<Duration> parse_duration(std::string_view text);

/// "+05:30", "-09:30", "02:00" in seconds; nothing for anything else.
std::optional<int> offset_seconds(std::string_view zone);

/// Conversion between the two representations of time, µs and CEL's; nanoseconds below a µs are cut off.
Timestamp timestamp_from_us(std::int64_t wall_us);
std::int64_t timestamp_to_us(Timestamp value);
Duration duration_from_us(std::int64_t us);
std::int64_t duration_to_us(Duration value);

}  // namespace baton
