#include "tests/sim/backfill_books.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"
#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

constexpr DurationUs kStandsMaxUs = 6 * kMinute;   ///< a full disk, held claims and slow commits hold a server up
constexpr DurationUs kStopLateUs = 30 * kSecond;   ///< what waits of a cancelled one is read, and then stopped

std::string shown(WallUs at) {
  return at == kNoTime ? "never" : timetable::format_rfc3339(at, timetable::utc());
}

bool is_through(BackfillState state) {
  return state == BackfillState::completed || state == BackfillState::cancelled;
}

const char* action_to(BackfillState state) {
  switch (state) {
    case BackfillState::running: return "resume_backfill";
    case BackfillState::paused: return "pause_backfill";
    case BackfillState::cancelled: return "cancel_backfill";
    case BackfillState::completed: break;
  }
  return "";
}

bool says(const Part& part, const std::string& dag_id, const std::string& action) {
  return std::ranges::any_of(part.audit,
                             [&](const AuditRow& row) { return row.action == action && row.dag_id == dag_id; });
}

}  // namespace

void BackfillBooks::fail(const Book& book, const std::string& what) const {
  ground_.findings.fail("BACKFILL", fmt::format("{} of {}: {}", book.row.backfill_no, book.row.dag_id, what));
}

const BackfillRow* BackfillBooks::find(std::int64_t backfill_no) const {
  const auto at = books_.find(backfill_no);
  return at == books_.end() ? nullptr : &at->second.row;
}

const BackfillRow* BackfillBooks::open_of(const std::string& dag_id) const {
  for (const auto& [backfill_no, book] : books_) {
    if (book.row.dag_id == dag_id && !is_through(book.row.state)) return &book.row;
  }
  return nullptr;
}

std::vector<BackfillBooks::Dated> BackfillBooks::dates(const std::string& dag_id, WallUs from, WallUs to) const {
  std::vector<Dated> out;
  for (auto at = dates_.lower_bound({dag_id, from}); at != dates_.end() && at->first.first == dag_id; ++at) {
    if (at->first.second > to) break;
    out.push_back({at->first.second, at->second, last_of(at->second)});
  }
  return out;
}

/// The last one that has made a run, or has had it run again; 0: none has.
std::int64_t BackfillBooks::last_of(RunNo run_no) const {
  std::int64_t last = 0;
  for (const auto& [backfill_no, book] : books_) {
    for (const auto& [ordinal, row] : book.intervals) {
      if (row.run_no == run_no && row.skip == BackfillSkip::none) last = backfill_no;
    }
  }
  return last;
}

/// What its range comes to, by the schedule of this version.
std::vector<Stretch> BackfillBooks::range_of(const Book& book, const Dag& dag) const {
  if (dag.schedule == nullptr) return {};
  std::vector<Stretch> all = stretches_between(*dag.schedule, book.row.from, book.row.to);
  std::erase_if(all, [&](const Stretch& one) { return one.due > book.row.created_at; });
  return all;
}

/// Of those that it has made or done again. `and_changed`: also those that people have changed since, of which nobody
/// can tell whether the server counts them.
std::int32_t BackfillBooks::open_runs(const Book& book, bool and_changed) const {
  const auto is_open = [&](RunNo run_no) {
    const auto at = runs_.find(run_no);
    return at != runs_.end() && !at->second.is_finished() && (and_changed || !at->second.was_changed);
  };
  return static_cast<std::int32_t>(std::ranges::count_if(book.made, is_open)) +
         (and_changed ? static_cast<std::int32_t>(std::ranges::count_if(book.cleared, is_open)) : 0);
}

/// Its DAG drains, has lost its file, or the server is frozen: nothing is made meanwhile.
bool BackfillBooks::rests(const std::string& dag_id) const {
  const DagRow* row = ticks_.dag(dag_id);
  if (row == nullptr || row->stale.holds() || ticks_.is_frozen()) return true;
  return row->draining.holds() && !row->paused.holds();
}

// ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────

void BackfillBooks::look(const Part& part) {
  for (const AuditRow& row : part.audit) {
    if (row.action != "clear" && row.action != "retry") continue;
    for (const auto& [run_no, run] : runs_) {
      if (run.row.dag_id != row.dag_id || run.row.run_id != row.run_id) continue;
      of_run_.erase(run_no);  // whatever it was of, somebody wants it again
      if (row.via == "backfill") check_again(run, row, part);
    }
  }
}

/// What has succeeded runs again where the backfill is to do all again, and what has failed where it is to do so too;
/// what somebody has stopped was never done.
void BackfillBooks::check_again(const DiskRun& run, const AuditRow& row, const Part& part) const {
  ground_.strike(Fault::backfill_cleared);
  const BackfillRow* open = open_of(row.dag_id);
  if (open == nullptr) return;  // it was cancelled meanwhile
  const Book& book = books_.at(open->backfill_no);
  const std::string name = fmt::format("run {} ({})", run.row.run_no, to_string(run.row.state));
  if (!is_final(run.row.state)) return fail(book, name + " is cleared, and has not ended");
  const auto is_its = [&](const BackfillIntervalRow& one) { return one.run_no == run.row.run_no; };
  if (std::ranges::none_of(part.service.intervals, is_its)) {
    return fail(book, name + " is cleared, and a death here would have it cleared again");
  }
  if (book.made.contains(run.row.run_no)) return fail(book, name + " is done again, and is its own");
  if (run.row.reason == Reason::stopped || open->reprocess == Reprocess::completed) return;
  const bool is_wanted = open->reprocess == Reprocess::failed && run.row.state != RunState::success;
  if (!is_wanted) fail(book, name + " is done again, and nobody wants that");
}

void BackfillBooks::take(const Part& part) {
  const ServiceRows& rows = part.service;
  for (const RunCreation& creation : part.creations) {
    const RunRow& run = creation.run;
    if (run.logical_date != kNoTime) dates_[{run.dag_id, run.logical_date}] = run.run_no;
    for (const WallUs date : creation.inner_dates) dates_[{run.dag_id, date}] = run.run_no;
    if (run.type != RunType::backfill) continue;
    const auto is_its = [&](const BackfillIntervalRow& row) { return row.run_no == run.run_no; };
    const auto interval = std::ranges::find_if(rows.intervals, is_its);
    if (interval == rows.intervals.end() || !books_.contains(interval->backfill_no)) {
      ground_.findings.fail("BACKFILL", fmt::format("run {} is of no backfill", run.run_no));
      return;
    }
    Book& book = books_.at(interval->backfill_no);
    check_made(book, creation);
    of_run_[run.run_no] = interval->backfill_no;
    book.made.insert(run.run_no);
  }
  for (const BackfillRow& row : rows.backfills) take(row, part);
  for (const BackfillIntervalRow& row : rows.intervals) take(row, part);
}

void BackfillBooks::take(const BackfillRow& row, const Part& part) {
  const bool is_new = !books_.contains(row.backfill_no);
  Book& book = books_[row.backfill_no];
  if (is_new) {
    book.row = row;
    begin(book, part);
  } else {
    check_move(book, row, part);
  }
  book.moved_at = ground_.loop.now();
  if (is_through(row.state) && book.through_at < 0) book.through_at = ground_.loop.now();
  const bool is_completed = row.state == BackfillState::completed && book.row.state != row.state;
  if (row.state != book.row.state) ground_.say(fmt::format("  backfill {} {}", row.backfill_no, action_to(row.state)));
  book.row = row;
  if (is_completed) check_completed(book);
}

void BackfillBooks::begin(Book& book, const Part& part) {
  const BackfillRow& row = book.row;
  ground_.say(fmt::format("  backfill {} of {}, from {} to {}", row.backfill_no, row.dag_id, shown(row.from),
                          shown(row.to)));
  if (!says(part, row.dag_id, "create_backfill")) fail(book, "it begins, and nobody has asked for it");
  if (row.state != BackfillState::running || row.next_ordinal != 0) fail(book, "it does not begin at its beginning");
  for (const auto& [other_no, other] : books_) {
    const bool is_other = other_no != row.backfill_no && other.row.dag_id == row.dag_id;
    if (is_other && !is_through(other.row.state)) fail(book, fmt::format("it begins beside {}", other_no));
  }
  if (const DagRow* dag = ticks_.dag(row.dag_id)) book.schedule_hash = dag->schedule_hash;
}

void BackfillBooks::check_move(const Book& book, const BackfillRow& row, const Part& part) {
  const BackfillRow& old = book.row;
  if (row.next_ordinal < old.next_ordinal) {
    fail(book, fmt::format("it goes back from piece {} to {}", old.next_ordinal, row.next_ordinal));
  }
  const bool is_other = row.dag_id != old.dag_id || row.from != old.from || row.to != old.to ||
                        row.reprocess != old.reprocess || row.intervals_per_run != old.intervals_per_run ||
                        row.runs_backwards != old.runs_backwards || row.created_at != old.created_at;
  if (is_other) fail(book, "it becomes another one");
  if (row.state == old.state) return;
  if (is_through(old.state)) return fail(book, "it was through, and goes on");
  if (row.state == BackfillState::completed) return;
  if (!says(part, row.dag_id, action_to(row.state))) {
    fail(book, fmt::format("it changes its state ({}), and nobody has asked for that", action_to(row.state)));
  }
  ground_.strike(row.state == BackfillState::paused      ? Fault::backfill_paused
                 : row.state == BackfillState::cancelled ? Fault::backfill_cancelled
                                                         : Fault::backfill_resumed);
}

/// A run that it makes, before its rows count: the next piece of its range, or a stretch of that, and wanted now.
void BackfillBooks::check_made(const Book& book, const RunCreation& creation) {
  const RunRow& run = creation.run;
  const std::string name = fmt::format("run {} of {}", run.run_no, shown(run.logical_date));
  ground_.strike(Fault::backfill_run);
  ground_.say(fmt::format("  backfill {} makes {}", book.row.backfill_no, name));
  if (book.row.state != BackfillState::running) return fail(book, name + " is made, and the backfill does not run");
  if (rests(run.dag_id) && rests_since_[run.dag_id] != 0) return fail(book, name + " is made while its DAG rests");
  const DagRow* dag = ticks_.dag(run.dag_id);
  if (dag != nullptr && dag->paused.holds()) ground_.strike(Fault::backfill_beside_pause);
  const std::int32_t open = open_runs(book, false);
  if (open >= book.row.max_active_runs) fail(book, fmt::format("{} is made beside {} that run", name, open));
  const std::vector<Stretch> range = range_of(book, *creation.dag);
  std::vector<WallUs> dates = creation.inner_dates;
  dates.insert(dates.begin(), run.logical_date);
  const auto first = std::ranges::find(range, run.logical_date, &Stretch::date);
  if (first == range.end()) return fail(book, name + " is no date of its range");
  const auto place = static_cast<std::int64_t>(first - range.begin());
  const auto last = place + static_cast<std::int64_t>(dates.size()) - 1;
  if (last >= static_cast<std::int64_t>(range.size())) return fail(book, name + " goes beyond its range");
  for (std::size_t k = 0; k < dates.size(); ++k) {
    if (first[static_cast<std::ptrdiff_t>(k)].date != dates[k]) return fail(book, name + " leaves out a date");
  }
  const std::int64_t size = book.row.intervals_per_run;
  if (place / size != last / size) return fail(book, name + " is of more than one piece");
  if (run.interval_start != first->date || run.interval_end != range[static_cast<std::size_t>(last)].due) {
    fail(book, name + " has another interval");
  }
  const std::int64_t pieces = (static_cast<std::int64_t>(range.size()) + size - 1) / size;
  const std::int64_t turn = book.row.runs_backwards ? pieces - 1 - place / size : place / size;
  // A tick may have taken the dates of a piece in front while its run was on its way: that part is struck, and how far
  // the backfill has come goes with the next one, before anybody has heard of it.
  const auto is_taken = [&](std::int64_t of_turn) {
    const std::int64_t piece = book.row.runs_backwards ? pieces - 1 - of_turn : of_turn;
    const std::int64_t end = std::min((piece + 1) * size, static_cast<std::int64_t>(range.size()));
    for (std::int64_t k = piece * size; k < end; ++k) {
      if (!dates_.contains({run.dag_id, range[static_cast<std::size_t>(k)].date})) return false;
    }
    return true;
  };
  std::int64_t due = book.row.next_ordinal;
  while (due < turn && is_taken(due)) ++due;
  if (turn != due) {
    fail(book, fmt::format("{} is of piece {}, and it was the turn of {}", name, turn, book.row.next_ordinal));
  }
}

void BackfillBooks::take(const BackfillIntervalRow& row, const Part& part) {
  if (!books_.contains(row.backfill_no)) {
    ground_.findings.fail("BACKFILL", fmt::format("an interval of backfill {}, which is not there", row.backfill_no));
    return;
  }
  Book& book = books_.at(row.backfill_no);
  const auto covered = dates_.find({book.row.dag_id, row.logical_date});
  if (covered == dates_.end() || covered->second != row.run_no) {
    fail(book, fmt::format("{} is said to be of run {}, and is not", shown(row.logical_date), row.run_no));
  }
  const bool is_made = std::ranges::find(part.creations, row.run_no, [](const auto& c) { return c.run.run_no; }) !=
                       part.creations.end();
  if (row.skip != BackfillSkip::none) ground_.strike(Fault::backfill_passed);
  if (row.skip == BackfillSkip::none && !is_made) book.cleared.insert(row.run_no);
  book.intervals[row.ordinal] = row;
}

/// Each date of its range has a run, and none of those that it has made is open.
void BackfillBooks::check_completed(const Book& book) {
  if (open_runs(book, false) > 0) fail(book, "it is completed, and runs of it are open");
  const DagRow* dag = ticks_.dag(book.row.dag_id);
  const std::shared_ptr<const Dag> now = dag == nullptr ? nullptr : ticks_.version(book.row.dag_id, dag->version);
  if (book.is_edited || now == nullptr) return;
  for (const Stretch& one : range_of(book, *now)) {
    if (!dates_.contains({book.row.dag_id, one.date})) {
      return fail(book, "it is completed, and " + shown(one.date) + " has no run");
    }
  }
}

void BackfillBooks::end_batch() {
  for (auto& [backfill_no, book] : books_) {
    if (is_through(book.row.state)) continue;
    const std::string& id = book.row.dag_id;
    MonoUs& since = rests_since_[id];
    const bool is_resting = rests(id);
    if (is_resting && since == 0) ground_.strike(Fault::backfill_rested);
    if (is_resting != (since != 0)) book.moved_at = ground_.loop.now();
    since = !is_resting ? 0 : since != 0 ? since : ground_.loop.now();
    const DagRow* dag = ticks_.dag(id);
    book.is_edited = book.is_edited || (dag != nullptr && dag->schedule_hash != book.schedule_hash);
  }
}

void BackfillBooks::begins(const DiskRun& run) {
  const auto at = of_run_.find(run.row.run_no);
  if (at == of_run_.end()) return;
  const Book& book = books_.at(at->second);
  const bool is_cancelled = book.row.state == BackfillState::cancelled;
  // What has run and is cleared by somebody, or redriven, is that one's wish.
  if (is_cancelled && !run.was_changed && ground_.loop.now() - book.through_at > kStopLateUs) {
    fail(book, fmt::format("run {} begins, long after it was cancelled", run.row.run_no));
  }
}

/// It may have completed meanwhile, and what others ask for at the same time comes behind it.
void BackfillBooks::accepted(std::int64_t backfill_no, BackfillState state, bool is_alone) {
  const auto at = books_.find(backfill_no);
  if (at == books_.end()) {
    ground_.findings.fail("INV-01", fmt::format("backfill {} is accepted and not on disk", backfill_no));
    return;
  }
  const BackfillState is = at->second.row.state;
  const bool must_be = state == BackfillState::cancelled || is_alone;
  if (must_be && is != state && is != BackfillState::completed) {
    fail(at->second, fmt::format("somebody is told that it is so ({}), and it is not on disk", action_to(state)));
  }
}

// ── what may go on ──────────────────────────────────────────────────────────────────────────────────────────────────

void BackfillBooks::check_standing(MonoUs since) {
  const MonoUs now = ground_.loop.now();
  for (const auto& [backfill_no, book] : books_) {
    const bool is_new = now - std::max(since, book.moved_at) <= kStandsMaxUs;
    const bool runs = book.row.state == BackfillState::running && !rests(book.row.dag_id);
    if (!runs || is_new || book.is_edited || open_runs(book, true) >= book.row.max_active_runs) continue;
    MonoUs ended_at = 0;  // the last of its runs: only then there was room
    for (const auto* numbers : {&book.made, &book.cleared}) {
      for (const RunNo run_no : *numbers) {
        const auto run = runs_.find(run_no);
        if (run != runs_.end()) ended_at = std::max(ended_at, run->second.changed_at);
      }
    }
    if (now - ended_at <= kStandsMaxUs) continue;
    const DagRow* dag = ticks_.dag(book.row.dag_id);
    const std::shared_ptr<const Dag> version = ticks_.version(book.row.dag_id, dag->version);
    if (version == nullptr) continue;
    const std::int64_t size = book.row.intervals_per_run;
    const auto range = static_cast<std::int64_t>(range_of(book, *version).size());
    const bool is_left = book.row.next_ordinal < (range + size - 1) / size;
    if (is_left) return fail(book, "there is room for its next run, and nothing happens");
    if (open_runs(book, true) == 0) return fail(book, "all of it is done, and it is not completed");
  }
}

// ── what a server finds ─────────────────────────────────────────────────────────────────────────────────────────────

void BackfillBooks::fill(ServiceSnapshot& found) const {
  for (const auto& [backfill_no, book] : books_) {
    found.last_backfill_no = backfill_no;
    if (is_through(book.row.state)) continue;
    found.backfills.push_back(book.row);
    for (const auto& [ordinal, row] : book.intervals) {
      const auto run = runs_.find(row.run_no);
      const bool is_open = run != runs_.end() && !is_final(run->second.row.state);
      if (row.skip == BackfillSkip::none && is_open) found.open_intervals.push_back(row);
    }
  }
}

}  // namespace baton::sim
