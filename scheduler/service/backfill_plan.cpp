#include "scheduler/service/backfill_plan.h"

#include <algorithm>

#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

using timetable::Tick;

constexpr std::size_t kPiecesPerTurn = 200;

/// Every tick whose logical date lies in the range and whose interval has ended is given to `each`, oldest first; how
/// many there were, and how many have not ended. A tick is due after its date, the next date at the latest: so the walk
/// begins behind `from` and ends with the first date that lies beyond.
template <typename Each>
Result<BackfillExtent> walk_ticks(const timetable::Timetable& schedule, const BackfillWish& wish, Each each) {
  if (!schedule.has_ticks()) return Error{"a DAG without a schedule has no intervals to fill"};
  if (wish.from > wish.to) return Error{"the range ends before it begins"};
  if (wish.intervals_per_run < 1) return Error{"a run has one interval at least"};
  BackfillExtent extent;
  WallUs first_end = kNoTime;
  bool is_past = false;
  for (WallUs after = wish.from; !is_past && extent.intervals + extent.left_out <= wish.intervals_max;) {
    const std::vector<Tick> page = schedule.ticks_from(after + 1, 1'000);
    if (page.empty()) break;
    for (const Tick& tick : page) {
      is_past = tick.logical_date > wish.to;
      if (is_past) break;
      if (tick.logical_date < wish.from) continue;
      first_end = first_end == kNoTime ? tick.data_interval.end : first_end;
      if (wish.ended_by != kNoTime && tick.data_interval.end > wish.ended_by) {
        ++extent.left_out;
        continue;
      }
      ++extent.intervals;
      each(tick);
    }
    after = page.back().run_after;
  }
  if (extent.intervals + extent.left_out > wish.intervals_max) {
    return Error{"more than " + std::to_string(wish.intervals_max) + " intervals: fill a shorter range"};
  }
  if (extent.left_out > 0 && extent.intervals == 0) {
    return Error{"no interval of this range has ended by now: the first of them ends at " +
                 timetable::format_rfc3339(first_end, timetable::utc()) + ", and what is to come is not filled"};
  }
  if (extent.intervals == 0) return Error{"the schedule has no interval that begins in this range"};
  extent.pieces = (extent.intervals + wish.intervals_per_run - 1) / wish.intervals_per_run;
  return extent;
}

BackfillStep step_for(const ExistingRun& run, Reprocess reprocess) {
  if (!is_final(run.state)) return BackfillStep::in_flight;
  const bool again = run.was_stopped || reprocess == Reprocess::completed ||
                     (reprocess == Reprocess::failed && run.state != RunState::success);
  return again ? BackfillStep::clear : BackfillStep::done_before;
}

}  // namespace

BackfillWish wish_of(const BackfillRow& row) {
  BackfillWish wish;
  wish.from = row.from;
  wish.to = row.to;
  wish.ended_by = row.created_at;
  wish.intervals_per_run = row.intervals_per_run;
  wish.reprocess = row.reprocess;
  wish.runs_backwards = row.runs_backwards;
  return wish;
}

Result<BackfillExtent> extent_of(const timetable::Timetable& schedule, const BackfillWish& wish) {
  return walk_ticks(schedule, wish, [](const Tick&) {});
}

Result<std::vector<BackfillPiece>> backfill_pieces(const timetable::Timetable& schedule, const BackfillWish& wish,
                                                   std::int64_t next_ordinal, std::size_t limit) {
  std::vector<Tick> ticks;
  const auto extent = walk_ticks(schedule, wish, [&ticks](const Tick& tick) { ticks.push_back(tick); });
  if (!extent) return extent.error();
  const std::int64_t count = extent->pieces;
  std::vector<BackfillPiece> pieces;
  for (std::int64_t ordinal = next_ordinal; ordinal < count && pieces.size() < limit; ++ordinal) {
    // Chunks begin at `from` either way.
    const std::int64_t place = wish.runs_backwards ? count - 1 - ordinal : ordinal;
    const auto first = static_cast<std::size_t>(place * wish.intervals_per_run);
    const std::size_t end = std::min(first + static_cast<std::size_t>(wish.intervals_per_run), ticks.size());
    BackfillPiece piece;
    piece.ordinal = ordinal;
    piece.logical_date = ticks[first].logical_date;
    piece.interval = {ticks[first].data_interval.start, ticks[end - 1].data_interval.end};
    for (std::size_t i = first + 1; i < end; ++i) piece.inner_dates.push_back(ticks[i].logical_date);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

std::vector<BackfillDecision> decide_piece(const BackfillPiece& piece, Reprocess reprocess,
                                           const std::function<std::optional<ExistingRun>(WallUs)>& exists) {
  std::vector<WallUs> dates = piece.inner_dates;
  dates.insert(dates.begin(), piece.logical_date);
  std::vector<BackfillDecision> decisions;
  for (std::size_t i = 0; i < dates.size(); ++i) {
    const std::optional<ExistingRun> run = exists(dates[i]);
    const BackfillStep step = run ? step_for(*run, reprocess) : BackfillStep::create;
    const RunNo run_no = run ? run->run_no : 0;
    const WallUs end = i + 1 < dates.size() ? dates[i + 1] : piece.interval.end;
    const bool goes_on = !decisions.empty() && decisions.back().step == step && decisions.back().run_no == run_no;
    if (goes_on) {
      decisions.back().piece.inner_dates.push_back(dates[i]);
      decisions.back().piece.interval.end = end;
    } else {
      decisions.push_back({step, run_no, {piece.ordinal, dates[i], {dates[i], end}, {}}});
    }
  }
  return decisions;
}

std::size_t backfill_room(std::int32_t max_active_runs, std::int32_t open_runs, bool scheduled_waits) {
  if (scheduled_waits || open_runs >= max_active_runs) return 0;
  return std::min(static_cast<std::size_t>(max_active_runs - open_runs), kPiecesPerTurn);
}

}  // namespace baton
