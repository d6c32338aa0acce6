// The life of a task instance as spans that follow each other: what it waited for, and when it ran. Rows keep sums by
// reason and not the instants between, so that within one try the order is the one in which things are waited for; ends
// of tries, and what passes now, are exact. Pure over rows; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"

namespace baton::insight {

struct Segment {
  Wait wait = Wait::running;
  WallUs start = kNoTime, end = kNoTime;
};

/// From `run_begin`, when the run was queued, to the end of the instance or `now`: without gaps but for the time
/// between an end and a clear, never overlapping. `tries`: of the instance, oldest first. Empty for what never lived.
std::vector<Segment> timeline_of(const InstanceView& instance, const std::vector<const TryView*>& tries,
                                 WallUs run_begin, WallUs now);

/// The word for it that people see: run, dependency, retry, slots, `pool:warehouse`, limit, ….
std::string share_name(Wait wait, const InstanceView& instance);

}  // namespace baton::insight
