// When an Sla is missed. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/model/sla.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {

/// Moments of a run; kNoTime: it has none, or it has not come.
struct SlaMoments {
  WallUs begun_at = kNoTime, queued_at = kNoTime, interval_end = kNoTime;
  bool is_backfill = false;
};

/// kNoTime: there is none, or the moment that it counts from has not come. A time of day is the first one at or after the
/// end of the run's interval, or after it was queued where it has no interval. A backfill is made long after its
/// intervals: what counts from their ends says nothing of it.
[[nodiscard]] WallUs deadline_of(const Sla& sla, const SlaMoments& run, const TimeZone& zone);

/// `within 5h`, `within 5h of the end of its interval`, `by 06:30`: what has not been kept.
[[nodiscard]] std::string sla_words(const Sla& sla);

}  // namespace baton::timetable
