// World: one simulated day: people who want things, a machine on which everything breaks, and the checks between.
// Same options, same bytes. Make one, call run(), throw it away.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/checks.h"

namespace baton::sim {

struct DayReport {
  bool failed = false;
  std::string invariant, what;
  std::vector<std::string> last_lines;
  std::uint64_t hash = 0, events = 0;
  MonoUs simulated_us = 0;
  FaultCounts counts{};
};

class World {
 public:
  explicit World(const SimOptions& options);
  DayReport run();

 private:
  void plan_day();
  void plan_burst(MonoUs at);
  void plan_fault(MonoUs at);
  void want_run(RunNo asked, std::int32_t dag, MonoUs since);
  void want_stop(RunNo run_no, bool kill);
  void want_retry();
  void plan_change(RunNo run_no, MonoUs at);
  void want_change(RunNo run_no);
  void want_mark_of_run(RunNo run_no);
  [[nodiscard]] std::vector<TaskChoice> choose_tasks(const DiskRun& run);
  void want_breaker();
  void want_answer();
  void reset_breaker(const std::string& name);
  void commit_fault();
  void stall_worker();
  void keep_killing_worker();
  void start_scheduler();
  [[nodiscard]] Errand next_errand();
  void scheduler_leaves();
  void calm_down();
  void crash_scheduler(DurationUs down_us);
  void after_event();
  void consider_crash();

  Ground ground_;
  Workload workload_;
  Behaviours behaviours_;
  Witness witness_;
  Disk disk_;
  SimWorker worker_;
  SchedulerSettings scheduler_settings_;
  Checks checks_;
  std::unique_ptr<Scheduler> scheduler_;
  Rng people_;
  Rng errands_;
  Rng changes_;
  Rng doors_;  ///< of who trips and resets breakers
  Rng askers_;  ///< of who answers questions
  bool may_be_alone_;  ///< on this day people start `run`, `resume` and `retry` by turns, beside services
  std::vector<RetryWish> wishes_;
  std::int32_t runs_left_ = 0;
  std::int64_t date_ = 0;
  std::uint64_t events_ = 0;
  std::int32_t events_since_start_ = 0;
};

}  // namespace baton::sim
