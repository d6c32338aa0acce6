// Civil dates of the proleptic Gregorian calendar as plain numbers: days and seconds since 1970-01-01T00:00:00 on a
// wall clock that knows no zone. Values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"

namespace baton::timetable {

/// A civil day, counted from 1970-01-01 (day 0, a Thursday).
using CivilDay = std::int64_t;

/// A reading of a wall clock: seconds since 1970-01-01T00:00:00 of that clock. Not an instant.
using CivilSecond = std::int64_t;

inline constexpr std::int64_t kSecondsPerDay = 86'400;

struct YearMonthDay {
  std::int64_t year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
};

/// The day of a date; `date` must exist.
CivilDay day_of(const YearMonthDay& date);

YearMonthDay date_of(CivilDay day);

/// 28..31.
int days_in_month(std::int64_t year, int month);

/// 0 = Sunday … 6 = Saturday.
int weekday_of(CivilDay day);

/// Division that rounds towards minus infinity; `divisor` > 0.
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/// `2026-12-25`, years 0001 to 9999, the date must exist.
Result<CivilDay> parse_date(std::string_view text);

std::string format_date(CivilDay day);

}  // namespace baton::timetable
