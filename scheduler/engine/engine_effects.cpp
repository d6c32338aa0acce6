#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/engine/cache_key.h"
#include "scheduler/engine/dead_letters.h"
#include "scheduler/engine/engine.h"
#include "scheduler/engine/sleep.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

void Engine::collect(LiveRun& live, StepOutcome& step) {
  DagRun& run = live.run;
  const std::size_t place = next().place_of(live.part);
  Part& part = next().batch.parts[place];
  take_letters(run, step, loop_.wall_now(), part.service);
  const auto write = [&](InstanceNo i, std::vector<TaskRow>& to) {
    TaskRow row = row_of(run, i);
    live.unwritten.erase(i);
    if (observer_ != nullptr) next().told.push_back({run.row.run_no, row});
    to.push_back(std::move(row));
    if (is_final(run.at(i).state)) run.drop_activity(i);
  };
  for (const AssetQuarantineRow& row : step.quarantines) {
    next().quarantines.push_back({place, row});
    part.service.quarantines.push_back(row);
  }
  std::move(step.held.begin(), step.held.end(), std::back_inserter(part.service.held_events));
  std::move(step.checks.begin(), step.checks.end(), std::back_inserter(part.service.checks));
  for (const InstanceNo i : step.produced) tell_produced(run, i, part);  // while their outputs are at hand
  for (const InstanceNo i : step.made) write(i, part.new_instances);
  for (const InstanceNo i : step.dirty) write(i, part.instances);
  for (const InstanceNo i : step.dirty_lazy) {
    if (!is_live(run.at(i).state)) continue;
    runs_.note_running(live, i);
    if (observer_ != nullptr) observer_->instance_changed(run, row_of(run, i));
  }
  std::move(step.asked.begin(), step.asked.end(), std::back_inserter(part.service.approvals));
  std::move(step.answered.begin(), step.answered.end(), std::back_inserter(part.service.approval_closings));
  std::move(step.children.begin(), step.children.end(), std::back_inserter(part.service.child_moves));
  for (TryRow& row : step.tries) {
    if (observer_ != nullptr) next().tries_told.push_back({run.row.run_no, row});
    part.tries.push_back(std::move(row));
  }
  std::move(step.cache.begin(), step.cache.end(), std::back_inserter(part.cache));
  std::move(step.states.begin(), step.states.end(), std::back_inserter(part.service.task_states));
  std::move(step.durations.begin(), step.durations.end(), std::back_inserter(lazy_durations_));
  if (step.run_changed && is_final(run.row.state)) {
    next().ended.push_back(run.row.run_no);
    ++live.outcomes_to_come;
  }
  if (run.row.paused.holds() && (run.stopping != Reason::none || is_final(run.row.state))) end_pause(run, part);
  if (step.run_changed) runs_.note_due(live);
  if (!step.dirty.empty()) runs_.note_counts(live);
  for (Command& command : step.commands) carry_out(live, command);
}

/// Of a run that is stopped or has ended, whoever paused it before: its teardowns and its hooks run, those that wait at
/// the pause too, and so does what is cleared of it later.
void Engine::end_pause(DagRun& run, Part& part) {
  run.row.paused = {};
  part.service.run_holds.push_back({run.row.run_no, {}});
  if (BATON_BUG(stop_keeps_the_pause)) return;
  admission_.unpause_run(run.row.run_no);
}

void Engine::carry_out(LiveRun& live, Command& command) {
  DagRun& run = live.run;
  const RunNo run_no = run.row.run_no;
  const InstanceNo i = command.instance;
  switch (command.kind) {
    case Command::Kind::offer: return offer(live, i);
    case Command::Kind::stop:
      next().stops.push_back({run.key_of(i), run.spec_of(i).grace_us, command.kill_now});
      return;
    case Command::Kind::timer: set_timer(live, i, command.wake_at); return;
    case Command::Kind::find_cached: return find_cached(live, i, command.text);
    case Command::Kind::find_past: return find_past(live);
    case Command::Kind::finished:
      if (BATON_BUG(end_told_before_commit)) {
        if (finished_) finished_(run);
      }
      runs_.note_due(live);  // the last hook closes the row, in the batch of its end
      next().finished.push_back(run_no);
      ++live.ends_to_come;
      return;
    case Command::Kind::time_limit: return watch_timeout(live);
    case Command::Kind::start_child: next().children.push_back({run_no, i, run.at(i).epoch, false}); return;
    case Command::Kind::stop_child: next().children.push_back({run_no, i, command.epoch, true}); return;
  }
}

/// What it has waited before, in an earlier try or an earlier process, counts: its priority has risen by that.
void Engine::offer(LiveRun& live, InstanceNo i) {
  const DagRun& run = live.run;
  if (live.share == nullptr) live.share = admission_.share_of(run.dag->id, run.dag->weight);
  const TaskNo t = run.at(i).task_no;
  Candidate c{.run_no = run.row.run_no, .instance = i, .priority = run.dag->spec(t).priority};
  c.path_us = live.path_us.empty() ? 0 : live.path_us[static_cast<std::size_t>(t)];
  c.since = loop_.mono_now();
  if (const Activity* activity = run.activity(i)) {
    for (const Wait wait : {Wait::slots, Wait::pool, Wait::limit, Wait::rate}) c.since -= activity->times.of(wait);
  }
  c.share = live.share;
  admission_.offer(c);
}

void Engine::find_cached(LiveRun& live, InstanceNo i, const std::string& key) {
  const DagRun& run = live.run;
  const TaskNo t = run.at(i).task_no;
  store_.find_cached(run.dag->id, run.dag->task(t).id, key, cache_spec_hash(*run.dag, t), loop_.wall_now(),
                     [this, run_no = run.row.run_no, i](std::optional<CacheRow> found) {
                       LiveRun* owner = runs_.find(run_no);
                       if (owner == nullptr) return;
                       CacheAnswered answer{i, std::nullopt};
                       if (found) answer.outputs_json = std::move(found->outputs_json);
                       handle(*owner, answer);
                     });
}

void Engine::set_timer(LiveRun& live, InstanceNo i, WallUs wake_at) {
  if (waits_for_asset(live.run, i)) watch_asset(live, i);
  DurationUs span = sleep_until(live.run, i, wake_at, loop_.wall_now());
  if (BATON_BUG(timer_fires_at_once)) span = 0;
  live.timers.set(i, loop_.mono_now() + span,
                  [this, run_no = live.run.row.run_no, i, wake_at] { timer_fired(run_no, i, wake_at); });
}

void Engine::timer_fired(RunNo run_no, InstanceNo i, WallUs wake_at) {
  LiveRun* live = runs_.find(run_no);
  if (live == nullptr || dead_ || static_cast<std::size_t>(i) >= live->run.instances.size()) return;
  if (waits_for_wall_clock(live->run, i) && loop_.wall_now() < wake_at) return set_timer(*live, i, wake_at);
  handle(*live, TimerDue{i, wake_at});
}

// ── what is durable has effect ──────────────────────────────────────────────────────────────────────────────────────

void Engine::release(Pending& pending) {
  tell_quarantines_and_answers(pending);
  for (LaunchSpec& spec : pending.launches) launch_durable(std::move(spec));
  const auto is_stopped = [&](const AttemptKey& key) {
    return std::any_of(pending.stops.begin(), pending.stops.end(), [&](const auto& stop) { return stop.key == key; });
  };
  for (const AttemptKey& key : pending.releases) release_prepared(key, is_stopped(key));
  for (const Pending::Stop& stop : pending.stops) executor_.stop(stop.key, stop.grace_us, stop.kill_now);
  for (const AttemptKey& key : pending.acknowledgements) executor_.acknowledge(key);
  for (const Pending::ChildWish& wish : pending.children) wish.stops ? stop_child(wish) : begin_child(wish);
  executor_.flush();
  tell(pending);  // the programs start meanwhile
  see_asset_events(pending.asset_events);
  if (asset_events_ && !pending.asset_events.empty()) asset_events_(pending.asset_events);
  look_at_changed_pasts(pending.pasts);
  forget_finished(pending.finished);
}

/// What checks hold back, and a person who lets it go in the same batch: whoever is told comes to what the rows say, in
/// the order of their parts.
void Engine::tell_quarantines_and_answers(Pending& pending) {
  std::ranges::stable_sort(pending.quarantines, {}, &Pending::QuarantineTold::part);
  auto next_told = pending.quarantines.begin();
  const auto tell_up_to = [&](std::size_t part) {
    std::vector<AssetQuarantineRow> rows;
    for (; next_told != pending.quarantines.end() && next_told->part <= part; ++next_told) rows.push_back(next_told->row);
    if (asset_quarantines_ && !rows.empty()) asset_quarantines_(rows);
  };
  for (const Pending::Request& request : pending.requests) {
    if (request.part != Pending::kNoPart) tell_up_to(request.part);
    if (request.answer) request.answer(request.verdict);
  }
  tell_up_to(Pending::kNoPart);
}

void Engine::launch_durable(LaunchSpec spec) {
  LiveRun* live = runs_.find(spec.key.run_no);
  const InstanceNo i = live == nullptr ? -1 : live->run.find(spec.key);
  const bool is_wanted = i >= 0 && live->run.at(i).epoch == spec.key.epoch && is_live(live->run.at(i).state);
  if (!is_wanted) return;  // the executor may have held one of this very number, and have told its end meanwhile
  const bool behind_others = attempts_.launch(spec.key);
  handle(*live, Launched{i, behind_others});
  executor_.launch(std::move(spec));
}

void Engine::tell(const Pending& pending) {
  if (observer_ == nullptr) return;
  for (const RunNo run_no : pending.begun) {
    if (const LiveRun* live = runs_.find(run_no)) observer_->run_began(live->run);
  }
  for (const auto& [run_no, row] : pending.tries_told) {
    if (const LiveRun* live = runs_.find(run_no)) observer_->try_ended(live->run, row);
  }
  for (const Pending::ChangeTold& told : pending.told) {
    if (const LiveRun* live = runs_.find(told.run_no)) observer_->instance_changed(live->run, told.row);
  }
  for (const RunNo run_no : pending.ended) {
    LiveRun* live = runs_.find(run_no);
    if (live == nullptr || --live->outcomes_to_come > 0 || !is_final(live->run.row.state)) continue;
    observer_->run_ended(live->run);
  }
}

void Engine::forget_finished(const std::vector<RunNo>& runs) {
  for (const RunNo run_no : runs) {
    LiveRun* live = runs_.find(run_no);
    if (live == nullptr || --live->ends_to_come > 0 || !live->run.is_finished()) continue;
    if (finished_) finished_(live->run);
    const RunRow ended = live->run.row;
    admission_.forget(live->run);
    attempts_.forget(run_no);
    leave_queue(run_no);  // its place is free
    runs_.erase(run_no);
    // Where that leaves no place, because its DAG may have fewer at a time than it had, those that are left may wait for
    // each other: the one that went was the last of them that did not.
    circles_due_ = circles_due_ || (!children_.empty() && !queue_.full_of(ended.dag_id).empty());
    child_ended(ended);
    look_at_past_again(ended.dag_id);
    schedule_turn();
  }
}

}  // namespace baton
