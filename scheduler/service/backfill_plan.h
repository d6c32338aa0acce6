// What a backfill is to do: the intervals of a range, several of them in one run where it asks so, and for each
// whether a run is made, an existing one is cleared, or nothing is done and why. Pure: what a dry run lists is what
// is carried out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"
#include "scheduler/timetable/timetable.h"

namespace baton {

struct BackfillWish {
  WallUs from = 0, to = 0;             ///< logical dates, both inclusive
  /// Intervals that end later are no part of it, however late they are asked for again; kNoTime: there is no such
  /// limit.
  WallUs ended_by = kNoTime;
  std::int32_t intervals_per_run = 1;  ///< of one run; the last one may have fewer
  Reprocess reprocess = Reprocess::none;
  bool runs_backwards = false;
  std::int64_t intervals_max = 1'000'000;
};

/// The intervals of one run. Adjacent: each begins where the one before ended.
struct BackfillPiece {
  std::int64_t ordinal = 0;            ///< from 0, in the order in which they are carried out
  WallUs logical_date = 0;             ///< of the first
  timetable::Interval interval;        ///< spans all
  std::vector<WallUs> inner_dates;     ///< logical dates of the others
};

/// The pieces of a range, the first `limit` of those from `next_ordinal` on. They follow from the schedule alone,
/// whatever has been done: an ordinal always means the same piece. invalid: no schedule, an empty range, one that
/// lies in the future as a whole, too many intervals.
Result<std::vector<BackfillPiece>> backfill_pieces(const timetable::Timetable& schedule, const BackfillWish& wish,
                                                   std::int64_t next_ordinal, std::size_t limit);
/// How much a range comes to. `left_out`: intervals that begin in it and end too late.
struct BackfillExtent {
  std::int64_t pieces = 0, intervals = 0, left_out = 0;
};
/// Nothing is kept of what is counted. Errors as above.
Result<BackfillExtent> extent_of(const timetable::Timetable& schedule, const BackfillWish& wish);
/// What a backfill was to be when it was made.
BackfillWish wish_of(const BackfillRow& row);

/// A run that covers a date already.
struct ExistingRun {
  RunNo run_no = 0;
  RunState state = RunState::success;
  bool was_stopped = false;            ///< by a person, or with the backfill that it was of: never done
  std::int64_t backfill_no = 0;        ///< that has made it, or has had it run again, last; 0: none has
};

enum class BackfillStep : std::uint8_t {
  create,       ///< a run is made
  clear,        ///< the run that is there, of whatever type, runs again
  done_before,  ///< the run that is there has ended, and those are not done again
  in_flight,    ///< the run that is there has not ended; a cleared one runs by itself
};

struct BackfillDecision {
  BackfillStep step = BackfillStep::create;
  RunNo run_no = 0;                    ///< of the run that is there
  BackfillPiece piece;                 ///< what of the piece this speaks of
};

/// `exists` tells of a logical date. A piece of which some dates have runs falls apart: each of these runs counts,
/// and the stretches between them become runs of their own. So each date is covered once, whatever has covered it
/// before.
std::vector<BackfillDecision> decide_piece(const BackfillPiece& piece, Reprocess reprocess,
                                           const std::function<std::optional<ExistingRun>(WallUs)>& exists);

/// How many pieces may be begun now: its own limit, less what of it has not ended; none while a scheduled run of the
/// DAG is due and waits. At most 200 at a time, so that a long range holds up nobody.
std::size_t backfill_room(std::int32_t max_active_runs, std::int32_t open_runs, bool scheduled_waits);

}  // namespace baton
