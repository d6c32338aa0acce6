#include <algorithm>
#include <utility>

#include "scheduler/engine/engine.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

void Engine::admit() {
  if (claims_held_ || queue_.is_frozen() || !attempts_.workers().next()) return;
  admission_.set_slots(attempts_.workers().capacity());
  const auto run_of = [this](const Candidate& c) -> const DagRun* {
    const DagRun* found = run(c.run_no);
    if (found == nullptr || static_cast<std::size_t>(c.instance) >= found->instances.size()) return nullptr;
    const Instance& instance = found->at(c.instance);
    return instance.state == TaskState::scheduled && instance.wait != Wait::commit ? found : nullptr;
  };
  const Moment at = now();
  admission_.tick(at.mono);
  const auto blocked = [&](const Candidate& c, Wait wait) {
    LiveRun& live = *runs_.find(c.run_no);
    note_wait(live.run, c.instance, wait, at);
    runs_.note_waiting(live, c.instance);
  };
  if (!stopped_.empty()) {
    admission_.drop_unwanted(stopped_, run_of);
    stopped_.clear();
  }
  Candidate candidate;
  while (admission_.next(candidate, run_of, blocked)) {
    if (launch(candidate)) continue;
    if (BATON_BUG(hold_kept_by_failed_launch)) continue;
    admission_.release(runs_.find(candidate.run_no)->run, candidate.instance);
  }
  watch_limits();
}

void Engine::set_variable(const std::string& name, std::optional<std::string> value) {
  if (value) {
    variables_.insert_or_assign(name, std::move(*value));
  } else {
    variables_.erase(name);
  }
}

void Engine::idle_since(WallUs at) {
  constexpr DurationUs kFillsAll = 365 * kDay;
  const DurationUs span = at == kNoTime ? kFillsAll : std::clamp<DurationUs>(loop_.wall_now() - at, 0, kFillsAll);
  begun_at_ = loop_.mono_now() - span;
}

void Engine::set_pool(const PoolSpec& pool, bool is_by_person) {
  admission_.set_pool(pool.name, pool.slots, is_by_person);
  admission_.set_rate(pool.name, pool.rate, begun_at_);
  admission_.set_retry_budget(Admission::Kind::pool, pool.name, pool.retry_millionths);
  if (workers_heard_) schedule_turn();  // who waits for it may go on
}

void Engine::drop_pool(const std::string& name) {
  admission_.drop_pool(name);
  if (workers_heard_) schedule_turn();
}

/// One timer, for the first who may start by the passing of time alone.
void Engine::watch_limits() {
  auto due = admission_.due();
  if (BATON_BUG(rate_timer_lost)) due.reset();
  if (due == limits_due_) return;
  limits_due_ = due;
  if (limit_timer_ != 0) loop_.cancel(std::exchange(limit_timer_, 0));
  if (!due) return;
  limit_timer_ = loop_.call_at(*due, [this] {
    limit_timer_ = 0;
    limits_due_.reset();
    schedule_turn();
  });
}

/// A scheduler that is dead may have prepared this attempt and never written its claim. A key names one attempt for ever,
/// so that number is passed over: no report of that attempt can be taken for one of the next.
Epoch Engine::next_epoch(const DagRun& run, InstanceNo i) {
  AttemptKey key = run.key_of(i);
  const auto used = attempts_.take_used(key);
  key.epoch = run.at(i).epoch + 1;
  if (used) key.epoch = std::max(key.epoch, *used + 1);
  if (attempts_.is_dying(key)) return key.epoch;  // see take_live(): it has to have this very number
  return std::max(key.epoch, store_.attempts_above() + 1);
}

bool Engine::launch(const Candidate& candidate) {
  LiveRun& live = *runs_.find(candidate.run_no);
  if (auto why = admission_.never_fits(live.run, candidate.instance)) {
    handle(live, LaunchFailed{candidate.instance, Reason::unsupported, std::move(*why)});
    return false;
  }
  const Epoch epoch = next_epoch(live.run, candidate.instance);
  auto rendered = renderer_.render(live.run, candidate.instance, epoch, now());
  if (auto* error = std::get_if<RenderError>(&rendered)) {
    handle(live, LaunchFailed{candidate.instance, error->reason, error->message});
    return false;
  }
  auto& ready = std::get<Rendered>(rendered);
  const WorkerNo worker = *attempts_.workers().next();
  ready.spec.worker = attempts_.workers().worker(worker);
  handle(live, Admitted{candidate.instance, std::move(ready.rendered_json), ready.spec.worker, epoch});
  BATON_CHECK(live.run.key_of(candidate.instance) == ready.spec.key);
  breakers_begin(live.run, candidate.instance);
  if (attempts_.workers().free(worker) <= 0) {
    attempts_.claim(ready.spec.key, worker);
    next().launches.push_back(std::move(ready.spec));
    return true;
  }
  // A slot waits for it: what comes before the program's start overlaps with the commit.
  next().releases.push_back(ready.spec.key);
  attempts_.prepare(ready.spec.key, worker);
  executor_.prepare(std::move(ready.spec));
  return true;
}

/// Its claim is durable. One that the same commit stops, for a clear, say, stays held: it ends without having begun.
void Engine::release_prepared(AttemptKey key, bool is_stopped) {
  const auto early = attempts_.claimed(key);
  if (LiveRun* live = runs_.find(key.run_no)) handle(*live, Launched{live->run.find(key), false});
  if (early) {
    attempt_ended(*early);
  } else if (!is_stopped) {
    executor_.release(key);
  }
}

/// Its claim will not be written.
void Engine::withdraw_prepared(AttemptKey key) {
  if (attempts_.withdraw(key)) {
    executor_.acknowledge(key);
    return;
  }
  if (BATON_BUG(withdrawn_and_not_stopped)) return;
  executor_.stop(key, 0, true);
}

// ── what an executor reports ────────────────────────────────────────────────────────────────────────────────────────

void Engine::attempt_accepted(AttemptKey key, const WorkerRef& worker, const std::string& handle_text) {
  LiveRun* live = runs_.find(key.run_no);
  const InstanceNo i = live == nullptr ? -1 : live->run.find(key);
  if (i < 0 || live->run.at(i).epoch != key.epoch || !is_live(live->run.at(i).state)) return;
  handle(*live, AttemptAccepted{i, worker, handle_text});
}

void Engine::attempt_started(AttemptKey key, const WorkerRef& worker, std::int32_t pid, WallUs at) {
  LiveRun* live = runs_.find(key.run_no);
  const InstanceNo i = live == nullptr ? -1 : live->run.find(key);
  if (i < 0 || live->run.at(i).epoch != key.epoch) return;
  handle(*live, AttemptStarted{i, pid, at, worker});
}

void Engine::attempt_ended(const AttemptEnd& end) {
  // What could not start, or died with its worker, ends before its claim is durable: the end waits for that.
  bool waits = attempts_.is_prepared(end.key);
  if (BATON_BUG(early_end_taken_at_once)) waits = false;
  if (waits) {
    attempts_.keep_early_end(end);
    return;
  }
  attempts_.forget_dying(end.key);
  LiveRun* live = runs_.find(end.key.run_no);
  const InstanceNo i = live == nullptr ? -1 : live->run.find(end.key);
  if (i < 0 || end.key.epoch > live->run.at(i).epoch) attempts_.note_used(end.key);
  if (live == nullptr && left_.contains(end.key.run_no)) return;
  next().acknowledgements.push_back(end.key);  // a stale report too is acknowledged, after what is before it
  if (BATON_BUG(end_acknowledged_before_commit)) executor_.acknowledge(end.key);
  bool is_stale = i >= 0 && live->run.at(i).epoch != end.key.epoch;
  if (BATON_BUG(no_fence)) is_stale = false;
  if (i < 0 || is_stale || !is_live(live->run.at(i).state)) {
    schedule_turn();
    return;
  }
  const bool counts = !attempts_.end(end.key) && end.started;
  learn_run_time(end);
  bool holds = true;
  if (BATON_BUG(slot_leaked_on_stop)) holds = end.outcome != AttemptEnd::Outcome::stopped;
  if (holds) admission_.release(live->run, i);
  breakers_end(live->run, i, end);
  handle(*live, AttemptEnded{i, end, counts});
}

void Engine::learn_run_time(const AttemptEnd& end) {
  if (settings_.ahead_max <= 0 || end.outcome != AttemptEnd::Outcome::exited) return;
  look_ahead_.learn(end.run_us);
  admission_.set_ahead(look_ahead_.ahead(attempts_.workers().capacity()));
}

void Engine::worker_ready(const WorkerRef& worker, const std::vector<AttemptKey>& live_keys) {
  workers_heard_ = true;
  const WorkerNo no = attempts_.workers().number_of(worker);
  const std::set<AttemptKey> live(live_keys.begin(), live_keys.end());
  take_lost(attempts_.missing(no, live));
  attempts_.forget_dying_at(no);
  for (const AttemptKey& key : live) take_live(key, no);
  attempts_.workers().set_ready(no, true);
  schedule_turn();
}

void Engine::executor_settled(const std::string& executor) {
  take_lost(attempts_.never_named(executor));
  schedule_turn();
}

/// What was believed to live and is not named any more has died unseen.
void Engine::take_lost(const std::vector<AttemptKey>& lost) {
  for (const AttemptKey& key : lost) {
    bool counts = true;
    if (BATON_BUG(lost_only_at_the_start)) counts = attempts_.is_recovered(key);
    LiveRun* found = runs_.find(key.run_no);
    if (found == nullptr || !counts) continue;
    AttemptEnd end;
    end.key = key;
    end.outcome = AttemptEnd::Outcome::lost;
    end.ended_at = loop_.wall_now();
    const InstanceNo i = found->run.find(key);
    end.started = i >= 0 && found->run.at(i).state == TaskState::running;
    attempt_ended(end);
  }
}

/// A worker holds it: it is adopted, or, where nobody asked for it or it is fenced, it is to go.
void Engine::take_live(AttemptKey key, WorkerNo worker) {
  LiveRun* found = runs_.find(key.run_no);
  const InstanceNo i = found == nullptr ? -1 : found->run.find(key);
  const bool known = i >= 0 && found->run.at(i).epoch == key.epoch && is_live(found->run.at(i).state);
  if (!known) {
    executor_.stop(key, 0, true);
    const bool is_later = found == nullptr || i < 0 || key.epoch > found->run.at(i).epoch;
    if (is_later && observer_ != nullptr) {
      observer_->notice("a worker holds attempt " + std::to_string(key.epoch) + " of task " + std::to_string(key.task_no) +
                        " in run number " + std::to_string(key.run_no) + ", which is not known here: it is stopped");
    }
    // Until it is gone nothing else of its instance may be launched: the next attempt gets this very number, a no-op
    // for who still holds it, and is lost with the end that this stop brings.
    attempts_.note_used({key.run_no, key.task_no, key.map_index, key.epoch - 1});
    attempts_.note_dying(key, worker);
    return;
  }
  attempts_.adopt(key, worker);
  // A stop that was asked for before anybody knew that it lives may have gone to nobody.
  if (found->run.at(i).stop_requested) executor_.stop(key, found->run.spec_of(i).grace_us, found->run.killing);
  // Its claim is durable; whether the executor has heard so before, nobody knows.
  if (attempts_.is_prepared(key)) return;
  executor_.release(key);
}

/// Fewer than were asked for: the others wait for a slot, here, where it can be seen, and not at the worker.
void Engine::worker_capacity(const WorkerRef& worker, std::int32_t slots, const std::vector<std::string>&,
                             const std::string& why) {
  attempts_.workers().set_slots(attempts_.workers().number_of(worker), slots);
  if (!why.empty() && observer_ != nullptr) observer_->notice(why);
  schedule_turn();
}

void Engine::worker_gone(const WorkerRef& worker, const std::string& why) {
  attempts_.workers().set_ready(attempts_.workers().number_of(worker), false);
  if (BATON_BUG(lost_before_proof)) worker_ready(worker, {});
  if (observer_ != nullptr) observer_->notice(why);
}

}  // namespace baton
