#include "cli/foreground.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "cli/control.h"
#include "scheduler/engine/approval.h"
#include "scheduler/host/local/folder_lock.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/host/local/secrets.h"

namespace baton {
namespace {

constexpr DurationUs kStopAnswerUs = 5 * kSecond;

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

/// As one line: "ok", or the kind of error and what is the matter.
std::string reply_of(const Result<Answer>& how) {
  if (how) return "ok";
  std::string line = std::to_string(static_cast<int>(how.error().kind)) + " " + how.error().message;
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace

std::shared_ptr<void> listen_for_stop(AsioLoop& loop, Host& host, const std::string& state_folder,
                                      RunObserver& observer) {
  const auto ask = [&host](auto request, Actor actor, ControlServer::Reply reply) {
    const Status asked = host.ask(std::move(request), std::move(actor),
                                  [reply](const Result<Answer>& how) { reply(reply_of(how)); });
    if (!asked) reply(reply_of(asked.error()));
  };
  auto control = ControlServer::listen(
      loop, state_folder,
      [ask](StopRun request, Actor actor, ControlServer::Reply reply) { ask(std::move(request), std::move(actor), reply); },
      [ask](AnswerApproval request, Actor actor, ControlServer::Reply reply) {
        ask(std::move(request), std::move(actor), reply);
      });
  if (control) return std::move(control).value();
  observer.notice(control.error().message);
  return nullptr;
}

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
  opened.value()->on_loop([folder = options.state_folder, &observer](LocalHost& host) {
    return listen_for_stop(host.loop(), host.host(), folder, observer);
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

namespace {

/// What the holder of the folder answered; `done`: what to say where it does so.
Result<std::string> told(const std::string& answer, const std::string& done) {
  if (answer == "ok") return done;
  int kind = 0;
  int end = 0;
  if (std::sscanf(answer.c_str(), "%d %n", &kind, &end) == 1 && kind <= static_cast<int>(ErrorKind::internal)) {
    return Error{answer.substr(static_cast<std::size_t>(end)), static_cast<ErrorKind>(kind)};
  }
  return Error{"the process that holds the folder answered \"" + answer + "\"", ErrorKind::internal};
}

}  // namespace

Result<std::string> answer_running(const std::string& state_folder, const AnswerApproval& request) {
  const auto answer = ask_holder(state_folder, line_of(request), kStopAnswerUs);
  return answer ? told(*answer, "answered") : answer;
}

Result<std::string> stop_run(const ForegroundOptions& options, const StopRun& request) {
  SilentObserver silent;
  // A holder that has only just begun, or is about to end, does not listen: it is asked again for a while.
  constexpr auto kPause = std::chrono::milliseconds(50);
  const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::microseconds(kStopAnswerUs);
  while (true) {
    const auto answer = ask_holder(options.state_folder, line_of(request), kStopAnswerUs);
    if (answer) return told(*answer, request.kill ? "killing" : "stopping");
    auto local = open(options, silent);
    if (!local) {
      if (local.error().kind != ErrorKind::conflict || std::chrono::steady_clock::now() > give_up_at) {
        return local.error();
      }
      std::this_thread::sleep_for(kPause);
      continue;
    }
    const auto end = local.value()->go_on(request);
    if (!end) return end.error();
    return std::string("stopped; nobody was working on it");
  }
}

}  // namespace baton
