#include "tests/sim/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace baton::sim {
namespace {

LaunchContext launch_context_of(const SimStore& store) {
  LaunchContext context;
  context.state_folder = "/state";
  context.store_id = store.store_id();
  context.worker_program = "/bin/baton-worker";
  context.task_program = "/bin/baton-task";
  context.default_shell = {"sh", "-eu"};
  context.secret = [](const std::string&) { return Result<std::string>{Error{"no secrets here"}}; };
  return context;
}

Actor somebody() {
  return {"somebody", "", "cli"};
}

HostSettings host_settings(const SchedulerSettings& s, const Workload& workload, HostPolicy policy) {
  HostSettings settings;
  settings.policy = policy;
  settings.engine.ahead_max = s.ahead_max;
  settings.pools = workload.pools;
  settings.breakers = workload.breakers;
  return settings;
}

}  // namespace

Scheduler::Scheduler(Ground& ground, Disk& disk, SimWorker& worker, const Workload& workload,
                     SchedulerSettings settings, Errand errand, StateFolder folder)
    : folder_(std::move(folder)), ground_(ground), disk_(disk), workload_(workload), process_(ground.loop.spawn()),
      loop_(ground.loop, process_, hash_of({ground.options.seed, 5, process_})), store_(ground, disk, process_),
      link_(ground, worker, process_, settings.slots, store_.leader_epoch()), keys_(ground, disk.keys(), process_),
      children_(ground, store_, process_, workload),
      errand_(errand) {
  disk.note_leader(errand.policy == HostPolicy::one_run);
  link_.is_stale = [this](const AttemptKey& key) {
    const DagRun* run = engine().run(key.run_no);
    const InstanceNo i = run == nullptr ? -1 : run->find(key);
    return i >= 0 && run->at(i).epoch != key.epoch;
  };
  link_.on_refused = [this] {
    ground_.say("fatal: the worker has another scheduler");
    fatal_ = true;
  };
  host_ = std::make_unique<Host>(parts(), launch_context_of(store_), host_settings(settings, workload, errand.policy));
  host_->on_fatal([this](const Fatal& why) {
    ground_.say("fatal: " + why.message);
    fatal_ = true;
  });
  host_->on_finished([this](const DagRun& run) { finished(run); });
  host_->engine().make_children_with(&children_);
  if (settings.loader != nullptr && errand.policy == HostPolicy::all_runs) make_makers(*settings.loader);
}

void Scheduler::make_makers(LoaderThread& loader) {
  const auto find_events = [this](const std::string& asset, std::int64_t after, std::size_t limit,
                                  const AssetHost::OnEvents& done) {
    const MonoUs at = ground_.loop.now() + ground_.latency.log_between(50, 20 * kMillisecond);
    ground_.loop.call(process_, at, [this, asset, after, limit, done] {
      const std::vector<std::int64_t> found = disk_.assets().events_of(asset, after, limit);
      if (!found.empty()) ground_.strike(Fault::asset_events_read);
      done(found);
    });
  };
  makers_ = std::make_unique<RunMakers>(RunMakersParts{
      loop_, store_, store_, *host_, loader, Config{}, find_events,
      [this](const std::string& line) { ground_.say("server: " + line); }});
  holds_.emplace(loop_, makers_->ticks());
  const auto find_letters = [this](const LetterQuery& query, const JobHost::OnPage& done) {
    const MonoUs at = ground_.loop.now() + ground_.latency.log_between(50, 20 * kMillisecond);
    ground_.loop.call(process_, at, [this, query, done] { done(disk_.letters().page(query)); });
  };
  const auto say = [this](const std::string& line) { ground_.say("server: " + line); };
  job_host_ = std::make_unique<JobsOnEngine>(loop_, *host_, makers_->ticks(), makers_->shelf(),
                                             JobSources{find_letters, nullptr, nullptr, say});
  job_watch_ = std::make_unique<JobWatch>(ground_, disk_.letters(), *job_host_);
  jobs_ = std::make_unique<BulkJobs>(loop_, *job_watch_);
  backfills_ = std::make_unique<SimBackfills>(ground_, disk_, loop_, store_, *host_, *makers_);
}

void Scheduler::stop_makers() {
  makers_->stop();
  backfills_->stop();
  jobs_->stop();
}

/// As a server does, before anybody may ask it.
void Scheduler::start_makers() {
  const auto found = store_.load_service();
  if (!found) return ground_.findings.fail("INV-01", "what is stored of DAGs cannot be read: " + found.error().message);
  if (Status told = makers_->watch_runs(); !told) ground_.findings.fail("INV-01", told.error().message);
  for (const std::vector<DagPlan>& versions : workload_.timed) {
    for (const DagPlan& plan : versions) {
      for (const auto& dag : {plan.dag, plan.newer}) makers_->shelf().put({dag, version_row_of(*dag)});
    }
  }
  makers_->start(*found);
  jobs_->start(*found);
  backfills_->start(*found);
  for (const DagRow& row : found->dags) {  // no file is read again that was read
    const auto is_it = [&](const std::shared_ptr<const Dag>& dag) { return dag->version == row.version; };
    for (const std::vector<DagPlan>& versions : workload_.timed) {
      for (const DagPlan& plan : versions) {
        if (plan.dag->id == row.dag_id && is_it(plan.dag)) files_[row.dag_id] = row.stale.holds() ? nullptr : plan.dag;
      }
    }
  }
}

void Scheduler::read_file(const std::string& dag_id, std::shared_ptr<const Dag> dag) {
  files_[dag_id] = dag;
  DagFileRow file;
  file.path = "/dags/" + dag_id;
  if (dag == nullptr) {
    ground_.say("the file of " + dag_id + " is gone");
    file.is_gone = true;
    return makers_->ticks().lose_dag(dag_id, "its file is gone", {}, [this, file] {
      makers_->tick_host().write({.files = {file}}, {}, [] {});
    });
  }
  ground_.say("the file of " + dag_id + " holds " + dag->version);
  makers_->tick_host().write({.files = {file}}, {}, [] {});
  makers_->give({dag, version_row_of(*dag)}, file.path, [this] { makers_->look(); });
}

/// A server looks once a second at what may run that could not; here it does when that has changed.
template <typename Asks>
void Scheduler::hold_and_look(const Asks& request, Holds::OnHeld done) {
  holds_->hold(request, somebody(), [this, done = std::move(done)](const Status& how) {
    if (disk_.leads(store_.leader_epoch())) done(how);
    makers_->look();
  });
}

void Scheduler::hold(const HoldDag& request, Holds::OnHeld done) { hold_and_look(request, std::move(done)); }
void Scheduler::hold(const HoldServer& request, Holds::OnHeld done) { hold_and_look(request, std::move(done)); }

void SimLoader::load(RunNo run_no, Moment, OnLoaded done) {
  const MonoUs at = ground_.loop.now() + ground_.latency.log_between(50, 20 * kMillisecond);
  ground_.loop.call(process_, at, [this, run_no, done = std::move(done)] {
    done(read_(run_no, {ground_.loop.wall(), ground_.loop.now()}));
  });
}

void SimLoader::load_row(RunNo run_no, OnRow done) {
  const MonoUs at = ground_.loop.now() + ground_.latency.log_between(50, 20 * kMillisecond);
  ground_.loop.call(process_, at, [this, run_no, done = std::move(done)] {
    const DiskRun* run = disk_.find(run_no);
    done(run == nullptr ? Result<RunRow>(Error{"it is not there", ErrorKind::not_found}) : Result<RunRow>(run->row));
  });
}

/// A while later, as one that reads the DAG. What the run does hangs on its number.
void SimChildren::make_child(const ChildAsk& ask, OnMade done) {
  const MonoUs at = ground_.loop.now() + ground_.latency.log_between(50, 20 * kMillisecond);
  ground_.loop.call(process_, at, [this, ask, done = std::move(done)] {
    const auto named = [&](const DagPlan& plan) { return plan.dag->id == ask.dag_id; };
    const auto plan = std::find_if(workload_.dags.begin(), workload_.dags.end(), named);
    if (plan == workload_.dags.end()) return done(Error{"there is no such DAG", ErrorKind::not_found});
    NewRun wanted;
    const RunNo run_no = store_.next_run_no();
    const bool is_edited = ask.dag_id.front() == 'r' && run_no % 3 == 0;
    wanted.dag = is_edited ? plan->newer : plan->dag;
    wanted.version = version_row_of(*wanted.dag);
    wanted.params = value_of(params_of(ground_.options.seed, run_no));
    wanted.run_id = fmt::format("child__{}", run_no);
    wanted.interval_start = wanted.interval_end = ground_.loop.wall();
    ChildRun made;
    made.creation = creation_of(wanted, run_no, ground_.loop.wall(), 0);
    made.params = wanted.params;
    ground_.say(fmt::format("a task starts run {} of {}", run_no, ask.dag_id));
    done(std::move(made));
  });
}

HostParts Scheduler::parts() {
  const auto read_dag = [this](const RunSnapshot& snapshot) { return dag_of(snapshot); };
  loader_ = std::make_unique<SimLoader>(ground_, disk_, process_, [this, read_dag](RunNo run_no, Moment now) {
    return read_run(store_, read_dag, run_no, now);
  });
  RunLoader* const loader = errand_.policy == HostPolicy::all_runs ? loader_.get() : nullptr;  // as Machine has it
  return {loop_, store_, link_, nullptr, read_dag, nullptr, nullptr, loader, &keys_};
}

/// Versions are not written here; what they become is tested by their own room.
Result<std::shared_ptr<const Dag>> Scheduler::dag_of(const RunSnapshot& snapshot) const {
  const DiskRun* on_disk = disk_.find(snapshot.run.run_no);
  if (on_disk == nullptr) return Error{"it is not on disk", ErrorKind::storage};
  return on_disk->dag;
}

void Scheduler::finished(const DagRun& run) {
  ground_.say(fmt::format("run {} has finished: {}", run.row.run_no, to_string(run.row.state)));
  const DiskRun* on_disk = disk_.find(run.row.run_no);
  const bool is_so = on_disk != nullptr && on_disk->is_finished();
  if (!is_so && disk_.leads(store_.leader_epoch())) {
    ground_.findings.fail("INV-01", fmt::format("run {} is told finished and is not so on disk", run.row.run_no));
  }
  if (!makers_) return;
  makers_->run_ended(run);
  backfills_->run_ended(run.row.run_no);
}

std::shared_ptr<const VersionRow> version_row_of(const Dag& dag) {
  auto row = std::make_shared<VersionRow>();
  row->dag_id = dag.id;
  row->version = dag.version;
  row->canonical_json = "{}";
  row->work_folder = dag.work_folder;
  row->source_file = dag.source_file;
  row->created_at = kMidnights.front();
  return row;
}

Scheduler::~Scheduler() {
  store_.crash();
  ground_.loop.kill(process_);
  link_.die();
}

void Scheduler::start(const std::vector<RetryWish>& wishes) {
  ground_.say(fmt::format("scheduler {} starts", process_));
  if (auto opened = host_->open(); !opened) {
    ground_.findings.fail("INV-01", "nothing can be adopted: " + opened.error().message);
  }
  if (makers_) start_makers();
  for (const RetryWish& wish : wishes) {
    const std::vector<RunNo> ours = runs();
    if (!std::ranges::binary_search(ours, wish.run_no) && takes_runs()) retry(wish);
  }
  if (is_alone() && errand_.run_no != 0) resume(errand_.run_no);
  link_.connect(host_->executor_events());
}

void Scheduler::start_with(Request request, const std::string& what) {
  host_->start_with(std::move(request), somebody(), [this, what](const Result<Answer>& how) {
    if (!how) ground_.findings.fail("INV-01", "a run cannot be " + what + ": " + how.error().message);
  });
}

void Scheduler::resume(RunNo run_no) {
  start_with(ResumeRun{run_no, ""}, "resumed");
  has_run_ = true;
  if (ground_.strike(Fault::resumed_alone)) ground_.say(fmt::format("it works on run {} alone", run_no));
}

void Scheduler::retry(const RetryWish& wish) {
  const DiskRun* on_disk = disk_.find(wish.run_no);
  if (on_disk == nullptr) return;
  // The wish was granted as the last scheduler died, before it could say so: the run waits once more.
  if (on_disk->row.state == RunState::queued && on_disk->row.begun_at == kNoTime) return;
  RetryRun request;
  request.run_no = wish.run_no;
  if (wish.from) request.from = on_disk->dag->task(*wish.from).id;
  request.latest = wish.latest;
  if (wish.latest) request.latest_version = version_row_of(*wish.latest);
  const std::shared_ptr<const Dag> old = on_disk->dag;
  start_with(std::move(request), "retried");
  has_run_ = true;
  if (engine().run(wish.run_no) == nullptr) return;  // there was nothing to do again
  ground_.say(fmt::format("retry of run {}", wish.run_no));
  ground_.strike(wish.from ? Fault::retry_from : Fault::retry_failed);
  if (!wish.latest || wish.latest == old) return;
  ground_.strike(Fault::retry_latest);
  reversions_[wish.run_no] = wish.latest;
}

RunNo Scheduler::create(NewRun request, std::function<void(RunNo, const Result<Answer>&)> done) {
  has_run_ = true;
  TriggerRun trigger = host_->trigger_of(std::move(request));
  const RunNo run_no = trigger.creation.run.run_no;
  ask(std::move(trigger), [run_no, done = std::move(done)](const Result<Answer>& how) { done(run_no, how); });
  return run_no;
}

void Scheduler::create(NewRun request, IdempotencyKey key, Control::OnAnswer done) {
  has_run_ = true;
  ++asked_;
  const Status taken = host_->ask(host_->trigger_of(std::move(request)), somebody(), std::move(key),
                                  while_it_leads(std::move(done)));
  if (!taken) ground_.findings.fail("INV-11", "too much is asked: " + taken.error().message);
}

/// What one that is deposed says was so when it was written; nobody can tell what has become of it since. What it is
/// asked for from then on it cannot grant, nor what it has heard is refused.
Control::OnAnswer Scheduler::while_it_leads(Control::OnAnswer done) {
  const bool has_led = disk_.leads(store_.leader_epoch());
  return [this, has_led, done = std::move(done)](const Result<Answer>& how) {
    --asked_;
    if (disk_.leads(store_.leader_epoch())) return done(how);
    if (how && (!has_led || store_.is_fenced())) {
      ground_.findings.fail("LOCK", "a scheduler whose state another has taken grants what it is asked for");
    }
  };
}

void Scheduler::ask(Request request, Control::OnAnswer done) {
  ++asked_;
  const Status taken = host_->ask(std::move(request), somebody(), while_it_leads(std::move(done)));
  if (!taken) ground_.findings.fail("INV-11", "too much is asked: " + taken.error().message);
}

void Scheduler::hold_claims() {
  claims_held_ = true;
  engine().hold_claims();
}

void Scheduler::resume_claims() {
  claims_held_ = false;
  engine().resume_claims();
}

}  // namespace baton::sim
