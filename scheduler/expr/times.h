// Times of the language: ranges, arithmetic, calendar fields and formats. Private to this room. Pure but for the
// machine's time-zone data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/expr/functions.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::expr {

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

/// A zone is a name of the time-zone data, UTC, or an offset as +05:30.
Result<std::int64_t> date_part(Timestamp time, Function getter, std::string_view zone);
std::int64_t duration_part(Duration span, Function getter);
Result<std::string> format_time(Timestamp time, std::string_view format, std::string_view zone);
Status check_zone(std::string_view zone);

}  // namespace baton::expr
