#include "tests/sim/scheduler.h"

#include <fmt/format.h>

#include <utility>

#include "scheduler/engine/clear.h"
#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/recovery.h"

namespace baton::sim {
namespace {

Renderer renderer_of(const SimStore& store) {
  LaunchContext context;
  context.state_folder = "/state";
  context.store_id = store.store_id();
  context.worker_program = "/bin/baton-worker";
  context.default_shell = {"sh", "-eu"};
  context.secret = [](const std::string&) { return Result<std::string>{Error{"no secrets here"}}; };
  return Renderer(std::move(context));
}

EngineSettings engine_settings(const SchedulerSettings& s) {
  EngineSettings settings;
  settings.slots = s.slots;
  settings.ahead_max = s.ahead_max;
  return settings;
}

}  // namespace

Scheduler::Scheduler(Ground& ground, Disk& disk, SimWorker& worker, const Workload& workload,
                     SchedulerSettings settings)
    : ground_(ground), disk_(disk), workload_(workload), process_(ground.loop.spawn()),
      loop_(ground.loop, process_, hash_of({ground.options.seed, 5, process_})), store_(ground, disk, process_),
      link_(ground, worker, process_, settings.slots) {
  link_.is_stale = [this](const AttemptKey& key) {
    const DagRun* run = engine_->run(key.run_no);
    const InstanceNo i = run == nullptr ? -1 : run->find(key);
    return i >= 0 && run->at(i).epoch != key.epoch;
  };
  engine_ = std::make_unique<Engine>(loop_, store_, link_, renderer_of(store_), engine_settings(settings), nullptr);
  for (const PoolSpec& pool : workload.pools) engine_->set_pool(pool.name, pool.slots);
  engine_->on_fatal([this](const Fatal& why) {
    ground_.say("fatal: " + why.message);
    fatal_ = true;
  });
  engine_->on_finished([this](const DagRun& run) {
    ground_.say(fmt::format("run {} has finished: {}", run.row.run_no, to_string(run.row.state)));
    runs_.erase(run.row.run_no);
    const DiskRun* on_disk = disk_.find(run.row.run_no);
    if (on_disk == nullptr || !on_disk->is_finished()) {
      ground_.findings.fail("INV-01", fmt::format("run {} is told finished and is not so on disk", run.row.run_no));
    }
  });
}

std::shared_ptr<const VersionRow> version_row_of(const Dag& dag) {
  auto row = std::make_shared<VersionRow>();
  row->dag_id = dag.id;
  row->version = dag.version;
  row->canonical_json = "{}";
  row->work_folder = dag.work_folder;
  row->source_file = dag.source_file;
  row->created_at = kMidnight;
  return row;
}

Scheduler::~Scheduler() {
  store_.crash();
  ground_.loop.kill(process_);
  link_.die();
}

void Scheduler::start(const std::vector<RetryWish>& wishes) {
  ground_.say(fmt::format("scheduler {} starts", process_));
  const auto unfinished = store_.unfinished_runs();
  const std::set<RunNo> todo(unfinished->begin(), unfinished->end());
  for (const RunNo run_no : todo) adopt(run_no, nullptr);
  for (const RetryWish& wish : wishes) {
    if (!todo.contains(wish.run_no) && !runs_.contains(wish.run_no)) adopt(wish.run_no, &wish);
  }
  link_.connect(*engine_);
}

void Scheduler::adopt(RunNo run_no, const RetryWish* wish) {
  auto snapshot = store_.load_run(run_no);
  const DiskRun* on_disk = disk_.find(run_no);
  if (!snapshot || on_disk == nullptr) return;
  const Moment now{loop_.wall_now(), loop_.mono_now()};
  const bool reverts = wish != nullptr && wish->latest != nullptr;
  const std::shared_ptr<const Dag> dag = reverts ? wish->latest : on_disk->dag;
  auto run = restore_run(*snapshot, dag, now);
  if (!run) {
    ground_.findings.fail("INV-01", "a run cannot be restored: " + run.error().message);
    return;
  }
  StepOutcome cleared;
  std::vector<AuditRow> audit;
  if (wish != nullptr) {
    const auto selected = wish->from ? select_from(*run, *wish->from) : select_failed(*run);
    if (selected.empty()) return;
    ground_.say(fmt::format("retry of run {} clears {} instances", run_no, selected.size()));
    ground_.strike(wish->from ? Fault::retry_from : Fault::retry_failed);
    clear_instances(*run, selected, now, cleared);
    AuditRow row;
    row.at = now.wall;
    row.actor = "cli";
    row.action = "retry";
    row.dag_id = run->row.dag_id;
    row.run_id = run->row.run_id;
    audit.push_back(std::move(row));
  }
  std::shared_ptr<const VersionRow> version;
  if (reverts) {
    ground_.strike(Fault::retry_latest);
    run->row.dag_version = dag->version;
    reversions_[run_no] = dag;
    version = version_row_of(*dag);
  }
  runs_.insert(run_no);
  engine_->adopt_run(std::move(run).value(), path_lengths(*dag, *store_.mean_durations(dag->id)), std::move(cleared),
                     std::move(audit), std::move(version));
}

void Scheduler::create(RunCreation creation, Value params, std::function<void(const PartVerdict&)> done) {
  const RunNo run_no = creation.run.run_no;
  runs_.insert(run_no);
  auto path = path_lengths(*creation.dag, *store_.mean_durations(creation.dag->id));
  engine_->create_run(std::move(creation), std::move(params), std::move(path),
                      [this, run_no, done = std::move(done)](const PartVerdict& verdict) {
                        if (!verdict.is_done()) runs_.erase(run_no);
                        done(verdict);
                      });
}

void Scheduler::hold_claims() {
  claims_held_ = true;
  engine_->hold_claims();
}

void Scheduler::resume_claims() {
  claims_held_ = false;
  engine_->resume_claims();
}

}  // namespace baton::sim
