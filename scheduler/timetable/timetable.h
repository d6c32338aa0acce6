// Timetable: the ticks of one DAG's schedule and the data interval of each (docs/dag-language.md). A pure
// function of the specification: `now` is always an argument. Immutable value, any thread.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"
#include "scheduler/timetable/calendar.h"
#include "scheduler/timetable/cron.h"
#include "scheduler/timetable/schedule_spec.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {

/// Half open: [start, end). Empty (start == end) only for a manual run without a schedule.
struct Interval {
  WallUs start = 0;
  WallUs end = 0;
  bool operator==(const Interval&) const = default;
};

struct Tick {
  WallUs run_after = 0;     // when the run is due: the end of its interval, without jitter
  WallUs logical_date = 0;  // the start of its interval
  Interval data_interval;
  bool operator==(const Tick&) const = default;
};

class Timetable {
 public:
  /// The timetable of a manual DAG: no ticks, UTC.
  Timetable() = default;

  /// Resolves zones, cron texts and calendars. Fails, in words for the author, on what the parts refuse and on a
  /// schedule that has no tick at all. The first mistake only: dagfile checks the parts with their positions before.
  static Result<Timetable> build(const ScheduleSpec& spec, std::string_view dag_id,
                                 const std::vector<Calendar>& calendars);

  /// False for a DAG that is manual or runs on assets alone.
  [[nodiscard]] bool has_ticks() const { return !sources_.empty(); }
  [[nodiscard]] const TimeZone& zone() const { return zone_; }

  /// The first tick with run_after > `after`.
  [[nodiscard]] std::optional<Tick> next_tick(WallUs after) const;

  /// The last tick with run_after < `before`.
  [[nodiscard]] std::optional<Tick> prev_tick(WallUs before) const;

  /// At most `count` ticks with run_after ≥ `from`, oldest first.
  [[nodiscard]] std::vector<Tick> ticks_from(WallUs from, std::size_t count) const;

  /// At most `max` ticks with `from` ≤ run_after < `to`, oldest first.
  [[nodiscard]] std::vector<Tick> ticks_between(WallUs from, WallUs to, std::size_t max) const;

  /// How many ticks lie in [from, to), without walking through them; none where only walking tells: several entries,
  /// whose ticks may fall together, or a calendar.
  [[nodiscard]] std::optional<std::int64_t> count_between(WallUs from, WallUs to) const;

  /// The interval of `--interval START`: to the next tick after START (whatever `start` and `end` say), without a
  /// schedule the civil day for a plain date, else [START, START].
  [[nodiscard]] Interval interval_for(WallUs start, bool plain_date) const;

  /// What to catch up after a pause: ticks with `since` < run_after ≤ `now`, oldest first, as the policy says. none:
  /// none; latest: the last one; all: all, or the newest `catchup_max` of them. A `since` of kNoTime means that the DAG
  /// has never been scheduled: all ticks from `start`, and none without a `start`. At most `page_max` (the oldest of
  /// those chosen): call again from the last one's run_after. A clock that stood back (`since` > `now`) yields nothing.
  [[nodiscard]] std::vector<Tick> missed(WallUs since, WallUs now, std::size_t page_max) const;

  /// How much later than run_after the run is to start: 0 ≤ x ≤ jitter, the same for the same DAG and tick.
  [[nodiscard]] DurationUs jitter_of(const Tick& tick) const;
  [[nodiscard]] DurationUs jitter_max() const { return jitter_us_; }

 private:
  /// One entry: a cron expression, or every so many seconds counted from an anchor; ticks on days that do not qualify
  /// (by the local date of the instant) do not exist.
  struct Source {
    std::optional<Cron> cron;
    std::int64_t every_s = 0;
    std::int64_t anchor_s = 0;
    TimeZone zone;

    [[nodiscard]] std::optional<WallUs> raw_next(WallUs at) const;
    [[nodiscard]] std::optional<WallUs> raw_prev(WallUs at) const;
    [[nodiscard]] std::int64_t raw_count(WallUs from, WallUs to) const;
    [[nodiscard]] std::optional<WallUs> next(WallUs at, const DayFilter& days) const;
    [[nodiscard]] std::optional<WallUs> prev(WallUs at, const DayFilter& days) const;
  };

  static Result<Source> source_of(const ScheduleEntry& entry, const ScheduleSpec& spec, std::string_view dag_id);
  Status limit(const ScheduleSpec& spec);

  [[nodiscard]] std::optional<WallUs> next_instant(WallUs at) const;
  [[nodiscard]] std::optional<WallUs> prev_instant(WallUs at) const;
  [[nodiscard]] std::optional<WallUs> interval_start(WallUs run_after) const;
  [[nodiscard]] std::optional<Tick> tick_at(WallUs run_after) const;

  std::string dag_id_;
  TimeZone zone_;
  DayFilter days_;
  std::vector<Source> sources_;
  WallUs first_ = kNoTime;  // first_ ≤ run_after ≤ last_ is what `start` and `end` allow
  WallUs last_ = std::numeric_limits<WallUs>::max();
  WallUs start_ = kNoTime;
  Catchup catchup_ = Catchup::none;
  std::int64_t catchup_max_ = 0;
  DurationUs jitter_us_ = 0;
};

}  // namespace baton::timetable
