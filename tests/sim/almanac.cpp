#include "tests/sim/almanac.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "scheduler/model/check.h"
#include "tests/sim/sim_loop.h"
#include "tests/unit/timetable/reference_cron.h"

namespace baton::sim {
namespace {

constexpr std::int64_t kMinutesADay = 1'440;
constexpr std::int64_t kMinutesBefore = 35 * kMinutesADay, kMinutesAfter = 55 * kMinutesADay;

/// The day around which clocks are set: the place in kMidnights of the one that is nearest.
std::size_t day_near(WallUs at) {
  const auto far = [at](WallUs midnight) { return std::abs(at - midnight); };
  return static_cast<std::size_t>(std::ranges::min_element(kMidnights, {}, far) - kMidnights.begin());
}

const std::vector<timetable::reference::ShownMinute>& minutes_of(const std::string& zone, std::size_t day) {
  static std::map<std::pair<std::string, std::size_t>, std::vector<timetable::reference::ShownMinute>> known;
  const auto [at, is_new] = known.try_emplace({zone, day});
  const std::int64_t midnight = kMidnights.at(day) / kMinute;
  if (is_new) {
    at->second = timetable::reference::GlibcZone(zone).walk(midnight - kMinutesBefore, midnight + kMinutesAfter);
  }
  return at->second;
}

const std::vector<WallUs>& instants_of_cron(const std::string& cron, const std::string& zone, std::size_t day) {
  static std::map<std::tuple<std::string, std::string, std::size_t>, std::vector<WallUs>> known;
  const auto [at, is_new] = known.try_emplace({cron, zone, day});
  if (!is_new) return at->second;
  for (const std::int64_t m : timetable::reference::ReferenceCron(cron).ticks(minutes_of(zone, day))) {
    at->second.push_back(m * kMinute);
  }
  return at->second;
}

/// Of one entry, in [from, to].
void add_instants(std::vector<WallUs>& out, const timetable::ScheduleSpec& spec, const timetable::ScheduleEntry& entry,
                  WallUs from, WallUs to) {
  if (!entry.cron.empty()) {
    const std::string& zone = entry.timezone.empty() ? spec.timezone : entry.timezone;
    const auto& all = instants_of_cron(entry.cron, zone, day_near(to));
    const auto first = std::lower_bound(all.begin(), all.end(), from);
    out.insert(out.end(), first, std::upper_bound(first, all.end(), to));
    return;
  }
  const WallUs anchor = spec.start == kNoTime ? 0 : spec.start;
  WallUs at = anchor;
  if (from > anchor) at += (from - anchor + entry.every_us - 1) / entry.every_us * entry.every_us;
  for (; at <= to; at += entry.every_us) out.push_back(at);
}

std::vector<WallUs> instants(const timetable::ScheduleSpec& spec, WallUs from, WallUs to) {
  std::vector<WallUs> all;
  for (const timetable::ScheduleEntry& entry : spec.entries) add_instants(all, spec, entry, from, to);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

constexpr DurationUs kLongest = 4 * kDay;  // between two instants of any schedule here

}  // namespace

std::vector<WallUs> due_between(const timetable::ScheduleSpec& spec, WallUs from, WallUs to) {
  if (from == kNoTime) from = spec.start - 1;
  const std::vector<WallUs> all = instants(spec, from - kLongest, to);
  std::vector<WallUs> due;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const WallUs date = all[i - 1];
    const bool is_allowed = (spec.start == kNoTime || date >= spec.start) && (spec.end == kNoTime || date < spec.end);
    if (all[i] > from && is_allowed) due.push_back(all[i]);
  }
  return due;
}

WallUs due_before(const timetable::ScheduleSpec& spec, WallUs due) {
  const std::vector<WallUs> all = instants(spec, due - kLongest, due - 1);
  return all.empty() ? kNoTime : all.back();
}

std::vector<Stretch> stretches_between(const timetable::ScheduleSpec& spec, WallUs from, WallUs to) {
  std::vector<WallUs> all = instants(spec, from - kLongest, to + kLongest);
  std::erase_if(all, [&](WallUs at) { return !counts(spec, at); });
  std::vector<Stretch> out;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const WallUs date = all[i - 1];
    const bool is_allowed = (spec.start == kNoTime || date >= spec.start) && (spec.end == kNoTime || date < spec.end);
    if (date >= from && date <= to && is_allowed) out.push_back({date, all[i]});
  }
  return out;
}

bool counts(const timetable::ScheduleSpec& spec, WallUs due) {
  if (spec.calendar.only.empty()) return true;
  const auto& minutes = minutes_of(spec.timezone, day_near(due));
  const std::int64_t at = due / kMinute - minutes.front().utc_minute;
  BATON_CHECK(at >= 0 && at < static_cast<std::int64_t>(minutes.size()));
  const std::int64_t local_day = minutes[static_cast<std::size_t>(at)].local_minute / kMinutesADay;
  const std::int64_t weekday = (local_day + 4) % 7;  // the first of January 1970 was a Thursday
  return weekday >= 1 && weekday <= 5;
}

}  // namespace baton::sim
