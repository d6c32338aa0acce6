// Ground: what all parts of one simulated day stand on: time, chance, what is written down and what was found wrong.
// One per seed; owned by World. One thread.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <string>

#include "scheduler/model/attempt_key.h"
#include "tests/sim/rng.h"
#include "tests/sim/sim_loop.h"

namespace baton::sim {

/// The first thing that was found wrong; what comes after it is only its consequence.
class Findings {
 public:
  void fail(std::string invariant, std::string what) {
    if (failed()) return;
    invariant_ = std::move(invariant);
    what_ = std::move(what);
  }
  [[nodiscard]] bool failed() const { return !invariant_.empty(); }
  [[nodiscard]] const std::string& invariant() const { return invariant_; }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  std::string invariant_, what_;
};

/// Where the simulation may be unkind. Each is counted; a run in which one was rare proves nothing (main.cpp).
enum class Fault : std::uint8_t {
  scheduler_crash, crash_in_recovery, crash_commit_kept, crash_commit_lost, unknown_kept, unknown_lost, disk_full,
  slow_commit, scheduler_stall, worker_killed, worker_stall, silent_worker_killed, link_reset, launch_lost,
  launch_repeated, end_repeated, stale_end, tasks_stopped_with_scheduler, attempt_adopted, wall_step, stop_requested,
  kill_requested, retry_failed, retry_from, claims_held, create_conflict, term_ignored, cache_hit, loss, sensor_looked,
  expansion, task_timed_out, hook_ran, teardown_after_stop,
  message_lost, worker_keeps_dying, launch_failed, retry_latest, run_timed_out, failed_fast, losses_used_up,
  gated_killed, gated_stopped, gated_lost, unwritten_claim_told, resumed_alone, run_left, open_hook_left,
  killed_before_inventory, run_waited, waiting_run_stopped, cleared_run_waited,
  clear_requested, finished_run_cleared, attempt_cleared, mark_requested, finished_run_marked, attempt_marked,
  run_mark_requested, breaker_opened, probe_failed, probe_succeeded, breaker_changed_by_person,
  approval_answered,
  approval_refused, approval_expired, approval_withdrawn, approval_default_taken,
  // Of runs that would wait for themselves.
  run_above_refused, circle_refused,
  // Of values that live on from run to run.
  state_written, state_changed_by_person,
  // Of dead letters.
  letter_left, letter_unwanted, letter_redriven, letter_redriven_by_job, letter_discarded, letter_resolved, letter_job,
  letter_asked_twice, letter_of_an_earlier_try,
  // Of assets.
  asset_event_produced, asset_event_raised, asset_run, asset_run_waited, asset_events_merged, asset_events_read,
  asset_quarantined, asset_released, asset_condition_edited,
  // Of checks, of what they guard, and of who waits for an asset.
  event_held, check_failed, check_warned, check_quarantined, producer_skipped, asset_sensor_saw,
  asset_sensor_timed_out,
  // Of schedules: what ticks come to, and what people do meanwhile.
  tick_run, tick_caught_up, tick_exists, tick_overlap, tick_held, tick_calendar,
  tick_missed, tick_clock, tick_failures, tick_waits, dag_paused, dag_drained, server_frozen, dag_edited,
  schedule_edited, dag_file_lost, dag_file_came, clock_far_off,
  // Of backfills: what they do, and what happens to them.
  backfill_run, backfill_passed, backfill_cleared, backfill_paused, backfill_resumed, backfill_cancelled,
  backfill_rested, backfill_beside_pause,
  // Of requests with keys: what a user is told who sends one again.
  key_repeated, key_under_way, key_of_another,
  // Of runs that people pause.
  run_paused, run_went_on, paused_run_stopped, paused_over_restart,
  // Of servers beside others.
  second_refused, refused_beside_stopped, succeeded_at_once, server_deposed, deposed_refused,
  deposed_fenced, killed_between_servers,
  // Of tasks that wait for the run of the date before.
  past_awaited, past_gave_way, past_cleared, past_marked, past_unread,
  last_of_all = past_unread,
};
inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::last_of_all) + 1;
using FaultCounts = std::array<std::uint64_t, kFaultCount>;
const char* to_string(Fault fault);
bool fault_from(const std::string& name, Fault& out);

/// What happened, as lines: the last ones are kept, all are hashed (same seed, same bytes) and shown when asked.
class Trace {
 public:
  explicit Trace(bool shown) : shown_(shown) {}
  void line(MonoUs at, const std::string& text);
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] const std::deque<std::string>& last() const { return last_; }

 private:
  static constexpr std::size_t kKept = 60;
  bool shown_;
  std::uint64_t hash_ = 0;
  std::deque<std::string> last_;
};

struct SimOptions {
  std::uint64_t seed = 1;
  std::int32_t runs_max = 1000;     ///< for shorter versions of a failure
  std::int32_t tasks_max = 1000;
  std::int32_t faults_max = 1 << 30;
  std::bitset<kFaultCount> without;  ///< by Fault
  bool verbose = false;
};

struct Ground {
  explicit Ground(const SimOptions& given)
      : options(given),
        loop(midnight_of(given.seed)),
        trace(given.verbose),
        faults(hash_of({given.seed, 2})),
        latency(hash_of({given.seed, 3})) {}

  /// Whether a fault may happen; counts it when it does.
  bool strike(Fault fault) {
    if (options.without[static_cast<std::size_t>(fault)]) return false;
    ++counts[static_cast<std::size_t>(fault)];
    return true;
  }
  [[nodiscard]] bool may_harm() const { return loop.now() < calm_at && faults_left > 0; }
  /// A fault that does harm: none after the calm, and none beyond the number that was asked for.
  bool harm(Fault fault) {
    if (!may_harm() || !strike(fault)) return false;
    --faults_left;
    return true;
  }
  void say(const std::string& text) { trace.line(loop.now(), text); }

  const SimOptions options;  ///< first: others begin with it
  SimLoop loop;
  Findings findings;
  Trace trace;
  Rng faults;
  Rng latency;
  FaultCounts counts{};
  MonoUs calm_at = 24 * kHour;   ///< nothing breaks any more from here on
  std::int32_t faults_left = options.faults_max;
};

std::string text_of(const AttemptKey& key);

}  // namespace baton::sim
