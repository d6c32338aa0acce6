// When an asset grows old. Pure, but for the zone file; any thread.
#pragma once

#include <string>

#include "scheduler/model/freshness_rule.h"

namespace baton::timetable {

struct FreshnessDeadline {
  WallUs at_risk = kNoTime;  ///< from here on little is left
  WallUs late = kNoTime;     ///< beyond here it is old
};

/// `since`: its last event, or where there was none when it was first spoken of. kNoTime in both: nobody says.
///
/// A span is at risk when nine tenths of it have passed. A time of day asks for an event on every civil day: one that
/// comes after it was late for its own day and still is that day's, so the next is due a day later, never the same
/// day. It is at risk for the last tenth of what the day gives until then, which is 42 minutes for 07:00: counted from
/// the last event, as a span is, a table that comes at half past six each day would be at risk each day.
[[nodiscard]] FreshnessDeadline freshness_deadline(const FreshnessRule& rule, WallUs since, bool has_event);

/// `younger than 6h`, `of the day by 07:00`: what it is to be.
[[nodiscard]] std::string freshness_words(const FreshnessRule& rule);

}  // namespace baton::timetable
