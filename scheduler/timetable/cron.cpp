#include "scheduler/timetable/cron.h"

#include <algorithm>
#include <bit>

#include "scheduler/timetable/cron_parser.h"

namespace baton::timetable {
namespace {

constexpr int kMonthsPerYear = 12;

/// The day of the month, if any, that `nW` means: the weekday nearest to day n, never in another month.
int nearest_weekday_of(CivilDay first_of_month, int days, int day) {
  if (day > days) return 0;
  const int weekday = weekday_of(first_of_month + day - 1);
  if (weekday == 6) return day > 1 ? day - 1 : day + 2;
  if (weekday == 0) return day < days ? day + 1 : day - 2;
  return day;
}

/// What the day-of-month field allows.
std::uint32_t by_day_of_month(const CronFields& fields, CivilDay first, int days) {
  std::uint32_t allowed = fields.days;
  for (std::uint32_t rest = fields.days_before_last; rest != 0; rest &= rest - 1) {
    const int day = days - std::countr_zero(rest);
    if (day >= 1) allowed |= 1U << day;
  }
  for (std::uint32_t rest = fields.nearest_weekday; rest != 0; rest &= rest - 1) {
    if (const int day = nearest_weekday_of(first, days, std::countr_zero(rest)); day != 0) allowed |= 1U << day;
  }
  if (fields.last_weekday) allowed |= 1U << nearest_weekday_of(first, days, days);
  return allowed;
}

/// What the day-of-week field allows.
std::uint32_t by_weekday(const CronFields& fields, CivilDay first, int days) {
  std::uint32_t allowed = 0;
  const int first_weekday = weekday_of(first);
  for (int day = 1; day <= days; ++day) {
    const int weekday = (first_weekday + day - 1) % 7;
    const int nth = (day - 1) / 7;
    const unsigned wanted = fields.weekdays | fields.nth_weekdays.at(static_cast<std::size_t>(nth)) |
                            (day + 7 > days ? fields.last_weekdays : 0U);
    if (((wanted >> weekday) & 1U) != 0) allowed |= 1U << day;
  }
  return allowed;
}

std::uint32_t bits_up_to(int high) {
  return static_cast<std::uint32_t>((1ULL << (high + 1)) - 1);
}

/// The lowest set bit ≥ `from`, or -1.
int next_bit(std::uint64_t bits, int from) {
  if (from > 63) return -1;
  bits &= ~0ULL << from;
  return bits == 0 ? -1 : std::countr_zero(bits);
}

/// The highest set bit ≤ `from`, or -1.
int prev_bit(std::uint64_t bits, int from) {
  if (from < 0) return -1;
  if (from < 63) bits &= (1ULL << (from + 1)) - 1;
  return bits == 0 ? -1 : 63 - std::countl_zero(bits);
}

/// Finds civil seconds that match, without any zone.
class CivilSearch {
 public:
  explicit CivilSearch(const CronFields& fields) : fields_(fields) {}

  /// The first match ≥ `from`, below `end`.
  [[nodiscard]] std::optional<CivilSecond> next(CivilSecond from, CivilSecond end) const {
    if (from >= end) return std::nullopt;
    CivilDay day = floor_div(from, kSecondsPerDay);
    const CivilDay last = floor_div(end - 1, kSecondsPerDay);
    int second_of_day = static_cast<int>(from - day * kSecondsPerDay);
    const CivilDay first_day = day;
    for (std::optional<CivilDay> found = next_day(day, last); found; found = next_day(day, last)) {
      if (*found > first_day) second_of_day = 0;
      if (const int match = next_second(second_of_day); match >= 0) {
        const CivilSecond civil = *found * kSecondsPerDay + match;
        return civil < end ? std::optional(civil) : std::nullopt;
      }
      day = *found + 1;
    }
    return std::nullopt;
  }

  /// The last match ≤ `from`, not below `begin`.
  [[nodiscard]] std::optional<CivilSecond> prev(CivilSecond from, CivilSecond begin) const {
    if (from < begin) return std::nullopt;
    CivilDay day = floor_div(from, kSecondsPerDay);
    const CivilDay first = floor_div(begin, kSecondsPerDay);
    int second_of_day = static_cast<int>(from - day * kSecondsPerDay);
    const CivilDay last_day = day;
    for (std::optional<CivilDay> found = prev_day(day, first); found; found = prev_day(day, first)) {
      if (*found < last_day) second_of_day = static_cast<int>(kSecondsPerDay - 1);
      if (const int match = prev_second(second_of_day); match >= 0) {
        const CivilSecond civil = *found * kSecondsPerDay + match;
        return civil >= begin ? std::optional(civil) : std::nullopt;
      }
      day = *found - 1;
    }
    return std::nullopt;
  }

  /// How many matches lie in [from, end).
  [[nodiscard]] std::int64_t count(CivilSecond from, CivilSecond end) const {
    if (from >= end) return 0;
    const std::int64_t year = date_of(floor_div(from, kSecondsPerDay)).year;
    return since(year, end) - since(year, from);
  }

 private:
  /// Matches from the begin of a year to `end`: month by month, then the seconds of the last day.
  [[nodiscard]] std::int64_t since(std::int64_t first_year, CivilSecond end) const {
    const CivilDay last_day = floor_div(end, kSecondsPerDay);
    const YearMonthDay last = date_of(last_day);
    std::int64_t days = 0;
    for (std::int64_t year = first_year; year <= last.year; ++year) {
      for (int month = next_bit(fields_.months, 1); month > 0; month = next_bit(fields_.months, month + 1)) {
        if (year == last.year && month > last.month) break;
        const std::uint32_t allowed = allowed_days(fields_, year, month);
        const bool is_last = year == last.year && month == last.month;
        days += std::popcount(is_last ? allowed & bits_up_to(last.day - 1) : allowed);
      }
    }
    const bool last_counts = ((fields_.months >> last.month) & 1U) != 0 &&
                             ((allowed_days(fields_, last.year, last.month) >> last.day) & 1U) != 0;
    const auto rest = static_cast<int>(end - last_day * kSecondsPerDay);
    return days * seconds_before(static_cast<int>(kSecondsPerDay)) + (last_counts ? seconds_before(rest) : 0);
  }

  /// Matching seconds of a day below `end`.
  [[nodiscard]] std::int64_t seconds_before(int end) const {
    const auto below = [](std::uint64_t bits, int limit) { return std::popcount(bits & ((1ULL << limit) - 1)); };
    const std::int64_t in_minute = std::popcount(fields_.seconds);
    const std::int64_t in_hour = in_minute * std::popcount(fields_.minutes);
    const int hour = end / 3'600;
    const int minute = end / 60 % 60;
    std::int64_t found = in_hour * below(fields_.hours, hour);
    if (((fields_.hours >> hour) & 1U) == 0) return found;
    found += in_minute * below(fields_.minutes, minute);
    return ((fields_.minutes >> minute) & 1U) == 0 ? found : found + below(fields_.seconds, end % 60);
  }

  /// The first allowed day in [day, last], month by month.
  [[nodiscard]] std::optional<CivilDay> next_day(CivilDay day, CivilDay last) const {
    while (day <= last) {
      const YearMonthDay date = date_of(day);
      if (((fields_.months >> date.month) & 1U) != 0) {
        const int found = next_bit(allowed_days(fields_, date.year, date.month), date.day);
        if (found > 0) return day + found - date.day <= last ? std::optional(day + found - date.day) : std::nullopt;
      }
      const int month = next_bit(fields_.months, date.month + 1);
      day = month > 0 ? day_of({date.year, month, 1}) : day_of({date.year + 1, next_bit(fields_.months, 1), 1});
    }
    return std::nullopt;
  }

  /// The last allowed day in [first, day].
  [[nodiscard]] std::optional<CivilDay> prev_day(CivilDay day, CivilDay first) const {
    while (day >= first) {
      const YearMonthDay date = date_of(day);
      if (((fields_.months >> date.month) & 1U) != 0) {
        const int found = prev_bit(allowed_days(fields_, date.year, date.month), date.day);
        if (found > 0) return day + found - date.day >= first ? std::optional(day + found - date.day) : std::nullopt;
      }
      int month = prev_bit(fields_.months, date.month - 1);
      const std::int64_t year = month > 0 ? date.year : date.year - 1;
      if (month <= 0) month = prev_bit(fields_.months, kMonthsPerYear);
      day = day_of({year, month, days_in_month(year, month)});
    }
    return std::nullopt;
  }

  /// The first matching second of the day ≥ `from`, or -1.
  [[nodiscard]] int next_second(int from) const {
    int hour = next_bit(fields_.hours, from / 3'600);
    if (hour < 0) return -1;
    int minute = 0;
    int second = 0;
    if (hour == from / 3'600) {
      minute = from / 60 % 60;
      second = next_bit(fields_.seconds, from % 60);
      const int found = next_bit(fields_.minutes, minute);
      if (found == minute && second >= 0) return hour * 3'600 + minute * 60 + second;
      minute = next_bit(fields_.minutes, minute + 1);
      if (minute < 0) hour = next_bit(fields_.hours, hour + 1);
      if (hour < 0) return -1;
    }
    if (minute <= 0) minute = next_bit(fields_.minutes, 0);
    return hour * 3'600 + minute * 60 + next_bit(fields_.seconds, 0);
  }

  /// The last matching second of the day ≤ `from`, or -1.
  [[nodiscard]] int prev_second(int from) const {
    int hour = prev_bit(fields_.hours, from / 3'600);
    if (hour < 0) return -1;
    int minute = -1;
    if (hour == from / 3'600) {
      minute = from / 60 % 60;
      const int second = prev_bit(fields_.seconds, from % 60);
      if (prev_bit(fields_.minutes, minute) == minute && second >= 0) return hour * 3'600 + minute * 60 + second;
      minute = prev_bit(fields_.minutes, minute - 1);
      if (minute < 0) hour = prev_bit(fields_.hours, hour - 1);
      if (hour < 0) return -1;
    }
    if (minute < 0) minute = prev_bit(fields_.minutes, 59);
    return hour * 3'600 + minute * 60 + prev_bit(fields_.seconds, 59);
  }

  const CronFields& fields_;
};

/// Puts civil matches on the time line, one stretch of constant offset at a time.
class StretchSearch {
 public:
  explicit StretchSearch(const CronFields& fields) : fields_(fields), civil_(fields) {}

  /// The first tick ≥ `from` inside the stretch.
  [[nodiscard]] std::optional<std::int64_t> next(const OffsetStretch& stretch, std::int64_t from) const {
    if (from <= stretch.begin_s && fires_after_gap(stretch)) return stretch.begin_s;
    const std::int64_t begin = std::max(from, first_shown(stretch));
    const auto civil = civil_.next(begin + stretch.offset_s, stretch.end_s + stretch.offset_s);
    return civil ? std::optional(*civil - stretch.offset_s) : std::nullopt;
  }

  /// The last tick ≤ `from` inside the stretch.
  [[nodiscard]] std::optional<std::int64_t> prev(const OffsetStretch& stretch, std::int64_t from) const {
    const std::int64_t last = std::min(from, stretch.end_s - 1);
    const auto civil = civil_.prev(last + stretch.offset_s, first_shown(stretch) + stretch.offset_s);
    if (civil) return *civil - stretch.offset_s;
    return from >= stretch.begin_s && fires_after_gap(stretch) ? std::optional(stretch.begin_s) : std::nullopt;
  }

  /// How many ticks ≥ `from` and < `to` lie inside the stretch.
  [[nodiscard]] std::int64_t count(const OffsetStretch& stretch, std::int64_t from, std::int64_t to) const {
    const std::int64_t begin = std::max(from, first_shown(stretch));
    const std::int64_t end = std::min(to, stretch.end_s);
    const bool has_gap_tick = from <= stretch.begin_s && stretch.begin_s < to && fires_after_gap(stretch);
    // One that falls on the end of the gap by itself is the same tick.
    const bool is_same = has_gap_tick && civil_.count(stretch.civil_begin(), stretch.civil_begin() + 1) > 0;
    return civil_.count(begin + stretch.offset_s, end + stretch.offset_s) + (has_gap_tick && !is_same ? 1 : 0);
  }

 private:
  /// Where ticks of the stretch begin: with fixed hours not before what an earlier stretch has shown already.
  [[nodiscard]] std::int64_t first_shown(const OffsetStretch& stretch) const {
    return fields_.any_hour ? stretch.begin_s : std::max(stretch.begin_s, stretch.shown_until - stretch.offset_s);
  }

  /// With fixed hours, local times inside the gap before the stretch come together at its first instant.
  [[nodiscard]] bool fires_after_gap(const OffsetStretch& stretch) const {
    return !fields_.any_hour && civil_.next(stretch.shown_until, stretch.civil_begin()).has_value();
  }

  const CronFields& fields_;
  CivilSearch civil_;
};

std::optional<WallUs> to_wall(std::optional<std::int64_t> second) {
  return second ? std::optional(*second * kSecond) : std::nullopt;
}

std::int64_t ceil_second(WallUs at) {
  return floor_div(at, kSecond) + (at % kSecond != 0 ? 1 : 0);
}

std::optional<WallUs> next_from(const CronFields& fields, const TimeZone& zone, std::int64_t from) {
  if (from >= kEndSecond) return std::nullopt;
  const StretchSearch search(fields);
  OffsetStretch stretch = zone.stretch_at(from);
  for (;; stretch = zone.stretch_at(stretch.end_s)) {
    if (const auto found = search.next(stretch, from)) return to_wall(found);
    if (stretch.end_s >= kEndSecond) return std::nullopt;
  }
}

std::optional<WallUs> prev_from(const CronFields& fields, const TimeZone& zone, std::int64_t from) {
  if (from < kFirstSecond) return std::nullopt;
  const StretchSearch search(fields);
  OffsetStretch stretch = zone.stretch_at(from);
  for (;; stretch = zone.stretch_at(stretch.begin_s - 1)) {
    if (const auto found = search.prev(stretch, from)) return to_wall(found);
    if (stretch.begin_s <= kFirstSecond) return std::nullopt;
  }
}

}  // namespace

std::uint32_t allowed_days(const CronFields& fields, std::int64_t year, int month) {
  const int days = days_in_month(year, month);
  const std::uint32_t all = bits_up_to(days) & ~1U;
  if (fields.any_day && fields.any_weekday && fields.days == bits_up_to(31) - 1 && fields.weekdays == 0x7f) return all;
  const CivilDay first = day_of({year, month, 1});
  const std::uint32_t by_day = by_day_of_month(fields, first, days);
  const std::uint32_t by_week = by_weekday(fields, first, days);
  const bool either = !fields.any_day && !fields.any_weekday;  // Vixie's rule
  return (either ? by_day | by_week : by_day & by_week) & all;
}

bool can_ever_fire(const CronFields& fields) {
  constexpr std::int64_t kFirstYear = 2000;
  for (std::int64_t year = kFirstYear; year < kFirstYear + 400; ++year) {
    for (int month = 1; month <= kMonthsPerYear; ++month) {
      if (((fields.months >> month) & 1U) != 0 && allowed_days(fields, year, month) != 0) return true;
    }
  }
  return false;
}

Result<Cron> Cron::parse(std::string_view expr, std::string_view hash_seed, int* error_column) {
  int column = 1;
  Result<CronFields> fields = parse_cron_fields(expr, hash_seed, column);
  if (fields) return Cron(*fields);
  if (error_column != nullptr) *error_column = column;
  return fields.error();
}

std::optional<WallUs> Cron::next_after(WallUs at, const TimeZone& zone) const {
  return next_from(fields_, zone, floor_div(at, kSecond) + 1);
}

std::optional<WallUs> Cron::next_at_or_after(WallUs at, const TimeZone& zone) const {
  return next_from(fields_, zone, ceil_second(at));
}

std::optional<WallUs> Cron::prev_before(WallUs at, const TimeZone& zone) const {
  return prev_from(fields_, zone, ceil_second(at) - 1);
}

std::optional<WallUs> Cron::prev_at_or_before(WallUs at, const TimeZone& zone) const {
  return prev_from(fields_, zone, floor_div(at, kSecond));
}

std::int64_t Cron::count_between(WallUs from, WallUs to, const TimeZone& zone) const {
  const StretchSearch search(fields_);
  const std::int64_t first = std::max(ceil_second(from), kFirstSecond);
  const std::int64_t end = std::min(ceil_second(to), kEndSecond);
  std::int64_t ticks = 0;
  for (std::int64_t at = first; at < end;) {
    const OffsetStretch stretch = zone.stretch_at(at);
    ticks += search.count(stretch, first, end);
    at = stretch.end_s;
  }
  return ticks;
}

}  // namespace baton::timetable
