// The executor of this machine with a loop, a folder of its own and somebody who writes down what it says.
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "scheduler/executor/local/worker_link.h"
#include "scheduler/loop/asio_loop.h"
#include "test_paths.h"
#include "tests/conformance/executor/backend.h"

namespace baton::test {

class LocalBackend final : public ExecutorBackend {
 public:
  LocalBackend() {
    std::string name = "/tmp/baton-executor.XXXXXX";
    folder_ = mkdtemp(name.data());
    options.program = std::string(baton::checkout::kBinaryDir) + "/baton-worker";
    options.state_folder = folder_;
    options.slots = kSlots;
  }
  ~LocalBackend() override {
    if (link) link->shut_down(0, 5 * kSecond);
    link.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  LocalBackend(const LocalBackend&) = delete;
  LocalBackend& operator=(const LocalBackend&) = delete;

  void keep_tasks() override { options.tasks_outlive_us = true; }
  void watch_silence() override {
    options.ping_every_us = 40 * kMillisecond;
    options.silence_told_us = 500 * kMillisecond;
    options.silence_ends_us = 1500 * kMillisecond;
  }
  void come() override {
    if (!may_come()) abort();
  }
  [[nodiscard]] Executor& executor() override { return *link; }
  LaunchSpec exits(std::int32_t code) override { return shell("exit " + std::to_string(code)); }
  LaunchSpec waits() override { return waiting(); }
  void kill_worker() override { kill(worker_pid(), SIGKILL); }
  void freeze_worker() override { kill(worker_pid(), SIGSTOP); }

  /// A scheduler comes; false with `error` set where it may not.
  bool may_come() {
    heard = {};
    auto started = WorkerLink::start(loop, options);
    if (!started) {
      error = started.error();
      return false;
    }
    link = std::move(started).value();
    link->connect(heard, "test", ++epoch_, [this](const std::string& why) {
      gave_up = why;
      loop.stop();
    });
    return true;
  }
  /// It dies without a word: its sockets close, and that is all.
  void vanish() override {
    link->leave();
    link.reset();
  }

  /// Runs the loop until `holds`; false after a minute.
  bool until(const std::function<bool()>& holds) override {
    if (holds()) return true;
    bool late = false;
    const auto timer = loop.call_at(loop.mono_now() + kMinute, [&] {
      late = true;
      loop.stop();
    });
    heard.changed = [&] {
      if (holds()) loop.stop();
    };
    loop.context().restart();
    loop.run();
    heard.changed = [] {};
    loop.cancel(timer);
    return !late && gave_up.empty();
  }
  LaunchSpec shell(const std::string& script) {
    LaunchSpec spec;
    spec.key = {1, next_task_++, kUnmapped, 1};
    const std::string stem = folder_ + "/t" + std::to_string(spec.key.task_no);
    spec.argv = {"sh", "-c", "echo x >> starts" + std::to_string(spec.key.task_no) + "; " + script};
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "BATON_OUTPUT=" + stem + ".json"};
    spec.cwd = folder_;
    spec.log_path = stem + ".log";
    spec.output_path = stem + ".json";
    spec.grace_us = 10 * kSecond;
    return spec;
  }
  /// One that lives until let_go().
  LaunchSpec waiting() {
    LaunchSpec spec = shell("read x < " + fifo(next_task_));
    if (mkfifo(fifo(spec.key.task_no).c_str(), 0600) != 0) abort();
    return spec;
  }
  void let_go(AttemptKey key) override { std::ofstream(fifo(key.task_no)) << "go\n"; }
  /// How often its program was started.
  [[nodiscard]] std::size_t starts(AttemptKey key) const override {
    return text(folder_ + "/starts" + std::to_string(key.task_no)).size() / 2;
  }
  [[nodiscard]] pid_t worker_pid(int no = 1) const {
    return std::atoi(text(folder_ + "/workers/" + std::to_string(no) + "/lock").c_str());
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

  AsioLoop loop;
  WorkerLinkOptions options;
  std::unique_ptr<WorkerLink> link;
  Error error;
  std::string gave_up;

 private:
  [[nodiscard]] std::string fifo(std::int32_t task) const { return folder_ + "/fifo" + std::to_string(task); }
  [[nodiscard]] static std::string text(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }

  std::string folder_;
  std::int64_t epoch_ = 0;
  std::int32_t next_task_ = 1;
};

}  // namespace baton::test
