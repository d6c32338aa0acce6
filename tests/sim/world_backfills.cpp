// People who fill stretches of schedules: they ask for ranges of the last days and for such that hold nothing, for the
// same once more, in pieces of several intervals, backwards; they pause, go on and cancel, also in the very moment in
// which the server has read what is to be done.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/sim/almanac.h"
#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr std::int64_t kIntervalsMax = 7;
constexpr DurationUs kPastUs = 5 * kDay;

}  // namespace

void World::plan_backfills() {
  filled_.assign(files_.size(), {kNoTime, kNoTime});
  for (std::size_t k = 0; k < files_.size(); ++k) {
    for (std::int64_t n = fillers_.between(3, 6); n > 0; --n) {
      at(fillers_.between(2 * kHour, ground_.calm_at - kHour), [this, k] { want_backfill(k); });
    }
  }
}

/// What somebody asks for: a few intervals of the last days.
BackfillAsk World::draw_backfill(std::size_t k, const timetable::ScheduleSpec& spec) {
  BackfillAsk ask;
  ask.dag_id = workload_.timed[k].front().dag->id;
  ask.max_active_runs = static_cast<std::int32_t>(fillers_.between(1, 3));
  if (fillers_.percent(40)) ask.wish.intervals_per_run = static_cast<std::int32_t>(fillers_.between(2, 3));
  ask.wish.runs_backwards = fillers_.percent(30);
  ask.wish.reprocess = static_cast<Reprocess>(fillers_.below(3));
  const WallUs now = ground_.loop.midnight() + ground_.loop.now();  // as people know it, whatever the clock says
  if (filled_[k].first != kNoTime && fillers_.percent(35)) {
    std::tie(ask.wish.from, ask.wish.to) = filled_[k];
    return ask;
  }
  const std::vector<Stretch> all = stretches_between(spec, now - kPastUs, now + (fillers_.percent(10) ? kDay : 0));
  if (all.empty() || fillers_.percent(5)) {
    ask.wish.from = now - fillers_.log_between(kMinute, kDay);
    ask.wish.to = ask.wish.from + fillers_.log_between(kSecond, kHour);
    return ask;
  }
  const auto size = static_cast<std::int64_t>(all.size());
  const std::int64_t n = std::min(size, fillers_.between(1, kIntervalsMax));
  const std::int64_t first = fillers_.percent(35) ? size - n : fillers_.below(size - n + 1);  // or up to now
  ask.wish.from = all[static_cast<std::size_t>(first)].date - (fillers_.percent(50) ? kSecond : 0);
  ask.wish.to = all[static_cast<std::size_t>(first + n - 1)].date;
  filled_[k] = {ask.wish.from, ask.wish.to};
  return ask;
}

void World::want_backfill(std::size_t k) {
  const std::string& id = workload_.timed[k].front().dag->id;
  const DagRow* row = disk_.books().dag(id);
  if (!has_server() || row == nullptr || scheduler_->makers()->ticks().dag(id) == nullptr) return;
  const std::string version = row->version;
  const std::shared_ptr<const Dag> dag = disk_.books().version(id, version);
  if (dag == nullptr || scheduler_->makers()->ticks().dag(id)->version != version) return;
  BackfillAsk ask = draw_backfill(k, *dag->schedule);
  std::vector<Stretch> range = stretches_between(*dag->schedule, ask.wish.from, ask.wish.to);
  std::erase_if(range, [now = ground_.loop.wall()](const Stretch& one) { return one.due > now; });
  ground_.say(fmt::format("person fills {} intervals of {}", range.size(), id));
  scheduler_->backfills()->on_dates = [this](const std::string& of) { interrupt_backfill(of); };
  const bool is_none = range.empty(), is_circle = ask.wish.runs_backwards && looks_back(*dag);
  scheduler_->backfills()->create(std::move(ask), [this, k, id, version, is_none, is_circle](const Result<std::int64_t>& made) {
    if (made && is_none) return ground_.findings.fail("BACKFILL", "a range without intervals is taken");
    if (made && is_circle) return ground_.findings.fail("BACKFILL", id + ": each of its dates waits for one that is made after it");
    if (!made && made.error().kind == ErrorKind::invalid && !is_none && !is_circle) {
      return ground_.findings.fail("BACKFILL", id + ": a range with intervals is refused: " + made.error().message);
    }
    if (made) plan_changes_of_backfill(*made, k);
  });
}

void World::plan_changes_of_backfill(std::int64_t backfill_no, std::size_t k) {
  if (fillers_.percent(70)) {
    const DurationUs span = fillers_.log_between(kMillisecond, 30 * kMinute);
    later(span, [this, backfill_no] { change_backfill(backfill_no, BackfillState::paused); });
    later(span + fillers_.log_between(kMillisecond, kHour), [this, backfill_no] { resume_backfill(backfill_no); });
  }
  if (fillers_.percent(40)) {  // its DAG drains, or the whole server rests
    const DurationUs span = fillers_.log_between(kMillisecond, 10 * kMinute);
    const bool is_server = fillers_.percent(40);
    later(span, [this, k, is_server] { is_server ? ask_freeze(true) : ask_hold(k, HoldDag::Wish::drain); });
    later(span + fillers_.log_between(kMillisecond, 40 * kMinute),
          [this, k, is_server] { is_server ? ask_freeze(false) : ask_hold(k, HoldDag::Wish::resume); });
  }
  if (fillers_.percent(55)) {
    later(fillers_.log_between(10 * kMillisecond, 40 * kMinute),
          [this, backfill_no] { change_backfill(backfill_no, BackfillState::cancelled); });
  }
}

void World::change_backfill(std::int64_t backfill_no, BackfillState wish) {
  const BackfillRow* row = disk_.backfills().find(backfill_no);
  if (!has_server() || row == nullptr) return;
  ground_.say(fmt::format("person wants backfill {} {}", backfill_no,
                          wish == BackfillState::running     ? "to go on"
                          : wish == BackfillState::cancelled ? "cancelled"
                                                             : "paused"));
  scheduler_->backfills()->change(backfill_no, wish, [](const Status&) {});  // it may be through meanwhile
}

/// Comes again until it is so: one that is paused for ever would end no day.
void World::resume_backfill(std::int64_t backfill_no) {
  const BackfillRow* row = disk_.backfills().find(backfill_no);
  if (row != nullptr && row->state != BackfillState::paused && row->state != BackfillState::running) return;
  if (has_server()) change_backfill(backfill_no, BackfillState::running);
  later(5 * kSecond, [this, backfill_no] {
    const BackfillRow* now = disk_.backfills().find(backfill_no);
    if (now == nullptr || now->state != BackfillState::paused) return;
    come_again([this, backfill_no] { resume_backfill(backfill_no); });
  });
}

/// Its dates have just been read.
void World::interrupt_backfill(const std::string& dag_id) {
  const BackfillRow* row = disk_.backfills().open_of(dag_id);
  if (row == nullptr || !ground_.may_harm() || !fillers_.percent(12)) return;
  const std::int64_t backfill_no = row->backfill_no;
  if (fillers_.percent(50)) return change_backfill(backfill_no, BackfillState::cancelled);
  change_backfill(backfill_no, BackfillState::paused);
  later(fillers_.log_between(kMillisecond, 5 * kMinute), [this, backfill_no] { resume_backfill(backfill_no); });
}

}  // namespace baton::sim
