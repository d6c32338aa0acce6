#include "tests/sim/ground.h"

#include <fmt/format.h>

#include <cstdio>

namespace baton::sim {
namespace {

constexpr std::array<const char*, kFaultCount> kNames = {"scheduler_crash",
                                                         "crash_in_recovery",
                                                         "crash_commit_kept",
                                                         "crash_commit_lost",
                                                         "unknown_kept",
                                                         "unknown_lost",
                                                         "disk_full",
                                                         "slow_commit",
                                                         "scheduler_stall",
                                                         "worker_killed",
                                                         "worker_stall",
                                                         "silent_worker_killed",
                                                         "link_reset",
                                                         "launch_lost",
                                                         "launch_repeated",
                                                         "end_repeated",
                                                         "stale_end",
                                                         "tasks_stopped_with_scheduler",
                                                         "attempt_adopted",
                                                         "wall_step",
                                                         "stop_requested",
                                                         "kill_requested",
                                                         "retry_failed",
                                                         "retry_from",
                                                         "claims_held",
                                                         "create_conflict",
                                                         "term_ignored",
                                                         "cache_hit",
                                                         "loss",
                                                         "sensor_looked",
                                                         "expansion",
                                                         "task_timed_out",
                                                         "hook_ran",
                                                         "teardown_after_stop",
                                                         "message_lost",
                                                         "worker_keeps_dying",
                                                         "launch_failed",
                                                         "retry_latest",
                                                         "run_timed_out",
                                                         "failed_fast",
                                                         "losses_used_up",
                                                         "gated_killed",
                                                         "gated_stopped",
                                                         "gated_lost",
                                                         "unwritten_claim_told",
                                                         "resumed_alone",
                                                         "run_left",
                                                         "open_hook_left",
                                                         "killed_before_inventory",
                                                         "run_waited",
                                                         "waiting_run_stopped",
                                                         "cleared_run_waited",
                                                         "clear_requested",
                                                         "finished_run_cleared",
                                                         "attempt_cleared",
                                                         "mark_requested",
                                                         "finished_run_marked",
                                                         "attempt_marked",
                                                         "run_mark_requested",

                                                         "breaker_opened",
                                                         "probe_failed",
                                                         "probe_succeeded",
                                                         "breaker_changed_by_person",
                                                         "approval_answered",
                                                         "approval_refused",
                                                         "approval_expired",
                                                         "approval_withdrawn",
                                                         "approval_default_taken",
                                                         "run_above_refused",
                                                         "circle_refused",
                                                         "state_written",
                                                         "state_changed_by_person",
                                                         "letter_left",
                                                         "letter_unwanted",
                                                         "letter_redriven",
                                                         "letter_redriven_by_job",
                                                         "letter_discarded",
                                                         "letter_resolved",
                                                         "letter_job",
                                                         "letter_asked_twice",
                                                         "letter_of_an_earlier_try",
                                                         "asset_event_produced",
                                                         "asset_event_raised",
                                                         "asset_run",
                                                         "asset_run_waited",
                                                         "asset_events_merged",
                                                         "asset_events_read",
                                                         "asset_quarantined",
                                                         "asset_released",
                                                         "asset_condition_edited",
                                                         "event_held",
                                                         "check_failed",
                                                         "check_warned",
                                                         "check_quarantined",
                                                         "producer_skipped",
                                                         "asset_sensor_saw",
                                                         "asset_sensor_timed_out",
                                                         "tick_run",
                                                         "tick_caught_up",
                                                         "tick_exists",
                                                         "tick_overlap",
                                                         "tick_held",
                                                         "tick_calendar",
                                                         "tick_missed",
                                                         "tick_clock",
                                                         "tick_failures",
                                                         "tick_waits",
                                                         "dag_paused",
                                                         "dag_drained",
                                                         "server_frozen",
                                                         "dag_edited",
                                                         "schedule_edited",
                                                         "dag_file_lost",
                                                         "dag_file_came",
                                                         "clock_far_off",
                                                         "backfill_run",
                                                         "backfill_passed",
                                                         "backfill_cleared",
                                                         "backfill_paused",
                                                         "backfill_resumed",
                                                         "backfill_cancelled",
                                                         "backfill_rested",
                                                         "backfill_beside_pause",
                                                         "key_repeated",
                                                         "key_under_way",
                                                         "key_of_another",
                                                         "run_paused",
                                                         "run_went_on",
                                                         "paused_run_stopped",
                                                         "paused_over_restart",
                                                         "second_refused",
                                                         "refused_beside_stopped",
                                                         "succeeded_at_once",
                                                         "server_deposed",
                                                         "deposed_refused",
                                                         "deposed_fenced",
                                                         "killed_between_servers",
                                                         "past_awaited",
                                                         "past_gave_way",
                                                         "past_cleared",
                                                         "past_marked",
                                                         "past_unread"};

}  // namespace

const char* to_string(Fault fault) {
  return kNames[static_cast<std::size_t>(fault)];
}

bool fault_from(const std::string& name, Fault& out) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name != kNames[i]) continue;
    out = static_cast<Fault>(i);
    return true;
  }
  return false;
}

void Trace::line(MonoUs at, const std::string& text) {
  std::string full = fmt::format("{:>8}.{:06} {}", at / kSecond, at % kSecond, text);
  hash_ = hash_text(full, hash_);
  if (shown_) std::printf("%s\n", full.c_str());
  last_.push_back(std::move(full));
  if (last_.size() > kKept) last_.pop_front();
}

std::string text_of(const AttemptKey& key) {
  return fmt::format("{}/{}/{}@{}", key.run_no, key.task_no, key.map_index, key.epoch);
}

}  // namespace baton::sim
