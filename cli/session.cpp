#include "cli/session.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <thread>

#include "cli/control.h"
#include "cli/secrets.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/engine/clear.h"
#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/engine.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/executor/worker_link.h"
#include "scheduler/expr/json.h"
#include "scheduler/loop/asio_loop.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/state_folder.h"

namespace baton {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::int32_t kAheadMaxPerSlot = 64;
constexpr DurationUs kShutdownGraceUs = 2 * kSecond;
constexpr DurationUs kShutdownWaitUs = 10 * kSecond;
constexpr DurationUs kStopAnswerUs = 5 * kSecond;

Result<std::string> worker_program() {
  if (const char* given = std::getenv("BATON_WORKER")) return std::string(given);
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / "baton-worker";
  if (fs::exists(beside, error)) return beside.string();
  return Error{"baton-worker is not beside baton (" + beside.string() + "); install both into one folder",
               ErrorKind::storage};
}

bool is_in_path(const char* program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, colon)) + "/" + program;
    if (access(candidate.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return false;
}

std::vector<std::string> base_env(const Config& config) {
  std::vector<std::string> env;
  const auto pass = [&](const std::string& name) {
    if (const char* value = std::getenv(name.c_str())) env.push_back(name + "=" + value);
  };
  for (const char* name : {"PATH", "HOME", "LANG", "TZ"}) pass(name);
  for (const std::string& name : config.pass_env) pass(name);
  return env;
}

std::string manual_run_id(WallUs now, std::uint64_t random) {
  const std::time_t seconds = now / kSecond;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const std::size_t n = std::strftime(text, sizeof text, "manual__%Y-%m-%dT%H:%M:%S", &utc);
  std::string id(text, n);
  char fraction[40];
  std::snprintf(fraction, sizeof fraction, ".%06lld+00:00_", static_cast<long long>(now % kSecond));
  id += fraction;
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (int i = 0; i < 6; ++i, random /= 36) id += kLetters[random % 36];
  return id;
}

/// `removed` for what --task leaves out: neither named nor upstream of what is named.
Result<std::vector<TaskState>> select_tasks(const Dag& dag, const std::vector<std::string>& names) {
  if (names.empty()) return std::vector<TaskState>{};
  std::vector<TaskState> states(dag.tasks.size(), TaskState::removed);
  std::vector<TaskNo> todo;
  for (const std::string& name : names) {
    const auto t = dag.find(name);
    if (!t) return Error{"there is no task \"" + name + "\" in " + dag.id};
    todo.push_back(*t);
  }
  while (!todo.empty()) {
    const TaskNo t = todo.back();
    todo.pop_back();
    auto& state = states[static_cast<std::size_t>(t)];
    if (state == TaskState::none) continue;
    state = TaskState::none;
    for (const TaskNo u : dag.upstream.of(t)) todo.push_back(u);
  }
  for (std::size_t t = 0; t < states.size(); ++t) {
    if (dag.tasks[t].hook != Hook::none) states[t] = TaskState::none;
  }
  return states;
}

class SilentObserver final : public RunObserver {
 public:
  void run_began(const DagRun&) override {}
  void instance_changed(const DagRun&, const TaskRow&) override {}
  void try_ended(const DagRun&, const TryRow&) override {}
  void run_ended(const DagRun&) override {}
  void notice(const std::string&) override {}
};

/// A run keeps its task instances by number: another version fits when it has the same tasks in the same order.
Status same_tasks(const Dag& old, const Dag& latest) {
  bool same = old.tasks.size() == latest.tasks.size();
  for (std::size_t t = 0; same && t < old.tasks.size(); ++t) {
    const bool mapped = old.tasks[t].spec->mapping.kind != Mapping::Kind::none;
    same = old.tasks[t].id == latest.tasks[t].id && old.tasks[t].hook == latest.tasks[t].hook &&
           mapped == (latest.tasks[t].spec->mapping.kind != Mapping::Kind::none);
  }
  if (same) return Unit{};
  return Error{"tasks have been added, removed or put in another order since this run: --latest cannot take it over; "
               "begin a new run with `baton run`",
               ErrorKind::conflict};
}

/// One engine with all that it stands on, for one run.
class Session {
 public:
  Session(const SessionOptions& options, RunObserver& observer) : options_(options), observer_(observer) {}

  Status open();
  Result<SessionEnd> run_new(NewRun request);
  Result<SessionEnd> go_on(RunNo run_no, const RetryRequest* retry);
  /// Ends a run that nobody works on: what was running is dead, due teardowns and hooks still run.
  Result<SessionEnd> end_orphaned(RunNo run_no, bool kill_now);

 private:
  void make_engine();
  void watch_signals();
  void listen_for_stop();
  void interrupt(int signal);
  Result<SessionEnd> loop_until_ended();
  void fail(Error error);
  [[nodiscard]] std::vector<DurationUs> path_of(const Dag& dag);
  Result<std::shared_ptr<const Dag>> dag_of(const RunSnapshot& snapshot) const;
  void make_work_dir(RunNo run_no);
  void add_pools(const Dag& dag);

  const SessionOptions& options_;
  RunObserver& observer_;
  AsioLoop loop_;
  std::optional<StateFolder> folder_;
  std::unique_ptr<WorkerLink> worker_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Secrets> secrets_;
  std::string worker_program_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<asio::signal_set> signals_;
  std::unique_ptr<ControlServer> control_;
  RunNo run_no_ = 0;
  int interrupts_ = 0;
  bool stop_at_once_ = false, kill_at_once_ = false;
  std::optional<SessionEnd> end_;
  std::optional<Error> error_;
};

Status Session::open() {
  auto secrets = Secrets::load(options_.secrets_file);
  if (!secrets) return secrets.error();
  secrets_ = std::make_unique<Secrets>(std::move(secrets).value());
  auto program = worker_program();
  if (!program) return program.error();
  worker_program_ = *program;
  LockHolder holder;
  holder.pid = getpid();
  for (const std::string& word : options_.command) holder.command += (holder.command.empty() ? "" : " ") + word;
  auto folder = StateFolder::own(options_.state_folder, holder, options_.wait_for_folder ? kNoTime : 0);
  if (!folder) return folder.error();
  folder_.emplace(std::move(folder).value());
  // The worker comes up while the database is opened.
  WorkerLinkOptions link;
  link.program = worker_program_;
  link.state_folder = options_.state_folder;
  link.slots = options_.slots > 0 ? options_.slots : static_cast<std::int32_t>(std::thread::hardware_concurrency());
  auto worker = WorkerLink::start(loop_, link);
  if (!worker) return worker.error();
  worker_ = std::move(worker).value();
  auto store = SqliteStore::open_for_writing(options_.state_folder, loop_);
  if (!store) return store.error();
  store_ = std::move(store).value();
  make_engine();
  const auto unfinished = store_->unfinished_runs();
  if (!unfinished) return unfinished.error();
  engine_->leave_runs(*unfinished);
  return Unit{};
}

void Session::make_engine() {
  LaunchContext context;
  context.state_folder = options_.state_folder;
  context.store_id = store_->store_id();
  context.worker_program = worker_program_;
  context.default_shell = is_in_path("bash") ? std::vector<std::string>{"bash", "-euo", "pipefail"}
                                             : std::vector<std::string>{"sh", "-eu"};
  context.base_env = base_env(options_.config);
  context.secret = [this](const std::string& name) { return secrets_->find(name); };
  EngineSettings settings;
  settings.core.instances_max = options_.config.max_instances;
  settings.slots = options_.slots > 0 ? options_.slots : static_cast<std::int32_t>(std::thread::hardware_concurrency());
  settings.ahead_max = kAheadMaxPerSlot * settings.slots;
  engine_ = std::make_unique<Engine>(loop_, *store_, *worker_, Renderer(std::move(context)), settings, &observer_);
  for (const PoolSpec& pool : options_.config.pools) engine_->set_pool(pool.name, pool.slots);
  engine_->on_fatal([this](const Fatal& fatal) {
    const std::string detail = store_->what_broke();
    fail({fatal.message + (detail.empty() ? "" : ": " + detail), ErrorKind::storage});
  });
  engine_->on_finished([this](const DagRun& run) {
    if (run.row.state == RunState::success) {
      std::error_code ignored;
      fs::remove_all(options_.state_folder + "/work/" + std::to_string(run.row.run_no), ignored);
    }
    end_ = SessionEnd{.state = run.row.state, .interrupted = interrupts_ > 0};
    loop_.stop();
  });
}

void Session::fail(Error error) {
  if (!error_) error_ = std::move(error);
  loop_.stop();
}

void Session::watch_signals() {
  signals_ = std::make_unique<asio::signal_set>(loop_.context(), SIGINT, SIGTERM, SIGHUP);
  signals_->async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    interrupt(signal);
  });
}

/// The first one stops the tasks with their grace; the next one kills.
void Session::interrupt(int) {
  const bool again = ++interrupts_ > 1;
  if (!engine_->stop_run(run_no_, Reason::stopped, again)) {
    end_ = SessionEnd{.interrupted = true};
    loop_.stop();
    return;
  }
  observer_.notice(again ? "killing what still runs" : "stopping: tasks get their grace; again to kill them");
  watch_signals();
}

void Session::listen_for_stop() {
  auto control = ControlServer::listen(loop_, options_.state_folder, [this](RunNo run_no, bool kill) -> std::string {
    if (run_no != run_no_ || engine_->run(run_no) == nullptr) return "error 3 this process does not run it";
    engine_->stop_run(run_no, Reason::stopped, kill);
    return kill ? "ok killing" : "ok stopping";
  });
  if (control) {
    control_ = std::move(control).value();
  } else {
    observer_.notice(control.error().message);
  }
}

std::vector<DurationUs> Session::path_of(const Dag& dag) {
  auto means = store_->mean_durations(dag.id);
  return path_lengths(dag, means ? *means : std::unordered_map<std::string, DurationUs>{});
}

void Session::make_work_dir(RunNo run_no) {
  for (const char* part : {"/work", "/logs", "/outputs"}) {
    const std::string base = options_.state_folder + part;
    mkdir(base.c_str(), 0700);
    mkdir((base + "/" + std::to_string(run_no)).c_str(), 0700);
  }
}

void Session::add_pools(const Dag& dag) {
  for (const PoolSpec& pool : dag.pools) engine_->set_pool(pool.name, pool.slots);
}

Result<SessionEnd> Session::loop_until_ended() {
  watch_signals();
  listen_for_stop();
  worker_->connect(*engine_, store_->store_id(), store_->leader_epoch(),
                   [this](const std::string& why) { fail({why, ErrorKind::storage}); });
  loop_.run();
  control_.reset();
  signals_.reset();
  worker_->shut_down(kShutdownGraceUs, kShutdownWaitUs);
  store_->stop();
  if (error_) return *error_;
  return end_.value_or(SessionEnd{});
}

Result<SessionEnd> Session::run_new(NewRun request) {
  auto states = select_tasks(*request.dag, request.tasks);
  if (!states) return states.error();
  run_no_ = store_->next_run_no();
  RunCreation creation;
  creation.dag = request.dag;
  creation.version = std::move(request.version);
  creation.initial_states = std::move(states).value();
  RunRow& row = creation.run;
  row.run_no = run_no_;
  row.dag_id = request.dag->id;
  row.dag_version = request.dag->version;
  row.queued_at = row.run_after = loop_.wall_now();
  row.run_id = request.run_id.empty() ? manual_run_id(row.queued_at, loop_.random()) : request.run_id;
  row.conf_json = expr::to_json(request.params);
  row.interval_start = request.interval_start;
  row.interval_end = request.interval_end;
  row.triggered_by = "cli";
  if (!request.tasks.empty()) {
    ValueList names;
    for (const std::string& task : request.tasks) names.emplace_back(task);
    row.options_json = expr::to_json(Value{ValueMap{{"tasks", Value{std::move(names)}}}});
  }
  folder_->name_run(row.run_id);
  make_work_dir(run_no_);
  add_pools(*request.dag);
  const std::string run_id = row.run_id;
  engine_->create_run(std::move(creation), std::move(request.params), path_of(*request.dag),
                      [this, run_id](const PartVerdict& verdict) {
                        if (verdict.is_done()) return;
                        fail({"run id \"" + run_id + "\" exists already; choose another or leave --run-id out",
                            ErrorKind::conflict});
                      });
  return loop_until_ended();
}

Result<std::shared_ptr<const Dag>> Session::dag_of(const RunSnapshot& snapshot) const {
  const VersionRow& version = snapshot.version;
  auto dag = from_canonical(version.canonical_json, {version.source_file, version.work_folder});
  if (!dag) return Error{"the stored version of the DAG cannot be read: " + dag.error().message, ErrorKind::storage};
  return dag;
}

Result<SessionEnd> Session::go_on(RunNo run_no, const RetryRequest* retry) {
  run_no_ = run_no;
  auto snapshot = store_->load_run(run_no);
  if (!snapshot) return snapshot.error();
  auto dag = dag_of(*snapshot);
  if (!dag) return dag.error();
  const Moment now{loop_.wall_now(), loop_.mono_now()};
  std::shared_ptr<const VersionRow> new_version;
  if (retry != nullptr && retry->latest != nullptr && retry->latest->version != (*dag)->version) {
    if (auto fits = same_tasks(**dag, *retry->latest); !fits) return fits.error();
    dag = retry->latest;
    new_version = retry->latest_version;
    snapshot->run.dag_version = retry->latest->version;
  }
  auto run = restore_run(*snapshot, *dag, now);
  if (!run) return run.error();
  StepOutcome cleared;
  std::vector<AuditRow> audit;
  if (retry != nullptr) {
    std::vector<InstanceNo> selected;
    if (retry->from_task) {
      const auto t = (*dag)->find(*retry->from_task);
      if (!t) return Error{"there is no task \"" + *retry->from_task + "\" in " + (*dag)->id, ErrorKind::not_found};
      selected = select_from(*run, *t);
    } else {
      selected = select_failed(*run);
    }
    const auto is_live_now = [&](InstanceNo i) { return is_live(run->at(i).state); };
    std::erase_if(selected, is_live_now);  // of an interrupted run: it goes on as in resume
    if (selected.empty() && run->is_finished()) {
      return SessionEnd{.state = run->row.state, .did_nothing = true};
    }
    clear_instances(*run, selected, now, cleared);
    AuditRow row;
    row.at = now.wall;
    row.actor = "cli";
    row.action = "retry";
    row.dag_id = run->row.dag_id;
    row.run_id = run->row.run_id;
    audit.push_back(std::move(row));
  } else if (run->is_finished()) {
    return SessionEnd{.state = run->row.state, .did_nothing = true};
  }
  folder_->name_run(run->row.run_id);
  make_work_dir(run_no_);
  add_pools(**dag);
  engine_->adopt_run(std::move(run).value(), path_of(**dag), std::move(cleared), std::move(audit), new_version);
  if (stop_at_once_) engine_->stop_run(run_no_, Reason::stopped, kill_at_once_);
  return loop_until_ended();
}

Result<SessionEnd> Session::end_orphaned(RunNo run_no, bool kill_now) {
  stop_at_once_ = true;
  kill_at_once_ = kill_now;
  return go_on(run_no, nullptr);
}

}  // namespace

Result<SessionEnd> run_new(const SessionOptions& options, NewRun request, RunObserver& observer) {
  Session session(options, observer);
  if (auto opened = session.open(); !opened) return opened.error();
  return session.run_new(std::move(request));
}

Result<SessionEnd> resume_run(const SessionOptions& options, RunNo run_no, RunObserver& observer) {
  Session session(options, observer);
  if (auto opened = session.open(); !opened) return opened.error();
  return session.go_on(run_no, nullptr);
}

Result<SessionEnd> retry_run(const SessionOptions& options, const RetryRequest& request, RunObserver& observer) {
  Session session(options, observer);
  if (auto opened = session.open(); !opened) return opened.error();
  return session.go_on(request.run_no, &request);
}

Result<std::string> stop_run(const SessionOptions& options, RunNo run_no, bool kill_now) {
  const std::string line = "stop " + std::to_string(run_no) + (kill_now ? " kill" : "");
  SilentObserver silent;
  // A holder that has only just begun, or is about to end, does not listen: it is asked again for a while.
  constexpr int kPauseMs = 50;
  for (DurationUs waited_us = 0;; waited_us += kPauseMs * kMillisecond) {
    auto answer = ask_holder(options.state_folder, line, kStopAnswerUs);
    if (answer) {
      if (answer->rfind("ok", 0) == 0) return answer->substr(std::min<std::size_t>(3, answer->size()));
      constexpr std::string_view kNotFoundAnswer = "error 3 ";
      if (answer->rfind(kNotFoundAnswer, 0) == 0) {
        return Error{answer->substr(kNotFoundAnswer.size()), ErrorKind::not_found};
      }
      return Error{"the process that holds the folder answered \"" + *answer + "\"", ErrorKind::internal};
    }
    Session session(options, silent);
    if (auto opened = session.open(); !opened) {
      if (opened.error().kind != ErrorKind::conflict || waited_us >= kStopAnswerUs) return opened.error();
      std::this_thread::sleep_for(std::chrono::milliseconds(kPauseMs));
      continue;
    }
    auto end = session.end_orphaned(run_no, kill_now);
    if (!end) return end.error();
    if (end->did_nothing) return Error{"the run has ended already", ErrorKind::conflict};
    return std::string("stopped; nobody was working on it");
  }
}

}  // namespace baton
