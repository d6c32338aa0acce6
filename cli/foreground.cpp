#include "cli/foreground.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "cli/control.h"
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

std::string words_of(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// control.sock for as long as the loop runs. Who cannot be asked still runs: that is worth a notice, no error.
LocalHost::Attachment listen_for_stop(LocalHost& local, const std::string& state_folder, RunObserver& observer) {
  auto control = ControlServer::listen(local.loop(), state_folder, [&local](RunNo run_no, bool kill) -> std::string {
    if (run_no != local.run_no() || !local.host().stop(run_no, kill)) return "error 3 this process does not run it";
    return kill ? "ok killing" : "ok stopping";
  });
  if (control) return std::move(control).value();
  observer.notice(control.error().message);
  return nullptr;
}

Result<std::unique_ptr<LocalHost>> open(const ForegroundOptions& options, RunObserver& observer) {
  auto secrets = Secrets::load(options.secrets_file);
  if (!secrets) return secrets.error();
  LocalHostOptions local;
  local.state_folder = options.state_folder;
  local.config = options.config;
  local.slots = options.slots;
  local.wait_for_folder = options.wait_for_folder;
  local.purpose = words_of(options.command);
  local.secret = [known = std::move(secrets).value()](const std::string& name) { return known.find(name); };
  auto opened = LocalHost::open(std::move(local), observer);
  if (!opened) return opened.error();
  opened.value()->on_loop([folder = options.state_folder, &observer](LocalHost& host) {
    return listen_for_stop(host, folder, observer);
  });
  return opened;
}

}  // namespace

Result<RunEnd> run_new(const ForegroundOptions& options, NewRun request, RunObserver& observer) {
  auto local = open(options, observer);
  if (!local) return local.error();
  return local.value()->run(std::move(request));
}

Result<RunEnd> resume_run(const ForegroundOptions& options, RunNo run_no, RunObserver& observer) {
  auto local = open(options, observer);
  if (!local) return local.error();
  return local.value()->resume(run_no);
}

Result<RunEnd> retry_run(const ForegroundOptions& options, const RetryRequest& request, RunObserver& observer) {
  auto local = open(options, observer);
  if (!local) return local.error();
  return local.value()->retry(request);
}

Result<std::string> stop_run(const ForegroundOptions& options, RunNo run_no, bool kill_now) {
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
    auto local = open(options, silent);
    if (!local) {
      if (local.error().kind != ErrorKind::conflict || waited_us >= kStopAnswerUs) return local.error();
      std::this_thread::sleep_for(std::chrono::milliseconds(kPauseMs));
      continue;
    }
    const auto end = local.value()->stop(run_no, kill_now);
    if (!end) return end.error();
    if (end->did_nothing) return Error{"the run has ended already", ErrorKind::conflict};
    return std::string("stopped; nobody was working on it");
  }
}

}  // namespace baton
