#include "scheduler/timetable/timetable.h"

#include <algorithm>

#include "scheduler/timetable/quoted.h"

namespace baton::timetable {
namespace {

constexpr WallUs kFirstInstant = kFirstSecond * kSecond;
constexpr WallUs kEndInstant = kEndSecond * kSecond;

std::int64_t ceil_div(std::int64_t value, std::int64_t divisor) {
  return -floor_div(-value, divisor);
}

/// The same on every machine and in every version, or jitter would move with an upgrade.
std::uint64_t hash_of(std::string_view dag_id, WallUs at) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : dag_id) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1'099'511'628'211ULL;
  hash ^= static_cast<std::uint64_t>(at);
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33);
}

}  // namespace

std::optional<WallUs> Timetable::Source::raw_next(WallUs at) const {
  if (cron) return cron->next_at_or_after(at, zone);
  const std::int64_t from = ceil_div(std::clamp(at, kFirstInstant, kEndInstant), kSecond);
  const std::int64_t tick = anchor_s + ceil_div(from - anchor_s, every_s) * every_s;
  return tick < kEndSecond ? std::optional(tick * kSecond) : std::nullopt;
}

std::optional<WallUs> Timetable::Source::raw_prev(WallUs at) const {
  if (cron) return cron->prev_at_or_before(at, zone);
  const std::int64_t from = floor_div(std::clamp(at, kFirstInstant - 1, kEndInstant), kSecond);
  const std::int64_t tick = anchor_s + floor_div(from - anchor_s, every_s) * every_s;
  return tick >= kFirstSecond ? std::optional(tick * kSecond) : std::nullopt;
}

std::int64_t Timetable::Source::raw_count(WallUs from, WallUs to) const {
  if (cron) return cron->count_between(from, to, zone);
  const std::int64_t first = ceil_div(std::clamp(from, kFirstInstant, kEndInstant), kSecond);
  const std::int64_t end = ceil_div(std::clamp(to, kFirstInstant, kEndInstant), kSecond);
  return first < end ? ceil_div(end - anchor_s, every_s) - ceil_div(first - anchor_s, every_s) : 0;
}

// Days that do not qualify are jumped over, within one stretch of constant offset at a time: across a change of offset
// local dates may run backwards.
std::optional<WallUs> Timetable::Source::next(WallUs at, const DayFilter& days) const {
  std::optional<WallUs> tick = raw_next(at);
  while (tick && !days.accepts_all()) {
    const OffsetStretch stretch = zone.stretch_at(*tick / kSecond);
    const CivilDay day = floor_div(*tick / kSecond + stretch.offset_s, kSecondsPerDay);
    const CivilDay last = floor_div(stretch.end_s + stretch.offset_s, kSecondsPerDay);
    const CivilDay open = days.next(day, last).value_or(last + 1);
    if (open == day) return tick;
    tick = raw_next(std::min(stretch.end_s, open * kSecondsPerDay - stretch.offset_s) * kSecond);
  }
  return tick;
}

std::optional<WallUs> Timetable::Source::prev(WallUs at, const DayFilter& days) const {
  std::optional<WallUs> tick = raw_prev(at);
  while (tick && !days.accepts_all()) {
    const OffsetStretch stretch = zone.stretch_at(*tick / kSecond);
    const CivilDay day = floor_div(*tick / kSecond + stretch.offset_s, kSecondsPerDay);
    const CivilDay first = floor_div(stretch.civil_begin(), kSecondsPerDay);
    const CivilDay open = days.prev(day, first).value_or(first - 1);
    if (open == day) return tick;
    tick = raw_prev((std::max(stretch.begin_s, (open + 1) * kSecondsPerDay - stretch.offset_s) - 1) * kSecond);
  }
  return tick;
}

Result<Timetable::Source> Timetable::source_of(const ScheduleEntry& entry, const ScheduleSpec& spec,
                                               std::string_view dag_id) {
  Source source;
  Result<TimeZone> zone = load_zone(entry.timezone.empty() ? spec.timezone : entry.timezone);
  if (!zone) return zone.error();
  source.zone = *zone;
  if (entry.cron.empty()) {
    if (Status good = check_every(entry.every_us); !good) return good.error();
    source.every_s = entry.every_us / kSecond;
    source.anchor_s = spec.start == kNoTime ? 0 : ceil_div(spec.start, kSecond);
    return source;
  }
  int column = 1;
  Result<Cron> cron = Cron::parse(entry.cron, dag_id, &column);
  if (!cron) return Error{quoted(entry.cron) + ", column " + std::to_string(column) + ": " + cron.error().message};
  source.cron = *cron;
  return source;
}

Result<Timetable> Timetable::build(const ScheduleSpec& spec, std::string_view dag_id,
                                   const std::vector<Calendar>& calendars) {
  Timetable table;
  table.dag_id_ = dag_id;
  Result<TimeZone> zone = load_zone(spec.timezone);
  if (!zone) return zone.error();
  table.zone_ = *zone;
  Result<DayFilter> days = DayFilter::build(spec.calendar, calendars);
  if (!days) return days.error();
  table.days_ = *days;
  if (spec.jitter_us < 0) return Error{"`jitter` cannot be negative"};
  if (spec.catchup_max < 0) return Error{"`max` of `catchup` cannot be negative"};
  if (spec.start != kNoTime && spec.end != kNoTime && spec.end <= spec.start) {
    return Error{"`end` must be after `start`"};
  }
  for (const ScheduleEntry& entry : spec.entries) {
    Result<Source> source = source_of(entry, spec, dag_id);
    if (!source) return source.error();
    table.sources_.push_back(*source);
  }
  table.start_ = spec.start;
  table.catchup_ = spec.catchup;
  table.catchup_max_ = spec.catchup_max;
  table.jitter_us_ = spec.jitter_us;
  if (table.has_ticks()) {
    if (Status good = table.limit(spec); !good) return good.error();
  }
  return table;
}

/// Turns `start` and `end`, which bound the start of the interval, into bounds of run_after.
Status Timetable::limit(const ScheduleSpec& spec) {
  const std::optional<WallUs> any = next_instant(spec.start == kNoTime ? kFirstInstant : spec.start);
  if (!any) {
    return Error{days_.accepts_all() ? "this schedule can never fire: its `start` lies beyond the year 2399"
                                     : "this schedule can never fire: its calendar leaves none of its days"};
  }
  if (spec.start != kNoTime) {
    first_ = *any;
    if (interval_start(first_).value_or(kNoTime) < spec.start) first_ = next_instant(*any + 1).value_or(kEndInstant);
  }
  if (spec.end != kNoTime) last_ = next_instant(spec.end).value_or(kEndInstant);
  if (!ticks_from(kFirstInstant, 1).empty()) return Unit{};
  return Error{"this schedule can never fire: no interval begins between its `start` and its `end`"};
}

std::optional<WallUs> Timetable::next_instant(WallUs at) const {
  std::optional<WallUs> first;
  for (const Source& source : sources_) {
    const std::optional<WallUs> tick = source.next(at, days_);
    if (tick && (!first || *tick < *first)) first = tick;
  }
  return first;
}

std::optional<WallUs> Timetable::prev_instant(WallUs at) const {
  std::optional<WallUs> last;
  for (const Source& source : sources_) {
    const std::optional<WallUs> tick = source.prev(at, days_);
    if (tick && (!last || *tick > *last)) last = tick;
  }
  return last;
}

/// The tick before, on a day that qualifies: what lies on the days between belongs to this interval, so that intervals
/// leave nothing out. The first tick of a calendar that begins somewhere has none and takes the tick before of any day.
std::optional<WallUs> Timetable::interval_start(WallUs run_after) const {
  if (const auto kept = prev_instant(run_after - 1)) return kept;
  std::optional<WallUs> last;
  for (const Source& source : sources_) {
    const std::optional<WallUs> tick = source.raw_prev(run_after - 1);
    if (tick && (!last || *tick > *last)) last = tick;
  }
  return last;
}

std::optional<Tick> Timetable::tick_at(WallUs run_after) const {
  const std::optional<WallUs> start = interval_start(run_after);
  if (!start) return std::nullopt;
  return Tick{run_after, *start, {*start, run_after}};
}

std::optional<Tick> Timetable::next_tick(WallUs after) const {
  const std::vector<Tick> ticks =
      after == std::numeric_limits<WallUs>::max() ? std::vector<Tick>{} : ticks_from(after + 1, 1);
  return ticks.empty() ? std::nullopt : std::optional(ticks.front());
}

std::optional<Tick> Timetable::prev_tick(WallUs before) const {
  if (before <= kFirstInstant) return std::nullopt;
  const std::optional<WallUs> tick = prev_instant(std::min(before - 1, last_));
  return tick && *tick >= first_ ? tick_at(*tick) : std::nullopt;
}

std::vector<Tick> Timetable::ticks_from(WallUs from, std::size_t count) const {
  return ticks_between(from, std::numeric_limits<WallUs>::max(), count);
}

std::vector<Tick> Timetable::ticks_between(WallUs from, WallUs to, std::size_t max) const {
  std::vector<Tick> ticks;
  std::optional<WallUs> at = next_instant(std::max(from, first_));
  while (at && *at <= last_ && *at < to && ticks.size() < max) {
    if (ticks.empty()) {
      if (const auto first = tick_at(*at)) ticks.push_back(*first);
    } else {
      const WallUs start = ticks.back().run_after;
      ticks.push_back({*at, start, {start, *at}});
    }
    at = next_instant(*at + 1);
  }
  return ticks;
}

std::optional<std::int64_t> Timetable::count_between(WallUs from, WallUs to) const {
  if (sources_.size() != 1 || !days_.accepts_all()) return std::nullopt;
  const WallUs end = last_ == std::numeric_limits<WallUs>::max() ? to : std::min(to, last_ + 1);
  return sources_.front().raw_count(std::max(from, first_), end);
}

Interval Timetable::interval_for(WallUs start, bool plain_date) const {
  if (has_ticks() && start < kEndInstant) {
    if (const auto end = next_instant(start + 1)) return {start, *end};
  }
  if (!plain_date) return {start, start};
  return {start, zone_.day_begin(zone_.day_at(start) + 1)};
}

std::vector<Tick> Timetable::missed(WallUs since, WallUs now, std::size_t page_max) const {
  if (!has_ticks() || now <= since || page_max == 0) return {};
  if (since == kNoTime && start_ == kNoTime) return {};
  const WallUs end = now == std::numeric_limits<WallUs>::max() ? now : now + 1;
  WallUs from = since == kNoTime ? since : since + 1;
  switch (catchup_) {
    case Catchup::none:
      return {};
    case Catchup::latest: {
      const std::optional<Tick> last = prev_tick(end);
      return last && last->run_after >= from ? std::vector<Tick>{*last} : std::vector<Tick>{};
    }
    case Catchup::all:
      break;
  }
  if (catchup_max_ > 0) {
    std::optional<WallUs> oldest = prev_instant(std::min(now, last_));
    for (std::int64_t i = 1; i < catchup_max_ && oldest && *oldest > std::max(from, first_); ++i) {
      oldest = prev_instant(*oldest - 1);
    }
    from = std::max(from, oldest.value_or(from));
  }
  return ticks_between(from, end, page_max);
}

DurationUs Timetable::jitter_of(const Tick& tick) const {
  if (jitter_us_ <= 0) return 0;
  return static_cast<DurationUs>(hash_of(dag_id_, tick.run_after) % (static_cast<std::uint64_t>(jitter_us_) + 1));
}

}  // namespace baton::timetable
