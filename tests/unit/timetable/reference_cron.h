// A second cron, slow and in another style, to hold the real one against: sets of numbers, a calendar grid per month,
// and a walk over every minute. Shares no code with scheduler/timetable and uses glibc for time zones. Tests only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace baton::timetable::reference {

/// A minute of the time line with what a clock of the zone shows.
struct ShownMinute {
  std::int64_t utc_minute = 0;
  std::int64_t local_minute = 0;  // local minutes since 1970-01-01T00:00 of that clock
};

/// Sets TZ for this process and reads the zone minute by minute. Not for threads.
class GlibcZone {
 public:
  explicit GlibcZone(const std::string& name);
  ~GlibcZone();
  GlibcZone(const GlibcZone&) = delete;
  GlibcZone& operator=(const GlibcZone&) = delete;

  [[nodiscard]] std::int64_t offset_s(std::int64_t utc_second) const;
  /// All minutes of [from, to), in UTC minutes.
  [[nodiscard]] std::vector<ShownMinute> walk(std::int64_t from_minute, std::int64_t to_minute) const;
  /// Instants (UTC minutes) at which the offset changes in [from, to), found by looking every 3 hours.
  [[nodiscard]] std::vector<std::int64_t> changes(std::int64_t from_minute, std::int64_t to_minute) const;
};

class ReferenceCron {
 public:
  /// Five fields, without H and seconds; must be well formed.
  explicit ReferenceCron(const std::string& expr);

  /// The ticks (UTC minutes) among `minutes`, by the rule of the language's page. The zone must have been quiet in the
  /// two days before the first.
  [[nodiscard]] std::vector<std::int64_t> ticks(const std::vector<ShownMinute>& minutes) const;

  [[nodiscard]] std::size_t minutes_per_day() const { return minutes_of_day_.count(); }

 private:
  [[nodiscard]] bool matches(std::int64_t local_minute) const;
  [[nodiscard]] bool day_matches(std::int64_t local_day) const;

  std::bitset<1440> minutes_of_day_;
  std::set<int> months_;
  std::string day_text_;
  std::string weekday_text_;
  bool hours_follow_the_clock_ = false;
  mutable std::map<std::int64_t, bool> days_;
};

}  // namespace baton::timetable::reference
