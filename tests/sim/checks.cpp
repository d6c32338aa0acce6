#include "tests/sim/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace baton::sim {
namespace {

constexpr DurationUs kStandingMaxUs = 50 * kMillisecond;  // the promise is 2 s; here a turn takes no time
constexpr DurationUs kDueMaxUs = kMinute;

std::int32_t slots_of(const TaskSpec& spec, const std::string& pool) {
  std::int32_t n = 0;
  for (const PoolUse& use : spec.pools) n += use.name == pool ? use.slots : 0;
  return n;
}

}  // namespace

void Checks::check_start(const AttemptKey& key) {
  const DiskRun* run = disk_.find(key.run_no);
  const TaskRow* row = run == nullptr ? nullptr : run->find(key.task_no, key.map_index);
  if (row == nullptr) return fail("INV-02", text_of(key) + " starts and is not on disk");
  if (row->epoch != key.epoch || !is_live(row->state)) {
    return fail("INV-05", fmt::format("{} starts while its row is {} with epoch {}", text_of(key),
                                      to_string(row->state), row->epoch));
  }
  const Task& task = run->dag->task(key.task_no);
  if (task.hook == Hook::none) {
    // Who was told to start before a person cleared or marked it starts, and is stopped at once.
    const bool is_excused = awaits_its_end(row->reason) || follows_from_a_mark(*run, key.task_no);
    if (settled(*run, key.task_no) != Rule::runs && !is_excused) {
      return fail("INV-07", text_of(key) + " (" + task.id + ") starts before its trigger rule holds");
    }
    const auto stopped = stopped_.find(key.run_no);
    const auto i = static_cast<std::size_t>(row->instance_no);
    if (stopped != stopped_.end() && (i >= stopped->second.size() || key.epoch > stopped->second[i])) {
      if (!task.spec->teardown)
        return fail("STOP", text_of(key) + " (" + task.id + ") starts after its run was stopped");
    }
    if (run->cut_seq != 0 && task.spec->teardown) ground_.strike(Fault::teardown_after_stop);
  } else if (!is_final(run->row.state) && !awaits_its_end(row->reason)) {
    return fail("INV-07", text_of(key) + " is a hook and starts before its run has ended");
  }
  std::int32_t all = 1, of_run = 1, of_task = 1;
  std::map<std::string, std::int32_t> pools;
  for (const PoolUse& use : task.spec->pools) pools[use.name] += use.slots;
  for (const auto& [other, epoch] : witness_.live()) {
    ++all;
    of_run += other.run_no == key.run_no ? 1 : 0;
    of_task += other.run_no == key.run_no && other.task_no == key.task_no ? 1 : 0;
    for (const PoolUse& use : disk_.find(other.run_no)->dag->spec(other.task_no).pools) pools[use.name] += use.slots;
  }
  if (all > settings_.slots) fail("INV-08", fmt::format("{} processes in {} slots", all, settings_.slots));
  const std::int32_t active_max = run->dag->max_active_tasks, parallel_max = task.spec->mapping->max_parallel;
  if (active_max > 0 && of_run > active_max) fail("INV-08", text_of(key) + " is beyond max_active_tasks");
  if (parallel_max > 0 && of_task > parallel_max) fail("INV-08", text_of(key) + " is beyond max_parallel");
  for (const PoolSpec& pool : workload_.pools) {
    if (pools[pool.name] > pool.slots) {
      fail("INV-08",
           fmt::format("{} slots of pool {} are taken and there are {}", pools[pool.name], pool.name, pool.slots));
    }
  }
}

void Checks::check_change(const DiskRun& run) {
  if (run.cut_seq == 0) expect_running(run.row.run_no);
  if (run.only_retried) check_kept(run);
  for (const TaskRow& row : run.instances) {
    const bool runs_on = is_live(row.state) && !awaits_its_end(row.reason);
    if (!runs_on || run.dag->task(row.task_no).hook != Hook::none) continue;
    // What had begun by one_success of a task that is now marked failed runs on, though others above it are open yet.
    if (settled(run, row.task_no) != Rule::open || follows_from_a_mark(run, row.task_no)) continue;
    fail("INV-07", fmt::format("{}/{}/{} ({}) runs on while what is above it runs again", row.run_no, row.task_no,
                               row.map_index, run.dag->task(row.task_no).id));
  }
}

/// What has run ran after all that is above it, but by the rules that do not wait for all: nothing of it stays as it
/// was where a part of that runs again.
void Checks::check_kept(const DiskRun& run) {
  for (const TaskRow& row : run.instances) {
    const Task& task = run.dag->task(row.task_no);
    const TriggerRule rule = task.spec->trigger_rule;
    const bool waits_for_all = rule != TriggerRule::one_success && rule != TriggerRule::one_failed &&
                               rule != TriggerRule::one_done && rule != TriggerRule::always;
    const bool has_run = (row.state == TaskState::success || row.state == TaskState::failed) && row.try_number > 0;
    if (!has_run || task.hook != Hook::none || !waits_for_all) continue;
    const auto ups = run.dag->upstream.of(row.task_no);
    const bool is_above_open = std::any_of(ups.begin(), ups.end(), [&](TaskNo u) {
      const auto rows = run.of_task(u);  // a setup runs again for others
      return !run.dag->spec(u).setup &&
             std::any_of(rows.begin(), rows.end(), [](const TaskRow* up) { return !is_final(up->state); });
    });
    if (is_above_open) {
      fail("INV-07", fmt::format("{}/{}/{} ({}) is kept while what is above it runs again", row.run_no, row.task_no,
                                 row.map_index, task.id));
    }
  }
}

void Checks::expect_stopped(RunNo run_no) {
  const DiskRun* run = disk_.find(run_no);
  if (run == nullptr || stopped_.contains(run_no) || run->cut_seq == 0) return;  // it may have been cleared meanwhile
  for (const TaskRow& row : run->instances) stopped_[run_no].push_back(row.epoch);
}

void Checks::expect_version(RunNo run_no, const Dag& dag) {
  const DiskRun* run = disk_.find(run_no);
  if (run->dag.get() == &dag && run->row.dag_version == dag.version) return;
  fail("INV-01", fmt::format("run {} was to go on with version {} and has {}", run_no, dag.version, run->dag->version));
}

const DagPlan& Checks::plan_of(const DiskRun& run) const {
  return *workload_.plan_of(*run.dag);
}

void Checks::check_ended(const DiskRun& run, InstanceNo i) {
  const std::string wrong = judge_end(run, i, plan_of(run), behaviours_, ground_.options.seed);
  if (!wrong.empty()) fail("REFERENCE", wrong);
}

/// Counters against the states that they count (they are what decides).
void Checks::check_run(const DagRun& run) {
  const auto wrong = [&](const char* what) { fail("COUNTERS", fmt::format("run {}: {}", run.row.run_no, what)); };
  StateCounts counts{};
  std::int32_t open = 0, hooks = 0, failures = 0;
  for (std::size_t t = 0; t < run.tasks.size(); ++t) {
    const auto task_no = static_cast<TaskNo>(t);
    const Task& task = run.dag->task(task_no);
    const TaskProgress& p = run.tasks[t];
    std::int32_t own_open = 0;
    for (std::int32_t k = 0; k < p.count; ++k) {
      const Instance& instance = run.at(run.instance_of(task_no, k));
      const TaskState s = instance.state;
      ++counts[static_cast<std::size_t>(s)];
      own_open += is_final(s) ? 0 : 1;
      const bool is_unexpanded = s == TaskState::upstream_failed && instance.reason == Reason::expression;
      failures += (s == TaskState::failed || is_unexpanded) && counts_for_run(task) ? 1 : 0;
    }
    if (own_open != p.own_open) wrong("open instances of a task");
    (task.hook == Hook::none ? open : hooks) += own_open;
    UpstreamCounts up;
    for (const TaskNo u : run.dag->upstream.of(task_no)) {
      for (std::int32_t k = 0; k < run.progress(u).count; ++k) {
        const TaskState s = run.at(run.instance_of(u, k)).state;
        if (!is_final(s)) ++up.open;
        if (s == TaskState::success) ++up.success;
        if (s == TaskState::failed) ++up.failed;
        if (s == TaskState::upstream_failed) ++up.upstream_failed;
        if (s == TaskState::skipped || s == TaskState::removed) ++up.skipped;
      }
    }
    const UpstreamCounts& have = p.upstreams;
    if (up.open != have.open || up.success != have.success || up.failed != have.failed ||
        up.upstream_failed != have.upstream_failed || up.skipped != have.skipped) {
      wrong("counters of a task's upstreams");
    }
  }
  if (open != run.open_instances || hooks != run.open_hooks) wrong("open instances");
  if (failures != run.counted_failures) wrong("counted failures");
  for (std::size_t s = 0; s < kTaskStateCount; ++s) {
    if (static_cast<TaskState>(s) != TaskState::removed && counts[s] != run.row.counts[s]) wrong("counts of the row");
  }
}

void Checks::check_holds(Scheduler& scheduler) {
  std::int32_t live = 0;
  std::map<std::string, std::int32_t> pools;
  for (const RunNo run_no : scheduler.runs()) {
    const DagRun* run = scheduler.engine().run(run_no);
    if (run == nullptr) continue;
    for (std::size_t i = 0; i < run->instances.size(); ++i) {
      if (!is_live(run->instances[i].state)) continue;
      ++live;
      for (const PoolUse& use : run->spec_of(static_cast<InstanceNo>(i)).pools) pools[use.name] += use.slots;
    }
  }
  const Admission& admission = scheduler.engine().admission();
  if (admission.live() != live) {
    fail("HOLDS", fmt::format("admission holds {} attempts and {} are live", admission.live(), live));
  }
  for (const PoolSpec& pool : workload_.pools) {
    if (admission.used(pool.name) != pools[pool.name]) {
      fail("HOLDS", fmt::format("pool {} holds {} slots and live attempts have {}", pool.name,
                                admission.used(pool.name), pools[pool.name]));
    }
  }
}

/// A permit is an attempt's that lives, and what admission knows of it is so (F-88).
void Checks::check_permits(Scheduler& scheduler) {
  for (const BreakerSpec& spec : workload_.breakers) {
    const Breaker* breaker = scheduler.engine().breakers().find(spec.name);
    if (breaker == nullptr || breaker->state() != BreakerState::half_open) continue;
    for (const AttemptKey& key : breaker->row({ground_.loop.wall(), ground_.loop.now()}).probes) {
      const DagRun* run = scheduler.engine().run(key.run_no);
      const InstanceNo i = run == nullptr ? -1 : run->find(key);
      if (i >= 0 && run->at(i).epoch == key.epoch && is_live(run->at(i).state)) continue;
      fail("INV-13", text_of(key) + " has a permit of breaker " + spec.name + " and does not live");
    }
  }
}

/// Looks for an instance that may start and that nothing keeps from it.
void Checks::find_standing(Scheduler& scheduler) {
  standing_.clear();
  const bool held = !scheduler.link().is_up() || scheduler.claims_held() || scheduler.is_fatal() || scheduler.is_frozen() ||
                    ground_.loop.is_stalled(scheduler.process());
  const Admission& admission = scheduler.engine().admission();
  if (held || admission.live() >= settings_.slots) return;
  std::map<std::string, std::int32_t> wanted;  // the most that a waiting instance wants of a pool
  const auto each = [&](auto f) {
    for (const RunNo run_no : scheduler.runs()) {
      const DagRun* run = scheduler.engine().run(run_no);
      if (run == nullptr || run->row.counts[static_cast<std::size_t>(TaskState::scheduled)] == 0) continue;
      for (std::size_t i = 0; i < run->instances.size(); ++i) {
        const Instance& instance = run->instances[i];
        if (instance.state == TaskState::scheduled && instance.wait != Wait::commit)
          f(*run, static_cast<InstanceNo>(i));
      }
    }
  };
  each([&](const DagRun& run, InstanceNo i) {
    if (run.row.paused.holds()) return;  // nothing is kept for it
    for (const PoolSpec& pool : workload_.pools) {
      wanted[pool.name] = std::max(wanted[pool.name], slots_of(run.spec_of(i), pool.name));
    }
  });
  each([&](const DagRun& run, InstanceNo i) {
    const DiskRun* on_disk = disk_.find(run.row.run_no);  // it goes on when that is durable
    if (run.row.paused.holds() || (on_disk != nullptr && on_disk->row.paused.holds())) return;
    const TaskSpec& spec = run.spec_of(i);
    std::int32_t of_run = 0, of_task = 0;
    for (const Instance& other : run.instances) {
      if (!is_live(other.state)) continue;
      ++of_run;
      of_task += other.task_no == run.at(i).task_no ? 1 : 0;
    }
    const std::int32_t active_max = run.dag->max_active_tasks, parallel_max = spec.mapping->max_parallel;
    bool fits = (active_max == 0 || of_run < active_max) && (parallel_max == 0 || of_task < parallel_max);
    for (const std::string& name : spec.breakers) {
      const Breaker* breaker = scheduler.engine().breakers().find(name);
      fits = fits && (breaker == nullptr || breaker->permits() > 0);
    }
    for (const PoolSpec& pool : workload_.pools) {  // a waiter of higher rank that wants more may keep it back
      const std::int32_t need = slots_of(spec, pool.name) > 0 ? wanted[pool.name] : 0;
      fits = fits && admission.used(pool.name) + need <= pool.slots;
      if (need > 0 && (pool.rate.is_set() || pool.retry_millionths > 0)) fits = fits && shares_.lets_start(run.at(i));
    }
    if (fits && standing_.empty())
      standing_ = fmt::format("{}/{} (it waits for {})", run.row.run_no, run.dag->task(run.at(i).task_no).id,
                              to_string(run.at(i).wait));
  });
}

void Checks::check_event(Scheduler* scheduler, bool whole) {
  const std::string stood = std::exchange(standing_, {});
  if (scheduler == nullptr || scheduler->is_fatal()) return;
  check_holds(*scheduler);
  check_permits(*scheduler);
  shares_.look(*scheduler);
  const std::vector<RunNo> runs = scheduler->runs();
  if (runs.empty()) return;
  if (whole) {
    for (const RunNo run_no : runs) {
      if (const DagRun* run = scheduler->engine().run(run_no)) check_run(*run);
    }
  } else {
    auto next = std::ranges::upper_bound(runs, last_checked_);
    if (next == runs.end()) next = runs.begin();
    last_checked_ = *next;
    if (const DagRun* run = scheduler->engine().run(last_checked_)) check_run(*run);
  }
  find_standing(*scheduler);
  if (standing_.empty() || standing_ != stood) standing_since_ = ground_.loop.now();
}

void Checks::check_idle(MonoUs next) {
  if (standing_.empty() || next - standing_since_ <= kStandingMaxUs) return;
  fail("INV-07", standing_ + " may start, slots are free, and nothing happens");
}

void Checks::check_quiet(Scheduler* scheduler) {
  if (scheduler == nullptr || !scheduler->link().is_up())
    return fail("INV-14", "no scheduler is at work after the calm");
  if (const auto due = scheduler->engine().breakers().due(); due && *due + kDueMaxUs < ground_.loop.now()) {
    fail("INV-11", "a breaker is open and its time has come long ago");
  }
  disk_.requests().check_quiet();
  disk_.quality().check_quiet();
  disk_.books().check_quiet();
  disk_.past().check_quiet();
  for (const auto& [run_no, run] : disk_.runs()) {
    if (run.row.state == RunState::queued && !scheduler->engine().queue().is_waiting(run_no)) {
      fail("INV-14", fmt::format("run {} waits to begin and the engine does not know it", run_no));
    }
    for (const TaskRow& row : run.instances) {
      const AttemptKey key{run_no, row.task_no, row.map_index, row.epoch};
      const std::string name = text_of(key) + " (" + run.dag->task(row.task_no).id + ")";
      if (is_live(row.state) && !worker_.remembers(key) && !scheduler->link().holds(key)) {
        fail("INV-14", name + " is " + std::string(to_string(row.state)) + " and no worker knows of it");
      }
      // Who waits for a slot is scheduled in memory alone: its row says what it was before.
      const DagRun* const known = scheduler->engine().run(run_no);
      const bool is_due = known != nullptr && known->at(row.instance_no).state == TaskState::scheduled;
      const bool waits = (row.state == TaskState::up_for_retry || row.state == TaskState::up_for_reschedule) && !is_due;
      if (waits && (row.wake_at == kNoTime || row.wake_at + kDueMaxUs < ground_.loop.wall())) {
        fail("INV-11", name + " waits and its time has come long ago");
      }
      const bool is_deferred = row.state == TaskState::deferred && row.wake_at != kNoTime;
      if (is_deferred && row.wake_at + kDueMaxUs < ground_.loop.wall()) {
        fail("INV-11", name + " is deferred and its deadline has passed long ago");
      }
      const TaskSpec& spec = run.dag->spec(row.task_no);
      const DurationUs longest = row.state == TaskState::up_for_retry
                                     ? std::max(spec.retries->delay_us, spec.retries->max_delay_us)
                                     : spec.sensor->every_us;
      // Who waits for a time or an event looks each minute, whatever its row says (engine/sleep.h): that has the time, or
      // the end of its patience, by a clock that may have been days ahead.
      const bool is_sensor = row.state == TaskState::up_for_reschedule && spec.kind == TaskKind::sensor;
      const bool looks_each_minute =
          is_sensor && (spec.sensor->kind == Sensor::Kind::time || spec.sensor->kind == Sensor::Kind::asset);
      if (waits && !looks_each_minute && row.wake_at > ground_.loop.wall() + longest) {
        fail("INV-14", name + " waits longer than its period because of a step of the wall clock");
      }
      const bool is_hook = run.dag->task(row.task_no).hook != Hook::none;
      const DagRun* live = scheduler->engine().run(run_no);
      if (live != nullptr) {  // memory alone knows who asked the cache
        const Instance& instance = live->at(row.instance_no);
        const bool asks = instance.state == TaskState::scheduled && instance.wait == Wait::commit;
        if (asks && instance.since + kDueMaxUs < ground_.loop.now()) {
          fail("INV-11", name + " waits for an answer of the cache that nobody gives");
        }
      }
      const bool waits_to_begin = run.row.state == RunState::queued;  // a row alone, and known as such: see above
      if (!is_final(row.state) && live == nullptr && !waits_to_begin) {
        fail("INV-14", name + " has not ended and the engine does not know its run");
      }
      const bool is_being_read = run.dag->spec(row.task_no).depends_on_past &&  // its past, by another thread
                                 ground_.loop.now() < std::max(run.began_at, run.changed_at) + kSecond;
      const bool waits_for_past =
          is_being_read || disk_.past().is_held(run, row.task_no) || disk_.past().gives_way(run);
      if (row.state == TaskState::none && live != nullptr && !is_hook && !waits_for_past &&
          live->at(row.instance_no).state == TaskState::none && settled(run, row.task_no) != Rule::open) {
        fail("INV-14", name + " is settled and nobody has noticed");
      }
    }
  }
}

void Checks::check_end(Scheduler* scheduler) {
  for (const auto& [run_no, run] : disk_.runs()) {
    if (const std::string what = disk_.mirror() == nullptr ? "" : disk_.mirror()->difference(run); !what.empty()) {
      fail("STORE", fmt::format("run {} is not in SQLite as it was written: {}", run_no, what));
    }
  }
  for (const RunNo run_no : accepted_) {
    if (disk_.find(run_no) == nullptr) fail("INV-01", fmt::format("run {} was accepted and is gone", run_no));
  }
  for (const auto& [run_no, run] : disk_.runs()) {
    for (const TaskRow& row : run.instances) {
      if (is_final(row.state)) continue;
      fail("INV-14", fmt::format("{}/{} ({}) is {} for ever", run_no, row.instance_no, run.dag->task(row.task_no).id,
                                 to_string(row.state)));
    }
    if (!is_final(run.row.state))
      fail("INV-14", fmt::format("run {} is {} for ever", run_no, to_string(run.row.state)));
  }
  if (ground_.findings.failed()) return;
  if (!witness_.live().empty()) fail("INV-14", "a process lives on after all has ended");
  if (worker_.live_count() > 0) fail("INV-14", "the worker holds a process that nobody wants");
  if (worker_.unacknowledged() > 0 && scheduler != nullptr) fail("INV-14", "an end was never acknowledged");
  if (scheduler != nullptr && !scheduler->runs().empty()) fail("INV-14", "the engine keeps runs that have ended");
  for (const auto& entry : disk_.runs()) {
    const DiskRun& run = entry.second;
    for (const TaskRow& row : run.instances) {  // once more: a retry leaves nothing that what it changed contradicts
      const auto ups = run.dag->upstream.of(row.task_no);
      const bool is_hook = run.dag->task(row.task_no).hook != Hook::none;
      // A setup runs again for others; and clears and marks leave what follows as it was, where people want so.
      const bool kept = (is_hook && run.was_marked) || std::any_of(ups.begin(), ups.end(), [&](TaskNo u) {
        if (run.dag->spec(u).setup) return true;
        const auto above = run.of_task(u);
        return std::any_of(above.begin(), above.end(), [&](const TaskRow* up) {
          return run.facts_of(up->instance_no).ended_seq > run.facts_of(row.instance_no).ended_seq;
        });
      });
      if (row.state != TaskState::removed && !kept) check_ended(run, row.instance_no);
    }
    if (run.row.begun_at == kNoTime) continue;  // it was ended while it waited
    const std::string wrong = judge_outcome(run, plan_of(run), behaviours_, ground_.options.seed);
    if (!wrong.empty()) fail("REFERENCE", wrong);
  }
}

}  // namespace baton::sim
