#include "scheduler/timetable/calendar.h"

#include <algorithm>

namespace baton::timetable {
namespace {

constexpr std::string_view kBusinessDays = "business_days";

const Calendar* find(const std::vector<Calendar>& calendars, std::string_view name) {
  const auto found =
      std::find_if(calendars.begin(), calendars.end(), [&](const Calendar& c) { return c.name == name; });
  return found == calendars.end() ? nullptr : &*found;
}

Status resolve(const std::vector<std::string>& names, const std::vector<Calendar>& calendars,
               std::vector<Calendar>& into) {
  for (const std::string& name : names) {
    if (name == kBusinessDays) {
      into.push_back(business_days());
    } else if (const Calendar* calendar = find(calendars, name)) {
      into.push_back(*calendar);
    } else {
      return Error{"calendar \"" + name + "\" does not exist; declare it under calendars:, or use business_days"};
    }
  }
  return Unit{};
}

bool any_contains(const std::vector<Calendar>& calendars, CivilDay day) {
  return std::any_of(calendars.begin(), calendars.end(), [&](const Calendar& c) { return c.contains(day); });
}

}  // namespace

bool Calendar::contains(CivilDay day) const {
  return ((weekdays >> weekday_of(day)) & 1) != 0 || std::binary_search(dates.begin(), dates.end(), day);
}

Calendar make_calendar(std::string name, std::vector<CivilDay> dates, std::uint8_t weekdays) {
  std::sort(dates.begin(), dates.end());
  dates.erase(std::unique(dates.begin(), dates.end()), dates.end());
  return {std::move(name), weekdays, std::move(dates)};
}

Calendar business_days() {
  return make_calendar(std::string(kBusinessDays), {}, 0b0111110);
}

Result<DayFilter> DayFilter::build(const CalendarRule& rule, const std::vector<Calendar>& calendars) {
  DayFilter filter;
  if (Status found = resolve(rule.only, calendars, filter.only_); !found) return found.error();
  if (Status found = resolve(rule.exclude, calendars, filter.exclude_); !found) return found.error();
  return filter;
}

bool DayFilter::qualifies(CivilDay day) const {
  return (only_.empty() || any_contains(only_, day)) && !any_contains(exclude_, day);
}

std::optional<CivilDay> DayFilter::next(CivilDay day, CivilDay last) const {
  for (CivilDay d = day; d <= last; ++d) {
    if (qualifies(d)) return d;
  }
  return std::nullopt;
}

std::optional<CivilDay> DayFilter::prev(CivilDay day, CivilDay first) const {
  for (CivilDay d = day; d >= first; --d) {
    if (qualifies(d)) return d;
  }
  return std::nullopt;
}

}  // namespace baton::timetable
