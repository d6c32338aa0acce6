#include "scheduler/timetable/sla_deadline.h"

#include <cstdio>

#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

constexpr std::int64_t kDaySeconds = 24 * 60 * 60;

WallUs first_at(std::int32_t by_s, WallUs from, const TimeZone& zone) {
  const CivilDay day = zone.day_at(from);
  for (CivilDay at = day;; ++at) {
    const WallUs due = zone.instant_of(static_cast<CivilSecond>(at) * kDaySeconds + by_s) * kSecond;
    if (due >= from) return due;
  }
}

}  // namespace

WallUs deadline_of(const Sla& sla, const SlaMoments& run, const TimeZone& zone) {
  const bool has_interval = run.interval_end != kNoTime;
  const bool counts_from_interval = sla.by_s >= 0 || sla.from == Sla::From::interval_end;
  if (counts_from_interval && run.is_backfill) return kNoTime;
  const WallUs after_interval = has_interval ? run.interval_end : run.queued_at;
  if (sla.by_s >= 0) return after_interval == kNoTime ? kNoTime : first_at(sla.by_s, after_interval, zone);
  if (sla.within_us <= 0) return kNoTime;
  WallUs from = run.begun_at;
  if (sla.from == Sla::From::queued) from = run.queued_at;
  if (sla.from == Sla::From::interval_end) from = after_interval;
  return from == kNoTime ? kNoTime : from + sla.within_us;
}

std::string sla_words(const Sla& sla) {
  if (sla.by_s >= 0) {
    char text[32];
    std::snprintf(text, sizeof text, "by %02d:%02d", sla.by_s / 3600, sla.by_s / 60 % 60);
    return text;
  }
  const std::string span = "within " + format_duration(sla.within_us);
  if (sla.from == Sla::From::queued) return span + " of being queued";
  return sla.from == Sla::From::interval_end ? span + " of the end of its interval" : span;
}

}  // namespace baton::timetable
