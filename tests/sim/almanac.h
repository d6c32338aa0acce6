// Almanac: when the schedules of the simulated days are due, computed without the timetables that are tested: cron by
// the walk over minutes of tests/unit/timetable/reference_cron.h, zones by glibc. What was computed once is kept for all
// days. One thread.
#pragma once

#include <vector>

#include "scheduler/timetable/schedule_spec.h"

namespace baton::sim {

/// The instants in (from, to] at which `spec` is due, whether or not their day counts, oldest first. `from` kNoTime: from
/// its start on, which it has.
std::vector<WallUs> due_between(const timetable::ScheduleSpec& spec, WallUs from, WallUs to);
/// The instant before `due` at which it was due, or would have been but for its start.
WallUs due_before(const timetable::ScheduleSpec& spec, WallUs due);
/// A stretch of a schedule: from one of its instants that counts to the next.
struct Stretch {
  WallUs date = kNoTime, due = kNoTime;
  friend bool operator==(const Stretch&, const Stretch&) = default;
};
/// Those whose date lies in [from, to], between its start and its end, oldest first.
std::vector<Stretch> stretches_between(const timetable::ScheduleSpec& spec, WallUs from, WallUs to);
/// Whether a day counts on which it is due; of calendars there is only that of Monday to Friday.
bool counts(const timetable::ScheduleSpec& spec, WallUs due);

}  // namespace baton::sim
