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
}

void World::want_letters() {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return;
  if (disk_.letters().letters().empty()) return;
  const bool has_jobs = scheduler_->jobs() != nullptr;
  has_jobs && menders_.percent(70) ? ask_job() : redrive_letter();
}

/// Mostly one that is open; sometimes two people have seen the same one. What was let go the API refuses by itself: the
/// door knows of task instances alone, and that one stands.
void World::redrive_letter() {
  std::vector<const DeadLetterRow*> open, closed;
  for (const auto& [number, letter] : disk_.letters().letters()) {
    if (letter.state != LetterState::discarded) (letter.state == LetterState::open ? open : closed).push_back(&letter);
  }
  if (open.empty() && closed.empty()) return;
  const auto& from = open.empty() || (!closed.empty() && menders_.percent(15)) ? closed : open;
  const DeadLetterRow letter = *from[static_cast<std::size_t>(menders_.below(static_cast<std::int64_t>(from.size())))];
  if (scheduler_->is_alone() && scheduler_->engine().run(letter.run_no) == nullptr) return;
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
  ask.why = fmt::format("ask {}", ++jobs_asked_);
  disk_.letters().asks(ask);
  ground_.say(fmt::format("person {} dead letters by a job: {}", ask.discards ? "discards" : "redrives", ask.why));
  const Actor somebody{"somebody", "", "cli"};
  const bool thinks_better = menders_.percent(20);
  const DurationUs after = menders_.log_between(10 * kMillisecond, kMinute);
  scheduler_->jobs()->create(ask, 0, somebody, [this, somebody, thinks_better, after](const Result<std::int64_t>& job_no) {
    if (!job_no || !thinks_better) return;
    ground_.loop.call(scheduler_->process(), ground_.loop.now() + after, [this, somebody, no = *job_no] {
      scheduler_->jobs()->cancel(no, somebody, [](const Status&) {});
    });
  });
}

}  // namespace baton::sim
