// What the ticks of one DAG's schedule come to. Pure: where the schedule stands and the time go in; which run is made,
// which records say that a tick made none, and when to look again come out. Whoever holds a TickState carries the plan
// out in one transaction and takes `TickPlan::after` as the new state once that is durable.
//
//             ┌─ its day does not count, a blackout ────────────────────▶ record
//   due tick ─┼─ missed: paused, frozen, server down, clock ── catchup ─▶ record, or waits ── there is room ─▶ run
//             └─ live ────────────────────────────────────── overlap ──▶ record, or run
//
// Promised: every tick that is due ends in a run or in a record, once, in the order of time, and the cursor moves in
// the transaction of its run or record: a crash repeats nothing and forgets nothing. A tick that waits to be caught
// up lies behind the cursor as a record of the reason `waiting`, so that what falls due meanwhile does not queue
// behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"
#include "scheduler/timetable/timetable.h"

namespace baton {

/// A stretch of time [from, to) in which no tick makes a run.
struct Blackout {
  WallUs from = 0, to = 0;
};

/// The schedule of one version of a DAG, ready to be asked. Immutable.
struct TickSchedule {
  timetable::Timetable ticks;                 ///< those that count
  std::optional<timetable::Timetable> all;    ///< where there is a calendar: with those that it drops
  WallUs start = kNoTime;
  timetable::Catchup catchup = timetable::Catchup::none;
  std::int64_t catchup_max = 0;               ///< 0: no limit
  timetable::Overlap overlap = timetable::Overlap::queue;
  std::int32_t runs_max = 1;                  ///< live runs of the schedule at a time
  std::vector<Blackout> blackouts;            ///< by time

  [[nodiscard]] const timetable::Timetable& every() const { return all ? *all : ticks; }
};

/// `max_active_runs` of the DAG: 0 for none, then the schedule has one run at a time. Fails as Timetable::build does.
Result<TickSchedule> tick_schedule(const timetable::ScheduleSpec& spec, std::string_view dag_id,
                                   const std::vector<timetable::Calendar>& calendars, std::int32_t max_active_runs,
                                   std::vector<Blackout> blackouts = {});

/// SHA-256 (hex) of what the instants of the ticks follow from: entries, zone, start, end, the calendars that it names.
/// How missed or overlapping ticks are treated is not in it: changing that is no edit.
std::string schedule_hash(const timetable::ScheduleSpec& spec, const std::vector<timetable::Calendar>& calendars);

/// Ticks that were due up to `until` have not been seen as they fell due.
struct MissedSpan {
  WallUs until = kNoTime;
  TickReason reason = TickReason::catchup;  ///< of those that `catchup` does not make up for
  bool is_made_up = true;                   ///< false: none of them is, whatever `catchup` says
};

/// Ticks [from, to] by the instants at which they were due; all of one reason, nothing else lies between them.
struct TickRange {
  WallUs from = kNoTime, to = kNoTime;
  std::int64_t ticks = 0;
  TickReason reason = TickReason::catchup;
  RunNo run_no = 0;
  friend bool operator==(const TickRange&, const TickRange&) = default;
};

/// Where a schedule stands. What is not in the rows (`missed`) is said anew after a restart.
struct TickState {
  WallUs cursor = kNoTime;             ///< every tick up to here has ended, or waits below. kNoTime: none since `start`
  std::vector<TickRange> waiting;      ///< to be caught up, oldest first
  std::optional<TickRange> last;       ///< the latest record: the next one prolongs it where it follows
  std::vector<MissedSpan> missed;      ///< by time; without what the cursor has passed
};

struct TickFacts {
  WallUs now = 0;
  std::int32_t open_runs = 0;          ///< of the schedule, that have not ended: live ones and those that wait to begin
};

/// What to do now, in one transaction. At most one run, so that a run that exists already costs no other tick its turn.
struct TickPlan {
  std::vector<TickRange> records;            ///< rows to put, by `from`; `ticks` of 0: those that begin in it go
  std::optional<timetable::Tick> run;        ///< to be made, with its date
  bool cancels_open = false;                 ///< with `run`: the open runs of the schedule are to be stopped
  TickState after;
  [[nodiscard]] bool is_empty() const { return records.empty() && !run; }
};

/// How many ticks one plan looks at: a year of a minutely schedule must not hold up the loop.
inline constexpr std::size_t kTicksPerPlan = 5'000;
/// A DAG that is first seen with more than so many ticks to catch up begins paused.
inline constexpr std::size_t kCatchupUnasked = 100;

/// A DAG that is seen for the first time: at its `start`, or from now on where it has none.
struct FirstSight {
  TickState state;
  bool begins_paused = false;  ///< `catchup: all` would make more runs at once than anybody asked for
};
FirstSight first_sight(const TickSchedule& schedule, WallUs now);

/// What is to be done now. An empty plan: nothing, until wake_at(), or until a run of the schedule ends. Else ask again
/// as soon as this one is carried out. Not to be asked of a DAG that is paused, draining, stale or frozen: its ticks
/// are missed (see miss()) when it goes on.
TickPlan plan_ticks(const TickSchedule& schedule, const TickState& state, const TickFacts& facts);

/// The plan that takes the place of `plan`, whose run was struck: its date has the run `run_no`.
TickPlan with_existing(const TickPlan& plan, RunNo run_no);

/// Before the schedule is replaced by an edited one at `now`: what is due or waits ends in records of the old one,
/// which `reason` explains (paused, frozen, …; catchup where nothing held the DAG). Ask until it is empty, then
/// edited().
TickPlan plan_edit(const TickSchedule& old, const TickState& state, WallUs now, TickReason reason);
/// The clock starts anew at `now`: of the edited schedule only ticks after it fire.
TickState edited(const TickState& state, WallUs now);

/// Notes that up to `until` nobody looked: after a pause, a freeze, a restart, a clock step.
void miss(TickState& state, const MissedSpan& span);

/// When the next tick after the cursor is due, with its jitter; none: never again.
std::optional<WallUs> wake_at(const TickSchedule& schedule, const TickState& state);

/// The clock has been set back from a time that never was (ClockWatch::Seen::went_back_far): what is due from now on
/// fires again where it has made no run, and what was recorded of then, or waits to be caught up, is taken back. Without
/// this a clock that once showed 2098 would leave the DAG without ticks for life, and with runs of what has not come.
TickPlan pull_back(const TickSchedule& schedule, const TickState& state, WallUs now);
/// Whether there is anything to be taken back.
[[nodiscard]] bool lies_ahead(const TickState& state, WallUs now);

}  // namespace baton
