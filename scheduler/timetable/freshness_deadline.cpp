#include "scheduler/timetable/freshness_deadline.h"

#include <cstdio>

#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {
namespace {

WallUs due_on(CivilDay day, std::int32_t by_s, const TimeZone& zone) {
  return zone.instant_of(static_cast<CivilSecond>(day) * (kDay / kSecond) + by_s) * kSecond;
}

}  // namespace

FreshnessDeadline freshness_deadline(const FreshnessRule& rule, WallUs since, bool has_event) {
  if (!rule.is_set() || since == kNoTime) return {};
  if (rule.within_us > 0) return {since + rule.within_us - rule.within_us / 10, since + rule.within_us};
  const auto loaded = rule.timezone.empty() ? Result<TimeZone>(utc()) : load_zone(rule.timezone);
  const TimeZone zone = loaded ? *loaded : utc();  // a zone that was there and is not: better late by hours than never
  CivilDay day = zone.day_at(since);
  if (has_event || due_on(day, rule.by_s, zone) < since) ++day;
  const WallUs late = due_on(day, rule.by_s, zone);
  return {late - (late - zone.day_begin(day)) / 10, late};
}

std::string freshness_words(const FreshnessRule& rule) {
  if (rule.within_us > 0) return "younger than " + format_duration(rule.within_us);
  char text[32];
  std::snprintf(text, sizeof text, "of the day by %02d:%02d", rule.by_s / 3600, rule.by_s / 60 % 60);
  return rule.timezone.empty() ? text : text + (" " + rule.timezone);
}

}  // namespace baton::timetable
