#include "scheduler/engine/decide.h"

#include <algorithm>
#include <utility>

#include "scheduler/engine/attempt_verdict.h"
#include "scheduler/engine/barrier.h"
#include "scheduler/engine/cache_key.h"
#include "scheduler/engine/clear.h"
#include "scheduler/engine/decide_deferred.h"
#include "scheduler/engine/expand.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/engine/sleep.h"
#include "scheduler/expr/convert.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

/// One step of deciding: reads the run, writes the Decision.
class Decider {
 public:
  Decider(const DagRun& run, Moment now, const CoreSettings& settings, Decision& out)
      : run_(run), now_(now), settings_(settings), out_(out) {}

  void operator()(const RunBegins&);
  void operator()(const UpstreamsEnded& e);
  void operator()(const InstanceBegins& e);
  void operator()(const Admitted& e);
  void operator()(const Launched& e);
  void operator()(const AttemptAccepted&) {}  // nothing moves: it is kept for who looks
  void operator()(const AttemptStarted& e);
  void operator()(const AttemptEnded& e);
  void operator()(const LaunchFailed& e);
  void operator()(const CacheAnswered& e);
  void operator()(const AssetSeen& e);
  void operator()(const PastSeen& e);
  void operator()(const TimerDue& e);
  void operator()(const StopRequested& e);
  void operator()(const Cleared& e);
  void operator()(const Marked& e);
  void operator()(const RunMarked& e);
  void operator()(const Answered& e) { answered(run_, e, now_, out_); }
  void operator()(const ChildMoved& e) { child_moved(run_, e, now_, out_); }
  void operator()(const AllEnded&);

 private:
  [[nodiscard]] const TaskSpec& spec_of(InstanceNo i) const { return run_.spec_of(i); }
  [[nodiscard]] bool may_start(const TaskSpec& spec) const {
    if (BATON_BUG(teardown_cut_by_stop)) {
      if (spec.teardown) return run_.stopping == Reason::none;
    }
    return run_.stopping == Reason::none || (spec.teardown && !run_.killing) || is_final(run_.row.state);
  }
  TaskChange& change(InstanceNo i, TaskState to, Reason reason = Reason::none, std::string note = {});
  TaskChange& take_verdict(InstanceNo i, AttemptVerdict& v);
  void schedule(InstanceNo i);
  void judge_task(TaskNo t);
  void judge_instances(TaskNo t, Verdict verdict);
  [[nodiscard]] Verdict judge_teardown(TaskNo t) const;
  void task_may_run(TaskNo t);
  /// True when `if` holds; otherwise the change is already made.
  bool condition_holds(InstanceNo i);
  void begin_time_sensor(InstanceNo i);
  void begin_asset_sensor(InstanceNo i);
  std::optional<WallUs> instant_of(InstanceNo i, const Text& text, const std::string& what);
  [[nodiscard]] bool asks_cache(InstanceNo i) const;
  void ask_cache(InstanceNo i);
  /// What its attempt is for, or what is to become of it, stays with it as long as it is live, in its row too.
  void keep_reason(TaskChange& c) const;
  /// It will not start any more: skipped, or what a mark of the run makes of it.
  void cut(InstanceNo i, Reason why);
  /// A live instance: stopped now, and by `why` something else than what its attempt comes to.
  void stop_for(InstanceNo i, Reason why);
  void clear(const std::vector<InstanceNo>& selected, const std::vector<InstanceNo>& marked, Intervention& intervention);
  void stop_instance(InstanceNo i, const StopRequested& e);
  void begin_hooks(RunState outcome);
  [[nodiscard]] std::string note_of_failure(InstanceNo i) const;

  const DagRun& run_;
  Moment now_;
  const CoreSettings& settings_;
  Decision& out_;
};

TaskChange& Decider::change(InstanceNo i, TaskState to, Reason reason, std::string note) {
  TaskChange& c = out_.changes.emplace_back();
  c.instance = i;
  c.to = to;
  c.reason = reason;
  c.note = std::move(note);
  return c;
}

void Decider::schedule(InstanceNo i) {
  change(i, TaskState::scheduled).wait = Wait::slots;
  out_.commands.push_back({.kind = Command::Kind::offer, .instance = i});
}

void Decider::operator()(const UpstreamsEnded& e) {
  if (run_.dag->task(e.task_no).hook == Hook::none) return judge_task(e.task_no);
  if (is_final(run_.row.state)) begin_hooks(run_.row.state);  // it was cleared and has ended only now
}

void Decider::operator()(const PastSeen& e) { judge_task(e.task_no); }

void Decider::operator()(const RunBegins&) {
  if (!run_.waits_for_past.empty()) out_.commands.push_back({.kind = Command::Kind::find_past});
  for (std::size_t t = 0; t < run_.tasks.size(); ++t) {
    bool is_judged = run_.dag->tasks[t].hook == Hook::none;
    if (BATON_BUG(hook_before_the_outcome)) is_judged = true;
    if (is_judged) judge_task(static_cast<TaskNo>(t));
  }
  for (std::size_t i = 0; i < run_.instances.size(); ++i) {
    const Instance& instance = run_.instances[i];
    const auto number = static_cast<InstanceNo>(i);
    const bool is_hook = run_.dag->task(instance.task_no).hook != Hook::none;
    bool is_stopped = is_live(instance.state) && run_.stopping != Reason::none && !is_hook;
    if (BATON_BUG(stop_not_sent_again)) is_stopped = false;
    if (is_stopped) stop_instance(number, StopRequested{run_.stopping, run_.killing});  // a crash took its effect
    if (is_live(instance.state) && awaits_its_end(instance.reason)) stop_for(number, instance.reason);  // likewise
    if (instance.state == TaskState::deferred && run_.spec_of(number).kind == TaskKind::trigger_dag) {
      out_.commands.push_back({.kind = Command::Kind::start_child, .instance = number});
    }
    const bool sleeps = instance.state == TaskState::up_for_retry || instance.state == TaskState::up_for_reschedule ||
                        (instance.state == TaskState::deferred && run_.activity(number)->wake_at != kNoTime);
    if (!sleeps) continue;
    if (BATON_BUG(timer_lost_at_recovery)) continue;
    out_.commands.push_back(
        {.kind = Command::Kind::timer, .instance = number, .wake_at = run_.activity(number)->wake_at});
  }
  if (is_final(run_.row.state)) {
    begin_hooks(run_.row.state);
  } else if (run_.open_instances == 0) {
    (*this)(AllEnded{});
  }
}

/// What of an expanded task has not begun: after a restart, or cleared by a retry, and then perhaps with its setup.
void Decider::judge_instances(TaskNo t, Verdict verdict) {
  for (std::int32_t k = 0; k < run_.progress(t).count; ++k) {
    const InstanceNo i = run_.instance_of(t, k);
    if (run_.at(i).state != TaskState::none) continue;
    switch (verdict) {
      case Verdict::wait: return;
      case Verdict::run: out_.begins.push_back(i); break;
      case Verdict::skip: change(i, TaskState::skipped, Reason::trigger_rule); break;
      case Verdict::upstream_failed: change(i, TaskState::upstream_failed, Reason::trigger_rule); break;
    }
  }
}

Verdict Decider::judge_teardown(TaskNo t) const {
  if (run_.progress(t).upstreams.open > 0) return Verdict::wait;
  const std::vector<std::string>& setups = run_.dag->spec(t).teardown_of;
  bool failed = false;
  for (const TaskNo u : run_.dag->upstream.of(t)) {
    if (std::find(setups.begin(), setups.end(), run_.dag->task(u).id) == setups.end()) continue;
    const TaskProgress& p = run_.progress(u);
    for (std::int32_t k = 0; k < p.count; ++k) {
      const TaskState s = run_.at(run_.instance_of(u, k)).state;
      if (s == TaskState::success) return Verdict::run;
      failed = failed || s == TaskState::failed || s == TaskState::upstream_failed;
    }
  }
  return failed ? Verdict::upstream_failed : Verdict::skip;
}

void Decider::judge_task(TaskNo t) {
  if (run_.progress(t).expands_anew) return;  // what still lives of it comes first
  const TaskSpec& spec = run_.dag->spec(t);
  const bool expanded = run_.progress(t).expanded;
  if (!expanded && run_.at(t).state != TaskState::none) return;
  if (!may_start(spec)) {
    for (std::int32_t k = 0; k < run_.progress(t).count; ++k) {
      const InstanceNo i = run_.instance_of(t, k);
      if (run_.at(i).state == TaskState::none) cut(i, run_.stopping);
    }
    return;
  }
  const Verdict verdict = spec.teardown ? judge_teardown(t) : judge(run_, t);
  // Only what may run waits for its past: a failure above it is told at once. A stop waits for nothing.
  const bool is_stopping = run_.stopping != Reason::none || out_.begins_stopping != Reason::none;
  if (verdict == Verdict::run && !is_stopping && run_.waits_for_past.contains(t)) return;
  if (expanded) return judge_instances(t, verdict);
  switch (verdict) {
    case Verdict::wait: return;
    case Verdict::run: task_may_run(t); return;
    case Verdict::skip: change(t, TaskState::skipped, Reason::trigger_rule); return;
    case Verdict::upstream_failed: change(t, TaskState::upstream_failed, Reason::trigger_rule); return;
  }
}

bool Decider::condition_holds(InstanceNo i) {
  const TaskSpec& spec = spec_of(i);
  if (!spec.condition->is_set()) return true;
  auto value = value_of(spec.condition, RunNames(run_, run_.at(i).task_no, i));
  if (!value) {
    change(i, TaskState::failed, Reason::expression, "if: " + value.error().message);
    return false;
  }
  if (value->type() != ValueType::boolean) {
    change(i, TaskState::failed, Reason::expression,
           "if: the value is no bool but " + std::string(to_string(value->type())));
    return false;
  }
  if (!value->as_bool()) change(i, TaskState::skipped, Reason::condition);
  return value->as_bool();
}

void Decider::task_may_run(TaskNo t) {
  const TaskSpec& spec = run_.dag->spec(t);
  if (!spec.condition_per_instance && !condition_holds(t)) return;
  if (spec.mapping->kind == Mapping::Kind::none) {
    out_.begins.push_back(t);
    return;
  }
  auto items = expand(run_, t, settings_.instances_max);
  if (!items) {
    change(t, TaskState::upstream_failed, Reason::expression, "cannot be expanded: " + items.error().message);
  } else if (items->empty()) {
    change(t, TaskState::skipped, Reason::no_items);
  } else {
    out_.expansions.push_back({t, std::move(*items)});
  }
}

void Decider::operator()(const InstanceBegins& e) {
  const InstanceNo i = e.instance;
  const TaskSpec& spec = spec_of(i);
  if (run_.at(i).state != TaskState::none) return;
  if (!may_start(spec)) return cut(i, run_.stopping);
  if (spec.condition_per_instance && !condition_holds(i)) return;
  switch (spec.kind) {
    case TaskKind::noop: change(i, TaskState::success); return;
    case TaskKind::run:
    case TaskKind::exec:
    case TaskKind::http:
    case TaskKind::sql:
      if (asks_cache(i)) {
        ask_cache(i);
      } else {
        schedule(i);
      }
      return;
    case TaskKind::sensor:
      if (spec.sensor->kind == Sensor::Kind::time) {
        begin_time_sensor(i);
      } else if (spec.sensor->kind == Sensor::Kind::asset) {
        begin_asset_sensor(i);
      } else {
        schedule(i);
      }
      return;
    case TaskKind::checks:
      if (checks_need_attempt(spec)) {
        schedule(i);
      } else {
        AttemptVerdict v = judge_checks(run_, i, nullptr);
        take_verdict(i, v);
      }
      return;
    case TaskKind::approval: return ask_person(run_, i, now_, out_);
    case TaskKind::trigger_dag: return start_child(run_, i, now_, out_);
  }
}

/// An instant that an author wrote, `what` in messages; none: the instance has failed with the reason.
std::optional<WallUs> Decider::instant_of(InstanceNo i, const Text& text, const std::string& what) {
  auto value = value_of(text, RunNames(run_, run_.at(i).task_no, i));
  if (value && value->type() == ValueType::string) {
    // The parser of every other time in a DAG file: a plain date is midnight in the DAG's zone.
    const auto zone = timetable::load_zone(run_.dag->timezone);
    const auto at = timetable::parse_time(value->as_string(), zone ? *zone : timetable::utc());
    value = at ? Result<Value>{Value{expr::timestamp_from_us(*at)}} : Result<Value>{at.error()};
  }
  if (value && value->type() == ValueType::timestamp) return expr::timestamp_to_us(value->as_timestamp());
  change(i, TaskState::failed, Reason::expression,
         what + ": " + (value ? std::string("the value is no timestamp") : value.error().message));
  return std::nullopt;
}

void Decider::begin_time_sensor(InstanceNo i) {
  const TaskSpec& spec = spec_of(i);
  const auto at = instant_of(i, spec.sensor->time, "sensor.time");
  if (!at) return;
  if (*at <= now_.wall) {
    change(i, TaskState::success);
    return;
  }
  TaskChange& c = change(i, TaskState::up_for_reschedule);
  c.wait = Wait::sensor;
  c.wake_at = std::min(*at, sensor_deadline(spec, now_.wall));
  if (c.wake_at < *at) c.reason = Reason::timeout;  // it can only end so
  out_.commands.push_back({.kind = Command::Kind::timer, .instance = i, .wake_at = c.wake_at});
}

/// It looks at nothing: who knows of events tells of the last one when the timer is set, and of each that comes.
void Decider::begin_asset_sensor(InstanceNo i) {
  const TaskSpec& spec = spec_of(i);
  if (spec.sensor->since.is_set() && !instant_of(i, spec.sensor->since, "sensor.since")) return;
  TaskChange& c = change(i, TaskState::up_for_reschedule);
  c.wait = Wait::sensor;
  c.wake_at = sensor_deadline(spec, now_.wall);
  out_.commands.push_back({.kind = Command::Kind::timer, .instance = i, .wake_at = c.wake_at});
}

void Decider::operator()(const AssetSeen& e) {
  if (!waits_for_asset(run_, e.instance)) return;
  const Sensor& sensor = spec_of(e.instance).sensor;
  WallUs since = run_.row.interval_start != kNoTime ? run_.row.interval_start : run_.row.queued_at;
  if (sensor.since.is_set()) {
    const auto at = instant_of(e.instance, sensor.since, "sensor.since");
    if (!at) return;
    since = *at;
  }
  if (e.at >= since) change(e.instance, TaskState::success);
}

/// The first time only: a retry and a clear pass the cache by (docs/ARCHITECTURE.md).
bool Decider::asks_cache(InstanceNo i) const {
  const Instance& instance = run_.at(i);
  if (BATON_BUG(cache_answers_a_retry)) return spec_of(i).cache.has_value();
  return spec_of(i).cache && (instance.epoch == 0 || instance.reason == Reason::cache_key);
}

void Decider::ask_cache(InstanceNo i) {
  if (cache_key_hashes_files(spec_of(i))) {  // an attempt of its own hashes them first
    schedule(i);
    out_.changes.back().reason = Reason::cache_key;
    return;
  }
  auto key = cache_key(run_, i, "");
  if (!key) {
    change(i, TaskState::failed, Reason::expression, "cache.key: " + key.error().message);
    return;
  }
  TaskChange& c = change(i, TaskState::scheduled);
  c.wait = Wait::commit;
  c.cache_key = *key;
  out_.commands.push_back({.kind = Command::Kind::find_cached, .instance = i, .text = std::move(*key)});
}

void Decider::operator()(const CacheAnswered& e) {
  const Instance& instance = run_.at(e.instance);
  if (instance.state != TaskState::scheduled || instance.wait != Wait::commit) return;
  if (!e.outputs_json) {
    schedule(e.instance);
    return;
  }
  auto checked = check_cached(spec_of(e.instance), *e.outputs_json);
  if (!checked) {  // declared otherwise since then: run it
    schedule(e.instance);
    return;
  }
  TaskChange& c = change(e.instance, TaskState::success, Reason::cached);
  c.outputs = std::move(checked->value);
  c.outputs_json = std::move(checked->json);
}

void Decider::operator()(const Admitted& e) {
  if (run_.at(e.instance).state != TaskState::scheduled) return;
  TaskChange& c = change(e.instance, TaskState::queued);
  c.wait = Wait::commit;
  c.new_epoch = true;
  c.epoch = e.epoch;
  c.rendered_json = e.rendered_json;
  c.worker = e.worker;
  keep_reason(c);
}

void Decider::operator()(const Launched& e) {
  const Instance& instance = run_.at(e.instance);
  if (instance.state != TaskState::queued || instance.wait != Wait::commit) return;
  TaskChange& c = change(e.instance, TaskState::queued);
  c.wait = e.behind_others ? Wait::slots : Wait::starting;
  keep_reason(c);
}

void Decider::operator()(const AttemptStarted& e) {
  const Instance& instance = run_.at(e.instance);
  if (instance.state != TaskState::queued) return;
  TaskChange& c = change(e.instance, TaskState::running);
  c.wait = instance.stop_requested ? Wait::stopping : Wait::running;
  c.at = e.at;
  keep_reason(c);
}

void Decider::keep_reason(TaskChange& c) const {
  const Reason r = run_.at(c.instance).reason;
  if (r == Reason::cache_key || awaits_its_end(r)) c.reason = r;
}

void Decider::operator()(const AttemptEnded& e) {
  const Instance& instance = run_.at(e.instance);
  bool is_current = instance.epoch == e.end.key.epoch;
  if (BATON_BUG(no_fence)) is_current = true;
  if (!is_live(instance.state) || !is_current) return;  // INV-05: stale
  AttemptVerdict v = judge_attempt(run_, e.instance, e.end, e.counts_as_loss, now_, settings_);
  TaskChange& c = take_verdict(e.instance, v);
  c.end = &e.end;
  c.at = e.end.ended_at;
  if (v.cache_key) {
    out_.commands.push_back({.kind = Command::Kind::find_cached, .instance = e.instance, .text = *v.cache_key});
    c.cache_key = std::move(v.cache_key);
    return;
  }
  if (v.to == TaskState::scheduled) out_.commands.push_back({.kind = Command::Kind::offer, .instance = e.instance});
  if (BATON_BUG(retry_timer_lost)) return;
  if (v.wake_at != kNoTime) {
    out_.commands.push_back({.kind = Command::Kind::timer, .instance = e.instance, .wake_at = v.wake_at});
  }
}

/// What the verdict says of the instance; what is to be looked up, or waited for, is left to the caller.
TaskChange& Decider::take_verdict(InstanceNo i, AttemptVerdict& v) {
  TaskChange& c = change(i, v.to, v.reason, std::move(v.note));
  c.wait = v.wait;
  c.wake_at = v.wake_at;
  c.counts_failure = v.counts_failure;
  c.counts_loss = v.counts_loss;
  c.look_only = v.look_only;
  c.key_only = v.key_only;
  c.by_person = v.to == TaskState::none;
  c.outputs = std::move(v.outputs);
  c.outputs_json = std::move(v.outputs_json);
  c.checks = std::move(v.checks);
  c.state = std::move(v.state);
  c.state_json = std::move(v.state_json);
  return c;
}

void Decider::operator()(const LaunchFailed& e) {
  if (run_.at(e.instance).state != TaskState::scheduled) return;
  change(e.instance, TaskState::failed, e.reason, e.note);
}

void Decider::operator()(const TimerDue& e) {
  const Instance& instance = run_.at(e.instance);
  const Activity* activity = run_.activity(e.instance);
  const bool waits = instance.state == TaskState::up_for_retry || instance.state == TaskState::up_for_reschedule ||
                     instance.state == TaskState::deferred;
  if (!waits || activity == nullptr || activity->wake_at != e.wake_at) return;
  if (instance.state == TaskState::deferred) return deadline_passed(run_, e.instance, now_, out_);
  if (spec_of(e.instance).kind == TaskKind::trigger_dag) return start_child(run_, e.instance, now_, out_);  // tries again
  if (waits_for_asset(run_, e.instance)) {
    change(e.instance, TaskState::failed, Reason::timeout,
           "no event of the asset \"" + spec_of(e.instance).sensor->asset + "\" came before the sensor's timeout");
    return;
  }
  if (waits_for_wall_clock(run_, e.instance)) {
    if (instance.reason == Reason::timeout) {
      change(e.instance, TaskState::failed, Reason::timeout, "the time did not come before the sensor's timeout");
    } else {
      change(e.instance, TaskState::success);
    }
    return;
  }
  schedule(e.instance);
}

void Decider::cut(InstanceNo i, Reason why) {
  if (why == Reason::marking_success) {
    change(i, TaskState::success, Reason::marked).by_person = true;
  } else {
    change(i, TaskState::skipped, why == Reason::marking_failed ? Reason::marked : why);
  }
}

void Decider::stop_for(InstanceNo i, Reason why) {
  const Instance& instance = run_.at(i);
  if (instance.reason != why) {
    TaskChange& c = change(i, instance.state, why);
    c.wait = instance.wait;
    c.to_be_written = true;
  }
  out_.commands.push_back({.kind = Command::Kind::stop, .instance = i, .kill_now = run_.killing});
}

void Decider::clear(const std::vector<InstanceNo>& selected, const std::vector<InstanceNo>& marked,
                    Intervention& intervention) {
  intervention.expand_anew = tasks_to_expand_anew(run_, selected, marked, settings_.instances_max);
  std::vector<char> anew(run_.tasks.size(), 0);
  for (const TaskNo t : intervention.expand_anew) anew[static_cast<std::size_t>(t)] = 1;
  for (const InstanceNo i : selected) {
    const Instance& instance = run_.at(i);
    const auto t = static_cast<std::size_t>(instance.task_no);
    if (instance.state == TaskState::removed) continue;
    if (run_.dag->tasks[t].hook != Hook::none) continue;  // they follow from the outcome
    if (is_live(instance.state)) {
      stop_for(i, anew[t] != 0 || run_.tasks[t].expands_anew ? Reason::replaced : Reason::cleared);
    } else {
      intervention.none.push_back(i);
    }
  }
}

void Decider::operator()(const Cleared& e) {
  Intervention& intervention = out_.intervention.emplace();
  intervention.reopens = true;
  clear(with_what_goes_along(run_, e.selected, {}, settings_.instances_max), {}, intervention);
}

void Decider::operator()(const Marked& e) {
  std::vector<InstanceNo> marked = e.instances;
  std::erase_if(marked, [&](InstanceNo i) { return run_.at(i).state == TaskState::removed || run_.at(i).state == e.to; });
  Intervention& intervention = out_.intervention.emplace();
  if (e.to == TaskState::success) {
    const auto left = left_upstream_failed_by(run_, marked);
    clear(with_what_goes_along(run_, left, marked, settings_.instances_max), marked, intervention);
  }
  for (const InstanceNo i : marked) {
    if (is_live(run_.at(i).state)) {
      stop_for(i, e.to == TaskState::success ? Reason::marking_success : Reason::marking_failed);
    } else {
      change(i, e.to, Reason::marked).by_person = true;
    }
  }
}

void Decider::operator()(const RunMarked& e) {
  if (!is_final(run_.row.state)) {
    const Reason why = e.to == RunState::success ? Reason::marking_success : Reason::marking_failed;
    return (*this)(StopRequested{why, false});
  }
  if (run_.open_hooks == 0) out_.run_change = RunChange{e.to, Reason::marked, {}};
}

void Decider::stop_instance(InstanceNo i, const StopRequested& e) {
  const Instance& instance = run_.at(i);
  const TaskSpec& spec = spec_of(i);
  const bool spared = spec.teardown && !e.kill && !is_final(run_.row.state);
  switch (instance.state) {
    case TaskState::queued:
    case TaskState::running:
      if (spared) return;
      out_.commands.push_back({.kind = Command::Kind::stop, .instance = i, .kill_now = e.kill});
      return;
    case TaskState::up_for_retry:
      if (BATON_BUG(stop_lets_retries_go_on)) return;
      if (spared) return;
      if (awaits_its_end(e.reason)) return cut(i, e.reason);
      change(i, TaskState::failed, e.reason);
      return;
    case TaskState::none:
    case TaskState::scheduled:
    case TaskState::up_for_reschedule:
    case TaskState::deferred:
      if (!spared) cut(i, e.reason);
      return;
    case TaskState::success:
    case TaskState::failed:
    case TaskState::skipped:
    case TaskState::upstream_failed:
    case TaskState::removed: return;
  }
}

void Decider::operator()(const StopRequested& e) {
  if (run_.is_finished()) return;
  out_.begins_stopping = e.reason;
  out_.begins_killing = e.kill;
  for (std::size_t i = 0; i < run_.instances.size(); ++i) {
    const auto instance = static_cast<InstanceNo>(i);
    const bool is_hook = run_.dag->task(run_.instances[i].task_no).hook != Hook::none;
    if (is_hook && !is_final(run_.row.state)) continue;  // hooks run after a stopped run too
    stop_instance(instance, e);
  }
  for (const TaskNo t : run_.waits_for_past) {  // a teardown that nothing else has kept is due
    if (run_.dag->spec(t).teardown && !e.kill) judge_task(t);
  }
}

std::string Decider::note_of_failure(InstanceNo i) const {
  const Instance& instance = run_.at(i);
  const std::string name = "task \"" + run_.dag->task(instance.task_no).id + "\" ";
  if (const auto why = run_.unexpanded.find(i); why != run_.unexpanded.end()) return name + why->second;
  if (instance.state == TaskState::upstream_failed) return name + "is upstream_failed, and nothing above it has failed";
  if (instance.reason == Reason::none) return name + "failed";
  return name + "failed (" + std::string(to_string(instance.reason)) + ")";
}

void Decider::operator()(const AllEnded&) {
  if (is_final(run_.row.state) || run_.open_instances > 0) return;
  RunChange c;
  c.to = outcome_of(run_);
  if (awaits_its_end(run_.stopping)) {  // a person has said what it is
    c.to = run_.stopping == Reason::marking_success ? RunState::success : RunState::failed;
    c.reason = Reason::marked;
  } else if (c.to == RunState::failed) {
    // What an earlier stop cut off and no retry has made good counts too.
    c.reason = run_.cut_off == 0               ? Reason::upstream_failed
               : run_.stopping != Reason::none ? run_.stopping
                                               : Reason::stopped;
    const InstanceNo f = run_.first_failure >= 0 ? run_.first_failure : stray_upstream_failed(run_);
    if (f >= 0) c.note = note_of_failure(f);
  }
  begin_hooks(c.to);
  out_.run_change = std::move(c);
}

void Decider::begin_hooks(RunState outcome) {
  for (std::size_t t = 0; t < run_.tasks.size(); ++t) {
    const Hook hook = run_.dag->tasks[t].hook;
    if (hook == Hook::none || run_.instances[t].state != TaskState::none) continue;
    const bool due = hook == Hook::on_finish || (hook == Hook::on_success) == (outcome == RunState::success);
    if (due && !run_.killing) {
      out_.begins.push_back(static_cast<InstanceNo>(t));
    } else {
      change(static_cast<InstanceNo>(t), TaskState::skipped, Reason::trigger_rule);
    }
  }
}

}  // namespace

Decision decide(const DagRun& run, const Event& event, Moment now, const CoreSettings& settings) {
  Decision out;
  decide(run, event, now, settings, out);
  return out;
}

void decide(const DagRun& run, const Event& event, Moment now, const CoreSettings& settings, Decision& out) {
  out.clear();
  std::visit(Decider(run, now, settings, out), event);
}

void Decision::clear() {
  changes.clear();
  expansions.clear();
  intervention.reset();
  run_change.reset();
  begins.clear();
  commands.clear();
  begins_stopping = Reason::none;
  begins_killing = false;
}

}  // namespace baton
