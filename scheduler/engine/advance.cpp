#include <algorithm>
#include <deque>
#include <utility>

#include "scheduler/engine/barrier.h"
#include "scheduler/engine/cache_key.h"
#include "scheduler/engine/checks.h"
#include "scheduler/engine/child_ask.h"
#include "scheduler/engine/clear.h"
#include "scheduler/engine/decide.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/model/utf8.h"

namespace baton {
namespace {

/// Where nobody has a name of its own for an attempt, its process is what it is known by.
void note_process(Activity& activity, std::int32_t pid, const std::string& handle) {
  if (pid != 0) activity.pid = pid;
  if (!handle.empty()) activity.handle = handle;
  if (activity.handle.empty() && activity.pid != 0) activity.handle = std::to_string(activity.pid);
}

/// Applies decisions to a run and gathers what the shell has to write. Lives for one advance().
class Application {
 public:
  Application(DagRun& run, Moment now, StepOutcome& out) : run_(run), now_(now), out_(out) {}

  /// Applies `d`; what it causes goes to `follow`.
  void apply(Decision& d, std::deque<FollowUp>& follow);

 private:
  void apply(TaskChange& c, std::deque<FollowUp>& follow);
  void apply(Expansion& e, std::deque<FollowUp>& follow);
  void apply(const RunChange& c);
  void go_on_from_removed(TaskNo t);
  void pass_time(InstanceNo i, WallUs at);
  void pass_offline(InstanceNo i);
  void record_try(InstanceNo i, const TaskChange& c);
  void record_success(InstanceNo i, TaskChange& c);
  void record_state(InstanceNo i, TaskChange& c);
  void record_checks(InstanceNo i, const TaskChange& c);
  void tell_or_hold(InstanceNo i);
  void judge_late(InstanceNo producer);
  void drop_held(InstanceNo i);
  void open_gates(InstanceNo checks);
  [[nodiscard]] bool is_bad_gate(InstanceNo i) const;
  void hold_back(InstanceNo checks, TaskNo producer);
  void quarantine(InstanceNo checks, const std::vector<std::string>& assets, const std::string& why);
  void lift_quarantine(InstanceNo checks);
  [[nodiscard]] bool is_gated(TaskNo producer) const;
  void end_instance(InstanceNo i, std::deque<FollowUp>& follow);
  void open_barriers(TaskNo ended, std::deque<FollowUp>& follow);
  void stop(InstanceNo i, bool kill_now);
  void mark_ended(const TaskChange& c);
  void begin_deferral(TaskChange& c);
  void end_deferral(InstanceNo i, const TaskChange& c);
  void let_none(InstanceNo i);
  void finish_clear(InstanceNo i, std::deque<FollowUp>& follow);
  void finish_replacing(TaskNo t, std::deque<FollowUp>& follow);
  void intervene(const Intervention& intervention, std::deque<FollowUp>& follow);
  void reopen();
  void tell_finished();
  void restart_clock();
  [[nodiscard]] bool has_live(TaskNo t) const;
  void write(InstanceNo i, std::vector<InstanceNo>& list) { name_once(run_, i, list); }

  DagRun& run_;
  Moment now_;
  StepOutcome& out_;
};

void Application::apply(Decision& d, std::deque<FollowUp>& follow) {
  if (d.begins_stopping != Reason::none) {
    if (run_.stopping == Reason::none || awaits_its_end(d.begins_stopping)) {
      run_.stopping = d.begins_stopping;
      if (!is_final(run_.row.state)) run_.row.reason = d.begins_stopping;  // durable: a restart goes on stopping
      out_.run_changed = true;
    }
    run_.killing = run_.killing || d.begins_killing;
  }
  if (d.run_change) apply(*d.run_change);
  for (TaskChange& c : d.changes) apply(c, follow);
  if (d.intervention) intervene(*d.intervention, follow);
  for (Expansion& e : d.expansions) apply(e, follow);
  for (const InstanceNo i : d.begins) follow.push_back({FollowUp::Kind::instance_begins, i});
  for (Command& c : d.commands) {
    if (c.kind == Command::Kind::stop) {
      stop(c.instance, c.kill_now);
    } else {
      out_.commands.push_back(std::move(c));
    }
  }
}

void Application::stop(InstanceNo i, bool kill_now) {
  Instance& instance = run_.at(i);
  if (instance.stop_requested && !kill_now) return;
  pass_time(i, kNoTime);
  instance.stop_requested = true;
  if (instance.state == TaskState::running) instance.wait = Wait::stopping;
  out_.commands.push_back({.kind = Command::Kind::stop, .instance = i, .kill_now = kill_now});
}

/// Sums the span since the last change under what the instance waited for.
void Application::pass_time(InstanceNo i, WallUs at) {
  Instance& instance = run_.at(i);
  MonoUs until = now_.mono;
  if (at != kNoTime) until = std::clamp(now_.mono - std::max<DurationUs>(0, now_.wall - at), instance.since, until);
  until = std::max(until, instance.since);
  Activity& activity = run_.ensure_activity(i);
  activity.times.add(instance.wait, until - instance.since);
  activity.summed_to = now_.wall - (now_.mono - until);
  instance.since = until;
}

/// What is left of the span before the run was taken over: nobody ran the engine, and nothing of it ran.
void Application::pass_offline(InstanceNo i) {
  Instance& instance = run_.at(i);
  if (instance.since >= run_.restored_at) return;
  Activity& activity = run_.ensure_activity(i);
  const DurationUs span = run_.restored_at - instance.since;
  activity.times.add(Wait::offline, span);
  activity.summed_to += span;
  instance.since = run_.restored_at;
}

void Application::record_try(InstanceNo i, const TaskChange& c) {
  const AttemptEnd& end = *c.end;
  const Instance& instance = run_.at(i);
  Activity& activity = run_.ensure_activity(i);
  TryRow row;
  row.run_no = run_.row.run_no;
  row.instance_no = i;
  row.epoch = instance.epoch;
  row.try_number = instance.try_number;
  row.state = c.to == TaskState::scheduled ? TaskState::up_for_retry : c.to == TaskState::none ? TaskState::failed : c.to;
  row.reason = c.reason;
  row.exit_code = end.outcome == AttemptEnd::Outcome::exited ? end.exit_code : -1;
  row.signal = end.signal;
  row.queued_at = activity.queued_at;
  row.started_at = end.started_at != kNoTime ? end.started_at : activity.started_at;
  row.ended_at = end.ended_at != kNoTime ? end.ended_at : now_.wall;
  row.pid = activity.pid;
  if (activity.worker != nullptr) {
    row.executor = activity.worker->executor;
    row.worker = activity.worker->name;
    row.host = activity.worker->host;
  }
  row.handle = activity.handle;
  // What succeeded is read where somebody wants to; the end of what failed is the first thing that everybody looks at.
  if (c.to != TaskState::success && c.to != TaskState::skipped) row.log_tail = valid_utf8(end.log_tail);
  row.user_us = end.user_us;
  row.sys_us = end.sys_us;
  row.max_rss_bytes = end.max_rss_bytes;
  row.log_bytes = end.log_bytes;
  row.times_json = activity.times.to_json();
  row.rendered_json = std::move(activity.rendered_json);
  row.note = c.note;
  activity.times.clear();
  activity.rendered_json.clear();
  out_.tries.push_back(std::move(row));
}

void Application::record_success(InstanceNo i, TaskChange& c) {
  const Instance& instance = run_.at(i);
  const Task& task = run_.dag->task(instance.task_no);
  if (c.reason == Reason::marked) return;  // a person's word: nothing is learned from it, and nothing cached
  if (c.end != nullptr && task.spec->kind != TaskKind::sensor) {
    out_.durations.push_back({run_.dag->id, task.id, c.end->run_us});
  }
  // What lies in the cache was made, and told of, before.
  const bool is_of_now = c.reason != Reason::cached || BATON_BUG(cached_success_produces);
  if (!task.spec->produces.empty() && is_of_now) tell_or_hold(i);
  Activity& activity = run_.ensure_activity(i);
  if (!activity.cache_key && task.spec->cache && !cache_key_hashes_files(*task.spec)) {  // it did not ask
    if (auto key = cache_key(run_, i, "")) activity.cache_key = std::move(*key);
  }
  if (task.spec->cache && c.reason != Reason::cached && activity.cache_key) {
    CacheRow row;
    row.dag_id = run_.dag->id;
    row.task_id = task.id;
    row.key = *activity.cache_key;
    row.spec_hash = cache_spec_hash(*run_.dag, instance.task_no);
    row.outputs_json = c.outputs_json;
    row.created_at = now_.wall;
    if (task.spec->cache->ttl_us > 0) row.expires_at = now_.wall + task.spec->cache->ttl_us;
    row.run_no = run_.row.run_no;
    row.instance_no = i;
    out_.cache.push_back(std::move(row));
  }
  if (c.state) record_state(i, c);
  if (c.outputs) run_.keep_outputs(i, std::move(*c.outputs));
}

/// What follows in this very step sees the new value; who reads it elsewhere is launched after this is durable.
void Application::record_state(InstanceNo i, TaskChange& c) {
  const Task& task = run_.dag->task(run_.at(i).task_no);
  TaskStateRow row;
  row.dag_id = run_.dag->id;
  row.name = task.spec->state->name;
  row.json = std::move(c.state_json);
  row.at = now_.wall;
  row.run_no = run_.row.run_no;
  row.run_id = run_.row.run_id;
  row.task_id = task.id;
  if (run_.states == nullptr) run_.states = std::make_shared<TaskStates>();
  run_.states->put(row, std::move(*c.state));
  out_.states.push_back(std::move(row));
}

void Application::record_checks(InstanceNo i, const TaskChange& c) {
  const Instance& instance = run_.at(i);
  std::int32_t ordinal = 0;
  for (const CheckResult& result : c.checks->results) {
    CheckRow row;
    row.run_no = run_.row.run_no;
    row.instance_no = i;
    row.epoch = instance.epoch;
    row.try_number = instance.try_number;
    row.ordinal = ordinal++;
    row.dag_id = run_.dag->id;
    row.task_id = run_.dag->task(instance.task_no).id;
    row.name = result.name;
    row.description = result.description;
    row.state = result.state;
    row.on_fail = result.on_fail;
    row.observed = result.observed;
    row.message = result.message;
    row.at = now_.wall;
    out_.checks.push_back(std::move(row));
  }
  if (c.to == TaskState::success && c.checks->quarantined.empty()) return lift_quarantine(i);
  quarantine(i, c.checks->quarantined, c.checks->note);
}

// ── quality gates: what is produced waits for the checks behind it ──

bool Application::is_gated(TaskNo producer) const {
  for (const TaskNo gate : gates_of(*run_.dag, producer)) {
    if (run_.progress(gate).own_open > 0) return true;
  }
  return false;
}

/// Told now, or once the checks behind it have ended. Which of the two is on the disk with the success.
void Application::tell_or_hold(InstanceNo i) {
  const bool is_free = !run_.dag->has_gates || !is_gated(run_.at(i).task_no) || BATON_BUG(gate_lets_events_pass);
  if (is_free) {
    judge_late(i);
    return out_.produced.push_back(i);
  }
  if (run_.held_events.insert(i).second) out_.held.push_back({run_.row.run_no, i, now_.wall, false});
}

/// What succeeds after the checks behind it have ended, because a stop cut them off before its end was heard of, has not
/// been looked at by them.
void Application::judge_late(InstanceNo producer) {
  if (!run_.dag->has_gates) return;
  for (const TaskNo gate : gates_of(*run_.dag, run_.at(producer).task_no)) {
    for (std::int32_t k = 0; k < run_.progress(gate).count; ++k) {
      const InstanceNo checks = run_.instance_of(gate, k);
      if (is_bad_gate(checks)) hold_back(checks, run_.at(producer).task_no);
    }
  }
}

/// It is made anew: what it has made before is told by nobody.
void Application::drop_held(InstanceNo i) {
  if (run_.held_events.erase(i) > 0) out_.held.push_back({run_.row.run_no, i, now_.wall, true});
}

/// Something has ended. What waited for it, and for nothing else any more, is told; held back with its asset where the
/// checks did not come to a success. Checks that their author passes over (`if`, nothing to check) hold nothing back.
void Application::open_gates(InstanceNo ended) {
  const Instance& instance = run_.at(ended);
  const bool is_bad = is_bad_gate(ended);
  std::vector<InstanceNo> told;
  for (const InstanceNo held : run_.held_events) {
    const TaskNo producer = run_.at(held).task_no;
    const auto gates = gates_of(*run_.dag, producer);
    const bool is_its = std::find(gates.begin(), gates.end(), instance.task_no) != gates.end();
    if (is_its && is_bad) hold_back(ended, producer);
    if (!is_gated(producer)) told.push_back(held);
  }
  for (const InstanceNo held : told) {
    drop_held(held);
    out_.produced.push_back(held);
  }
}

bool Application::is_bad_gate(InstanceNo i) const {
  const Instance& instance = run_.at(i);
  if (run_.spec_of(i).kind != TaskKind::checks || BATON_BUG(failed_checks_hold_nothing_back)) return false;
  const bool is_passed_over = instance.state == TaskState::skipped &&
                              (instance.reason == Reason::condition || instance.reason == Reason::no_items ||
                               instance.reason == Reason::not_selected);
  return is_final(instance.state) && instance.state != TaskState::success && !is_passed_over;
}

void Application::hold_back(InstanceNo checks, TaskNo producer) {
  const Instance& instance = run_.at(checks);
  const std::string how =
      instance.reason == Reason::checks ? "did not hold" : "ended " + std::string(to_string(instance.state));
  quarantine(checks, run_.dag->spec(producer).produces,
             "its checks in \"" + run_.dag->task(instance.task_no).id + "\" " + how);
}

void Application::quarantine(InstanceNo checks, const std::vector<std::string>& assets, const std::string& why) {
  const std::string by = quarantined_by(run_, run_.at(checks).task_no);
  for (const std::string& asset : assets) out_.quarantines.push_back({asset, by, why, now_.wall, by});
}

/// Of what these checks have put in an earlier try alone.
void Application::lift_quarantine(InstanceNo checks) {
  const TaskNo t = run_.at(checks).task_no;
  const TaskSpec& spec = run_.dag->spec(t);
  std::set<std::string> assets;
  for (const CheckSpec& check : checks_of(spec)) {
    if (check.on_fail == OnFail::quarantine) assets.insert(check.assets.begin(), check.assets.end());
  }
  if (!run_.dag->has_gates) return;
  for (const std::string& asset : assets_before(*run_.dag, t)) assets.insert(asset);
  const std::string by = quarantined_by(run_, t);
  for (const std::string& asset : assets) out_.quarantines.push_back({asset, "", "", kNoTime, by});
}

void Application::end_instance(InstanceNo i, std::deque<FollowUp>& follow) {
  Instance& instance = run_.at(i);
  const TaskNo t = instance.task_no;
  const Task& task = run_.dag->task(t);
  instance.wait = Wait::ended;
  --run_.progress(t).own_open;
  if (run_.dag->has_gates) open_gates(i);
  if (task.hook != Hook::none) {
    if (--run_.open_hooks == 0 && is_final(run_.row.state)) out_.commands.push_back({.kind = Command::Kind::finished});
    return;
  }
  --run_.open_instances;
  if (is_cut_off(instance.reason)) ++run_.cut_off;
  if (fails_run(task, instance.state, instance.reason)) {
    if (++run_.counted_failures == 1) run_.first_failure = i;
    bool fails_fast = run_.dag->fail_fast && run_.stopping == Reason::none;
    if (BATON_BUG(fail_fast_ignored)) fails_fast = false;
    if (fails_fast) follow.push_back({FollowUp::Kind::fail_fast, 0});
  }
  for (const TaskNo d : run_.dag->downstream.of(t)) {
    TaskProgress& p = run_.progress(d);
    UpstreamCounts& counts = p.upstreams;
    count_upstream_end(counts, instance.state);
    if (BATON_BUG(upstream_counted_twice)) {
      if (counts.open > 0) count_upstream_end(counts, instance.state);
    }
    if (p.expanded ? !p.waits_again : run_.at(d).state != TaskState::none) continue;
    const TaskSpec& spec = run_.dag->spec(d);
    const bool settles = spec.teardown ? counts.open == 0 : judge(run_, d) != Verdict::wait;
    if (settles) follow.push_back({FollowUp::Kind::upstreams_ended, d});
    if (settles) p.waits_again = false;
  }
  open_barriers(t, follow);
  if (run_.open_instances == 0) follow.push_back({FollowUp::Kind::all_ended, 0});
}

/// The last instance of a mapped task has ended: what makes its items of them may stand further down.
void Application::open_barriers(TaskNo ended, std::deque<FollowUp>& follow) {
  if (run_.progress(ended).own_open > 0 || run_.dag->spec(ended).mapping->kind == Mapping::Kind::none) return;
  const auto direct = run_.dag->downstream.of(ended);
  for (std::size_t t = 0; t < run_.tasks.size(); ++t) {
    const auto d = static_cast<TaskNo>(t);
    if (!items_wait_for(run_, d, ended) || std::find(direct.begin(), direct.end(), d) != direct.end()) continue;
    if (judge(run_, d) != Verdict::wait) follow.push_back({FollowUp::Kind::upstreams_ended, d});
  }
}

void Application::apply(TaskChange& c, std::deque<FollowUp>& follow) {
  Instance& instance = run_.at(c.instance);
  const TaskState from = instance.state;
  BATON_CHECK(from == c.to || c.by_person || may_become(from, c.to));
  if (is_final(from)) return mark_ended(c);
  if (from == TaskState::deferred && c.to != TaskState::deferred) end_deferral(c.instance, c);
  const bool is_lost = c.end != nullptr && c.end->outcome == AttemptEnd::Outcome::lost && c.at == kNoTime;
  if (is_lost) pass_offline(c.instance);  // nobody knows that it lived on
  pass_time(c.instance, c.at);
  Activity& activity = run_.ensure_activity(c.instance);
  // Up to where its time has been summed, so that the sum is the lifetime.
  if (c.end != nullptr || is_final(c.to)) activity.ended_at = activity.summed_to;
  if (from != c.to) {
    --run_.row.counts[static_cast<std::size_t>(from)];
    ++run_.row.counts[static_cast<std::size_t>(c.to)];
  }
  if (c.end != nullptr) {
    if (c.end->started_at != kNoTime) activity.started_at = c.end->started_at;
    note_process(activity, c.end->pid, c.end->handle);
  }
  if (c.end != nullptr && !c.look_only && !c.key_only) record_try(c.instance, c);
  if (!is_final(c.to) && c.to != TaskState::running)
    pass_offline(c.instance);  // it ended before the run was taken over
  instance.state = c.to;
  instance.reason = c.reason;
  run_.note_change(c.instance);
  instance.wait = c.wait;
  instance.failures += c.counts_failure ? 1 : 0;
  instance.losses = static_cast<std::int16_t>(instance.losses + (c.counts_loss ? 1 : 0));
  const bool same_try = c.end == nullptr || c.to == TaskState::scheduled;  // a lost look is looked again
  instance.looks_again = c.look_only || (instance.looks_again && same_try);
  activity.wake_at = c.wake_at;
  if (c.to == TaskState::upstream_failed && c.reason == Reason::expression) run_.unexpanded[c.instance] = c.note;
  if (!c.note.empty()) activity.note = std::move(c.note);
  if (c.cache_key) activity.cache_key = std::move(*c.cache_key);
  if (!c.outputs_json.empty()) activity.outputs_json = c.outputs_json;
  switch (c.to) {
    case TaskState::scheduled:
      if (activity.scheduled_at == kNoTime || c.end != nullptr) activity.scheduled_at = now_.wall;
      break;
    case TaskState::queued:
      if (c.new_epoch) {  // a claim
        BATON_CHECK(c.epoch == 0 || c.epoch > instance.epoch);
        instance.epoch = c.epoch == 0 ? instance.epoch + 1 : c.epoch;
        bool is_new_try = !instance.looks_again;
        if (BATON_BUG(look_counted_as_a_try)) is_new_try = true;
        if (is_new_try && c.reason != Reason::cache_key) {
          ++instance.try_number;
          activity.first_look_at = now_.wall;
          activity.first_look = now_.mono;
        }
        instance.stop_requested = false;
        activity.queued_at = now_.wall;
        activity.started_at = activity.ended_at = kNoTime;
        activity.pid = 0;
        activity.worker = std::move(c.worker);
        activity.handle.clear();
        activity.rendered_json = std::move(c.rendered_json);
      }
      break;
    case TaskState::deferred: begin_deferral(c); break;
    default: break;
  }
  if (c.checks != nullptr) record_checks(c.instance, c);
  if (c.to == TaskState::success) record_success(c.instance, c);
  if (c.reason == Reason::exit_skip && BATON_BUG(skip_tells_of_assets)) tell_or_hold(c.instance);
  if (is_final(c.to)) end_instance(c.instance, follow);
  bool is_claim = c.new_epoch;
  if (BATON_BUG(claim_not_written)) is_claim = false;
  const bool claim_or_end = is_claim || is_final(c.to) || c.to == TaskState::up_for_retry ||
                            c.to == TaskState::up_for_reschedule || c.to == TaskState::deferred || c.end != nullptr || c.to_be_written;
  if (claim_or_end) write(c.instance, out_.dirty);
  if (c.to == TaskState::none) finish_clear(c.instance, follow);
  if (c.end != nullptr) finish_replacing(run_.at(c.instance).task_no, follow);
}

/// It asks from now on: a try of its own, under an epoch of its own, as a claim is.
void Application::begin_deferral(TaskChange& c) {
  Instance& instance = run_.at(c.instance);
  Activity& activity = run_.ensure_activity(c.instance);
  ++instance.epoch;
  ++instance.try_number;
  instance.stop_requested = false;
  activity.scheduled_at = activity.queued_at = activity.started_at = now_.wall;
  activity.ended_at = kNoTime;
  if (run_.spec_of(c.instance).kind != TaskKind::approval) return;
  ApprovalRow row;
  row.run_no = run_.row.run_no;
  row.instance_no = c.instance;
  row.epoch = instance.epoch;
  row.try_number = instance.try_number;
  row.task_id = run_.dag->task(instance.task_no).id;
  row.map_index = instance.map_index;
  row.form_json = std::move(c.request_json);
  row.created_at = now_.wall;
  row.deadline = c.wake_at;
  out_.asked.push_back(std::move(row));
}

/// What it has asked for is asked no more, by whatever it ends: the row of that is written with it.
void Application::end_deferral(InstanceNo i, const TaskChange& c) {
  const Epoch epoch = run_.at(i).epoch;
  if (run_.spec_of(i).kind == TaskKind::approval) {
    if (BATON_BUG(request_left_open) && c.request_end == ApprovalState::withdrawn) return;
    out_.answered.push_back({run_.row.run_no, i, epoch, c.request_end, now_.wall, c.by, c.request_json, c.reason});
    return;
  }
  const bool is_over = c.request_end == ApprovalState::answered || !child_ask_of(run_.spec_of(i)).waits;
  out_.children.push_back({run_.row.run_no, i, epoch, is_over ? ChildState::over : ChildState::cut});
  if (!is_over) out_.commands.push_back({.kind = Command::Kind::stop_child, .instance = i, .epoch = epoch});
}

/// As if it had not run.
void Application::let_none(InstanceNo i) {
  TaskChange cleared;
  cleared.reason = Reason::cleared;
  if (run_.at(i).state == TaskState::deferred) end_deferral(i, cleared);
  make_none(run_, i, now_);
}

/// A person says of what has ended that it ended otherwise. Whoever counts ends does so anew (intervene()).
void Application::mark_ended(const TaskChange& c) {
  BATON_CHECK(c.by_person && is_final(c.to));
  Instance& instance = run_.at(c.instance);
  run_.drop_outputs(c.instance);
  run_.unexpanded.erase(c.instance);
  run_.note_change(c.instance);
  instance.state = c.to;
  instance.reason = c.reason;
  run_.ensure_activity(c.instance).ended_at = now_.wall;  // what it did before is told by its tries
  write(c.instance, out_.dirty);
  if (c.to != TaskState::success) drop_held(c.instance);  // what it has made is no good, and nobody is told of it
  // A person says that the data is good: nothing that these checks hold back is held back any more.
  const bool accepts = c.to == TaskState::success && run_.spec_of(c.instance).kind == TaskKind::checks;
  if (accepts && run_.dag->has_gates) lift_quarantine(c.instance);
}

/// The tree of a cleared attempt is gone. The upstreams may have settled its rule while it was dying.
void Application::finish_clear(InstanceNo i, std::deque<FollowUp>& follow) {
  const TaskNo t = run_.at(i).task_no;
  make_none(run_, i, now_);
  drop_held(i);
  run_.progress(t).waits_again = run_.progress(t).expanded;
  follow.push_back({FollowUp::Kind::upstreams_ended, t});
}

/// The last attempt of a task that is to expand anew has ended, as whatever: a mark may have come over the clear.
void Application::finish_replacing(TaskNo t, std::deque<FollowUp>& follow) {
  TaskProgress& p = run_.progress(t);
  if (!p.expands_anew || has_live(t)) return;
  bool is_whole = true;  // a stop or a mark may have ended some of it meanwhile
  for (std::int32_t k = 0; k < p.count; ++k) {
    is_whole = is_whole && run_.at(run_.instance_of(t, k)).state == TaskState::none;
  }
  p.expands_anew = false;
  if (is_whole) collapse(run_, t, out_);
  recount(run_);
  follow.push_back({FollowUp::Kind::upstreams_ended, t});
}

bool Application::has_live(TaskNo t) const {
  for (std::int32_t k = 0; k < run_.progress(t).count; ++k) {
    if (is_live(run_.at(run_.instance_of(t, k)).state)) return true;
  }
  return false;
}

/// What was gathered to be done is dropped: it speaks of what was. Everything is judged anew instead, as at a recovery.
void Application::intervene(const Intervention& intervention, std::deque<FollowUp>& follow) {
  for (const InstanceNo i : intervention.none) {
    let_none(i);
    drop_held(i);
    write(i, out_.dirty);
  }
  for (const TaskNo t : intervention.expand_anew) {
    run_.progress(t).expands_anew = has_live(t);
    if (!run_.progress(t).expands_anew) collapse(run_, t, out_);
  }
  recount(run_);
  const bool had_ended = is_final(run_.row.state);
  const bool is_other = run_.row.reason != Reason::marked && outcome_of(run_) != run_.row.state;
  const bool goes_on = intervention.reopens || run_.open_instances > 0 || is_other;
  if (had_ended && !goes_on) return tell_finished();  // it has ended as it had
  if (intervention.reopens || had_ended) reopen();
  const auto is_fail_fast = [](const FollowUp& f) { return f.kind == FollowUp::Kind::fail_fast; };
  const bool fails_fast = std::any_of(follow.begin(), follow.end(), is_fail_fast);
  follow.clear();
  if (fails_fast && !intervention.reopens) follow.push_back({FollowUp::Kind::fail_fast, 0});
  for (const TaskNo t : run_.dag->topological) follow.push_back({FollowUp::Kind::upstreams_ended, t});
  if (run_.open_instances == 0) follow.push_back({FollowUp::Kind::all_ended, 0});
}

/// Once a step, where the run and its hooks have ended.
void Application::tell_finished() {
  const auto is_told = [](const Command& c) { return c.kind == Command::Kind::finished; };
  if (!run_.is_finished() || std::any_of(out_.commands.begin(), out_.commands.end(), is_told)) return;
  out_.commands.push_back({.kind = Command::Kind::finished});
}

/// The run goes on, and its hooks follow from what it comes to then. Those that run for an earlier outcome are stopped.
void Application::reopen() {
  for (std::size_t t = 0; t < run_.tasks.size(); ++t) {
    const auto i = static_cast<InstanceNo>(t);
    Instance& hook = run_.at(i);
    if (run_.dag->tasks[t].hook == Hook::none || hook.state == TaskState::none) continue;
    if (hook.reason == Reason::cleared && is_live(hook.state)) continue;  // it is on its way out
    if (is_live(hook.state)) {
      hook.reason = Reason::cleared;
      stop(i, false);
    } else {
      let_none(i);
    }
    write(i, out_.dirty);
  }
  run_.row.state = RunState::running;
  run_.row.reason = Reason::none;
  run_.row.note.clear();
  run_.row.ended_at = kNoTime;
  run_.stopping = Reason::none;
  run_.killing = false;
  recount(run_);
  restart_clock();
  out_.run_changed = true;
}

/// Its time limit begins anew, and the times of what waits: recovery counts these from the start of the run, unless
/// their rows say otherwise, as those of a fan-out do.
void Application::restart_clock() {
  run_.row.started_at = now_.wall;
  for (InstanceNo i = 0; static_cast<std::size_t>(i) < run_.instances.size(); ++i) {
    if (run_.at(i).state != TaskState::none) continue;
    const bool may_be_told = run_.activity(i) != nullptr;
    run_.drop_activity(i);
    run_.at(i).since = now_.mono;
    if (may_be_told) write(i, out_.dirty);
  }
  out_.commands.push_back({.kind = Command::Kind::time_limit});
}

void Application::apply(Expansion& e, std::deque<FollowUp>& follow) {
  TaskProgress& p = run_.progress(e.task_no);
  BATON_CHECK(!p.expanded && p.count == 1);
  const auto n = static_cast<std::int32_t>(e.items.size());
  const Instance placeholder = run_.at(e.task_no);
  p.expanded = true;
  p.count = n;
  p.own_open = n;
  p.extra_first = static_cast<InstanceNo>(run_.instances.size());
  run_.at(e.task_no).map_index = 0;
  run_.described.erase(e.task_no);
  write(e.task_no, out_.dirty);
  for (std::int32_t k = 0; k < n; ++k) {
    const InstanceNo i = run_.instance_of(e.task_no, k);
    if (k > 0) {
      Instance& instance = run_.instances.emplace_back(placeholder);
      instance.map_index = k;
      instance.activity = -1;
      instance.in_outcome = false;  // the placeholder may have been named by what has cleared it
      instance.epoch = placeholder.epoch > 0 && run_.dag->spec(e.task_no).cache ? 1 : 0;  // it has been cleared
      instance.try_number = 0;
      if (placeholder.activity >= 0) {  // it has waited as long as its placeholder
        const Activity waited = *run_.activity(e.task_no);
        Activity& activity = run_.ensure_activity(i);
        activity.times = waited.times;
        activity.summed_to = waited.summed_to;
      }
      write(i, out_.made);
    }
    run_.items[i] = std::move(e.items[static_cast<std::size_t>(k)]);
    follow.push_back({FollowUp::Kind::instance_begins, i});
  }
  bool goes_on = run_.has_collapsed;
  if (BATON_BUG(mapped_key_used_again)) goes_on = false;
  if (goes_on) go_on_from_removed(e.task_no);
  run_.open_instances += n - 1;
  run_.row.counts[static_cast<std::size_t>(TaskState::none)] += n - 1;
  for (const TaskNo d : run_.dag->downstream.of(e.task_no)) run_.progress(d).upstreams.open += n - 1;
}

/// An AttemptKey names one attempt for ever: instances of a new expansion count on from those that they replace.
void Application::go_on_from_removed(TaskNo t) {
  const TaskProgress& p = run_.progress(t);
  for (InstanceNo i = 0; i < p.extra_first; ++i) {
    const Instance& old = run_.at(i);
    if (old.task_no != t || old.state != TaskState::removed || old.map_index >= p.count) continue;
    Instance& instance = run_.at(run_.instance_of(t, old.map_index));
    instance.epoch = std::max(instance.epoch, old.epoch);
    instance.try_number = std::max(instance.try_number, old.try_number);
  }
}

void Application::apply(const RunChange& c) {
  run_.row.state = c.to;
  run_.row.reason = c.reason;
  run_.row.note = c.note;
  if (is_final(c.to)) {
    if (run_.row.ended_at == kNoTime) run_.row.ended_at = now_.wall;  // else a person has changed the outcome alone
    if (run_.open_hooks == 0) out_.commands.push_back({.kind = Command::Kind::finished});
  }
  out_.run_changed = true;
}

constexpr int kStepsMax = 1024;  // of a few µs each, with an `if` to evaluate: some ms of the loop

Event event_of(FollowUp next) {
  switch (next.kind) {
    case FollowUp::Kind::upstreams_ended: return UpstreamsEnded{next.number};
    case FollowUp::Kind::instance_begins: return InstanceBegins{next.number};
    case FollowUp::Kind::all_ended: return AllEnded{};
    case FollowUp::Kind::fail_fast: return StopRequested{Reason::fail_fast, false};
  }
  return AllEnded{};
}

void step(DagRun& run, const Event& event, Moment now, const CoreSettings& settings, StepOutcome& out) {
  Decision& decision = out.decision;
  if (const auto* past = std::get_if<PastSeen>(&event)) run.waits_for_past.erase(past->task_no);
  decide(run, event, now, settings, decision);
  if (const auto* started = std::get_if<AttemptStarted>(&event); started != nullptr && !decision.changes.empty()) {
    Activity& activity = run.ensure_activity(started->instance);
    activity.started_at = started->at;
    note_process(activity, started->pid, {});
    if (started->worker != nullptr) activity.worker = started->worker;
    out.dirty_lazy.push_back(started->instance);
  }
  if (const auto* accepted = std::get_if<AttemptAccepted>(&event); accepted != nullptr) {
    Activity& activity = run.ensure_activity(accepted->instance);
    activity.handle = accepted->handle;
    if (accepted->worker != nullptr) activity.worker = accepted->worker;
    out.dirty_lazy.push_back(accepted->instance);
  }
  Application(run, now, out).apply(decision, run.pending);
}

}  // namespace

void StepOutcome::clear() {
  dirty.clear();
  dirty_lazy.clear();
  made.clear();
  tries.clear();
  cache.clear();
  durations.clear();
  states.clear();
  checks.clear();
  quarantines.clear();
  held.clear();
  commands.clear();
  produced.clear();
  asked.clear();
  answered.clear();
  children.clear();
  run_changed = false;
}

namespace {

/// The next step names them again.
void let_go(DagRun& run, const StepOutcome& out) {
  for (const auto* list : {&out.dirty, &out.made}) {
    for (const InstanceNo i : *list) run.at(i).in_outcome = false;
  }
}

}  // namespace

void name_once(DagRun& run, InstanceNo i, std::vector<InstanceNo>& list) {
  if (!std::exchange(run.at(i).in_outcome, true)) list.push_back(i);
}

void change_unattended(DagRun& run, const Event& event, Moment now, StepOutcome& out) {
  step(run, event, now, {}, out);
  run.pending.clear();
  let_go(run, out);
}

bool advance(DagRun& run, const Event& event, Moment now, const CoreSettings& settings, StepOutcome& out) {
  step(run, event, now, settings, out);
  return advance_pending(run, now, settings, out);
}

bool advance_pending(DagRun& run, Moment now, const CoreSettings& settings, StepOutcome& out) {
  for (int steps = 0; steps < kStepsMax && !run.pending.empty(); ++steps) {
    const FollowUp next = run.pending.front();
    run.pending.pop_front();
    step(run, event_of(next), now, settings, out);
  }
  let_go(run, out);
  return !run.pending.empty();
}

void note_wait(DagRun& run, InstanceNo i, Wait wait, Moment now) {
  Instance& instance = run.at(i);
  if (instance.state != TaskState::scheduled || instance.wait == wait) return;
  Activity& activity = run.ensure_activity(i);
  activity.times.add(instance.wait, now.mono - instance.since);
  activity.summed_to = now.wall;
  instance.wait = wait;
  if (BATON_BUG(wait_counted_twice)) return;
  instance.since = now.mono;
}

bool is_told_wait(Wait wait) {
  return wait == Wait::pause || wait == Wait::breaker || wait == Wait::limit || wait == Wait::pool || wait == Wait::rate;
}

TaskRow row_of(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  TaskRow row;
  row.run_no = run.row.run_no;
  row.instance_no = i;
  row.task_no = instance.task_no;
  row.map_index = instance.map_index;
  if (const auto item = run.items.find(i); item != run.items.end()) {
    row.map_key = item->second.key;
    row.item_json = to_exact_json(item->second.item);
  } else {
    row.has_no_item = run.dag->spec(instance.task_no).mapping->kind != Mapping::Kind::none;
  }
  row.state = instance.state;
  row.reason = instance.reason;
  if (instance.state == TaskState::scheduled && is_told_wait(instance.wait)) row.wait = instance.wait;
  if (instance.state == TaskState::deferred) row.wait = instance.wait;
  row.epoch = instance.epoch;
  row.try_number = instance.try_number;
  row.failures = instance.failures;
  row.losses = instance.losses;
  if (const Activity* activity = run.activity(i)) {
    row.scheduled_at = activity->scheduled_at;
    row.queued_at = activity->queued_at;
    row.started_at = activity->started_at;
    row.ended_at = activity->ended_at;
    row.wake_at = activity->wake_at;
    row.first_look_at = activity->first_look_at;
    row.pid = activity->pid;
    if (activity->worker != nullptr) {
      row.executor = activity->worker->executor;
      row.worker = activity->worker->name;
      row.host = activity->worker->host;
    }
    row.handle = activity->handle;
    row.outputs_json = activity->outputs_json;
    row.note = activity->note;
    row.times_json =
        is_final(instance.state) ? activity->times.to_json() : activity->times.to_json(activity->summed_to);
  }
  return row;
}

}  // namespace baton
