#include "scheduler/timetable/civil.h"

#include <array>
#include <cstdio>

#include "scheduler/timetable/quoted.h"

namespace baton::timetable {
namespace {

constexpr std::int64_t kDaysPer400Years = 146'097;

bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// Days from 1 March to the first of a month counted from March (0 = March … 11 = February).
constexpr std::int64_t days_before_month_from_march(std::int64_t month) {
  return (153 * month + 2) / 5;
}

}  // namespace

// Years are counted from 1 March, so that the leap day is the last of its year and months follow one formula.
CivilDay day_of(const YearMonthDay& date) {
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t cycle = floor_div(year, 400);
  const std::int64_t year_of_cycle = year - cycle * 400;
  const std::int64_t day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
                                    days_before_month_from_march(month_from_march) + date.day - 1;
  constexpr std::int64_t kEpochFromYearZero = 719'468;  // 0000-03-01 to 1970-01-01
  return cycle * kDaysPer400Years + day_of_cycle - kEpochFromYearZero;
}

YearMonthDay date_of(CivilDay day) {
  constexpr std::int64_t kEpochFromYearZero = 719'468;
  const std::int64_t from_zero = day + kEpochFromYearZero;
  const std::int64_t cycle = floor_div(from_zero, kDaysPer400Years);
  const std::int64_t rest = from_zero - cycle * kDaysPer400Years;
  const std::int64_t year_of_cycle = (rest - rest / 1'460 + rest / 36'524 - rest / 146'096) / 365;
  const std::int64_t day_of_year = rest - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  const int day_of_month = static_cast<int>(day_of_year - days_before_month_from_march(month_from_march) + 1);
  return {cycle * 400 + year_of_cycle + (month <= 2 ? 1 : 0), month, day_of_month};
}

int days_in_month(std::int64_t year, int month) {
  static constexpr std::array<int, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays.at(static_cast<std::size_t>(month));
}

int weekday_of(CivilDay day) {
  constexpr std::int64_t kThursday = 4;
  return static_cast<int>(day + kThursday - floor_div(day + kThursday, 7) * 7);
}

Result<CivilDay> parse_date(std::string_view text) {
  const auto refuse = [&] { return Error{quoted(text) + " is not a date like 2026-12-25"}; };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return refuse();
  std::array<int, 3> parts = {};
  std::size_t part = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) {
      ++part;
    } else if (text[i] < '0' || text[i] > '9') {
      return refuse();
    } else {
      parts.at(part) = parts.at(part) * 10 + (text[i] - '0');
    }
  }
  const auto [year, month, day] = parts;
  if (year < 1 || month < 1 || month > 12) return refuse();
  if (day < 1 || day > days_in_month(year, month)) {
    return Error{quoted(text) + " does not exist: that month has " + std::to_string(days_in_month(year, month)) +
                 " days"};
  }
  return day_of({year, month, day});
}

std::string format_date(CivilDay day) {
  const YearMonthDay date = date_of(day);
  std::array<char, 48> text = {};
  std::snprintf(text.data(), text.size(), "%04lld-%02d-%02d", static_cast<long long>(date.year), date.month, date.day);
  return text.data();
}

}  // namespace baton::timetable
