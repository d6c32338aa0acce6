// Calendars: named sets of civil days, and the rule that keeps or drops a tick by its local date. Immutable values,
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/timetable/civil.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::timetable {

/// A named set of days: every day whose weekday is in `weekdays`, and each of `dates`.
struct Calendar {
  std::string name;
  std::uint8_t weekdays = 0;    // bit 0 = Sunday … bit 6 = Saturday
  std::vector<CivilDay> dates;  // sorted, unique

  [[nodiscard]] bool contains(CivilDay day) const;
  bool operator==(const Calendar&) const = default;
};

/// Sorts and uniques the dates.
Calendar make_calendar(std::string name, std::vector<CivilDay> dates, std::uint8_t weekdays = 0);

/// Monday to Friday; the name is `business_days` and cannot be declared again.
Calendar business_days();

/// The days that a CalendarRule leaves.
class DayFilter {
 public:
  /// Every day qualifies.
  DayFilter() = default;

  /// Fails on a name that is neither in `calendars` nor built in.
  static Result<DayFilter> build(const CalendarRule& rule, const std::vector<Calendar>& calendars);

  [[nodiscard]] bool accepts_all() const { return only_.empty() && exclude_.empty(); }
  [[nodiscard]] bool qualifies(CivilDay day) const;

  /// The first qualifying day ≥ `day`, up to `last`.
  [[nodiscard]] std::optional<CivilDay> next(CivilDay day, CivilDay last) const;

  /// The last qualifying day ≤ `day`, down to `first`.
  [[nodiscard]] std::optional<CivilDay> prev(CivilDay day, CivilDay first) const;

 private:
  std::vector<Calendar> only_;
  std::vector<Calendar> exclude_;
};

}  // namespace baton::timetable
