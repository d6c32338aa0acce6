#include "tests/sim/bugs.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace baton::sim {
namespace {

constexpr std::array kBugs = {
    // What is durable, and when.
    SeededBug{"effect_before_commit", "a launch goes out while its claim is still being written"},
    SeededBug{"claim_not_written", "a claim is no reason to write the row"},
    SeededBug{"end_told_before_commit", "a run is called finished before that is on disk"},
    SeededBug{"end_acknowledged_before_commit", "the worker may forget an end that is not on disk"},
    SeededBug{"unknown_taken_for_durable", "a commit of unknown outcome counts as written"},
    SeededBug{"batch_dropped_on_full_disk", "a batch that did not fit on the disk is forgotten"},
    SeededBug{"latest_not_written", "a retry with the new file leaves the run with its old version"},
    // What is prepared while its claim is written.
    SeededBug{"early_end_taken_at_once", "what ends before its claim is durable counts before it"},
    SeededBug{"withdrawn_and_not_stopped", "what was prepared for a refused run is held for ever"},
    // More than one server.
    SeededBug{"lock_not_taken", "the lock of the state folder is asked for, and not waited for"},
    SeededBug{"fenced_taken_for_durable", "a server that was followed by another takes what it offered for written"},
    SeededBug{"worker_forgets_its_scheduler", "a worker that starts listens to a server that another has followed"},
    SeededBug{"worker_takes_any_scheduler", "the worker listens to a server that another has followed"},
    // Whose result counts.
    SeededBug{"no_fence", "the end of an earlier epoch is accepted"},
    SeededBug{"lost_before_proof", "a broken link counts as the death of all attempts"},
    SeededBug{"launched_before_inventory", "a launch goes out before the worker has said what it holds"},
    SeededBug{"lost_only_at_the_start", "a reconnect does not ask which launches have arrived"},
    SeededBug{"mapped_key_used_again", "a new expansion begins to count its epochs from 0"},
    SeededBug{"one_log_for_all_tries", "each try writes over the log of the one before"},
    // Recovery.
    SeededBug{"claim_forgotten_at_recovery", "what was queued is taken for not launched"},
    SeededBug{"hold_lost_at_recovery", "live attempts hold nothing after a restart"},
    SeededBug{"timer_lost_at_recovery", "who slept at the crash sleeps for ever"},
    SeededBug{"outputs_lost_at_recovery", "outputs of successes are not read again"},
    SeededBug{"stop_forgotten_at_recovery", "a run that was being stopped goes on after a restart"},
    SeededBug{"stop_not_sent_again", "what a stopped run still runs is not stopped after a restart"},
    SeededBug{"run_timeout_lost_at_recovery", "the time limit of a run ends with its scheduler"},
    SeededBug{"recovery_runs_once", "time that an earlier recovery has summed is summed again"},
    SeededBug{"open_hooks_forgotten", "a run whose hooks still run is as good as finished"},
    SeededBug{"ends_of_other_runs_acknowledged", "who works on one run lets the worker forget the ends of the others"},
    // Slots and pools.
    SeededBug{"slot_leaked_on_stop", "a stopped attempt keeps what it held"},
    SeededBug{"hold_kept_by_failed_launch", "what could not be rendered keeps what it was given"},
    SeededBug{"refused_run_keeps_holds", "a run that existed already keeps what it held for a moment"},
    SeededBug{"pool_overcommitted", "one slot is asked for, whatever the task wants"},
    SeededBug{"wake_lost", "nobody looks at those who waited when something gets free"},
    SeededBug{"wake_kept_by_the_dropped", "a waiter that is no longer wanted keeps the wake"},
    SeededBug{"waits_behind_the_unwanted", "who waits behind a stopped run's task goes on waiting"},
    // Shares, rates and budgets.
    SeededBug{"weights_ignored", "every DAG counts as one, whatever its weight"},
    SeededBug{"turn_not_counted", "a DAG that has had its turn is first again"},
    SeededBug{"idle_saves_credit", "a DAG that comes back is owed all that it did not use"},
    SeededBug{"rate_ignored", "a pool's rate lets everything through"},
    SeededBug{"rate_timer_lost", "nobody looks when the next may start"},
    SeededBug{"retry_budget_ignored", "retries start as they come due"},
    // Breakers.
    SeededBug{"probes_without_limit", "a breaker that is half open lets everything through"},
    SeededBug{"permit_kept_by_the_dead", "a probe that is stopped or lost keeps its permit"},
    SeededBug{"permit_kept_by_failed_launch", "who was let through a breaker and could not be launched keeps others waiting"},
    SeededBug{"breaker_rows_out_of_order", "what a person asked of a breaker is written over what came of it"},
    // What waits for others.
    SeededBug{"request_left_open", "a question stays open though its task was stopped, marked or cleared"},
    SeededBug{"late_answer_accepted", "who answers what nobody asks any more hears that it counts"},
    SeededBug{"default_that_rejects_approves", "where nobody has answered, whatever was to be taken then approves"},
    SeededBug{"circle_forgotten_at_restart", "runs that wait for each other's places are not seen after a restart"},
    SeededBug{"child_made_twice", "after a restart a task starts the run once more that it waits for"},
    // Dead letters and the jobs over them.
    SeededBug{"letter_of_the_stopped", "what a person has stopped leaves a letter"},
    SeededBug{"letter_that_nobody_wants", "who wants no letters leaves them"},
    SeededBug{"letter_left_open", "a later success leaves the letter of what failed before open"},
    SeededBug{"letter_redriven_again", "a letter is redriven whatever its task has done since"},
    SeededBug{"letter_of_an_earlier_try_stays", "a letter is of no use once what was tried since has been stopped"},
    SeededBug{"discard_unseen_in_memory", "a job redrives what somebody has let go a moment before"},
    SeededBug{"redrive_keeps_letters", "a letter stays open though its task runs again for it"},
    SeededBug{"jobs_end_with_their_server", "what a job had still to do is done by nobody after a restart"},
    SeededBug{"job_rate_ignored", "a job redrives as fast as it can, whatever its rate"},
    // Assets.
    SeededBug{"cached_success_produces", "what lies in the cache is told of as if it had been made"},
    SeededBug{"cursor_not_written", "an event that a run was made of is there for the next one too"},
    SeededBug{"waiting_events_lost_at_restart", "events that waited when the server ended are past"},
    SeededBug{"newest_event_first", "of several that a DAG may run on the last one counts"},
    SeededBug{"crowd_of_asset_runs", "each event makes a run though one waits already"},
    SeededBug{"asset_run_of_a_held_dag", "events make runs of a DAG that is paused, drains or is gone"},
    SeededBug{"quarantine_forgotten_at_restart", "an asset that is held back starts DAGs after a restart"},
    SeededBug{"release_wakes_nobody", "what has waited for a quarantine waits on when that ends"},
    // Checks, what they guard, and who waits for an asset.
    SeededBug{"gate_lets_events_pass", "what was made is told of before the checks behind it have ended"},
    SeededBug{"failed_checks_hold_nothing_back", "what was made is told of though its checks have failed"},
    SeededBug{"held_event_forgotten_at_restart", "what waits for checks when the server ends is told by nobody"},
    SeededBug{"warning_fails_the_task", "a check that only warns fails its task"},
    SeededBug{"skip_tells_of_assets", "who leaves out what it would make tells of it"},
    // Values that live on from run to run.
    SeededBug{"state_without_compare", "a value is kept whatever another has put meanwhile"},
    SeededBug{"state_forgotten_at_restart", "what tasks have kept is not read again after a restart"},
    SeededBug{"clear_takes_state", "every clear takes away what its tasks keep"},
    // Runs that wait to begin.
    SeededBug{"max_active_runs_ignored", "as many runs of a DAG begin as there are"},
    SeededBug{"ended_run_keeps_its_place", "a run that has ended counts under the limit of its DAG"},
    SeededBug{"standing_keeps_its_place", "who waits for an earlier run holds the place that this one needs"},
    SeededBug{"past_taken_for_well", "nobody asks how the run of the date before has ended"},
    SeededBug{"past_seen_once", "who waits for the run of the date before is not told when that ends anew"},
    SeededBug{"past_never_doubted", "what was seen of the run of the date before holds, though that is cleared meanwhile"},
    SeededBug{"late_past_believed", "what was read of the run of the date before it was cleared is believed after it"},
    SeededBug{"dates_in_any_order", "a date begins though an earlier one has not ended"},
    SeededBug{"queue_by_number", "what waits to begin goes by number alone, whoever asked for it"},
    // Schedules.
    SeededBug{"restart_misses_nothing", "what fell due while no server ran counts as due now"},
    SeededBug{"waiting_ticks_lost_at_restart", "nobody makes up for what waited for that when the server ended"},
    SeededBug{"pause_forgotten_at_restart", "runs of a paused DAG that wait begin after a restart"},
    SeededBug{"freeze_forgotten_at_restart", "a server that was frozen starts tasks after a restart"},
    SeededBug{"edit_forgets_what_was_due", "what was due of a schedule that is edited ends nowhere"},
    SeededBug{"taken_date_not_recorded", "a tick whose date has a run already leaves no record"},
    SeededBug{"future_that_never_was_stays", "ticks of a clock that was far ahead count when it is right again"},
    // Backfills.
    SeededBug{"backfill_row_beside_its_clear", "what a backfill writes of a clear is another part than the clear"},
    SeededBug{"backfill_run_behind_its_rows", "how far a backfill has come is written before the runs on the way"},
    SeededBug{"backfill_runs_forgotten", "after a restart a backfill begins as many runs again as it may have"},
    SeededBug{"backfill_piece_begun_again", "what was begun of a piece is done again after a restart"},
    SeededBug{"backfill_pause_forgotten", "a backfill that was paused goes on after a restart"},
    SeededBug{"backfill_of_draining_goes_on", "a backfill makes runs while its DAG drains or the server is frozen"},
    SeededBug{"backfill_waits_beside_pause", "a backfill of a paused DAG rests"},
    // Requests with keys.
    SeededBug{"key_not_kept", "the key of a request is not written with what it has made"},
    SeededBug{"key_of_another_answers", "a key answers whatever else is asked under it"},
    SeededBug{"key_under_way_unknown", "a request that comes twice at once is decided twice"},
    // Runs that are paused.
    SeededBug{"run_pause_forgotten", "a run that was paused goes on after a restart"},
    SeededBug{"run_pause_in_memory_alone", "nobody writes that a run is paused"},
    SeededBug{"stop_keeps_the_pause", "the teardowns of a run that was paused and is stopped never run"},
    SeededBug{"let_go_and_not_told", "who waits at the pause of a run is not looked at when it goes on"},
    // Order, retries, stops.
    SeededBug{"upstream_counted_twice", "the end of an upstream counts twice"},
    SeededBug{"rule_settled_too_early", "a rule is judged while an upstream may still change it"},
    SeededBug{"skip_taken_for_a_success", "all_success runs after a skip"},
    SeededBug{"hook_before_the_outcome", "hooks begin with the run"},
    SeededBug{"retry_timer_lost", "a failed try sleeps without a timer"},
    SeededBug{"timer_fires_at_once", "nobody waits for the delay of a retry or between two looks"},
    SeededBug{"retry_beyond_max", "one retry more than the author allows"},
    SeededBug{"loss_burns_a_retry", "the death of a worker counts as a failure"},
    SeededBug{"losses_without_budget", "an attempt may be lost any number of times"},
    SeededBug{"look_counted_as_a_try", "each look of a sensor is a try of its own"},
    SeededBug{"stop_lets_retries_go_on", "a stop passes over what waits for its retry"},
    SeededBug{"stopped_attempt_starts_again", "what a stop ended counts as lost"},
    SeededBug{"stopped_run_succeeds", "a run that was cut off is called a success"},
    SeededBug{"teardown_cut_by_stop", "a stop takes the teardowns with it"},
    SeededBug{"fail_fast_ignored", "the first failure does not stop the run"},
    SeededBug{"cleared_attempt_counts", "the attempt that lives when a person clears or marks it counts as it ends"},
    SeededBug{"what_began_after_runs_on", "a clear leaves alive what follows from it and has begun"},
    SeededBug{"clear_looks_at_the_first", "of what is cleared above a mapped task only index 0 makes it expand anew"},
    SeededBug{"fan_out_cleared_in_part", "a part of a fan-out runs again for the items that it had, whatever gives them"},
    SeededBug{"retry_keeps_what_follows", "a retry leaves the ends of what follows as they were"},
    SeededBug{"cache_answers_a_retry", "a retry gets the outputs that it was to replace"},
    SeededBug{"wait_counted_twice", "the time before a wait changes its reason is summed twice"},
};

}  // namespace

std::span<const SeededBug> seeded_bugs() {
  return kBugs;
}

bool choose_bug(std::string_view name) {
#ifdef BATON_SEEDED_BUGS
  const bool known = std::any_of(kBugs.begin(), kBugs.end(), [&](const SeededBug& b) { return name == b.name; });
  return known && setenv("BATON_BUG", std::string(name).c_str(), 1) == 0;
#else
  return name.empty();
#endif
}

std::string_view chosen_bug() {
#ifdef BATON_SEEDED_BUGS
  const char* const name = std::getenv("BATON_BUG");
  return name == nullptr ? "" : name;
#else
  return {};
#endif
}

}  // namespace baton::sim
