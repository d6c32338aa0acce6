#include "scheduler/host/local/local_host.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/executor/executors.h"
#include "scheduler/executor/local/worker_link.h"
#include "scheduler/host/folders.h"
#include "scheduler/host/launch_context.h"
#include "scheduler/host/local/folder_lock.h"
#include "scheduler/store/sqlite_store.h"

namespace baton {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::int32_t kAheadMaxPerSlot = 64;
constexpr DurationUs kShutdownGraceUs = 2 * kSecond;
constexpr DurationUs kShutdownWaitUs = 10 * kSecond;
/// How long what was killed may take to end before this process goes without it; and then the worker.
constexpr DurationUs kKilledWaitUs = 3 * kSecond;
constexpr DurationUs kAbandonedWaitUs = kSecond;

std::int32_t slots_of(const LocalHostOptions& options) {
  return options.slots > 0 ? options.slots : static_cast<std::int32_t>(std::thread::hardware_concurrency());
}

Result<std::shared_ptr<const Dag>> dag_of(const RunSnapshot& snapshot) {
  const VersionRow& version = snapshot.version;
  auto dag = from_canonical(version.canonical_json, {version.source_file, version.work_folder});
  if (!dag) return Error{"the stored version of the DAG cannot be read: " + dag.error().message, ErrorKind::storage};
  return dag;
}

}  // namespace

class LocalHost::Impl {
 public:
  Impl(LocalHostOptions options, RunObserver& observer) : options_(std::move(options)), observer_(observer) {}

  Status open();
  Result<RunEnd> start_with(Request request, RunNo run_no, LocalHost& self);
  Result<RunEnd> loop_until_ended(LocalHost& self);
  void make_host();
  void prepare(const RunRow& run);
  void finished(const DagRun& run);
  void watch_signals();
  void interrupt(int number);
  void give_up();
  void fail(Error error);

  LocalHostOptions options_;
  RunObserver& observer_;
  AsioLoop loop_;
  std::optional<StateFolder> folder_;
  std::unique_ptr<WorkerLink> worker_;
  Executors executors_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<asio::signal_set> signals_;
  std::function<Attachment(LocalHost&)> attach_;
  RunNo run_no_ = 0;
  int interrupts_ = 0;
  bool gave_up_ = false;
  std::optional<Result<Answer>> refused_;  ///< or there was nothing to do
  std::optional<RunEnd> end_;
  std::optional<Error> error_;
};

Status LocalHost::Impl::open() {
  auto folder = take_folder(options_.state_folder, options_.purpose, options_.wait_for_folder, observer_);
  if (!folder) return folder.error();
  folder_.emplace(std::move(folder).value());
  // The worker comes up while the database is opened.
  WorkerLinkOptions link;
  link.program = worker_program();
  if (access(link.program.c_str(), X_OK) != 0) {
    return Error{"there is no baton-worker at " + link.program + "; install both into one folder", ErrorKind::storage};
  }
  link.state_folder = options_.state_folder;
  link.slots = slots_of(options_);
  auto worker = WorkerLink::start(loop_, link);
  if (!worker) return worker.error();
  worker_ = std::move(worker).value();
  executors_.add("local", *worker_);
  auto store = SqliteStore::open_for_writing(options_.state_folder, loop_);
  if (!store) return store.error();
  store_ = std::move(store).value();
  make_host();
  return host_->open();
}

void LocalHost::Impl::make_host() {
  HostSettings settings;
  settings.policy = HostPolicy::one_run;
  settings.engine.core.instances_max = options_.config.max_instances;
  settings.engine.ahead_max = kAheadMaxPerSlot * slots_of(options_);
  settings.pools = options_.config.pools;
  HostParts parts{loop_, *store_, executors_, &observer_, dag_of, nullptr, [this](const RunRow& run) { prepare(run); }};
  parts.check_tasks = [this](const Dag& dag, const std::vector<bool>& wanted) {
    return check_secrets(dag, wanted, options_.secret);
  };
  host_ = std::make_unique<Host>(
      std::move(parts), launch_context(options_.state_folder, store_->store_id(), options_.config, options_.secret),
      std::move(settings));
  host_->on_fatal([this](const Fatal& fatal) {
    const std::string detail = store_->what_broke();
    fail({fatal.message + (detail.empty() ? "" : ": " + detail), ErrorKind::storage});
  });
  host_->on_finished([this](const DagRun& run) { finished(run); });
}

void LocalHost::Impl::prepare(const RunRow& run) {
  folder_->name_run(run.run_id);
  for (const char* part : {"/work", "/logs", "/outputs"}) {
    const std::string base = options_.state_folder + part;
    mkdir(base.c_str(), 0700);
    mkdir((base + "/" + std::to_string(run.run_no)).c_str(), 0700);
  }
}

void LocalHost::Impl::finished(const DagRun& run) {
  if (run.row.state == RunState::success) {
    std::error_code ignored;
    fs::remove_all(options_.state_folder + "/work/" + std::to_string(run.row.run_no), ignored);
  }
  end_ = RunEnd{.state = run.row.state, .interrupted = interrupts_ > 0};
  loop_.stop();
}

void LocalHost::Impl::fail(Error error) {
  if (!error_) error_ = std::move(error);
  loop_.stop();
}

void LocalHost::Impl::watch_signals() {
  signals_ = std::make_unique<asio::signal_set>(loop_.context(), SIGINT, SIGTERM, SIGHUP);
  signals_->async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) interrupt(number);
  });
}

/// The first one stops the tasks with their grace; the next one kills; one more does not wait for that.
void LocalHost::Impl::interrupt(int number) {
  const bool again = ++interrupts_ > 1;
  if (interrupts_ > 2) return give_up();
  const char* why = number == SIGINT ? "interrupted at the terminal" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
  // Where it has ended meanwhile there is nothing to stop, and its end is on the way here. A stop that is refused because
  // too much is asked at once is asked again by the next signal.
  const Status asked = host_->ask(StopRun{run_no_, again, why}, options_.actor, nullptr);
  if (!asked) observer_.notice(asked.error().message);
  observer_.notice(again ? "killing what still runs" : "stopping: tasks get their grace; again to kill them");
  watch_signals();
  if (again) loop_.call_at(loop_.mono_now() + kKilledWaitUs, [this] { give_up(); });
}

/// A worker that does not answer must not keep a person waiting: it is killed with all that it runs, and the run stays
/// as it is in the store, being stopped.
void LocalHost::Impl::give_up() {
  if (end_) return;
  gave_up_ = true;
  observer_.notice("what was killed has not ended: the worker is killed; the run can be resumed or stopped later");
  end_ = RunEnd{.interrupted = true};
  loop_.stop();
}

Result<RunEnd> LocalHost::Impl::loop_until_ended(LocalHost& self) {
  watch_signals();
  Attachment attachment;
  if (attach_) attachment = attach_(self);
  worker_->connect(executors_.events("local", host_->executor_events()), store_->store_id(), store_->leader_epoch(),
                   [this](const std::string& why) { fail({why, ErrorKind::storage}); });
  loop_.run();
  attachment.reset();
  signals_.reset();
  worker_->shut_down(gave_up_ ? 0 : kShutdownGraceUs, gave_up_ ? kAbandonedWaitUs : kShutdownWaitUs);
  store_->stop();
  if (error_) return *error_;
  return end_.value_or(RunEnd{});
}

Result<RunEnd> LocalHost::Impl::start_with(Request request, RunNo run_no, LocalHost& self) {
  run_no_ = run_no;
  host_->start_with(std::move(request), options_.actor, [this](const Result<Answer>& how) {
    if (how && how->has_changed) return;
    refused_ = how;
    loop_.stop();
  });
  if (!refused_) {
    auto end = loop_until_ended(self);
    if (!refused_ || error_) return end;
  }
  if (!*refused_) return refused_->error();
  return RunEnd{.state = (*refused_)->state, .did_nothing = true};
}

// ── the public face ─────────────────────────────────────────────────────────────────────────────────────────────────

LocalHost::LocalHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalHost::~LocalHost() = default;

Result<std::unique_ptr<LocalHost>> LocalHost::open(LocalHostOptions options, RunObserver& observer) {
  auto impl = std::make_unique<Impl>(std::move(options), observer);
  if (auto opened = impl->open(); !opened) return opened.error();
  return std::unique_ptr<LocalHost>(new LocalHost(std::move(impl)));
}

void LocalHost::on_loop(std::function<Attachment(LocalHost&)> attach) {
  impl_->attach_ = std::move(attach);
}
AsioLoop& LocalHost::loop() {
  return impl_->loop_;
}
Host& LocalHost::host() {
  return *impl_->host_;
}
RunNo LocalHost::run_no() const {
  return impl_->run_no_;
}

Result<RunEnd> LocalHost::run(NewRun request) {
  if (auto checked = check_request(*request.dag, request.selected, request.params, impl_->options_.secret); !checked) {
    return checked.error();
  }
  TriggerRun trigger = impl_->host_->trigger_of(std::move(request));
  const RunNo run_no = trigger.creation.run.run_no;
  return impl_->start_with(std::move(trigger), run_no, *this);
}

Result<RunEnd> LocalHost::go_on(Request request) {
  const RunNo run_no = run_of(request);
  return impl_->start_with(std::move(request), run_no, *this);
}

}  // namespace baton
