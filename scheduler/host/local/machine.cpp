#include "scheduler/host/local/machine.h"

#include <unistd.h>

#include <filesystem>
#include <map>
#include <thread>
#include <utility>

#include "scheduler/dagfile/breakers.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/engine/critical_path.h"
#include "scheduler/host/folders.h"
#include "scheduler/host/launch_context.h"
#include "scheduler/host/local/folder_lock.h"
#include "scheduler/host/run_reading.h"
#include "scheduler/store/run_source.h"

namespace baton {
namespace {

constexpr std::int32_t kAheadMaxPerSlot = 64;

std::int32_t slots_of(const MachineOptions& options) {
  return options.slots > 0 ? options.slots : static_cast<std::int32_t>(std::thread::hardware_concurrency());
}

Result<std::shared_ptr<const Dag>> dag_of(const RunSnapshot& snapshot) {
  const VersionRow& version = snapshot.version;
  auto dag = from_canonical(version.canonical_json, {version.source_file, version.work_folder});
  if (!dag) return Error{"the stored version of the DAG cannot be read: " + dag.error().message, ErrorKind::storage};
  return dag;
}

/// Brings runs to the loop, from a connection of its own. What lives of a version is shared by all its runs: a crowd of
/// one DAG is compiled once. On the reading thread alone.
class RunReading {
 public:
  explicit RunReading(std::shared_ptr<SqliteRunSource> source) : source_(std::move(source)) {}

  Result<LoadedRun> read(RunNo run_no, Moment now) {
    const auto snapshot = source_->load_run(run_no);
    if (!snapshot) return snapshot.error();
    auto dag = shared_dag_of(*snapshot);
    if (!dag) return dag.error();
    auto run = run_of(*snapshot, *dag, now);
    if (!run) return run.error();
    const auto means = source_->mean_durations((*dag)->id);
    const std::unordered_map<std::string, DurationUs> none;
    return LoadedRun{std::move(run).value(), path_lengths(**dag, means ? *means : none)};
  }

 private:
  Result<std::shared_ptr<const Dag>> shared_dag_of(const RunSnapshot& snapshot) {
    const std::string name = snapshot.run.dag_id + "/" + snapshot.run.dag_version;
    if (auto known = dags_[name].lock()) return known;
    auto dag = dag_of(snapshot);
    if (!dag) return dag;
    std::erase_if(dags_, [](const auto& known) { return known.second.expired(); });
    dags_[name] = *dag;
    return dag;
  }

  std::shared_ptr<SqliteRunSource> source_;
  std::map<std::string, std::weak_ptr<const Dag>> dags_;  ///< by DAG and version
};

}  // namespace

Result<std::unique_ptr<Machine>> Machine::open(MachineOptions options, HostPolicy policy, RunObserver& observer) {
  std::unique_ptr<Machine> machine(new Machine(std::move(options), observer));
  if (Status taken = machine->take(policy); !taken) return taken.error();
  return machine;
}

Machine::~Machine() = default;

Status Machine::take(HostPolicy policy) {
  auto folder = take_folder(options_.state_folder, options_.purpose, options_.wait_for_folder, observer_);
  if (!folder) return folder.error();
  folder_.emplace(std::move(folder).value());
  WorkerLinkOptions link;
  link.program = worker_program();
  if (access(link.program.c_str(), X_OK) != 0) {
    return Error{"there is no baton-worker at " + link.program + "; install both into one folder", ErrorKind::storage};
  }
  link.state_folder = options_.state_folder;
  link.slots = slots_of(options_);
  link.tasks_outlive_us = policy == HostPolicy::all_runs;
  link.before_launch = [this](RunNo run_no) { run_folders_.launches(run_no); };
  auto worker = WorkerLink::start(loop_, link);
  if (!worker) return worker.error();
  worker_ = std::move(worker).value();
  executors_.add("local", *worker_);
  auto store = SqliteStore::open_for_writing(options_.state_folder, loop_);
  if (!store) return store.error();
  store_ = std::move(store).value();
  if (store_->was_restored()) observer_.notice(kRestoredNotice);
  if (policy == HostPolicy::all_runs) {
    if (Status made = make_loader(); !made) return made.error();
  }
  make_host(policy);
  return host_->open();
}

Status Machine::make_loader() {
  auto source = SqliteRunSource::open(options_.state_folder);
  if (!source) return source.error();
  const std::shared_ptr<SqliteRunSource> shared = std::move(source).value();
  const auto runs = std::make_shared<RunReading>(shared);
  loader_ = std::make_unique<RunReadingThread>(
      loop_, [runs](RunNo run_no, Moment now) { return runs->read(run_no, now); },
      [shared](const IdempotencyKey& key) { return shared->find_key(key.principal, key.route, key.key); },
      [shared](RunNo run_no) { return shared->load_row(run_no); });
  return Unit{};
}

void Machine::make_host(HostPolicy policy) {
  HostSettings settings;
  settings.policy = policy;
  settings.engine.core.instances_max = options_.config.max_instances;
  settings.engine.ahead_max = kAheadMaxPerSlot * slots_of(options_);
  settings.pools = options_.config.pools;
  settings.breakers = dagfile::breakers_from_json(options_.config.breakers_json);
  HostParts parts{loop_, *store_, executors_, &observer_, dag_of, nullptr, [this](const RunRow& run) { begins(run); }};
  parts.check_tasks = [this](const Dag& dag, const std::vector<bool>& wanted) {
    return check_secrets(dag, wanted, options_.secret, connections());
  };
  parts.secrets_of = [this](const Dag& dag, TaskNo t) { return secrets_of(dag, t, options_.secret, connections()); };
  parts.loader = loader_.get();
  parts.keys = loader_.get();
  LaunchContext launch = launch_context(options_.state_folder, store_->store_id(), options_.config, options_.secret);
  set_connections(options_.config);
  launch.connection = connections();
  host_ = std::make_unique<Host>(std::move(parts), std::move(launch), std::move(settings));
  host_->on_fatal([this](const Fatal& fatal) {
    const std::string detail = store_->what_broke();
    if (failed_) failed_({fatal.message + (detail.empty() ? "" : ": " + detail), ErrorKind::storage});
  });
}

ConnectionSource Machine::connections() const {
  return [this](const std::string& name) -> Result<Connection> {
    if (const Connection* const found = find_connection(connections_, name)) return *found;
    return Error{"there is no connection \"" + name + "\"", ErrorKind::not_found};
  };
}

void Machine::set_connections(const Config& config) {
  connections_ = launch_connections(config);
}

void Machine::begins(const RunRow& run) {
  if (loader_ == nullptr) folder_->name_run(run.run_id);  // a server works on many
  run_folders_.begins(run.run_no);
}

void Machine::connect(std::function<void(Error)> failed) {
  failed_ = std::move(failed);
  worker_->connect(executors_.events("local", host_->executor_events()), store_->store_id(), store_->leader_epoch(),
                   [this](const std::string& why) { failed_({why, ErrorKind::storage}); });
}

void Machine::close() {
  if (loader_) loader_->stop();
  store_->stop();
}

std::string work_base(const std::string& state_folder) {
  return state_folder + "/work";
}

void remove_work_folder(const std::string& state_folder, RunNo run_no) {
  std::error_code ignored;
  std::filesystem::remove_all(work_base(state_folder) + "/" + std::to_string(run_no), ignored);
}

}  // namespace baton
