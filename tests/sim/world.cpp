#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace baton::sim {
namespace {

constexpr DurationUs kLastRunUs = 12 * kMinute;  ///< before the calm
constexpr DurationUs kQuietUs = 10 * kMinute;    ///< after the calm
constexpr DurationUs kAloneMaxUs = 20 * kMinute;  ///< how long a person waits for one run to end
constexpr std::uint64_t kEventsMax = 1'000'000;  // the busiest day seen took half of that

WorkerSettings worker_settings(std::uint64_t seed) {
  return {.keeps_tasks = (hash_of({seed, 6}) & 1U) != 0};
}

SchedulerSettings scheduler_settings(std::uint64_t seed) {
  Rng rng(hash_of({seed, 7}));
  SchedulerSettings s;
  s.slots = static_cast<std::int32_t>(rng.between(1, 5));
  s.ahead_max = rng.percent(50) ? 4 : 0;
  return s;
}

}  // namespace

World::World(const SimOptions& options)
    : ground_(options),
      workload_(make_workload(options.seed, options.tasks_max, worker_settings(options.seed).keeps_tasks)),
      behaviours_(options.seed),
      witness_(ground_),
      disk_(ground_, witness_),
      worker_(ground_, disk_, witness_, behaviours_, worker_settings(options.seed)),
      scheduler_settings_(scheduler_settings(options.seed)),
      checks_(ground_, disk_, witness_, worker_, behaviours_, workload_, scheduler_settings_),
      people_(hash_of({options.seed, 8})),
      errands_(hash_of({options.seed, 10})),
      changes_(hash_of({options.seed, 12})),
      doors_(hash_of({options.seed, 13})),
      askers_(hash_of({options.seed, 15})),
      timekeepers_(hash_of({options.seed, 17})),
      menders_(hash_of({options.seed, 18})),
      stewards_(hash_of({options.seed, 20})),
      keepers_(hash_of({options.seed, 22})),
      fillers_(hash_of({options.seed, 30})),
      pausers_(hash_of({options.seed, 32})),
      callers_(hash_of({options.seed, 31})),
      rings_(hash_of({options.seed, 35})),
      checkers_(hash_of({options.seed, 39})),
      rivals_(hash_of({options.seed, 40})),
      heirs_(hash_of({options.seed, 41})),
      keeps_tasks_(worker_settings(options.seed).keeps_tasks),
      may_be_alone_(!worker_settings(options.seed).keeps_tasks && errands_.percent(60)),
      runs_left_(options.runs_max) {
  if (!workload_.timed.empty()) {
    loader_ = std::make_unique<LoaderThread>();
    scheduler_settings_.loader = loader_.get();
  }
  witness_.on_start = [this](const AttemptKey& key) { checks_.check_start(key); };
  disk_.on_change = [this](const DiskRun& run) { checks_.check_change(run); };
  disk_.on_end = [this](const DiskRun& run, InstanceNo i) { checks_.check_ended(run, i); };
}

// ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────────

void World::plan_day() {
  const std::int64_t bursts = people_.between(6, 9);
  for (std::int64_t k = 0; k < bursts; ++k) plan_burst(people_.between(kMinute, ground_.calm_at - kLastRunUs));
  plan_schedules();
  plan_letters();
  plan_assets();
  plan_states();
  plan_backfills();
  plan_keys();
  plan_rings();
  plan_checked();
  plan_servers();
  plan_past();
  ground_.loop.call(kMachine, ground_.calm_at, [this] { calm_down(); });
  ground_.loop.call(kMachine, ground_.calm_at + kQuietUs, [this] {
    checks_.check_quiet(scheduler_.get());
    disk_.letters().check_quiet();
    disk_.assets().check_quiet();
    if (scheduler_ && scheduler_->makers() != nullptr) scheduler_->stop_makers();  // or no day would end
    scheduler_settings_.loader = nullptr;
  });
}

void World::plan_burst(MonoUs at) {
  for (std::int64_t k = people_.between(1, 3); k > 0; --k) {
    at += people_.log_between(kMillisecond, kMinute);
    const auto dag = static_cast<std::int32_t>(people_.below(static_cast<std::int64_t>(workload_.dags.size())));
    ground_.loop.call(kMachine, at, [this, dag] { want_run(0, dag, ground_.loop.now()); });
  }
  for (std::int64_t k = people_.between(2, 6); k > 0; --k) plan_fault(at + people_.log_between(kSecond, 10 * kMinute));
  if (changes_.percent(60)) plan_change(0, at + changes_.between(kMinute, 25 * kMinute));
  if (people_.percent(60)) {
    ground_.loop.call(kMachine, at + people_.between(5 * kMinute, 25 * kMinute), [this] { want_retry(); });
  }
  for (std::int64_t k = askers_.between(2, 8); k > 0; --k) {
    ground_.loop.call(kMachine, at + askers_.log_between(kSecond, 10 * kMinute), [this] { want_answer(); });
  }
  if (doors_.percent(40)) {
    ground_.loop.call(kMachine, at + doors_.log_between(kSecond, 10 * kMinute), [this] { want_breaker(); });
  }
}

void World::want_run(RunNo asked, std::int32_t dag, MonoUs since) {
  if (asked == 0) {
    if (runs_left_ <= 0) return;
    --runs_left_;
  }
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process()) &&
                  scheduler_->takes_runs() && !is_clock_off_;
  if (!up) {  // asks again until there is somebody to ask
    ground_.loop.call(kMachine, ground_.loop.now() + 2 * kSecond, [this, dag, since] { want_run(-1, dag, since); });
    return;
  }
  const DagPlan& plan = workload_.dags[static_cast<std::size_t>(dag)];
  NewRun request;
  request.dag = people_.percent(20) ? plan.newer : plan.dag;
  request.version = version_row_of(*request.dag);
  request.interval_start = ground_.loop.wall();
  request.interval_end = request.interval_start + kHour;
  if (people_.percent(70)) {
    const bool again = date_ > 0 && people_.percent(25);
    request.logical_date = ground_.loop.midnight() + kHour * (again ? people_.below(date_) : date_++);
    request.type = RunType::scheduled;
  }
  if (people_.percent(12)) request.run_after = ground_.loop.wall() + people_.log_between(kSecond, 8 * kMinute);
  const RunNo expected = disk_.last_run_no() + 1;  // what a run does hangs on its number
  request.params = value_of(params_of(ground_.options.seed, expected));
  request.run_id = fmt::format("manual__{}", expected);
  const bool may_wait = request.dag->max_active_runs > 0;
  ground_.say(fmt::format("person creates run {} of {}", expected, plan.dag->id));
  const RunNo run_no = scheduler_->create(std::move(request), [this](RunNo created, const Result<Answer>& how) {
    if (how) {
      checks_.expect_present(created);
      if (disk_.find(created) == nullptr)
        ground_.findings.fail("INV-01", fmt::format("run {} is accepted and not on disk", created));
    } else {
      ground_.strike(Fault::create_conflict);
    }
  });
  plan_pause(run_no);
  if (changes_.percent(52)) {  // while it lives, as a rule
    plan_change(run_no, ground_.loop.now() + changes_.log_between(100 * kMillisecond, 3 * kMinute));
  }
  // Somebody wants an earlier run again while this one and its like fill the limit: that retry must wait.
  if (may_wait && people_.percent(35)) {
    ground_.loop.call(kMachine, ground_.loop.now() + people_.log_between(kSecond, kMinute), [this] { want_retry(); });
  }
  if (people_.percent(may_wait ? 55 : 22)) {
    const MonoUs at = ground_.loop.now() + people_.log_between(10 * kMillisecond, 4 * kMinute);
    const bool kill = people_.percent(25);
    ground_.loop.call(kMachine, at, [this, run_no, kill] { want_stop(run_no, kill); });
    if (people_.percent(30)) {
      ground_.loop.call(kMachine, at + people_.log_between(kMillisecond, 20 * kSecond),
                        [this, run_no] { want_stop(run_no, true); });
    }
  }
}

/// Somebody trips a breaker, for a while or until they come back, or resets one.
void World::want_breaker() {
  const auto& all = workload_.breakers;
  ChangeBreaker request;
  request.name = all[static_cast<std::size_t>(doors_.below(static_cast<std::int64_t>(all.size())))].name;
  request.wish = doors_.percent(60) ? BreakerWish::Kind::trip : BreakerWish::Kind::reset;
  request.why = "somebody says so";
  if (doors_.percent(50)) request.span_us = doors_.log_between(2 * kMillisecond, kMinute);
  const bool for_ever = request.wish == BreakerWish::Kind::trip && request.span_us == 0;
  const MonoUs back_at = ground_.loop.now() + doors_.log_between(kSecond, 3 * kMinute);
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process());
  if (!up) return;
  scheduler_->ask(request, [this](const Result<Answer>& how) {
    if (how) ground_.strike(Fault::breaker_changed_by_person);
  });
  if (for_ever) ground_.loop.call(kMachine, back_at, [this, name = request.name] { reset_breaker(name); });
}

/// Comes again until somebody has heard: a breaker that is tripped for ever would end no day.
void World::reset_breaker(const std::string& name) {
  const auto later = [this, name] {
    ground_.loop.call(kMachine, ground_.loop.now() + 2 * kSecond, [this, name] { reset_breaker(name); });
  };
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process());
  if (!up) return later();
  const auto is_done = std::make_shared<bool>(false);
  scheduler_->ask(ChangeBreaker{name, BreakerWish::Kind::reset, 0, "it is back"},
                  [is_done](const Result<Answer>& how) { *is_done = how.ok(); });
  ground_.loop.call(kMachine, ground_.loop.now() + kMinute, [this, name, is_done] {
    if (!*is_done) reset_breaker(name);
  });
}

void World::want_stop(RunNo run_no, bool kill) {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return;
  const DagRun* run = scheduler_->engine().run(run_no);
  const bool waits = scheduler_->engine().queue().may_change(run_no);
  if (waits ? !ground_.strike(Fault::waiting_run_stopped) : run == nullptr || is_final(run->row.state)) return;
  ground_.say(fmt::format("person {} run {}", kill ? "kills" : "stops", run_no));
  if (!ground_.strike(kill ? Fault::kill_requested : Fault::stop_requested)) return;
  if (kill) disk_.note_kill(run_no);
  scheduler_->ask(StopRun{run_no, kill, ""}, [this, run_no](const Result<Answer>& how) {
    if (how) checks_.expect_stopped(run_no);  // else it has ended by itself meanwhile
  });
}

/// A retry is a command of its own: it takes the place of the scheduler that is there.
void World::want_retry() {
  std::map<std::string, std::int32_t> live;
  for (const auto& [run_no, run] : disk_.runs()) {
    if (!run.is_finished()) ++live[run.dag->id];
  }
  std::vector<RunNo> finished, would_wait;
  for (const auto& [run_no, run] : disk_.runs()) {
    if (!run.is_finished()) continue;
    finished.push_back(run_no);
    if (run.dag->max_active_runs > 0 && live[run.dag->id] >= run.dag->max_active_runs) would_wait.push_back(run_no);
  }
  if (finished.empty()) return;
  // By chance alone one retry in fifty meets a full limit: too few to prove that it waits as it must.
  if (!would_wait.empty() && people_.percent(70)) finished = std::move(would_wait);
  RetryWish wish;
  wish.run_no = finished[static_cast<std::size_t>(people_.below(static_cast<std::int64_t>(finished.size())))];
  const DiskRun& run = *disk_.find(wish.run_no);
  if (run.row.state == RunState::success || people_.percent(30)) {
    wish.from = static_cast<TaskNo>(people_.below(static_cast<std::int64_t>(run.dag->topological.size())));
  }
  const DagPlan& plan = *workload_.plan_of(*run.dag);
  if (people_.percent(35)) wish.latest = run.dag == plan.dag ? plan.newer : plan.dag;
  wishes_.push_back(wish);
  checks_.expect_running(wish.run_no);
  if (scheduler_) crash_scheduler(people_.log_between(kMillisecond, 20 * kSecond));
}

// ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────

void World::plan_fault(MonoUs at) {
  ground_.loop.call(kMachine, std::min(at, ground_.calm_at - kMinute), [this] {
    if (ground_.may_harm()) commit_fault();
  });
}

void World::commit_fault() {
  Rng& rng = ground_.faults;
  const MonoUs now = ground_.loop.now();
  --ground_.faults_left;
  switch (rng.below(11)) {
    case 0:
      if (!worker_.is_alive() || !ground_.strike(Fault::worker_killed)) return;
      return worker_.kill();
    case 1: return stall_worker();
    case 2:
    case 3:
      if (scheduler_ && ground_.strike(Fault::link_reset)) {
        ground_.say("link is reset");
        scheduler_->link().reset();
      }
      return;
    case 4:
      if (scheduler_ && ground_.strike(Fault::disk_full)) {
        ground_.say("disk is full");
        scheduler_->store().fill_disk_until(now + rng.log_between(100 * kMillisecond, 30 * kSecond));
      }
      return;
    case 5:
      if (scheduler_ && ground_.strike(Fault::slow_commit))
        scheduler_->store().be_slow_until(now + rng.log_between(kSecond, kMinute));
      return;
    case 6:
      if (scheduler_) scheduler_->store().break_next();
      return;
    case 7:
      if (scheduler_ && ground_.strike(Fault::scheduler_stall)) {
        ground_.say("scheduler is stopped for a while");
        ground_.loop.stall(scheduler_->process(), now + rng.log_between(100 * kMillisecond, 3 * kMinute));
      }
      return;
    case 8: {
      if (!ground_.strike(Fault::wall_step)) return;
      const DurationUs by = rng.log_between(kMillisecond, 2 * kHour) * (rng.percent(50) ? 1 : -1);
      return step_clock(by);
    }
    case 9: return keep_killing_worker();
    default:
      if (scheduler_ && ground_.strike(Fault::claims_held)) {
        ground_.say("claims are held");
        scheduler_->hold_claims();
        ground_.loop.call(scheduler_->process(), now + rng.log_between(kSecond, 2 * kMinute),
                          [scheduler = scheduler_.get()] { scheduler->resume_claims(); });
      }
      return;
  }
}

/// SIGSTOP: what is sent to it waits, and is lost if the link breaks before it goes on.
void World::stall_worker() {
  if (!worker_.is_alive() || !ground_.strike(Fault::worker_stall)) return;
  Rng& rng = ground_.faults;
  const MonoUs now = ground_.loop.now();
  const DurationUs span = rng.log_between(kSecond, kMinute);
  ground_.say("worker is stopped for a while");
  worker_.stall(span);
  if (!scheduler_) return;
  if (rng.percent(40)) {
    ground_.loop.call(scheduler_->process(), now + rng.below(span), [this, scheduler = scheduler_.get()] {
      if (!ground_.strike(Fault::link_reset)) return;
      ground_.say("link is reset while the worker is stopped");
      scheduler->link().reset();
    });
  }
  if (span <= 20 * kSecond) return;
  const auto give_up = [this, scheduler = scheduler_.get(), process = worker_.process()] {
    if (worker_.process() != process || !worker_.is_stalled() || !ground_.strike(Fault::silent_worker_killed)) return;
    scheduler->link().give_up_worker();
  };
  ground_.loop.call(scheduler_->process(), now + 20 * kSecond, give_up);
}

/// Something on this machine kills each worker soon after its start.
void World::keep_killing_worker() {
  if (!ground_.strike(Fault::worker_keeps_dying)) return;
  MonoUs at = ground_.loop.now();
  for (std::int64_t k = ground_.faults.between(3, 6); k > 0; --k) {
    ground_.loop.call(kMachine, at, [this] { worker_.kill(); });
    at += ground_.faults.log_between(300 * kMillisecond, 6 * kSecond);
  }
}

/// A service takes all that is unfinished. Where tasks end with their scheduler, a person may have it work on one run
/// and leave the others for later, with what became of their attempts.
Errand World::next_errand() {
  Errand errand;
  if (!may_be_alone_ || !ground_.may_harm() || !errands_.percent(40)) return errand;
  errand.policy = HostPolicy::one_run;
  std::vector<RunNo> unfinished;
  for (const auto& [run_no, run] : disk_.runs()) {
    if (!run.is_finished()) unfinished.push_back(run_no);
  }
  if (wishes_.empty() && !unfinished.empty() && errands_.percent(70)) {
    errand.run_no = unfinished[static_cast<std::size_t>(errands_.below(static_cast<std::int64_t>(unfinished.size())))];
  }
  for (const RunNo run_no : unfinished) {
    if (run_no == errand.run_no || !ground_.strike(Fault::run_left)) continue;
    if (is_final(disk_.find(run_no)->row.state)) ground_.strike(Fault::open_hook_left);
  }
  return errand;
}

/// The run that it was started for has ended, or it has waited for one long enough.
void World::scheduler_leaves() {
  ground_.say("scheduler leaves");
  crash_scheduler(errands_.log_between(kMillisecond, 20 * kSecond));
}

/// From here on nothing breaks, and somebody works on all runs.
void World::calm_down() {
  ground_.say("calm");
  if (scheduler_ && scheduler_->is_alone()) scheduler_leaves();
  let_all_runs_go_on();
  later(4 * kMinute, [this] { let_all_runs_go_on(); });  // what was on its way
  if (!files_.empty()) let_all_go();
  mend_past();
  release_assets();
}

void World::start_scheduler() {
  if (scheduler_) return;
  holder_ = fmt::format("server {}", ++servers_);
  auto folder = lock_.take(holder_);
  if (!folder) return ground_.findings.fail("LOCK", "nobody holds the state, and it says: " + folder.error().message);
  is_lock_lost_ = false;
  const Errand errand = next_errand();
  scheduler_ = std::make_unique<Scheduler>(ground_, disk_, worker_, workload_, scheduler_settings_, errand,
                                           std::move(folder).value());
  if (errand.policy == HostPolicy::one_run) {
    ground_.loop.call(scheduler_->process(), ground_.loop.now() + kAloneMaxUs, [this] { scheduler_leaves(); });
  }
  events_since_start_ = 0;
  served_since_ = ground_.loop.now();
  for (const auto& [run_no, run] : disk_.runs()) {
    if (run.row.paused.holds()) ground_.strike(Fault::paused_over_restart);
  }
  scheduler_->start(wishes_);
  if (!files_.empty()) folder_changed();  // it looks through the folder
  // A wish is fulfilled when its clear is on disk; a scheduler that dies before is asked again.
  checks_.check_event(scheduler_.get(), true);
}

void World::crash_scheduler(DurationUs down_us) {
  ground_.say("scheduler dies");
  scheduler_.reset();
  checks_.check_event(nullptr, false);
  ground_.loop.call(kMachine, ground_.loop.now() + until_next_server(down_us), [this] { start_scheduler(); });
}

void World::consider_crash() {
  if (!ground_.may_harm() || ground_.loop.current() != scheduler_->process()) return;
  const bool recovering = events_since_start_ < 12;
  const bool has_open_hook = may_be_alone_ && std::ranges::any_of(scheduler_->runs(), [this](RunNo run_no) {
    const DagRun* run = scheduler_->engine().run(run_no);
    return run != nullptr && is_final(run->row.state);
  });
  const bool rests = scheduler_->makers() != nullptr && scheduler_->runs().empty();  // it looks at the clock, no more
  if (!ground_.faults.per_mille(has_open_hook ? 120 : recovering ? 30 : rests ? 1 : 4)) return;
  if (!ground_.harm(recovering ? Fault::crash_in_recovery : Fault::scheduler_crash)) return;
  crash_scheduler(ground_.faults.log_between(kMillisecond, 2 * kMinute));
}

void World::after_event() {
  ++events_;
  look_at_deposed();
  if (!has_server()) served_since_ = ground_.loop.now();
  if (!scheduler_) return;
  if (ground_.loop.current() == scheduler_->process()) ++events_since_start_;
  if (!wishes_.empty() && events_since_start_ > 0 && scheduler_->engine().is_idle()) {
    for (const auto& [run_no, dag] : scheduler_->reversions()) checks_.expect_version(run_no, *dag);
    wishes_.clear();
  }
  checks_.check_event(scheduler_.get(), events_ % 100 == 0);
  const bool serves = has_server() && scheduler_settings_.loader != nullptr;  // until the day is over
  if (events_ % 100 == 0 && serves) disk_.backfills().check_standing(served_since_);
  if (scheduler_->is_fatal()) return crash_scheduler(ground_.faults.log_between(kMillisecond, kMinute));
  if (scheduler_->is_done()) return scheduler_leaves();
  consider_crash();
}

DayReport World::run() {
  plan_day();
  start_scheduler();
  MonoUs next = 0;
  while (!ground_.findings.failed() && ground_.loop.peek(next)) {
    checks_.check_idle(next);
    if (ground_.findings.failed()) break;
    ground_.loop.step();
    after_event();
    if (events_ > kEventsMax) ground_.findings.fail("INV-14", "it never ends: too many events");
  }
  if (!ground_.findings.failed()) checks_.check_end(scheduler_.get());
  DayReport report;
  report.failed = ground_.findings.failed();
  report.invariant = ground_.findings.invariant();
  report.what = ground_.findings.what();
  report.last_lines.assign(ground_.trace.last().begin(), ground_.trace.last().end());
  report.hash = ground_.trace.hash();
  report.events = events_;
  report.simulated_us = ground_.loop.now();
  report.counts = ground_.counts;
  return report;
}

}  // namespace baton::sim
