// Time zones: a cheap handle on the IANA rules of one zone, seen as stretches of constant offset. Abseil stays in
// zone.cpp. Immutable, any thread; reads zone files when a zone is first loaded, never a clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"
#include "scheduler/timetable/civil.h"

namespace baton::timetable {

/// Ticks exist from 1900-01-01 to 2400-01-01 (seconds since the epoch): beyond, zone rules are guesswork.
inline constexpr std::int64_t kFirstSecond = -2'208'988'800;
inline constexpr std::int64_t kEndSecond = 13'569'465'600;

/// A maximal stretch of instants [begin_s, end_s) with one offset: civil second = instant + offset_s.
struct OffsetStretch {
  std::int64_t begin_s = kFirstSecond;
  std::int64_t end_s = kEndSecond;
  std::int64_t offset_s = 0;
  /// Every civil second below this one has been shown (or jumped over) before begin_s. Above begin_s + offset_s in an
  /// overlap, below it in a gap, equal where nothing happens.
  CivilSecond shown_until = kFirstSecond;

  [[nodiscard]] CivilSecond civil_begin() const { return begin_s + offset_s; }
};

class TimeZone {
 public:
  /// UTC.
  TimeZone();

  [[nodiscard]] const std::string& name() const;

  /// The stretch that holds `second` (since the epoch, UTC), clamped to [kFirstSecond, kEndSecond).
  [[nodiscard]] OffsetStretch stretch_at(std::int64_t second) const;

  /// Seconds east of UTC at `second`, at any distance from today.
  [[nodiscard]] std::int64_t offset_at(std::int64_t second) const;

  /// The instant at which a wall clock shows `civil`: the first of two in an overlap, the end of the gap in a gap.
  [[nodiscard]] std::int64_t instant_of(CivilSecond civil) const;

  /// The civil day at instant `at`.
  [[nodiscard]] CivilDay day_at(WallUs at) const;

  /// The first instant of a civil day (not always midnight, never before its gap).
  [[nodiscard]] WallUs day_begin(CivilDay day) const;

 private:
  friend Result<TimeZone> load_zone(std::string_view iana);
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

TimeZone utc();

/// `Europe/Berlin`, `UTC`. Paths, `localtime` and what depends on the host are refused. The error names the zone;
/// "did you mean" is the caller's, over known_zones().
Result<TimeZone> load_zone(std::string_view iana);

/// Names of all zones installed here, sorted; for hints, not for speed.
std::vector<std::string> known_zones();

}  // namespace baton::timetable
