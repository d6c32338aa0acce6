#include "scheduler/service/backfills.h"

#include <algorithm>
#include <iterator>

#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr std::size_t kPageMax = 200;

BackfillAsk ask_of(const BackfillRow& row) {
  return {row.dag_id, wish_of(row), row.max_active_runs, row.conf_json, row.note, row.labels};
}

std::function<std::optional<ExistingRun>(WallUs)> lookup_in(const std::vector<CoveredDate>& dates) {
  return [&dates](WallUs date) -> std::optional<ExistingRun> {
    const auto at = std::ranges::lower_bound(dates, date, {}, &CoveredDate::date);
    if (at == dates.end() || at->date != date) return std::nullopt;
    return at->run;
  };
}

Error no_such(std::int64_t backfill_no) {
  return Error{"there is no backfill " + std::to_string(backfill_no) + " that is not through", ErrorKind::not_found};
}

/// Newest first, each date would wait for one that the backfill makes only once it has ended.
Status check_order(const BackfillAsk& ask, const BackfillSource& source) {
  if (!ask.wish.runs_backwards || !source.runs_in_order) return Unit{};
  return Error{"DAG \"" + ask.dag_id + "\" has tasks with depends_on_past: its runs wait for those of earlier dates, " +
                   "so a backfill cannot go from the newest to the oldest; leave the order out",
               ErrorKind::invalid};
}

}  // namespace

void Backfills::start(const ServiceSnapshot& found) {
  last_no_ = found.last_backfill_no;
  for (const BackfillRow& row : found.backfills) {
    Filling& of = fillings_[row.backfill_no];
    of.row = row;
    if (BATON_BUG(backfill_pause_forgotten)) of.row.state = BackfillState::running;
    of.offered = of.row.state;
    host_.lift_limit(row.dag_id);
  }
  for (const BackfillIntervalRow& interval : found.open_intervals) {
    if (BATON_BUG(backfill_runs_forgotten)) break;
    fillings_.at(interval.backfill_no).open.insert(interval.run_no);
    by_run_[interval.run_no] = interval.backfill_no;
  }
  look();
}

void Backfills::stop() {
  is_stopped_ = true;
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
  fillings_.clear();
  by_run_.clear();
}

void Backfills::look() {
  std::vector<std::int64_t> numbers;  // one that is through goes from the map
  for (const auto& [backfill_no, of] : fillings_) numbers.push_back(backfill_no);
  for (const std::int64_t backfill_no : numbers) {
    if (Filling* of = find(backfill_no)) step(*of);
  }
}

Backfills::Filling* Backfills::find(std::int64_t backfill_no) {
  const auto at = fillings_.find(backfill_no);
  return at == fillings_.end() ? nullptr : &at->second;
}

std::string Backfills::dag_of(std::int64_t backfill_no) const {
  const auto at = fillings_.find(backfill_no);
  return at == fillings_.end() ? std::string() : at->second.row.dag_id;
}

void Backfills::run_ended(RunNo run_no) {
  const auto at = by_run_.find(run_no);
  if (at == by_run_.end()) return;
  Filling& of = fillings_.at(at->second);
  by_run_.erase(at);
  of.open.erase(run_no);
  step_soon(of.row.backfill_no);
}

/// From within a call of the engine nothing is asked of it.
void Backfills::step_soon(std::int64_t backfill_no) {
  loop_.post(guarded([this, backfill_no] {
    if (Filling* of = find(backfill_no)) step(*of);
  }));
}

// ---- what somebody asks ----

void Backfills::create(BackfillAsk ask, const std::string& by, AuditRow audit, OnMade done) {
  const auto wanted = std::make_shared<BackfillAsk>(std::move(ask));
  wanted->wish.ended_by = loop_.wall_now();
  const auto made = [this, wanted, by, audit = std::move(audit), done](
                        const Result<std::vector<BackfillPiece>>& pieces, const std::vector<CoveredDate>&,
                        const std::shared_ptr<const BackfillSource>& source) {
    if (!pieces) return done(pieces.error());
    if (const Status fits = check_order(*wanted, *source); !fits) return done(fits.error());
    for (const auto& [backfill_no, of] : fillings_) {
      if (of.row.dag_id != wanted->dag_id) continue;
      return done(Error{"DAG \"" + wanted->dag_id + "\" has backfill " + std::to_string(backfill_no) +
                            ", which is not through",
                        ErrorKind::conflict});
    }
    Filling& of = fillings_[++last_no_];
    BackfillRow& row = of.row;
    row.backfill_no = last_no_;
    row.dag_id = wanted->dag_id;
    row.from = wanted->wish.from;
    row.to = wanted->wish.to;
    row.created_at = row.updated_at = wanted->wish.ended_by;
    row.max_active_runs = wanted->max_active_runs;
    row.intervals_per_run = wanted->wish.intervals_per_run;
    row.reprocess = wanted->wish.reprocess;
    row.runs_backwards = wanted->wish.runs_backwards;
    row.created_by = by;
    row.conf_json = wanted->conf_json;
    row.note = wanted->note;
    row.labels = wanted->labels;
    host_.lift_limit(row.dag_id);
    ServiceRows rows;
    rows.backfills.push_back(row);
    const std::int64_t number = last_no_;
    of.is_busy = true;  // no run before its row
    host_.write(std::move(rows), {audit}, guarded([this, number, done] {
                  done(number);
                  Filling* made_one = find(number);
                  if (made_one == nullptr) return;
                  made_one->is_busy = false;
                  step_soon(number);
                }));
  };
  if (wanted->max_active_runs < 1) return done(Error{"a backfill has one run at a time at least", ErrorKind::invalid});
  load_plan(wanted, 0, 1, made);
}

void Backfills::plan(const BackfillAsk& ask, OnPlan done) {
  const auto wanted = std::make_shared<BackfillAsk>(ask);
  wanted->wish.ended_by = loop_.wall_now();
  load_plan(wanted, 0, kPlanMax,
            [wanted, done = std::move(done)](const Result<std::vector<BackfillPiece>>& pieces,
                                             const std::vector<CoveredDate>& dates,
                                             const std::shared_ptr<const BackfillSource>& source) {
              if (!pieces) return done(pieces.error());
              if (const Status fits = check_order(*wanted, *source); !fits) return done(fits.error());
              BackfillPlan out;
              for (const BackfillPiece& piece : *pieces) {
                for (auto& decision : decide_piece(piece, wanted->wish.reprocess, lookup_in(dates))) {
                  out.decisions.push_back(std::move(decision));
                }
              }
              const auto extent = extent_of(source->ticks, wanted->wish);
              if (!extent) return done(extent.error());
              out.extent = *extent;
              out.is_whole = static_cast<std::int64_t>(pieces->size()) == extent->pieces;
              done(std::move(out));
            });
}

/// The pieces from `next_ordinal` on, and which of their dates have runs.
void Backfills::load_plan(
    std::shared_ptr<BackfillAsk> ask, std::int64_t next_ordinal, std::size_t limit,
    OnPieces done) {
  if (is_stopped_) return done(Error{"the server is ending; try again", ErrorKind::unavailable}, {}, nullptr);
  const auto dag = host_.dag(ask->dag_id);
  if (!dag) return done(dag.error(), {}, nullptr);
  const auto found = [this, ask, next_ordinal, limit,
                      done](const Result<std::shared_ptr<const BackfillSource>>& source) {
    if (!source) return done(source.error(), {}, nullptr);
    auto pieces = backfill_pieces((*source)->ticks, ask->wish, next_ordinal, limit);
    if (!pieces || pieces->empty()) return done(pieces, {}, *source);
    WallUs from = pieces->front().logical_date;
    WallUs to = from;
    for (const BackfillPiece& piece : *pieces) {
      from = std::min(from, piece.logical_date);
      to = std::max(to, piece.inner_dates.empty() ? piece.logical_date : piece.inner_dates.back());
    }
    host_.find_dates(ask->dag_id, from, to,
                     guarded([pieces = *pieces, source = *source, done](
                                 const Result<std::vector<CoveredDate>>& dates) {
                       if (!dates) return done(dates.error(), {}, nullptr);
                       done(pieces, *dates, source);
                     }));
  };
  host_.find_schedule(ask->dag_id, dag->version, ask->conf_json, guarded(found));
}

void Backfills::pause(std::int64_t backfill_no, AuditRow audit, OnDone done) {
  change_state(backfill_no, BackfillState::paused, std::move(audit), std::move(done));
}
void Backfills::resume(std::int64_t backfill_no, AuditRow audit, OnDone done) {
  change_state(backfill_no, BackfillState::running, std::move(audit), std::move(done));
}
void Backfills::cancel(std::int64_t backfill_no, AuditRow audit, OnDone done) {
  change_state(backfill_no, BackfillState::cancelled, std::move(audit), std::move(done));
}

/// Resting counts from now on, going on only when it is durable, and nobody has asked for rest meanwhile. Who asks for
/// what is so already hears of it when that is durable.
void Backfills::change_state(std::int64_t backfill_no, BackfillState to, AuditRow audit, OnDone done) {
  Filling* of = find(backfill_no);
  if (of == nullptr) return done(no_such(backfill_no));
  if (to == BackfillState::cancelled) {
    if (!of->is_cancelling) of->cancel_audit = std::move(audit);
    of->is_cancelling = true;
    of->cancelled.push_back(std::move(done));
    return finish_cancel(*of);
  }
  if (of->is_cancelling) return done(no_such(backfill_no));
  std::vector<AuditRow> audits;
  if (of->offered != to) audits.push_back(std::move(audit));
  of->offered = to;
  if (to != BackfillState::running) of->row.state = to;
  of->row.updated_at = loop_.wall_now();
  ServiceRows rows;
  rows.backfills.push_back(row_of(*of));
  host_.write(std::move(rows), std::move(audits), guarded([this, backfill_no, to, done = std::move(done)] {
                Filling* kept = find(backfill_no);
                if (kept != nullptr && kept->offered == to) kept->row.state = to;
                if (kept != nullptr) step_soon(backfill_no);
                done(Unit{});
              }));
}

/// What waits to begin ends before the backfill does: who dies between the two has one that still runs, and not runs
/// that begin though nobody wants them any more. Tried again with whatever happens to it.
void Backfills::finish_cancel(Filling& of) {
  bool is_left = of.is_busy;
  for (const RunNo run_no : of.open) {
    if (!host_.waits(run_no)) continue;
    host_.stop_waiting(run_no);
    is_left = true;
  }
  if (is_left) return;
  for (const RunNo run_no : of.open) by_run_.erase(run_no);
  BackfillRow row = of.row;
  row.state = BackfillState::cancelled;
  row.updated_at = row.completed_at = loop_.wall_now();
  ServiceRows rows;
  rows.backfills.push_back(row);
  std::vector<AuditRow> audits;
  audits.push_back(std::move(of.cancel_audit));
  host_.write(std::move(rows), std::move(audits), guarded([told = std::move(of.cancelled)] {
                for (const auto& done : told) done(Unit{});
              }));
  fillings_.erase(row.backfill_no);
}

/// As it is written now.
BackfillRow Backfills::row_of(const Filling& of) {
  BackfillRow row = of.row;
  row.state = of.offered;
  return row;
}

// ---- what it does by itself ----

void Backfills::step(Filling& of) {
  if (of.is_cancelling) return finish_cancel(of);
  const auto dag = host_.dag(of.row.dag_id);
  const bool rests = of.is_busy || of.row.state != BackfillState::running || !dag || !dag->goes_on;
  if (rests) return;
  std::size_t room = backfill_room(of.row.max_active_runs, static_cast<std::int32_t>(of.open.size()), false);
  while (!of.page.empty() && !of.is_busy) {
    if (is_passed_over(of, of.page.front())) {
      pass_over(of);
      continue;
    }
    const BackfillStep next = of.page.front().what.step;
    if (room == 0) return;
    --room;
    next == BackfillStep::create ? make_next(of) : clear_next(of);
  }
  if (of.is_busy) return;
  if (!of.is_read) return read_page(of);
  if (of.open.empty()) complete(of);
}

void Backfills::read_page(Filling& of) {
  of.is_busy = true;
  const std::int64_t backfill_no = of.row.backfill_no;
  const auto ask = std::make_shared<BackfillAsk>(ask_of(of.row));
  load_plan(ask, of.row.next_ordinal, kPageMax,
            [this, backfill_no](const Result<std::vector<BackfillPiece>>& pieces,
                                const std::vector<CoveredDate>& dates,
                                const std::shared_ptr<const BackfillSource>& source) {
              Filling* found = find(backfill_no);
              if (found == nullptr) return;
              found->is_busy = false;
              found->source = source;
              if (pieces) return page_found(*found, *pieces, dates);
              host_.say("backfill " + std::to_string(backfill_no) + " is paused: " + pieces.error().message);
              AuditRow audit;
              audit.at = loop_.wall_now();
              audit.actor = "baton";
              audit.action = "pause_backfill";
              audit.dag_id = found->row.dag_id;
              change_state(backfill_no, BackfillState::paused, std::move(audit), [](const Status&) {});
            });
}

void Backfills::page_found(Filling& of, const std::vector<BackfillPiece>& pieces,
                           const std::vector<CoveredDate>& dates) {
  of.is_read = pieces.empty();
  note_own(of, dates);
  for (const BackfillPiece& piece : pieces) {
    std::int64_t ordinal = piece.ordinal * of.row.intervals_per_run;
    for (BackfillDecision& decision : decide_piece(piece, of.row.reprocess, lookup_in(dates))) {
      const auto covers = static_cast<std::int64_t>(1 + decision.piece.inner_dates.size());
      of.page.push_back({std::move(decision), ordinal, false});
      ordinal += covers;
    }
    of.page.back().ends_piece = true;
  }
  step(of);
}

/// A restart, or another schedule of the DAG, brings dates back that it has dealt with.
void Backfills::note_own(Filling& of, const std::vector<CoveredDate>& dates) {
  if (BATON_BUG(backfill_piece_begun_again)) return;
  for (const CoveredDate& one : dates) {
    if (one.run.backfill_no == of.row.backfill_no) of.own.insert(one.run.run_no);
  }
}

/// The rows of the step in front, which is taken from the page.
ServiceRows Backfills::take_step(Filling& of, RunNo run_no, BackfillSkip skip, BackfillIntervalRow& interval) {
  const Step& step = of.page.front();
  interval = {of.row.backfill_no, step.ordinal, step.what.piece.logical_date, run_no, skip};
  if (step.ends_piece) of.row.next_ordinal = step.what.piece.ordinal + 1;
  of.row.updated_at = loop_.wall_now();
  of.page.pop_front();
  ServiceRows rows;
  rows.backfills.push_back(row_of(of));
  return rows;
}

bool Backfills::is_passed_over(const Filling& of, const Step& step) {
  if (step.what.step == BackfillStep::create) return false;
  return step.what.step != BackfillStep::clear || of.own.contains(step.what.run_no);
}

/// Those in front of which nothing is to be done. What it has made or cleared itself has its row.
void Backfills::pass_over(Filling& of) {
  ServiceRows rows;
  while (!of.page.empty() && is_passed_over(of, of.page.front())) {
    const BackfillDecision& what = of.page.front().what;
    const bool is_ours = of.own.contains(what.run_no);
    const BackfillSkip skip = what.step == BackfillStep::in_flight ? BackfillSkip::in_flight : BackfillSkip::exists;
    BackfillIntervalRow interval;
    rows.backfills = take_step(of, what.run_no, skip, interval).backfills;
    if (!is_ours) rows.intervals.push_back(interval);
  }
  host_.write(std::move(rows), {}, [] {});
}

void Backfills::make_next(Filling& of) {
  const BackfillRun run{of.row.dag_id, of.source, of.page.front().what.piece, of.row.conf_json, of.row.labels};
  const std::int64_t backfill_no = of.row.backfill_no;
  const auto number = std::make_shared<RunNo>(0);
  BackfillIntervalRow interval;
  ServiceRows rows = take_step(of, 0, BackfillSkip::none, interval);
  rows.intervals.push_back(interval);  // the host writes the run's number
  *number = host_.make_run(run, std::move(rows), guarded([this, backfill_no, number, interval](const PartVerdict& how) {
                             run_made(backfill_no, *number, interval, how);
                           }));
  of.open.insert(*number);
  by_run_[*number] = backfill_no;
}

/// The date may have a run that somebody else has made meanwhile, its own tick: then that one is it.
void Backfills::run_made(std::int64_t backfill_no, RunNo run_no, const BackfillIntervalRow& interval,
                         const PartVerdict& verdict) {
  if (verdict.is_done()) {
    Filling* of = find(backfill_no);
    if (of != nullptr && of->is_cancelling) step_soon(backfill_no);  // its row is written: it can be stopped
    return;
  }
  by_run_.erase(run_no);
  BackfillIntervalRow found = interval;
  found.run_no = verdict.run_no;
  found.skip = BackfillSkip::exists;
  ServiceRows rows;
  rows.intervals.push_back(found);
  Filling* of = find(backfill_no);
  if (of != nullptr) {
    of->open.erase(run_no);
    rows.backfills.push_back(row_of(*of));  // how far it has come went with the part
  }
  host_.write(std::move(rows), {}, [] {});
  if (of != nullptr) step_soon(backfill_no);
}

/// A page is read long before the last of it is carried out: what is done again is looked at once more before that, or
/// a run that somebody has repaired meanwhile would be lost.
void Backfills::clear_next(Filling& of) {
  of.is_busy = true;
  const std::int64_t backfill_no = of.row.backfill_no;
  const BackfillPiece& piece = of.page.front().what.piece;
  const WallUs last = piece.inner_dates.empty() ? piece.logical_date : piece.inner_dates.back();
  host_.find_dates(of.row.dag_id, piece.logical_date, last,
                   guarded([this, backfill_no](const Result<std::vector<CoveredDate>>& dates) {
                     Filling* found = find(backfill_no);
                     if (found == nullptr) return;
                     found->is_busy = false;
                     if (found->is_cancelling) return step(*found);
                     if (dates) look_again(*found, *dates);  // else with the next look
                   }));
}

void Backfills::look_again(Filling& of, const std::vector<CoveredDate>& dates) {
  const auto dag = host_.dag(of.row.dag_id);
  if (of.row.state != BackfillState::running || !dag || !dag->goes_on) return;  // it stays in front
  note_own(of, dates);
  const Step front = of.page.front();
  auto now = decide_piece(front.what.piece, of.row.reprocess, lookup_in(dates));
  const BackfillDecision& first = now.front();
  const bool is_same = now.size() == 1 && first.step == front.what.step && first.run_no == front.what.run_no &&
                       !of.own.contains(first.run_no);
  if (is_same) return clear(of, front.what.run_no);
  of.page.pop_front();
  std::int64_t ordinal = front.ordinal;
  std::deque<Step> instead;
  for (BackfillDecision& decision : now) {
    const auto covers = static_cast<std::int64_t>(1 + decision.piece.inner_dates.size());
    instead.push_back({std::move(decision), ordinal, false});
    ordinal += covers;
  }
  instead.back().ends_piece = front.ends_piece;
  of.page.insert(of.page.begin(), std::make_move_iterator(instead.begin()), std::make_move_iterator(instead.end()));
  step(of);
}

void Backfills::clear(Filling& of, RunNo run_no) {
  of.is_busy = true;
  const std::int64_t backfill_no = of.row.backfill_no;
  of.open.insert(run_no);  // before it is told: it may end at once
  by_run_[run_no] = backfill_no;
  // With the clear: a run that is cleared and not known to be would be cleared again after a death, and not before it,
  // or an interval that is passed would not be cleared at all.
  const auto rows = [this, alive = is_alive_, backfill_no, run_no] {
    Filling* const found = *alive ? find(backfill_no) : nullptr;
    return found != nullptr ? take_whole_step(*found, run_no, BackfillSkip::none) : ServiceRows{};
  };
  host_.clear_run(run_no, of.row.created_by, rows, guarded([this, backfill_no, run_no](const Status& cleared) {
                    Filling* found = find(backfill_no);
                    if (found == nullptr) return;
                    if (!cleared) {
                      host_.say("backfill " + std::to_string(backfill_no) + ": " + cleared.error().message);
                      found->open.erase(run_no);
                      by_run_.erase(run_no);
                      host_.write(take_whole_step(*found, run_no, BackfillSkip::exists), {}, [] {});
                    }
                    found->is_busy = false;
                    step_soon(backfill_no);
                  }));
}

/// With the row of its interval. Dates may be read before that is written.
ServiceRows Backfills::take_whole_step(Filling& of, RunNo run_no, BackfillSkip skip) {
  BackfillIntervalRow interval;
  ServiceRows rows = take_step(of, run_no, skip, interval);
  rows.intervals.push_back(interval);
  of.own.insert(run_no);
  return rows;
}

void Backfills::complete(Filling& of) {
  BackfillRow row = of.row;
  row.state = BackfillState::completed;
  row.completed_at = row.updated_at = loop_.wall_now();
  fillings_.erase(row.backfill_no);
  ServiceRows rows;
  rows.backfills.push_back(row);
  host_.write(std::move(rows), {}, [] {});
}

}  // namespace baton
