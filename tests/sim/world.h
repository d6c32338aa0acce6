// World: one simulated day: people who want things, a machine on which everything breaks, and the checks between.
// Same options, same bytes. Make one, call run(), throw it away.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/checks.h"
#include "tests/sim/state_lock.h"

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
  // world_letters.cpp
  void plan_letters();
  void want_letters();
  [[nodiscard]] bool may_ask_for_jobs() const;
  void redrive_letter();
  void redrive(const DeadLetterRow& letter);
  void try_in_vain();
  void discard_letter(const DeadLetterRow& letter);
  void ask_job();
  void ask_for(LetterJobAsk ask);
  // world_states.cpp
  void plan_states();
  void want_state();
  void clear_with_state(RunNo run_no, const std::string& dag_id);
  void put_state(const std::string& dag_id);
  // world_assets.cpp
  void plan_assets();
  void raise_events();
  void hold_asset();
  void look_at_held();
  void ask_asset(const std::string& asset, bool holds);
  void release_assets();
  // world_schedules.cpp
  [[nodiscard]] bool has_server() const;
  void at(MonoUs when, std::function<void()> f);
  void later(DurationUs span, std::function<void()> f);
  void come_again(std::function<void()> f);
  void plan_schedules();
  void look_at_folder();
  void folder_changed();
  void save_file(std::size_t k);
  void change_file(std::size_t k);
  void want_hold(std::size_t k);
  void ask_hold(std::size_t k, HoldDag::Wish wish);
  void want_freeze();
  void ask_freeze(bool freeze);
  void let_all_go();
  void want_date(std::size_t k);
  void set_clock_far_off();
  void step_clock(DurationUs by);
  // world_keys.cpp
  struct KeyedWish {
    IdempotencyKey key;
    std::int32_t dag = 0, repeats = 0, tries = 0;
    bool is_answered = false;
  };
  void plan_keys();
  void want_keyed(const std::shared_ptr<KeyedWish>& wish);
  void send_keyed(const std::shared_ptr<KeyedWish>& wish, const std::string& body);
  // world_rings.cpp
  void plan_rings();
  void break_ring(MonoUs since, int left);
  void plan_checked();
  void check_again();
  // world_pauses.cpp
  [[nodiscard]] bool may_ask_about(RunNo run_no);
  void plan_pause(RunNo run_no);
  void want_pause(RunNo run_no);
  void let_run_go_on(RunNo run_no);
  void let_all_runs_go_on();
  // world_servers.cpp
  void plan_servers();
  void want_second_server(bool beside_stopped);
  [[nodiscard]] DurationUs until_next_server(DurationUs down_us);
  void lose_lock();
  void kill_between(std::int32_t looks);
  void ask_deposed();
  void look_at_deposed();
  // world_past.cpp
  void plan_past();
  [[nodiscard]] std::vector<RunNo> runs_that_stand();
  void want_past();
  void mark_past(const DiskRun& run);
  void mend_past();
  // world_backfills.cpp
  void plan_backfills();
  [[nodiscard]] BackfillAsk draw_backfill(std::size_t k, const timetable::ScheduleSpec& spec);
  void want_backfill(std::size_t k);
  void plan_changes_of_backfill(std::int64_t backfill_no, std::size_t k);
  void change_backfill(std::int64_t backfill_no, BackfillState wish);
  void resume_backfill(std::int64_t backfill_no);
  void interrupt_backfill(const std::string& dag_id);
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
  std::unique_ptr<LoaderThread> loader_;  ///< on a day with schedules
  StateLock lock_;
  std::string holder_;                    ///< of the lock, as who is refused is told
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Scheduler> deposed_;    ///< another one has the state, and this one has not noticed
  MonoUs deposed_until_ = 0;
  bool is_lock_lost_ = false;             ///< who holds the state has a lock that keeps nobody out
  Rng people_;
  Rng errands_;
  Rng changes_;
  Rng doors_;  ///< of who trips and resets breakers
  Rng askers_;  ///< of who answers questions
  Rng timekeepers_;  ///< of what happens to schedules
  Rng menders_;  ///< of who deals with dead letters
  Rng stewards_;  ///< of who deals with assets
  Rng keepers_;  ///< of who puts values that live on from run to run
  Rng fillers_;  ///< of backfills
  Rng pausers_;  ///< of who pauses runs
  Rng callers_;  ///< of who sends requests with keys
  Rng rings_;    ///< of who wants runs that start each other
  Rng checkers_;  ///< of who wants runs whose data is checked
  Rng rivals_;  ///< of who starts servers beside others
  Rng heirs_;  ///< of who sees to it that the past is well
  std::vector<std::shared_ptr<const Dag>> files_;  ///< what those of DAGs with schedules hold now; null: gone
  std::vector<std::pair<WallUs, WallUs>> filled_;  ///< of each the range that was asked for last
  MonoUs served_since_ = 0;  ///< by one server, without a pause
  std::int64_t holds_asked_ = 0;
  bool is_clock_off_ = false;
  bool keeps_tasks_;  ///< tasks go on when their scheduler is gone
  bool may_be_alone_;  ///< on this day people start `run`, `resume` and `retry` by turns, beside services
  std::vector<RetryWish> wishes_;
  std::int32_t runs_left_ = 0;
  std::int64_t date_ = 0;
  std::int64_t jobs_asked_ = 0, assets_asked_ = 0, states_put_ = 0;
  std::uint64_t events_ = 0;
  std::int32_t events_since_start_ = 0;
  std::int32_t servers_ = 0;  ///< that were started
};

}  // namespace baton::sim
