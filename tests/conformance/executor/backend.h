// What the suite of executors needs of one: a scheduler that comes and goes, attempts that end when they are told to, and
// a worker to whom things happen. Everything waits for events, with a limit that only a broken executor reaches.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/executor.h"

namespace baton::test {

/// What an executor has said, in order of its kind.
struct Heard final : ExecutorEvents {
  void attempt_accepted(AttemptKey, const WorkerRef&, const std::string&) override {}
  void attempt_started(AttemptKey key, const WorkerRef& worker, std::int32_t pid, WallUs) override {
    pids[key] = pid;
    started_by[key] = worker->name;
    changed();
  }
  void attempt_ended(const AttemptEnd& end) override {
    ends[end.key].push_back(end);
    changed();
  }
  void worker_ready(const WorkerRef& worker, const std::vector<AttemptKey>& live) override {
    readies.emplace_back(live.begin(), live.end());
    ready_workers.push_back(worker->name);
    if (on_ready) on_ready();
    changed();
  }
  void worker_capacity(const WorkerRef& worker, std::int32_t slots, const std::vector<std::string>&,
                       const std::string& why) override {
    capacity[worker->name] = slots;
    capacity_why = why;
  }
  void executor_settled(const std::string&) override {
    ++settled;
    changed();
  }
  void worker_gone(const WorkerRef&, const std::string& why) override {
    gone.push_back(why);
    if (on_gone) on_gone();
    changed();
  }

  std::map<AttemptKey, std::int32_t> pids;
  std::map<AttemptKey, std::vector<AttemptEnd>> ends;
  std::vector<std::set<AttemptKey>> readies;
  std::vector<std::string> gone, ready_workers;
  std::map<AttemptKey, std::string> started_by;
  std::map<std::string, std::int32_t> capacity;  ///< by worker
  int settled = 0;
  std::string capacity_why;
  std::function<void()> on_gone, on_ready;
  std::function<void()> changed = [] {};
};

class ExecutorBackend {
 public:
  static constexpr std::int32_t kSlots = 4;

  virtual ~ExecutorBackend() = default;

  /// Tasks outlive the scheduler, as those of a server do. Before come().
  virtual void keep_tasks() = 0;
  /// A worker that is silent is noticed and given up. Before come().
  virtual void watch_silence() = 0;
  /// A scheduler comes and begins the talk; `heard` begins anew.
  virtual void come() = 0;
  /// It dies without a word.
  virtual void vanish() = 0;
  [[nodiscard]] virtual Executor& executor() = 0;

  /// Lets things happen until `holds`. False: it never does.
  virtual bool until(const std::function<bool()>& holds) = 0;

  /// An attempt that ends by itself, soon. Each call gives another task.
  virtual LaunchSpec exits(std::int32_t code) = 0;
  /// One that lives until let_go(), and then exits with 0.
  virtual LaunchSpec waits() = 0;
  virtual void let_go(AttemptKey key) = 0;
  /// How often its program was started.
  [[nodiscard]] virtual std::size_t starts(AttemptKey key) const = 0;

  virtual void kill_worker() = 0;
  /// SIGSTOP, for good.
  virtual void freeze_worker() = 0;

  bool come_and_be_ready() {
    come();
    return until([this] { return heard.settled == 1; });
  }
  bool until_ended(AttemptKey key) {
    return until([this, key] { return heard.ends.contains(key); });
  }
  bool until_started(AttemptKey key) {
    return until([this, key] { return heard.pids.contains(key); });
  }
  bool until_ready_again(std::size_t times) {
    return until([this, times] { return heard.readies.size() >= times; });
  }

  Heard heard;
};

std::unique_ptr<ExecutorBackend> local_executor();
std::unique_ptr<ExecutorBackend> simulated_executor();

}  // namespace baton::test
