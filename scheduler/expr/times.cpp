#include "scheduler/expr/times.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <cctype>

#include "scheduler/model/time_value.h"

namespace baton::expr {
namespace {

Result<absl::TimeZone> load_zone(std::string_view name) {
  if (name.empty() || name == "UTC") return absl::UTCTimeZone();
  if (const std::optional<int> offset = offset_seconds(name)) return absl::FixedTimeZone(*offset);
  // Only names of the database: no path of the file system, not the machine's own zone.
  bool is_name = std::isalpha(static_cast<unsigned char>(name[0])) != 0 && name.size() <= 64 && name != "localtime";
  for (const char c : name) {
    is_name =
        is_name && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '+' || c == '-' || c == '/');
  }
  absl::TimeZone zone;
  if (!is_name || !absl::LoadTimeZone(std::string(name), &zone)) {
    return Error{"\"" + std::string(name) + "\" is no time zone; write one as Europe/Berlin, UTC or +05:30"};
  }
  return zone;
}

absl::Time to_absl(Timestamp time) {
  return absl::FromUnixSeconds(time.seconds) + absl::Nanoseconds(time.nanos);
}

}  // namespace

Result<std::int64_t> date_part(Timestamp time, Function getter, std::string_view zone) {
  const Result<absl::TimeZone> loaded = load_zone(zone);
  if (!loaded) return loaded.error();
  const absl::CivilSecond civil = loaded->At(to_absl(time)).cs;
  const absl::CivilDay day(civil);
  switch (getter) {
    case Function::get_date:
      return civil.day();
    case Function::get_day_of_month:
      return civil.day() - 1;
    case Function::get_day_of_week:
      return (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;
    case Function::get_day_of_year:
      return absl::GetYearDay(day) - 1;
    case Function::get_full_year:
      return civil.year();
    case Function::get_hours:
      return civil.hour();
    case Function::get_milliseconds:
      return time.nanos / 1'000'000;
    case Function::get_minutes:
      return civil.minute();
    case Function::get_month:
      return civil.month() - 1;
    case Function::get_seconds:
      return civil.second();
    default:
      return Error{"no part of a date"};
  }
}

std::int64_t duration_part(Duration span, Function getter) {
  switch (getter) {
    case Function::get_hours:
      return span.seconds / 3600;
    case Function::get_minutes:
      return span.seconds / 60;
    case Function::get_milliseconds:
      return span.nanos / 1'000'000;
    default:
      return span.seconds;
  }
}

Result<std::string> format_time(Timestamp time, std::string_view format, std::string_view zone) {
  const Result<absl::TimeZone> loaded = load_zone(zone);
  if (!loaded) return loaded.error();
  return absl::FormatTime(std::string(format), to_absl(time), *loaded);
}

Status check_zone(std::string_view zone) {
  const Result<absl::TimeZone> loaded = load_zone(zone);
  if (!loaded) return loaded.error();
  return Unit{};
}

}  // namespace baton::expr
