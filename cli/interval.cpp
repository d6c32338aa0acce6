#include "cli/interval.h"

#include <string>

#include "cli/exit_codes.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::cli {
namespace {

constexpr const char* kForm =
    "write START or START/END, for example 2026-01-31 or 2026-01-31T00:00:00Z/2026-02-01T00:00:00Z";

Result<WallUs> time_of(std::string_view text, const timetable::TimeZone& zone) {
  Result<WallUs> at = timetable::parse_time(text, zone);
  if (at) return at;
  return Error{"--interval: " + at.error().message + "; " + kForm};
}

}  // namespace

Result<timetable::Interval> parse_interval(std::string_view text, const Dag& dag,
                                           const timetable::Timetable& timetable) {
  const Result<timetable::TimeZone> zone = timetable::load_zone(dag.timezone);
  if (!zone) return zone.error();
  const std::size_t slash = text.find('/');
  const std::string_view start_text = text.substr(0, slash);
  const Result<WallUs> start = time_of(start_text, *zone);
  if (!start) return start.error();
  if (slash == std::string_view::npos) {
    const bool is_date = timetable::is_plain_date(start_text);
    if (timetable.has_ticks() || !is_date) return timetable.interval_for(*start, is_date);
    return timetable::Interval{*start, zone->day_begin(zone->day_at(*start) + 1)};
  }
  const Result<WallUs> end = time_of(text.substr(slash + 1), *zone);
  if (!end) return end.error();
  if (*end < *start) return Error{"--interval: the end lies before the start; " + std::string(kForm)};
  return timetable::Interval{*start, *end};
}

}  // namespace baton::cli
