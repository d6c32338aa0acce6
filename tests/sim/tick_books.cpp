#include "tests/sim/tick_books.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "scheduler/service/dag_gate.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"
#include "tests/sim/almanac.h"
#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

constexpr DurationUs kFar = 55 * kMinute;      ///< a little less than what the server does not believe at once
constexpr DurationUs kLateMax = 10 * kMinute;  ///< stopped, slow, down or not sure of the clock, a tick is made so late
constexpr DurationUs kDueMax = 2 * kMinute;

std::string text_of(WallUs at) {
  return at == kNoTime ? "never" : timetable::format_rfc3339(at, timetable::utc());
}

constexpr std::array kStrikes = {Fault::tick_exists,  Fault::tick_overlap,  Fault::tick_held,    Fault::tick_held,
                                 Fault::tick_held,    Fault::tick_calendar, Fault::tick_held,    Fault::tick_missed,
                                 Fault::tick_clock,   Fault::tick_failures, Fault::tick_waits};
static_assert(kStrikes.size() == kTickReasonCount);

}  // namespace

const timetable::ScheduleSpec* TickBooks::schedule_of(const Book& book) const {
  return book.has_epoch && book.epoch.dag != nullptr ? book.epoch.dag->schedule.get() : nullptr;
}

const DagRow* TickBooks::dag(const std::string& dag_id) const {
  const auto at = books_.find(dag_id);
  return at == books_.end() ? nullptr : &at->second.row;
}

std::shared_ptr<const Dag> TickBooks::version(const std::string& dag_id, const std::string& version) const {
  const auto at = versions_.find({dag_id, version});
  return at == versions_.end() ? nullptr : at->second;
}

bool TickBooks::clock_holds(DurationUs span) const {
  return ground_.loop.last_wall_step() < 0 || ground_.loop.last_wall_step() < ground_.loop.now() - span;
}

/// Set back by more than an hour below what was believed once, the clock is believed again, and what it has told of
/// what comes is told anew.
void TickBooks::clock_was_set(WallUs before) {
  const WallUs now = ground_.loop.wall();
  believed_ = std::max(believed_, before);
  if (now < believed_ - kFar) believed_ = now;
  peak_ = std::max(peak_, before);
  peak_since_ = std::max(peak_since_, before);
  if (now >= before || now >= peak_ - kFar) return;
  again_.emplace_back(now, peak_since_);
  peak_since_ = now;
}

bool TickBooks::may_be_told_again(WallUs due) const {
  return std::ranges::any_of(again_, [due](const Told& told) { return due >= told.first && due <= told.second; });
}

// ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────

void TickBooks::take(const Part& part) {
  const ServiceRows& rows = part.service;
  for (const NewVersionRow& row : rows.versions) versions_[{row.dag->id, row.version->version}] = row.dag;
  for (const RunCreation& creation : part.creations) {
    if (creation.run.triggered_by == "timetable") take(creation, part);
  }
  for (const TickRecordRow& row : rows.ticks) take(row);
  std::set<std::string> begun;
  for (const DagRow& row : rows.dags) {
    if (take(row)) begun.insert(row.dag_id);
  }
  for (const CursorRow& row : rows.cursors) {
    Book& book = books_[row.dag_id];
    book.row.cursor = row.cursor;
    book.row.next_tick = row.next_tick;
    if (begun.contains(row.dag_id)) book.epoch.from = row.cursor;
  }
  for (const ServerStateRow& row : rows.server) {
    if (row.value.empty()) {
      server_.erase(row.name);
    } else {
      server_[row.name] = row;
      if (row.name == "frozen") ground_.strike(Fault::server_frozen);
    }
  }
}

/// Another schedule, or none any more: what the one before was due is accounted for.
bool TickBooks::take(const DagRow& row) {
  Book& book = books_[row.dag_id];
  const DagRow old = book.row;
  book.row = row;
  book.row.cursor = old.cursor;
  book.row.next_tick = old.next_tick;
  if (row.paused.holds() && !old.paused.holds()) ground_.strike(Fault::dag_paused);
  if (row.draining.holds() && !old.draining.holds()) ground_.strike(Fault::dag_drained);
  const bool is_lost = row.stale.holds() && !old.stale.holds();
  const bool is_new = row.schedule_since != old.schedule_since;
  if (is_lost) ground_.strike(Fault::dag_file_lost);
  if (is_new && old.stale.holds()) ground_.strike(Fault::dag_file_came);
  if (is_new && old.schedule_since != kNoTime && !old.stale.holds()) ground_.strike(Fault::schedule_edited);
  if (!is_new && row.version != old.version) ground_.strike(Fault::dag_edited);
  if (is_lost) {
    check_epoch(book, row.stale.since);
    book.has_epoch = false;
  }
  if (!is_new) return false;
  if (old.schedule_since != kNoTime && !old.stale.holds()) check_epoch(book, row.schedule_since);
  const auto version = versions_.find({row.dag_id, row.version});
  if (version == versions_.end()) fail(row.dag_id, "it has a version that nobody has written");
  book.epoch = {kNoTime, version == versions_.end() ? nullptr : version->second};
  book.has_epoch = true;
  return true;
}

void TickBooks::take(const TickRecordRow& row) {
  Book& book = books_[row.dag_id];
  if (row.ticks == 0) {
    std::erase_if(book.records, [&](const auto& one) { return row.from <= one.first && one.first <= row.to; });
    return;
  }
  TickRecordRow& known = book.records[row.from];
  const std::int64_t before = known.reason == row.reason ? known.ticks : 0;
  known = row;
  for (std::int64_t k = before; k < row.ticks; ++k) ground_.strike(kStrikes[static_cast<std::size_t>(row.reason)]);
  // Of a time that came twice, the record of an earlier schedule may go on with the next.
  if (may_be_told_again(row.to)) return;
  // That of a DAG which has lost its file is the one that it had.
  const timetable::ScheduleSpec* spec = book.epoch.dag == nullptr ? nullptr : book.epoch.dag->schedule.get();
  if (spec == nullptr) return fail(row.dag_id, "a tick is recorded of a DAG without a schedule");
  const std::vector<WallUs> due = due_between(*spec, row.from - 1, row.to);
  const bool is_right = static_cast<std::int64_t>(due.size()) == row.ticks && !due.empty() && due.front() == row.from &&
                        due.back() == row.to;
  if (!is_right) {
    fail(row.dag_id, fmt::format("{} ticks are recorded from {} to {}, and {} were due", row.ticks, text_of(row.from),
                                 text_of(row.to), due.size()));
  }
}

void TickBooks::take(const RunCreation& creation, const Part& part) {
  const RunRow& run = creation.run;
  Book& book = books_[run.dag_id];
  ground_.say(fmt::format("  the tick of {} makes run {} of {}", text_of(run.run_after), run.run_no, run.dag_id));
  ground_.strike(Fault::tick_run);
  const bool moves = std::ranges::any_of(part.service.cursors, [&](const CursorRow& row) {
    return row.dag_id == run.dag_id && row.cursor >= run.run_after;
  });
  if (!moves) fail(run.dag_id, "the run of a tick is made, and its cursor does not move with it");
  check_run(book, run);
  book.runs[run.run_after].insert(run.run_no);
}

/// A run that a tick has made, before it counts.
void TickBooks::check_run(const Book& book, const RunRow& run) {
  const std::string name = fmt::format("run {} of the tick at {}", run.run_no, text_of(run.run_after));
  const timetable::ScheduleSpec* spec = schedule_of(book);
  if (spec == nullptr) return fail(run.dag_id, name + " is made while the DAG has no schedule");
  if (run.dag_version != book.row.version) fail(run.dag_id, name + " has not the version that the DAG has");
  const WallUs due = run.run_after;
  if (due_between(*spec, due - 1, due).empty()) return fail(run.dag_id, name + " is made, and none was due then");
  if (!counts(*spec, due)) fail(run.dag_id, name + " is made on a day that does not count");
  const bool is_old = book.epoch.from != kNoTime && due <= book.epoch.from;
  if (is_old && !may_be_told_again(due)) fail(run.dag_id, name + " is made of a time before the schedule was edited");
  if (run.interval_end != due || run.interval_start != run.logical_date) fail(run.dag_id, name + " has another interval");
  if (spec->calendar.only.empty() && run.logical_date != due_before(*spec, due)) {
    fail(run.dag_id, name + " is dated " + text_of(run.logical_date));
  }
  // What came by a clock that was then set back by less than an hour has come, also where it still waits for its turn.
  const bool has_come = due <= std::max(ground_.loop.wall(), believed_);
  if (clock_holds(kLateMax) && !has_come) fail(run.dag_id, name + " is made before it is due");
  const Held& paused = book.was_paused ? book.row.paused : book.row.draining;
  const bool is_held = (book.was_paused && book.row.paused.holds()) || (book.was_draining && book.row.draining.holds());
  if (is_held && due > paused.since && clock_holds(kLateMax)) fail(run.dag_id, name + " is made while the DAG is held");
  check_overlap(book, run);
  check_lateness(book, run);
}

/// Runs that people have brought back count too: then nobody can tell what was decided beside that.
void TickBooks::check_overlap(const Book& book, const RunRow& run) {
  const timetable::ScheduleSpec& spec = *schedule_of(book);
  std::int32_t open = 0;
  for (const auto& [run_no, other] : runs_) {
    if (other.row.dag_id != run.dag_id || other.row.type != RunType::scheduled || run_no == run.run_no) continue;
    if (other.was_changed) return;
    open += other.is_finished() ? 0 : 1;
  }
  if (spec.overlap == timetable::Overlap::cancel_running) return;
  const std::int32_t places = std::max(book.epoch.dag->max_active_runs, 1) +
                              (spec.overlap == timetable::Overlap::queue ? 1 : 0);
  if (open >= places) fail(run.dag_id, fmt::format("run {} is made beside {} of {}", run.run_no, open, places));
}

/// What was missed is made up for where `catchup` says so, and nowhere else.
void TickBooks::check_lateness(const Book& book, const RunRow& run) {
  const timetable::ScheduleSpec& spec = *schedule_of(book);
  const DurationUs late = ground_.loop.wall() - run.run_after - spec.jitter_us;
  if (late <= kLateMax || !clock_holds(late + kLateMax)) return;
  ground_.strike(Fault::tick_caught_up);
  if (spec.catchup == timetable::Catchup::none) {
    fail(run.dag_id, fmt::format("the tick of {} was missed, and is made up for", text_of(run.run_after)));
  }
}

void TickBooks::end_batch() {
  was_frozen_ = is_frozen();
  for (auto& [id, book] : books_) {
    book.was_paused = book.row.paused.holds();
    book.was_draining = book.row.draining.holds();
  }
}

void TickBooks::begins(const DiskRun& run) {
  const auto at = books_.find(run.row.dag_id);
  const bool is_paused = at != books_.end() && at->second.was_paused && at->second.row.paused.holds() &&
                         run.row.type != RunType::backfill;  // those go on
  if (!is_paused && !was_frozen_) return;
  ground_.findings.fail("HELD", fmt::format("run {} begins while {}", run.row.run_no,
                                              was_frozen_ ? "the server is frozen" : "its DAG is paused"));
}

void TickBooks::claimed(const AttemptKey& key) {
  if (was_frozen_) ground_.findings.fail("HELD", sim::text_of(key) + " is claimed while the server is frozen");
}

// ── what is accounted for ───────────────────────────────────────────────────────────────────────────────────────────

bool TickBooks::is_recorded(const Book& book, WallUs due) const {
  const auto after = book.records.upper_bound(due);
  return after != book.records.begin() && std::prev(after)->second.to >= due;
}

/// Every tick of the epoch that was due up to `to` has made a run or is recorded, once.
void TickBooks::check_epoch(const Book& book, WallUs to) {
  const timetable::ScheduleSpec* spec = schedule_of(book);
  if (spec == nullptr || (book.epoch.from == kNoTime && spec->start == kNoTime)) return;
  to = std::max(to, book.row.cursor);
  for (const WallUs due : due_between(*spec, book.epoch.from, to)) {
    const auto made = book.runs.find(due);
    const std::size_t runs = made == book.runs.end() ? 0 : made->second.size();
    const std::size_t times = runs + (is_recorded(book, due) ? 1 : 0);
    if (times == 1 || (times > 1 && may_be_told_again(due))) continue;
    return fail(book.row.dag_id, fmt::format("the tick of {} has made {} runs and is {}recorded", text_of(due), runs,
                                             is_recorded(book, due) ? "" : "not "));
  }
}

WallUs TickBooks::next_date(const std::string& dag_id) const {
  const auto at = books_.find(dag_id);
  const timetable::ScheduleSpec* spec = at == books_.end() ? nullptr : schedule_of(at->second);
  if (spec == nullptr) return kNoTime;
  const std::vector<WallUs> due = due_between(*spec, ground_.loop.wall(), ground_.loop.wall() + kDay);
  for (const WallUs one : due) {
    if (counts(*spec, one)) return due_before(*spec, one);
  }
  return kNoTime;
}

void TickBooks::check_quiet() {
  for (const auto& [id, book] : books_) {
    const timetable::ScheduleSpec* spec = schedule_of(book);
    if (spec == nullptr) continue;
    const WallUs now = ground_.loop.wall();
    const bool is_held = book.row.paused.holds() || book.row.draining.holds() || is_frozen();
    if (book.row.paused.holds() && book.row.paused.by == kPausedByFailures) {  // of runs since then
      check_epoch(book, book.row.cursor);
      continue;
    }
    if (is_held) fail(id, "it is held, although everybody has let go of it");
    check_epoch(book, now - spec->jitter_us - kDueMax);
    const std::int32_t places = std::max(book.epoch.dag->max_active_runs, 1);
    const auto open = std::ranges::count_if(runs_, [&, &id = id](const auto& one) {
      const DiskRun& run = one.second;
      return run.row.dag_id == id && run.row.type == RunType::scheduled && !run.is_finished();
    });
    const bool waits = std::ranges::any_of(
        book.records, [](const auto& one) { return one.second.reason == TickReason::waiting; });
    if (waits && open < places) fail(id, "a tick waits to be caught up, and there is room for its run");
    const std::vector<WallUs> coming = due_between(*spec, book.row.cursor, book.row.cursor + 3 * kDay);
    if (!spec->calendar.only.empty() || coming.empty()) continue;
    if (book.row.next_tick != coming.front()) {
      fail(id, "its next tick is said to come at " + text_of(book.row.next_tick) + ", not at " + text_of(coming.front()));
    }
  }
}

// ── what a server finds ─────────────────────────────────────────────────────────────────────────────────────────────

void TickBooks::fill(ServiceSnapshot& found) const {
  for (const auto& [id, book] : books_) {
    found.dags.push_back(book.row);
    for (const auto& [from, row] : book.records) {
      if (row.reason == TickReason::waiting) found.waiting.push_back(row);
    }
    if (book.row.cursor == kNoTime) continue;
    const auto after = book.records.upper_bound(book.row.cursor);
    if (after == book.records.begin()) continue;
    const TickRecordRow& last = std::prev(after)->second;
    if (last.to == book.row.cursor && last.reason != TickReason::waiting) found.last.push_back(last);
  }
  for (const auto& [name, row] : server_) found.server.push_back(row);
}

}  // namespace baton::sim
