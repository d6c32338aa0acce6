// Cron expressions: parsed once into bit sets, then asked for the tick after or before an instant
// (docs/dag-language.md). Immutable values, any thread; no clock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"
#include "scheduler/timetable/civil.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {

/// What the fields allow. Bit n stands for value n.
struct CronFields {
  std::uint64_t seconds = 1;
  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;
  std::uint32_t months = 0;

  std::uint32_t days = 0;              // of the month, 1..31
  std::uint32_t days_before_last = 0;  // L is bit 0, L-3 is bit 3
  std::uint32_t nearest_weekday = 0;   // 15W is bit 15
  bool last_weekday = false;           // LW

  std::uint8_t weekdays = 0;                      // 0 = Sunday … 6
  std::uint8_t last_weekdays = 0;                 // 5L, the last Friday, is bit 5
  std::array<std::uint8_t, 5> nth_weekdays = {};  // 5#2, the second Friday, is bit 5 of [1]

  bool any_hour = false;     // the hour field begins with `*`: ticks follow real minutes through DST
  bool any_day = false;      // the day-of-month field begins with `*` or is `?`
  bool any_weekday = false;  // the same for the day of the week

  bool operator==(const CronFields&) const = default;
};

class Cron {
 public:
  /// Five fields, six with seconds first, or `@yearly @annually @monthly @weekly @daily @midnight @hourly`.
  ///
  /// Names (JAN, MON, any case), lists, ranges, steps, `?`; in the day of the month L, L-n, nW (nearest weekday within
  /// the month; a month without day n has none), LW; in the day of the week d#n, dL, 7 = Sunday. H, H(a-b), H/n and
  /// H(a-b)/n are hashed from `hash_seed`, the DAG's id, each field by itself; H of the day of the month is 1-28.
  /// Vixie's rule: with both day fields restricted either one matches, and a field that begins with `*` counts as
  /// unrestricted. What can never fire is an error. `error_column` gets the 1-based column of the mistake.
  static Result<Cron> parse(std::string_view expr, std::string_view hash_seed, int* error_column = nullptr);

  /// The first tick > `at`, none after the year 2399.
  ///
  /// If the hour field begins with `*`, every real minute whose local time matches is a tick: nothing in a gap, twice
  /// in an overlap. Else each local time is one tick: inside a gap the first instant after it, in an overlap the first
  /// time.
  [[nodiscard]] std::optional<WallUs> next_after(WallUs at, const TimeZone& zone) const;

  /// The first tick ≥ `at`.
  [[nodiscard]] std::optional<WallUs> next_at_or_after(WallUs at, const TimeZone& zone) const;

  /// The last tick < `at`, none before 1900.
  [[nodiscard]] std::optional<WallUs> prev_before(WallUs at, const TimeZone& zone) const;

  /// The last tick ≤ `at`.
  [[nodiscard]] std::optional<WallUs> prev_at_or_before(WallUs at, const TimeZone& zone) const;

  /// How many ticks lie in [from, to). Takes a step for each month and each change of offset, none for each tick.
  [[nodiscard]] std::int64_t count_between(WallUs from, WallUs to, const TimeZone& zone) const;

  [[nodiscard]] const CronFields& fields() const { return fields_; }

 private:
  explicit Cron(const CronFields& fields) : fields_(fields) {}

  CronFields fields_;
};

}  // namespace baton::timetable
