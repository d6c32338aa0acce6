// What people do to DAGs that run by schedules: they save, take away and bring back files, pause, drain, freeze, let go,
// ask for runs of dates that a tick will want; and machines whose clocks are far off for a while.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr DurationUs kAgain = 2 * kSecond;  ///< who finds nobody comes again

}  // namespace

bool World::has_server() const {
  return scheduler_ && scheduler_->makers() != nullptr && !scheduler_->is_fatal() &&
         !ground_.loop.is_stalled(scheduler_->process());
}

void World::plan_schedules() {
  if (workload_.timed.empty()) return;
  files_.resize(workload_.timed.size());
  const MonoUs last = ground_.calm_at - kHour;
  for (std::size_t k = 0; k < files_.size(); ++k) {
    at(timekeepers_.log_between(kMillisecond, 2 * kHour), [this, k] { save_file(k); });
    for (std::int64_t n = timekeepers_.between(3, 6); n > 0; --n) {
      at(timekeepers_.between(2 * kHour, last), [this, k] { change_file(k); });
    }
    for (std::int64_t n = timekeepers_.between(2, 5); n > 0; --n) {
      at(timekeepers_.between(2 * kHour, last), [this, k] { want_hold(k); });
    }
    for (std::int64_t n = timekeepers_.between(1, 3); n > 0; --n) {
      at(timekeepers_.between(2 * kHour, last), [this, k] { want_date(k); });
      at(timekeepers_.between(2 * kHour, last), [this, k] { ask_hold(k, HoldDag::Wish::resume); });
    }
  }
  for (std::int64_t n = timekeepers_.between(1, 2); n > 0; --n) {
    at(timekeepers_.between(2 * kHour, last), [this] { want_freeze(); });
  }
  for (std::int64_t n = timekeepers_.between(1, 2); n > 0; --n) {
    at(timekeepers_.between(2 * kHour, last), [this] { set_clock_far_off(); });
  }
}

void World::at(MonoUs when, std::function<void()> f) { ground_.loop.call(kMachine, when, std::move(f)); }
void World::later(DurationUs span, std::function<void()> f) { at(ground_.loop.now() + span, std::move(f)); }
/// Once the day is over no server comes any more.
void World::come_again(std::function<void()> f) {
  if (scheduler_settings_.loader != nullptr) later(kAgain, std::move(f));
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What stands in the folder is another thing than what the server has read.
void World::look_at_folder() {
  if (!has_server() || ground_.loop.current() != scheduler_->process()) return;
  for (std::size_t k = 0; k < files_.size(); ++k) {
    const std::string& id = workload_.timed[k].front().dag->id;
    const auto read = scheduler_->files().find(id);
    const bool is_known = read != scheduler_->files().end();
    if (is_known ? read->second == files_[k] : files_[k] == nullptr) continue;
    scheduler_->read_file(id, files_[k]);
  }
}

/// A watch tells the server at once, its loader takes a while.
void World::folder_changed() {
  if (!scheduler_) return;
  ground_.loop.call(scheduler_->process(), ground_.loop.now() + timekeepers_.log_between(kMillisecond, kSecond),
                    [this] { look_at_folder(); });
}

void World::save_file(std::size_t k) {
  const auto& versions = workload_.timed[k];
  files_[k] = versions[static_cast<std::size_t>(timekeepers_.below(static_cast<std::int64_t>(versions.size())))].dag;
  folder_changed();
}

/// Saved with something else in it, or gone for a while.
void World::change_file(std::size_t k) {
  if (timekeepers_.percent(65) || files_[k] == nullptr) return save_file(k);
  files_[k] = nullptr;
  folder_changed();
  later(timekeepers_.log_between(kSecond, 2 * kHour), [this, k] {
    if (files_[k] == nullptr) save_file(k);
  });
}

// ── holds ───────────────────────────────────────────────────────────────────────────────────────────────────────────

void World::want_hold(std::size_t k) {
  const bool drains = timekeepers_.percent(40);
  ask_hold(k, drains ? HoldDag::Wish::drain : HoldDag::Wish::pause);
  later(timekeepers_.log_between(kMinute, 8 * kHour), [this, k] { ask_hold(k, HoldDag::Wish::resume); });
}

/// Whoever is told that it holds finds it so on disk, where nobody has wanted otherwise since.
void World::ask_hold(std::size_t k, HoldDag::Wish wish) {
  if (!has_server()) return come_again([this, k, wish] { ask_hold(k, wish); });
  const std::string& id = workload_.timed[k].front().dag->id;
  static constexpr std::array kWords = {"pauses", "drains", "resumes"};
  ground_.say(fmt::format("person {} {}", kWords[static_cast<std::size_t>(wish)], id));
  scheduler_->hold({id, wish, ""}, [this, id, wish, asked = ++holds_asked_](const Status& how) {
    const DagRow* row = disk_.books().dag(id);
    if (!how || asked != holds_asked_ || row == nullptr) return;
    const bool is_held = row->paused.holds() || row->draining.holds();
    if (is_held != (wish != HoldDag::Wish::resume)) {
      ground_.findings.fail("INV-01", id + ": it was said to be " + (is_held ? "let go" : "held") + " and is not so on disk");
    }
  });
}

void World::want_freeze() {
  ask_freeze(true);
  later(timekeepers_.log_between(10 * kMinute, 2 * kHour), [this] { ask_freeze(false); });
}

void World::ask_freeze(bool freeze) {
  if (!has_server()) return come_again([this, freeze] { ask_freeze(freeze); });
  ground_.say(freeze ? "person freezes the server" : "person thaws the server");
  scheduler_->hold(HoldServer{freeze, "maintenance"}, [](const Status&) {});
}

/// Before the day ends all files are back and nothing is held: people come until it is so.
void World::let_all_go() {
  bool is_done = has_server() && !disk_.books().is_frozen();
  if (disk_.books().is_frozen()) ask_freeze(false);
  for (std::size_t k = 0; k < files_.size(); ++k) {
    if (files_[k] == nullptr) save_file(k);
    const DagRow* row = disk_.books().dag(workload_.timed[k].front().dag->id);
    const bool is_active = row != nullptr && !row->paused.holds() && !row->draining.holds() && !row->stale.holds();
    is_done = is_done && is_active;
    if (row != nullptr && (row->paused.holds() || row->draining.holds())) ask_hold(k, HoldDag::Wish::resume);
  }
  const bool is_late = ground_.loop.now() > ground_.calm_at + 7 * kMinute;
  // What fails then holds its DAG once more, and what waits there.
  const auto is_open = [](const auto& one) { return one.second.dag->schedule != nullptr && !one.second.is_finished(); };
  const bool is_over = scheduler_settings_.loader == nullptr;  // no tick makes any more
  if (is_over && std::ranges::none_of(disk_.runs(), is_open)) return;
  later(is_late ? 11 * kMinute : is_done ? kMinute : 10 * kSecond, [this] { let_all_go(); });
}

// ── dates and clocks ────────────────────────────────────────────────────────────────────────────────────────────────

/// Somebody asks for the run of a date before its tick does.
void World::want_date(std::size_t k) {
  const std::string& id = workload_.timed[k].front().dag->id;
  const WallUs date = disk_.books().next_date(id);
  if (!has_server() || date == kNoTime || files_[k] == nullptr) return;
  NewRun request;
  request.dag = files_[k];
  request.version = version_row_of(*request.dag);
  request.logical_date = request.interval_start = date;
  request.interval_end = date + kHour;
  request.params = Value{ValueMap{}};
  request.run_id = fmt::format("early__{}", disk_.last_run_no() + 1);
  ground_.say("person asks for a date of " + id);
  scheduler_->create(std::move(request), [this](RunNo run_no, const Result<Answer>& how) {
    if (how) checks_.expect_present(run_no);
  });
}

/// The battery of the clock is empty, or somebody has mistyped; what tells the time sets it right again.
void World::set_clock_far_off() {
  if (is_clock_off_ || !ground_.may_harm() || !ground_.strike(Fault::clock_far_off)) return;
  const DurationUs by = timekeepers_.log_between(2 * kHour, 20 * kDay) * (timekeepers_.percent(75) ? 1 : -1);
  step_clock(by);
  is_clock_off_ = true;
  later(timekeepers_.log_between(20 * kSecond, 40 * kMinute), [this, by] {
    step_clock(-by);
    is_clock_off_ = false;
  });
}

void World::step_clock(DurationUs by) {
  const WallUs before = ground_.loop.wall();
  ground_.say(fmt::format("wall clock steps by {} us", by));
  ground_.loop.step_wall(by);
  disk_.books().clock_was_set(before);
}

}  // namespace baton::sim
