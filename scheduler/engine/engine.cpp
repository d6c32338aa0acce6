#include "scheduler/engine/engine.h"

#include <algorithm>
#include <utility>

#include "scheduler/engine/cache_key.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

/// A time sensor waits for the wall clock, which may step: it is looked at once a minute at least.
constexpr DurationUs kWallTimerMaxUs = kMinute;

bool waits_for_wall_clock(const DagRun& run, InstanceNo i) {
  const TaskSpec& spec = run.spec_of(i);
  return run.at(i).state == TaskState::up_for_reschedule && spec.kind == TaskKind::sensor &&
         spec.sensor.kind == Sensor::Kind::time;
}

/// The longest that it can have meant to sleep: a wall clock that was set back before a restart makes nobody wait
/// longer.
DurationUs longest_sleep(const DagRun& run, InstanceNo i) {
  const TaskSpec& spec = run.spec_of(i);
  if (run.at(i).state != TaskState::up_for_retry) return spec.sensor.every_us;
  const RetryPolicy& policy = spec.retries;
  return policy.backoff == RetryPolicy::Backoff::constant ? policy.delay_us : policy.max_delay_us;
}

}  // namespace

Engine::Engine(Loop& loop, Store& store, Executor& executor, Renderer renderer, EngineSettings settings,
               RunObserver* observer)
    : loop_(loop),
      store_(store),
      executor_(executor),
      renderer_(std::move(renderer)),
      settings_(settings),
      observer_(observer),
      admission_(settings.slots, 0) {}

Engine::LiveRun* Engine::find(RunNo run_no) {
  const auto at = runs_.find(run_no);
  return at == runs_.end() ? nullptr : at->second.get();
}

const DagRun* Engine::run(RunNo run_no) const {
  const auto at = runs_.find(run_no);
  return at == runs_.end() ? nullptr : &at->second->run;
}

bool Engine::is_idle() const {
  return !turn_scheduled_ && !is_writing_ && next_.batch.empty() && unfinished_steps_.empty() && creations_.empty();
}

void Engine::create_run(RunCreation creation, Value params, std::vector<DurationUs> path_us,
                        std::function<void(CommitOutcome)> done) {
  Creation wanted{std::move(creation), std::move(params), std::move(path_us), std::move(done)};
  if (next_.batch.creations.empty()) return begin_creation(std::move(wanted));
  creations_.push_back(std::move(wanted));
}

void Engine::begin_creation(Creation wanted) {
  const Moment at = now();
  RunCreation& creation = wanted.rows;
  RunRow& row = creation.run;
  row.state = RunState::running;
  row.started_at = row.started_at == kNoTime ? at.wall : row.started_at;
  auto live = std::make_unique<LiveRun>();
  live->run = make_run(row, creation.dag, std::move(wanted.params), at, creation.initial_states);
  live->path_us = std::move(wanted.path_us);
  row.counts = live->run.row.counts;
  LiveRun& placed = *(runs_[row.run_no] = std::move(live));
  next_.batch.creations.push_back(std::move(creation));
  next_.created.push_back(std::move(wanted.done));
  next_.begun.push_back(placed.run.row.run_no);
  watch_timeout(placed);
  handle(placed, RunBegins{});
}

void Engine::adopt_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, std::vector<AuditRow> audit,
                       std::shared_ptr<const VersionRow> version) {
  BATON_CHECK(!executor_ready_);
  left_.erase(run.row.run_no);
  if (version != nullptr && !BATON_BUG(latest_not_written)) {
    RunCreation reversion;
    reversion.run = run.row;
    reversion.dag = run.dag;
    reversion.version = std::move(version);
    next_.batch.reversions.push_back(std::move(reversion));
  }
  auto live = std::make_unique<LiveRun>();
  live->run = std::move(run);
  live->path_us = std::move(path_us);
  LiveRun& placed = *(runs_[live->run.row.run_no] = std::move(live));
  for (std::size_t i = 0; i < placed.run.instances.size(); ++i) {
    if (!is_live(placed.run.instances[i].state)) continue;
    const auto number = static_cast<InstanceNo>(i);
    if (!BATON_BUG(hold_lost_at_recovery)) admission_.hold(placed.run, number);
    recovered_.insert(placed.run.key_of(number));
  }
  next_.begun.push_back(placed.run.row.run_no);
  for (AuditRow& row : audit) next_.batch.audit.push_back(std::move(row));
  collect(placed, cleared);
  if (!BATON_BUG(run_timeout_lost_at_recovery)) watch_timeout(placed);
  handle(placed, RunBegins{});
}

bool Engine::stop_run(RunNo run_no, Reason reason, bool kill) {
  LiveRun* live = find(run_no);
  if (live == nullptr || dead_) return false;
  handle(*live, StopRequested{reason, kill});
  return true;
}

void Engine::resume_claims() {
  claims_held_ = false;
  schedule_turn();
}

void Engine::watch_timeout(LiveRun& live) {
  const DagRun& run = live.run;
  if (run.dag->timeout_us <= 0 || is_final(run.row.state)) return;
  const DurationUs left = std::max<DurationUs>(0, run.row.started_at + run.dag->timeout_us - loop_.wall_now());
  const RunNo run_no = run.row.run_no;
  live.timeout = loop_.call_at(loop_.mono_now() + left, [this, run_no] {
    if (LiveRun* found = find(run_no); found != nullptr && !is_final(found->run.row.state)) {
      handle(*found, StopRequested{Reason::run_timeout, false});
    }
  });
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

void Engine::handle(LiveRun& live, const Event& event) {
  if (dead_) return;
  step_.clear();
  const bool was_killing = live.run.killing;
  const Reason was_stopping = live.run.stopping;
  const bool more = advance(live.run, event, now(), settings_.core, step_);
  stop_began_ = stop_began_ || was_killing != live.run.killing || was_stopping != live.run.stopping;
  collect(live, step_);
  if (more) unfinished_steps_.push_back(live.run.row.run_no);
  schedule_turn();
}

void Engine::attempt_started(AttemptKey key, std::int32_t pid, WallUs at) {
  LiveRun* live = find(key.run_no);
  const InstanceNo i = live == nullptr ? -1 : live->run.find(key);
  if (i < 0 || live->run.at(i).epoch != key.epoch) return;
  handle(*live, AttemptStarted{i, pid, at});
}

void Engine::attempt_ended(const AttemptEnd& end) {
  // What could not start, or died with its worker, ends before its claim is durable: the end waits for that.
  if (const auto early = prepared_.find(end.key); early != prepared_.end() && !BATON_BUG(early_end_taken_at_once)) {
    early->second = end;
    return;
  }
  LiveRun* live = find(end.key.run_no);
  const InstanceNo i = live == nullptr ? -1 : live->run.find(end.key);
  if (i < 0 || end.key.epoch > live->run.at(i).epoch) note_used(end.key);
  if (live == nullptr && left_.contains(end.key.run_no)) return;
  next_.acknowledgements.push_back(end.key);  // a stale report too is acknowledged, after what is before it
  if (BATON_BUG(end_acknowledged_before_commit)) executor_.acknowledge(end.key);
  const bool is_stale = i >= 0 && live->run.at(i).epoch != end.key.epoch && !BATON_BUG(no_fence);
  if (i < 0 || is_stale || !is_live(live->run.at(i).state)) {
    schedule_turn();
    return;
  }
  launched_.erase(end.key);
  const bool counts = recovered_.erase(end.key) == 0 && end.started;
  learn_run_time(end);
  if (end.outcome != AttemptEnd::Outcome::stopped || !BATON_BUG(slot_leaked_on_stop)) admission_.release(live->run, i);
  handle(*live, AttemptEnded{i, end, counts});
}

/// Short tasks are claimed ahead, so that the next one stands at the worker when a slot gets free: about 20 ms of work.
void Engine::learn_run_time(const AttemptEnd& end) {
  if (settings_.ahead_max <= 0 || end.outcome != AttemptEnd::Outcome::exited) return;
  constexpr DurationUs kAheadUs = 20 * kMillisecond;
  mean_run_us_ = mean_run_us_ < 0 ? end.run_us : mean_run_us_ + (end.run_us - mean_run_us_) / 8;
  const DurationUs ahead = kAheadUs * settings_.slots / std::max<DurationUs>(mean_run_us_, 1);
  admission_.set_ahead(static_cast<std::int32_t>(std::min<DurationUs>(ahead, settings_.ahead_max)));
}

void Engine::executor_ready(const std::vector<AttemptKey>& live_keys) {
  executor_ready_ = true;
  const std::set<AttemptKey> live(live_keys.begin(), live_keys.end());
  std::vector<AttemptKey> lost;
  for (const auto* believed : {&launched_, &recovered_}) {
    if (believed == &launched_ && BATON_BUG(lost_only_at_the_start)) continue;
    for (const AttemptKey& key : *believed) {
      if (!live.contains(key)) lost.push_back(key);
    }
  }
  for (const AttemptKey& key : lost) {
    LiveRun* found = find(key.run_no);
    if (found == nullptr) continue;
    AttemptEnd end;
    end.key = key;
    end.outcome = AttemptEnd::Outcome::lost;
    end.ended_at = loop_.wall_now();
    const InstanceNo i = found->run.find(key);
    end.started = i >= 0 && found->run.at(i).state == TaskState::running;
    attempt_ended(end);
  }
  for (const AttemptKey& key : live) {  // what a worker runs that nobody asked for, or that is fenced
    LiveRun* found = find(key.run_no);
    const InstanceNo i = found == nullptr ? -1 : found->run.find(key);
    const bool known = i >= 0 && found->run.at(i).epoch == key.epoch && is_live(found->run.at(i).state);
    if (!known) {
      executor_.stop(key, 0, true);
      // Until it is gone nothing else of its instance may be launched: the next attempt gets this very number, a no-op
      // for who still holds it, and is lost with the end that this stop brings.
      note_used({key.run_no, key.task_no, key.map_index, key.epoch - 1});
      continue;
    }
    if (recovered_.erase(key) > 0) launched_.insert(key);  // adopted
    // Its claim is durable; whether the executor has heard so before, nobody knows.
    if (!prepared_.contains(key) && !BATON_BUG(adopted_and_not_released)) executor_.release(key);
  }
  schedule_turn();
}

void Engine::executor_gone(const std::string& why) {
  executor_ready_ = false;
  if (BATON_BUG(lost_before_proof)) executor_ready({});
  if (observer_ != nullptr) observer_->notice("the worker is gone (" + why + "); starting it again");
}

// ── what a step leaves behind ───────────────────────────────────────────────────────────────────────────────────────

void Engine::collect(LiveRun& live, StepOutcome& step) {
  DagRun& run = live.run;
  const auto write = [&](InstanceNo i, std::vector<TaskRow>& to) {
    TaskRow row = row_of(run, i);
    live.lazy.erase(i);
    if (observer_ != nullptr) next_.told.push_back({run.row.run_no, row});
    to.push_back(std::move(row));
    if (is_final(run.at(i).state)) run.drop_activity(i);
  };
  for (const InstanceNo i : step.made) write(i, next_.batch.new_instances);
  for (const InstanceNo i : step.dirty) write(i, next_.batch.instances);
  for (const InstanceNo i : step.dirty_lazy) {
    if (run.at(i).state != TaskState::running) continue;
    live.lazy.insert(i);
    if (observer_ != nullptr) observer_->instance_changed(run, row_of(run, i));
  }
  for (TryRow& row : step.tries) {
    if (observer_ != nullptr) next_.tries_told.emplace_back(run.row.run_no, row);
    next_.batch.tries.push_back(std::move(row));
  }
  std::move(step.cache.begin(), step.cache.end(), std::back_inserter(next_.batch.cache));
  std::move(step.durations.begin(), step.durations.end(), std::back_inserter(lazy_durations_));
  if (step.run_changed && is_final(run.row.state)) next_.ended.push_back(run.row.run_no);
  live.in_batch = live.in_batch || step.run_changed;
  live.counts_stale = live.counts_stale || !step.dirty.empty();
  for (Command& command : step.commands) carry_out(live, command);
}

void Engine::carry_out(LiveRun& live, Command& command) {
  DagRun& run = live.run;
  const RunNo run_no = run.row.run_no;
  const InstanceNo i = command.instance;
  switch (command.kind) {
    case Command::Kind::offer: {
      const TaskNo t = run.at(i).task_no;
      const DurationUs path = live.path_us.empty() ? 0 : live.path_us[static_cast<std::size_t>(t)];
      admission_.offer({.run_no = run_no, .instance = i, .priority = run.dag->spec(t).priority, .path_us = path});
      return;
    }
    case Command::Kind::stop:
      next_.stops.emplace_back(run.key_of(i), command.kill_now);
      next_.graces.emplace_back(run.key_of(i), run.spec_of(i).grace_us);
      return;
    case Command::Kind::timer: set_timer(run_no, i, command.wake_at); return;
    case Command::Kind::find_cached: {
      const TaskNo t = run.at(i).task_no;
      store_.find_cached(run.dag->id, run.dag->task(t).id, command.text, cache_spec_hash(*run.dag, t), loop_.wall_now(),
                         [this, run_no, i](std::optional<CacheRow> found) {
                           LiveRun* owner = find(run_no);
                           if (owner == nullptr) return;
                           CacheAnswered answer{i, std::nullopt};
                           if (found) answer.outputs_json = std::move(found->outputs_json);
                           handle(*owner, answer);
                         });
      return;
    }
    case Command::Kind::finished:
      live.finished = true;
      if (BATON_BUG(end_told_before_commit) && finished_) finished_(run);
      next_.finished.push_back(run_no);
      return;
  }
}

void Engine::set_timer(RunNo run_no, InstanceNo i, WallUs wake_at) {
  const DurationUs left = std::max<DurationUs>(0, wake_at - loop_.wall_now());
  const LiveRun* live = find(run_no);
  const bool by_wall = live != nullptr && waits_for_wall_clock(live->run, i);
  const DurationUs longest = by_wall ? kWallTimerMaxUs : live != nullptr ? longest_sleep(live->run, i) : left;
  const DurationUs span = BATON_BUG(timer_fires_at_once) ? 0 : std::min(left, longest);
  loop_.call_at(loop_.mono_now() + span, [this, run_no, i, wake_at] { timer_fired(run_no, i, wake_at); });
}

void Engine::timer_fired(RunNo run_no, InstanceNo i, WallUs wake_at) {
  LiveRun* live = find(run_no);
  if (live == nullptr || dead_ || static_cast<std::size_t>(i) >= live->run.instances.size()) return;
  if (waits_for_wall_clock(live->run, i) && loop_.wall_now() < wake_at) {
    set_timer(run_no, i, wake_at);
    return;
  }
  handle(*live, TimerDue{i, wake_at});
}

// ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────────

void Engine::schedule_turn() {
  if (turn_scheduled_ || dead_) return;
  turn_scheduled_ = true;
  loop_.post([this] { turn(); });
}

void Engine::turn() {
  turn_scheduled_ = false;
  if (dead_) return;
  if (!creations_.empty() && next_.batch.creations.empty()) {
    Creation next = std::move(creations_.front());
    creations_.pop_front();
    begin_creation(std::move(next));
  }
  if (!unfinished_steps_.empty() && !is_writing_) {  // one bounded share of a large step for each commit
    const RunNo run_no = unfinished_steps_.back();
    unfinished_steps_.pop_back();
    if (LiveRun* live = find(run_no)) {
      step_.clear();
      const bool more = advance_pending(live->run, now(), settings_.core, step_);
      collect(*live, step_);
      if (more) unfinished_steps_.push_back(run_no);
    }
  }
  admit();
  if (!is_writing_) commit();
  if (!is_writing_ && !unfinished_steps_.empty()) schedule_turn();  // that share changed nothing to wait for
  executor_.flush();
}

void Engine::admit() {
  if (claims_held_ || !executor_ready_) return;
  const auto run_of = [this](const Candidate& c) -> const DagRun* {
    const DagRun* found = run(c.run_no);
    if (found == nullptr || static_cast<std::size_t>(c.instance) >= found->instances.size()) return nullptr;
    const Instance& instance = found->at(c.instance);
    return instance.state == TaskState::scheduled && instance.wait != Wait::commit ? found : nullptr;
  };
  const Moment at = now();
  const auto blocked = [&](const Candidate& c, Wait wait) { note_wait(find(c.run_no)->run, c.instance, wait, at); };
  if (std::exchange(stop_began_, false)) admission_.drop_unwanted(run_of);
  Candidate candidate;
  while (admission_.next(candidate, run_of, blocked)) {
    if (!launch(candidate) && !BATON_BUG(hold_kept_by_failed_launch))
      admission_.release(find(candidate.run_no)->run, candidate.instance);
  }
}

/// A scheduler that is dead has prepared this attempt and never wrote its claim. A key names one attempt for ever, so
/// that number is passed over: no report of that attempt can be taken for one of the next.
void Engine::note_used(AttemptKey key) {
  Epoch& used = used_[{key.run_no, key.task_no, key.map_index, 0}];
  used = std::max(used, key.epoch);
}

void Engine::pass_over_used(DagRun& run, InstanceNo i) {
  AttemptKey key = run.key_of(i);
  key.epoch = 0;
  const auto used = used_.extract(key);
  if (!used.empty() && !BATON_BUG(number_of_an_unwritten_claim_used_again)) run.pass_over(i, used.mapped());
}

bool Engine::launch(const Candidate& candidate) {
  LiveRun& live = *find(candidate.run_no);
  if (!used_.empty()) pass_over_used(live.run, candidate.instance);
  auto rendered = renderer_.render(live.run, candidate.instance, now());
  if (auto* error = std::get_if<RenderError>(&rendered)) {
    handle(live, LaunchFailed{candidate.instance, error->reason, error->message});
    return false;
  }
  auto& ready = std::get<Rendered>(rendered);
  handle(live, Admitted{candidate.instance, std::move(ready.rendered_json)});
  BATON_CHECK(live.run.key_of(candidate.instance) == ready.spec.key);
  if (admission_.live() > settings_.slots) {
    next_.launches.push_back(std::move(ready.spec));
    return true;
  }
  // A slot waits for it: what comes before the program's start overlaps with the commit.
  next_.releases.push_back(ready.spec.key);
  launched_.insert(ready.spec.key);
  prepared_.emplace(ready.spec.key, std::nullopt);
  executor_.prepare(std::move(ready.spec));
  return true;
}

/// Its claim is durable.
void Engine::release_prepared(AttemptKey key) {
  const auto prepared = prepared_.extract(key);
  if (LiveRun* live = find(key.run_no)) handle(*live, Launched{live->run.find(key), false});
  if (prepared.mapped()) {
    attempt_ended(*prepared.mapped());
  } else {
    executor_.release(key);
  }
}

/// Its claim will not be written.
void Engine::withdraw_prepared(AttemptKey key) {
  launched_.erase(key);
  if (prepared_.extract(key).mapped()) {
    executor_.acknowledge(key);
  } else if (!BATON_BUG(withdrawn_and_not_stopped)) {
    executor_.stop(key, 0, true);
  }
}

/// What is for display alone joins a batch that is written anyway, or makes one of its own after a while.
void Engine::write_lazy() {
  lazy_timer_set_ = false;
  for (auto& [run_no, live] : runs_) {
    for (const InstanceNo i : live->lazy) {
      if (live->run.at(i).state == TaskState::running) next_.batch.instances.push_back(row_of(live->run, i));
    }
    live->in_batch = live->in_batch || live->counts_stale || !live->lazy.empty();
    live->lazy.clear();
  }
  take_lazy_durations();
  schedule_turn();
}

void Engine::take_lazy_durations() {
  std::move(lazy_durations_.begin(), lazy_durations_.end(), std::back_inserter(next_.batch.durations));
  lazy_durations_.clear();
}

bool Engine::has_lazy() const {
  if (!lazy_durations_.empty()) return true;
  return std::any_of(runs_.begin(), runs_.end(),
                     [](const auto& r) { return r.second->counts_stale || !r.second->lazy.empty(); });
}

void Engine::commit() {
  if (!lazy_timer_set_ && has_lazy()) {
    lazy_timer_set_ = true;
    loop_.call_at(loop_.mono_now() + settings_.lazy_write_us, [this] { write_lazy(); });
  }
  const bool run_is_due = std::any_of(runs_.begin(), runs_.end(), [](const auto& r) { return r.second->in_batch; });
  if (next_.batch.empty() && !run_is_due) {  // nothing to wait for
    Pending effects = std::exchange(next_, Pending{});
    release(effects);
    return;
  }
  for (auto& [run_no, live] : runs_) {
    if (!std::exchange(live->in_batch, false)) continue;
    live->counts_stale = false;
    if (is_final(live->run.row.state)) take_lazy_durations();
    next_.batch.runs.push_back(live->run.row);
  }
  writing_ = std::exchange(next_, Pending{});
  is_writing_ = true;
  if (BATON_BUG(effect_before_commit))
    for (const AttemptKey& key : writing_.releases) executor_.release(key);
  const auto done = [this](CommitOutcome outcome) { committed(outcome); };
  if (!nothing_runs()) return store_.commit(writing_.batch, done);
  executor_.flush();  // what is prepared gets ready meanwhile
  store_.commit_now(writing_.batch, done);
}

/// No process will end before this commit has: a thread of its own would only cost two switches.
bool Engine::nothing_runs() const {
  return runs_.size() == 1 && launched_.size() == prepared_.size();
}

void Engine::committed(CommitOutcome outcome) {
  if (dead_) return;
  if (outcome == CommitOutcome::unknown && BATON_BUG(unknown_taken_for_durable)) outcome = CommitOutcome::durable;
  if (outcome == CommitOutcome::rolled_back && BATON_BUG(batch_dropped_on_full_disk)) outcome = CommitOutcome::durable;
  switch (outcome) {
    case CommitOutcome::durable: {
      is_writing_ = false;
      told_full_ = false;
      Pending done = std::exchange(writing_, Pending{});
      release(done);
      schedule_turn();
      return;
    }
    case CommitOutcome::rolled_back:  // the disk is full: keep the batch, let what runs go on, try again
      if (!std::exchange(told_full_, true) && observer_ != nullptr) {
        observer_->notice("the disk is full: nothing new starts until there is space");
      }
      loop_.call_at(loop_.mono_now() + settings_.full_retry_us, [this] {
        if (!dead_) store_.commit(writing_.batch, [this](CommitOutcome again) { committed(again); });
      });
      return;
    case CommitOutcome::conflict:
      if (!writing_.created.empty()) {
        refuse_creation();
        return;
      }
      die("another process has taken over the state folder");
      return;
    case CommitOutcome::unknown: die("writing to the state folder failed; what it holds is safe"); return;
  }
}

/// The run that the batch would have made exists already: the batch goes without it, and nothing of it stays behind.
void Engine::refuse_creation() {
  BATON_CHECK(writing_.batch.creations.size() == 1);
  const RunNo run_no = writing_.batch.creations.front().run.run_no;
  const auto created = std::exchange(writing_.created, {});
  LiveRun& live = *find(run_no);
  for (std::size_t i = 0; i < live.run.instances.size(); ++i) {
    const bool holds = is_live(live.run.instances[i].state) && !BATON_BUG(refused_run_keeps_holds);
    if (holds) admission_.release(live.run, static_cast<InstanceNo>(i));
  }
  admission_.forget(live.run);
  if (live.timeout != 0) loop_.cancel(live.timeout);
  std::erase(unfinished_steps_, run_no);
  runs_.erase(run_no);
  for (Pending* pending : {&writing_, &next_}) {
    for (const AttemptKey& key : pending->releases) {
      if (key.run_no == run_no) withdraw_prepared(key);
    }
    strip(*pending, run_no);
  }
  for (const auto& f : created) f(CommitOutcome::conflict);
  if (writing_.batch.empty()) return committed(CommitOutcome::durable);
  store_.commit(writing_.batch, [this](CommitOutcome outcome) { committed(outcome); });
}

void Engine::strip(Pending& pending, RunNo run_no) {
  const auto is_row = [&](const auto& row) { return row.run_no == run_no; };
  const auto is_keyed = [&](const auto& entry) { return entry.first.run_no == run_no; };
  Batch& b = pending.batch;
  std::erase_if(b.creations, [&](const RunCreation& c) { return c.run.run_no == run_no; });
  std::erase_if(b.new_instances, is_row);
  std::erase_if(b.instances, is_row);
  std::erase_if(b.tries, is_row);
  std::erase_if(b.runs, is_row);
  std::erase_if(b.cache, is_row);
  std::erase_if(pending.launches, [&](const LaunchSpec& spec) { return spec.key.run_no == run_no; });
  std::erase_if(pending.releases, is_row);
  std::erase_if(pending.stops, is_keyed);
  std::erase_if(pending.graces, is_keyed);
  std::erase_if(pending.tries_told, [&](const auto& entry) { return entry.first == run_no; });
  std::erase_if(pending.told, is_row);
  for (auto* numbers : {&pending.begun, &pending.ended, &pending.finished}) std::erase(*numbers, run_no);
}

void Engine::release(Pending& pending) {
  for (auto& created : pending.created) created(CommitOutcome::durable);
  for (LaunchSpec& spec : pending.launches) {
    LiveRun* live = find(spec.key.run_no);
    const InstanceNo i = live == nullptr ? -1 : live->run.find(spec.key);
    const bool is_wanted = i >= 0 && live->run.at(i).epoch == spec.key.epoch && is_live(live->run.at(i).state);
    if (!is_wanted) continue;  // the executor may have held one of this very number, and have told its end meanwhile
    const bool behind_others = launched_.size() >= static_cast<std::size_t>(settings_.slots);
    launched_.insert(spec.key);
    handle(*live, Launched{i, behind_others});
    executor_.launch(std::move(spec));
  }
  for (const AttemptKey& key : pending.releases) release_prepared(key);
  for (std::size_t k = 0; k < pending.stops.size(); ++k) {
    executor_.stop(pending.stops[k].first, pending.graces[k].second, pending.stops[k].second);
  }
  for (const AttemptKey& key : pending.acknowledgements) executor_.acknowledge(key);
  executor_.flush();
  tell(pending);  // the programs start meanwhile
  forget_finished(pending.finished);
}

void Engine::tell(const Pending& pending) {
  if (observer_ == nullptr) return;
  for (const RunNo run_no : pending.begun) {
    if (const LiveRun* live = find(run_no)) observer_->run_began(live->run);
  }
  for (const auto& [run_no, row] : pending.tries_told) {
    if (const LiveRun* live = find(run_no)) observer_->try_ended(live->run, row);
  }
  for (const Told& told : pending.told) {
    if (const LiveRun* live = find(told.run_no)) observer_->instance_changed(live->run, told.row);
  }
  for (const RunNo run_no : pending.ended) {
    if (const LiveRun* live = find(run_no)) observer_->run_ended(live->run);
  }
}

void Engine::forget_finished(const std::vector<RunNo>& runs) {
  for (const RunNo run_no : runs) {
    LiveRun* live = find(run_no);
    if (live == nullptr || !live->run.is_finished()) continue;
    if (live->timeout != 0) loop_.cancel(live->timeout);
    if (finished_) finished_(live->run);
    admission_.forget(live->run);
    used_.erase(used_.lower_bound({run_no, 0, kUnmapped, 0}), used_.lower_bound({run_no + 1, 0, kUnmapped, 0}));
    runs_.erase(run_no);
  }
}

void Engine::die(std::string why) {
  dead_ = true;
  if (fatal_) fatal_({std::move(why)});
}

}  // namespace baton
