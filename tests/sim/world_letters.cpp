// What people do with dead letters: they try one again, or all that a filter names, at a rate or at once, with the version
// of now, let them go, and think better of it.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "tests/sim/world.h"

namespace baton::sim {

void World::plan_letters() {
  const MonoUs last = ground_.calm_at - kHour;
  for (std::int64_t n = menders_.between(4, 8); n > 0; --n) {
    at(menders_.between(kHour, last), [this] { want_letters(); });
  }
  for (std::int64_t n = menders_.between(3, 6); n > 0; --n) {
    at(menders_.between(kHour, last), [this] { try_in_vain(); });
  }
}

bool World::may_ask_for_jobs() const {
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process());
  return up && scheduler_->jobs() != nullptr;
}

void World::want_letters() {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return;
  if (disk_.letters().letters().empty()) return;
  may_ask_for_jobs() && menders_.percent(70) ? ask_job() : redrive_letter();
}

/// Mostly one that is open; sometimes two people have seen the same one, or another lets it go at that moment.
void World::redrive_letter() {
  std::vector<const DeadLetterRow*> open, closed;
  for (const auto& [number, letter] : disk_.letters().letters()) {
    (letter.state == LetterState::open ? open : closed).push_back(&letter);
  }
  if (open.empty() && closed.empty()) return;
  const auto& from = open.empty() || (!closed.empty() && menders_.percent(15)) ? closed : open;
  const DeadLetterRow letter = *from[static_cast<std::size_t>(menders_.below(static_cast<std::int64_t>(from.size())))];
  if (scheduler_->is_alone() && scheduler_->engine().run(letter.run_no) == nullptr) return;
  if (menders_.percent(15)) discard_letter(letter);
  redrive(letter);
}

void World::redrive(const DeadLetterRow& letter) {
  const int times = menders_.percent(40) ? 2 : 1;
  if (times == 2) ground_.strike(Fault::letter_asked_twice);
  for (int k = 0; k < times; ++k) {
    ground_.say(fmt::format("person redrives letter {}", letter.letter_no));
    RedriveLetters request;
    request.run_no = letter.run_no;
    request.letters = {{letter.letter_no, letter.instance_no, letter.epoch}};
    scheduler_->ask(std::move(request), [this, letter](const Result<Answer>& how) {
      if (how && how->letters > 0) disk_.letters().accepted(letter.letter_no);
    });
  }
}

/// Somebody clears what has left a letter, and thinks better of it while that runs; another redrives the letter then.
void World::try_in_vain() {
  if (!may_ask_for_jobs()) return;
  std::vector<const DeadLetterRow*> open;
  for (const auto& [number, one] : disk_.letters().letters()) {
    if (one.state == LetterState::open && one.epoch > 0) open.push_back(&one);
  }
  if (open.empty()) return;
  const DeadLetterRow letter = *open[static_cast<std::size_t>(menders_.below(std::ssize(open)))];
  TaskChoice choice{letter.task_id, std::nullopt};
  if (letter.map_index != kUnmapped) choice.map_index = letter.map_index;
  ground_.say(fmt::format("person clears what has left letter {}", letter.letter_no));
  ClearTasks clear;
  clear.run_no = letter.run_no;
  clear.tasks = {choice};
  const auto heard = [](const Result<Answer>&) {};
  scheduler_->ask(std::move(clear), heard);
  const auto poll = std::make_shared<std::function<void(int)>>();
  *poll = [this, letter, choice, heard, poll](int left) {
    const DiskRun* run = disk_.find(letter.run_no);
    const TaskRow& now = run->at(letter.instance_no);
    if (!is_live(now.state) || now.epoch <= letter.epoch) {
      if (left > 0) later(300 * kMillisecond, [poll, left] { (*poll)(left - 1); });
      return;
    }
    if (!may_ask_for_jobs()) return;
    MarkTasks mark;
    mark.run_no = letter.run_no;
    mark.tasks = {choice};
    mark.state = TaskState::failed;
    scheduler_->ask(std::move(mark), heard);
    later(menders_.between(2 * kMinute, 10 * kMinute), [this, letter] {
      if (may_ask_for_jobs()) redrive(letter);
    });
  };
  later(kMillisecond, [poll] { (*poll)(60); });
}

/// By a person who has seen it open.
void World::discard_letter(const DeadLetterRow& letter) {
  ground_.say(fmt::format("person lets letter {} go", letter.letter_no));
  WriteRecords request;
  request.rows.letter_closings.push_back({letter.run_no, letter.instance_no, letter.epoch, LetterState::discarded,
                                          ground_.loop.wall(), "somebody", 0});
  request.audit.action = "discard_dead_letter";
  scheduler_->ask(std::move(request), [](const Result<Answer>&) {});
}

void World::ask_job() {
  LetterJobAsk ask;
  const auto& all = disk_.letters().letters();
  ask.discards = menders_.percent(30);
  ask.filter.states = {LetterState::open};
  ask.filter.number_max = all.rbegin()->first;
  auto any = all.begin();
  std::advance(any, menders_.below(static_cast<std::int64_t>(all.size())));
  const std::int64_t kind = menders_.below(10);
  if (kind < 3) ask.filter.dag_ids = {any->second.dag_id};
  if (kind == 3) ask.filter.reasons = {any->second.reason};
  if (kind == 4) ask.filter.run_no = any->second.run_no;
  if (kind == 5) ask.filter.numbers = {any->first, any->first / 2 + 1};
  if (menders_.percent(60)) ask.per_second = static_cast<double>(menders_.between(1, 40)) / 2;
  ask.takes_latest = !ask.discards && menders_.percent(15);
  ask_for(ask);
  // While it is at work somebody else finds that these are of no use.
  if (ask.discards || ask.per_second <= 0 || !menders_.percent(60)) return;
  later(menders_.log_between(10 * kMillisecond, 10 * kSecond), [this, ask]() mutable {
    if (!may_ask_for_jobs()) return;
    ask.discards = true;
    ask.per_second = 0;
    ask_for(ask);
  });
}

void World::ask_for(LetterJobAsk ask) {
  ask.why = fmt::format("ask {}", ++jobs_asked_);
  disk_.letters().asks(ask);
  ground_.say(fmt::format("person {} dead letters by a job: {}", ask.discards ? "discards" : "redrives", ask.why));
  const Actor somebody{"somebody", "", "cli"};
  const bool thinks_better = menders_.percent(20);
  const DurationUs after = menders_.log_between(10 * kMillisecond, kMinute);
  scheduler_->jobs()->create(ask, 0, somebody, [this, scheduler = scheduler_.get(), somebody, thinks_better,
                                                after](const Result<std::int64_t>& job_no) {
    if (!job_no || !thinks_better) return;
    ground_.loop.call(scheduler->process(), ground_.loop.now() + after, [scheduler, somebody, no = *job_no] {
      scheduler->jobs()->cancel(no, somebody, [](const Status&) {});
    });
  });
}

}  // namespace baton::sim
