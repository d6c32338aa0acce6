#include "scheduler/service/backfill_plan.h"

#include <algorithm>

namespace baton {
namespace {

using timetable::Tick;

constexpr std::size_t kPiecesPerTurn = 200;

/// The ticks whose logical dates lie in the range, oldest first. A tick is due after its date, the next date at the
/// latest: so the walk begins behind `from` and ends with the first date that lies beyond.
Result<std::vector<Tick>> ticks_of(const timetable::Timetable& schedule, const BackfillWish& wish) {
  if (!schedule.has_ticks()) return Error{"a DAG without a schedule has no intervals to fill"};
  if (wish.from > wish.to) return Error{"the range ends before it begins"};
  if (wish.intervals_per_run < 1) return Error{"a run has one interval at least"};
  std::vector<Tick> ticks;
  const auto max = static_cast<std::size_t>(wish.intervals_max);
  bool is_past = false;
  for (WallUs after = wish.from; !is_past && ticks.size() <= max;) {
    const std::vector<Tick> page = schedule.ticks_from(after + 1, 1'000);
    if (page.empty()) break;
    for (const Tick& tick : page) {
      is_past = tick.logical_date > wish.to;
      if (is_past) break;
      if (tick.logical_date >= wish.from) ticks.push_back(tick);
    }
    after = page.back().run_after;
  }
  if (ticks.empty()) return Error{"the schedule has no interval that begins in this range"};
  if (ticks.size() > max) return Error{"more than " + std::to_string(max) + " intervals: fill a shorter range"};
  return ticks;
}

std::int64_t pieces_of(std::size_t ticks, std::int32_t per_run) {
  return (static_cast<std::int64_t>(ticks) + per_run - 1) / per_run;
}

BackfillStep step_for(const ExistingRun& run, Reprocess reprocess) {
  if (!is_final(run.state)) return BackfillStep::in_flight;
  const bool again = run.was_stopped || reprocess == Reprocess::completed ||
                     (reprocess == Reprocess::failed && run.state != RunState::success);
  return again ? BackfillStep::clear : BackfillStep::done_before;
}

}  // namespace

Result<std::int64_t> count_pieces(const timetable::Timetable& schedule, const BackfillWish& wish) {
  const auto ticks = ticks_of(schedule, wish);
  if (!ticks) return ticks.error();
  return pieces_of(ticks->size(), wish.intervals_per_run);
}

Result<std::vector<BackfillPiece>> backfill_pieces(const timetable::Timetable& schedule, const BackfillWish& wish,
                                                   std::int64_t next_ordinal, std::size_t limit) {
  const auto ticks = ticks_of(schedule, wish);
  if (!ticks) return ticks.error();
  const std::int64_t count = pieces_of(ticks->size(), wish.intervals_per_run);
  std::vector<BackfillPiece> pieces;
  for (std::int64_t ordinal = next_ordinal; ordinal < count && pieces.size() < limit; ++ordinal) {
    // Chunks begin at `from` either way.
    const std::int64_t place = wish.runs_backwards ? count - 1 - ordinal : ordinal;
    const auto first = static_cast<std::size_t>(place * wish.intervals_per_run);
    const std::size_t end = std::min(first + static_cast<std::size_t>(wish.intervals_per_run), ticks->size());
    BackfillPiece piece;
    piece.ordinal = ordinal;
    piece.logical_date = (*ticks)[first].logical_date;
    piece.interval = {(*ticks)[first].data_interval.start, (*ticks)[end - 1].data_interval.end};
    for (std::size_t i = first + 1; i < end; ++i) piece.inner_dates.push_back((*ticks)[i].logical_date);
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
