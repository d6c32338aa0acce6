#include "cli/foreground.h"

#include <unistd.h>

#include <filesystem>
#include <set>
#include <tuple>
#include <utility>

#include "cli/run_socket.h"
#include "scheduler/engine/approval.h"
#include "scheduler/host/local/folder_lock.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/host/local/secrets.h"

namespace baton {
namespace {

class SilentObserver final : public RunObserver {
 public:
  void run_began(const DagRun&) override {}
  void instance_changed(const DagRun&, const TaskRow&) override {}
  void try_ended(const DagRun&, const TryRow&) override {}
  void run_ended(const DagRun&) override {}
  void notice(const std::string&) override {}
};

/// Says at the terminal what a person is asked, and what to type in another one: without it a run that waits looks dead.
class AskingObserver final : public RunObserver {
 public:
  AskingObserver(RunObserver& to, std::string state_folder) : to_(to), state_folder_(std::move(state_folder)) {}
  void run_began(const DagRun& run) override {
    to_.run_began(run);
    for (std::size_t i = 0; i < run.instances.size(); ++i) say(run, static_cast<InstanceNo>(i));
  }
  void instance_changed(const DagRun& run, const TaskRow& row) override {
    to_.instance_changed(run, row);
    if (row.state == TaskState::deferred) say(run, row.instance_no);
  }
  void try_ended(const DagRun& run, const TryRow& row) override { to_.try_ended(run, row); }
  void run_ended(const DagRun& run) override { to_.run_ended(run); }
  void notice(const std::string& text) override { to_.notice(text); }

 private:
  void say(const DagRun& run, InstanceNo i) {
    const Instance& instance = run.at(i);
    const bool asks = instance.state == TaskState::deferred && run.spec_of(i).kind == TaskKind::approval;
    if (!asks || !said_.emplace(run.row.run_no, i, instance.epoch).second) return;
    const auto ask = rendered_ask(run, i);
    if (!ask) return;
    std::string name = run.dag->task(instance.task_no).id;
    if (instance.map_index >= 0) name += "[" + std::to_string(instance.map_index) + "]";
    std::string options;
    for (const std::string& option : ask->options) options += (options.empty() ? "" : "|") + option;
    std::error_code ignored;
    const bool is_near = state_folder_ == (std::filesystem::current_path(ignored) / ".baton").string();
    to_.notice(name + " asks: " + ask->prompt + " — answer in another terminal: baton approval answer " +
               run.row.run_id + " " + name + " --option " + options + (is_near ? "" : " --state " + state_folder_));
  }

  RunObserver& to_;
  const std::string state_folder_;
  std::set<std::tuple<RunNo, InstanceNo, Epoch>> said_;
};

std::string words_of(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

Error with_way_out(Error error, const std::string& state_folder) {
  if (error.kind != ErrorKind::conflict) return error;
  const auto holder = StateFolder::holder(state_folder);
  if (!holder || holder->pid == 0 || is_held_for_us(state_folder, *holder)) return error;
  if (holder->command == "server") {
    error.message += "; `baton trigger DAG` asks it for a run, and what was cut off it finishes by itself; for a run of "
                     "your own give another folder with --state";
    return error;
  }
  error.message += "; wait for it with --wait, stop it with `baton stop`, or give another folder with --state";
  return error;
}

namespace {

Result<std::unique_ptr<LocalHost>> open(const ForegroundOptions& options, RunObserver& observer) {
  auto secrets = Secrets::load(options.secrets_file);
  if (!secrets) return secrets.error();
  LocalHostOptions local;
  local.state_folder = options.state_folder;
  local.config = options.config;
  local.slots = options.slots;
  local.wait_for_folder = options.wait_for_folder;
  local.purpose = words_of(options.command);
  secrets->look_in(std::make_shared<Vault>(options.state_folder));
  local.secret = secret_source(std::move(secrets).value(), options.config.profile);
  local.actor = actor_of(getuid(), "cli");
  auto opened = LocalHost::open(std::move(local), observer);
  if (!opened) return with_way_out(opened.error(), options.state_folder);
  opened.value()->on_loop([folder = options.state_folder, &observer](LocalHost& host) -> LocalHost::Attachment {
    auto socket = RunSocket::listen(host, folder, observer);
    if (socket) return std::move(socket).value();
    observer.notice(socket.error().message);  // who cannot be asked still runs
    return nullptr;
  });
  return opened;
}

}  // namespace

Result<RunEnd> run_new(const ForegroundOptions& options, NewRun request, RunObserver& observer) {
  AskingObserver asking(observer, options.state_folder);
  auto local = open(options, asking);
  if (!local) return local.error();
  return local.value()->run(std::move(request));
}

Result<RunEnd> go_on(const ForegroundOptions& options, Request request, RunObserver& observer) {
  AskingObserver asking(observer, options.state_folder);
  auto local = open(options, asking);
  if (!local) return local.error();
  return local.value()->go_on(std::move(request));
}

Result<std::string> stop_left(const ForegroundOptions& options, const StopRun& request) {
  SilentObserver silent;
  auto local = open(options, silent);
  if (!local) return local.error();
  const auto end = local.value()->go_on(request);
  if (!end) return end.error();
  return std::string("stopped; nobody was working on it");
}

}  // namespace baton
