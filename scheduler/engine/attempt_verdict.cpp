#include "scheduler/engine/attempt_verdict.h"

#include <algorithm>

#include "scheduler/engine/cache_key.h"
#include "scheduler/engine/computed.h"
#include "scheduler/engine/retry.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

using Outcome = AttemptEnd::Outcome;

constexpr DurationUs kSensorTimeoutUs = 7 * kDay;
constexpr int kExitSkip = 99;

AttemptVerdict failed(Reason reason, std::string note) {
  AttemptVerdict v;
  v.to = TaskState::failed;
  v.reason = reason;
  v.note = std::move(note);
  return v;
}

struct Failure {
  Reason reason;
  std::string note;
};

/// `note`, and after it what the executor has to say.
std::string with_remark(std::string note, const AttemptEnd& end) {
  if (!note.empty() && !end.note.empty()) note += "; ";
  return note + end.note;
}

Failure failure_of(const AttemptEnd& end) {
  switch (end.outcome) {
    case Outcome::exited: return {Reason::exit_code, "exit code " + std::to_string(end.exit_code)};
    case Outcome::signaled:
      if (end.oom_killed) return {Reason::oom, "killed for memory"};
      return {Reason::signal, "killed by signal " + std::to_string(end.signal)};
    case Outcome::timed_out: return {Reason::timeout, "its timeout passed"};
    case Outcome::stopped: return {Reason::stopped, ""};
    case Outcome::heartbeat_lost: return {Reason::heartbeat, "silent for longer than its heartbeat"};
    case Outcome::spawn_failed: return {Reason::spawn, end.note.empty() ? "could not be started" : ""};
    case Outcome::lost: return {Reason::lost, "its worker died"};
  }
  return {Reason::exit_code, ""};
}

/// A failure that the author's retries answer for, unless a stop has been asked for.
AttemptVerdict fail(const DagRun& run, InstanceNo i, const AttemptEnd& end, Failure failure, Moment now) {
  const TaskSpec& spec = run.spec_of(i);
  const Instance& instance = run.at(i);
  const std::int32_t failures = instance.failures + 1;
  AttemptVerdict v = failed(failure.reason, with_remark(std::move(failure.note), end));
  v.counts_failure = true;
  RetryPolicy policy = spec.retries;
  if (policy.computed_max.is_set()) {
    const auto retries = retries_max_of(run, i);  // the launch has seen it, or there was none
    policy.max = retries ? *retries : 0;
  }
  if (!instance.stop_requested && retries_again(policy, end, failures)) {
    const auto seed = retry_seed(run.row.run_id, run.dag->task(instance.task_no).id, instance.map_index, failures);
    v.to = TaskState::up_for_retry;
    v.wait = Wait::backoff;
    v.wake_at = now.wall + retry_delay_us(policy, failures, seed);
  }
  return v;
}

/// The budget of losses first, then the author's retries of class lost.
AttemptVerdict lose(const DagRun& run, InstanceNo i, const AttemptEnd& end, bool counts, Moment now,
                    const CoreSettings& settings) {
  bool is_too_often = counts && run.at(i).losses + 1 > settings.losses_max;
  if (BATON_BUG(losses_without_budget)) is_too_often = false;
  if (is_too_often) {
    AttemptEnd as_lost = end;
    as_lost.outcome = Outcome::lost;
    return fail(run, i, as_lost, {Reason::lost, "lost more often than the budget of losses allows"}, now);
  }
  AttemptVerdict v;
  v.to = TaskState::scheduled;
  v.reason = Reason::lost;
  v.wait = Wait::slots;
  v.counts_loss = counts;
  if (BATON_BUG(loss_burns_a_retry)) v.counts_failure = true;
  v.note = end.note.empty() ? "its worker died; it starts again" : end.note;
  return v;
}

/// What a success makes of the task's state across runs; a value in `v` where it changes. An Error: it cannot be kept,
/// and the try has failed for it.
Status take_state(const DagRun& run, InstanceNo i, const EndedState& end, AttemptVerdict& v) {
  const TaskSpec& spec = run.spec_of(i);
  if (!spec.state) return Unit{};
  const std::string name = "the state \"" + spec.state->name + "\" ";
  if (end.holds_secret) return Error{"$BATON_STATE holds the value of a secret; nothing of it was kept"};
  if (end.is_too_large) return Error{"$BATON_STATE holds more than 256 KiB"};
  if (end.json.find_first_not_of(" \t\r\n") == std::string::npos) return Unit{};
  auto checked = check_state(end.json);
  if (!checked) return Error{"$BATON_STATE " + checked.error().message};
  if (run.row.type == RunType::backfill && !spec.state->backfills_write) {
    v.note += (v.note.empty() ? "" : "; ") + name + "was left as it was: a backfill only reads it";
    return Unit{};
  }
  const KeptState* const kept = run.states == nullptr ? nullptr : run.states->find(spec.state->name);
  const std::int64_t version = kept == nullptr ? 0 : kept->version;
  if (version != end.version && !BATON_BUG(state_without_compare)) {
    const std::string by = kept == nullptr ? "somebody" : kept->changed_by;
    return Error{name + "was changed by " + by + " while this try ran; its value was not kept"};
  }
  if (kept != nullptr && kept->json == checked->json) return Unit{};
  v.state = std::move(checked->value);
  v.state_json = std::move(checked->json);
  return Unit{};
}

AttemptVerdict succeed(const DagRun& run, InstanceNo i, const AttemptEnd& end, Moment now,
                       const CoreSettings& settings) {
  if (end.output_holds_secret) {
    return fail(run, i, end, {Reason::outputs, "$BATON_OUTPUT holds the value of a secret; nothing of it was kept"}, now);
  }
  if (end.output_too_large) return fail(run, i, end, {Reason::outputs, "$BATON_OUTPUT holds more than 1 MiB"}, now);
  auto checked = check_outputs(run.spec_of(i), end.output);
  if (!checked) return fail(run, i, end, {Reason::outputs, checked.error().message}, now);
  if (run.outputs_bytes + memory_of(checked->value) > settings.outputs_max_bytes) {
    const std::string mib = std::to_string(settings.outputs_max_bytes >> 20) + " MiB";
    return fail(run, i, end, {Reason::outputs, "the outputs of this run would take more than " + mib + " of memory"}, now);
  }
  AttemptVerdict v;
  v.to = TaskState::success;
  v.note = with_remark(std::move(checked->warning), end);
  if (!checked->json.empty()) {
    v.outputs = std::move(checked->value);
    v.outputs_json = std::move(checked->json);
  }
  if (Status state = take_state(run, i, end.state, v); !state) {
    return fail(run, i, end, {Reason::state, state.error().message}, now);
  }
  return v;
}

/// All of its programs have run; what they have come to is in the output. A check that does not hold is no fault of the
/// try: the same data would fail it again.
AttemptVerdict judge_checks_of(const DagRun& run, InstanceNo i, const AttemptEnd& end, Moment now) {
  if (end.output_holds_secret) {
    return fail(run, i, end, {Reason::outputs, "a result of the checks holds the value of a secret; none was kept"}, now);
  }
  if (end.output_too_large) {
    return fail(run, i, end, {Reason::outputs, "the results of the checks are larger than 1 MiB"}, now);
  }
  return judge_checks(run, i, &end);
}

AttemptVerdict look_again(const DagRun& run, InstanceNo i, const AttemptEnd& end, Moment now) {
  const TaskSpec& spec = run.spec_of(i);
  const DurationUs left = sensor_time_left(spec, run.activity(i), now);
  if (left <= 0) {
    AttemptEnd timed_out = end;
    timed_out.outcome = Outcome::timed_out;
    return fail(run, i, timed_out, {Reason::timeout, "not met before its timeout"}, now);
  }
  AttemptVerdict v;
  v.to = TaskState::up_for_reschedule;
  v.wait = Wait::sensor;
  v.look_only = true;
  v.wake_at = now.wall + std::min(spec.sensor->every_us, left);
  return v;
}

AttemptVerdict judge_look(const DagRun& run, InstanceNo i, const AttemptEnd& end, Moment now,
                          const CoreSettings& settings) {
  if (end.outcome == Outcome::exited) {
    const bool cannot_look = end.exit_code == 126 || end.exit_code == 127;
    if (end.exit_code == 0) return succeed(run, i, end, now, settings);
    if (!cannot_look && end.exit_code != kExitSkip) return look_again(run, i, end, now);
  }
  return fail(run, i, end, failure_of(end), now);
}

/// The attempt hashed the files of the cache key: the key is known now.
AttemptVerdict judge_key(const DagRun& run, InstanceNo i, const AttemptEnd& end) {
  auto hash = end.outcome == Outcome::exited && end.exit_code == 0
                  ? file_hash_of(end.output)
                  : Result<std::string>{Error{with_remark(failure_of(end).note, end)}};
  auto key = hash ? cache_key(run, i, *hash) : hash;
  if (!key) return failed(Reason::expression, "cache.key: the files could not be hashed: " + key.error().message);
  AttemptVerdict v;
  v.to = TaskState::scheduled;
  v.wait = Wait::commit;
  v.key_only = true;
  v.cache_key = std::move(*key);
  return v;
}

/// A person has cleared or marked it meanwhile: how its attempt ended, success too, is a try and nothing more.
AttemptVerdict by_person(Reason why, const AttemptEnd& end) {
  AttemptVerdict v;
  v.note = end.note;
  if (why == Reason::cleared || why == Reason::replaced) {
    v.to = TaskState::none;
    v.reason = Reason::cleared;
    v.wait = Wait::upstream;
  } else {
    v.to = why == Reason::marking_success ? TaskState::success : TaskState::failed;
    v.reason = Reason::marked;
  }
  return v;
}

}  // namespace

std::string words_of_end(const AttemptEnd& end) {
  return with_remark(failure_of(end).note, end);
}

AttemptVerdict judge_checks(const DagRun& run, InstanceNo i, const AttemptEnd* end) {
  auto outcome = std::make_shared<ChecksOutcome>(checks_outcome(run, i, end == nullptr ? "" : end->output));
  AttemptVerdict v;
  v.to = outcome->is_failed ? TaskState::failed : TaskState::success;
  if (outcome->is_failed) v.reason = Reason::checks;
  v.counts_failure = outcome->is_failed;
  v.note = end == nullptr ? outcome->note : with_remark(outcome->note, *end);
  if (!outcome->is_failed) {
    v.outputs = checks_outputs(*outcome);
    v.outputs_json = to_json(*v.outputs);
  }
  v.checks = std::move(outcome);
  return v;
}

DurationUs sensor_timeout(const TaskSpec& spec) {
  return spec.timeout_us > 0 ? spec.timeout_us : kSensorTimeoutUs;
}

DurationUs sensor_time_left(const TaskSpec& spec, const Activity* activity, Moment now) {
  const bool has_looked = activity != nullptr && activity->first_look_at != kNoTime;
  return sensor_timeout(spec) - (has_looked ? now.mono - activity->first_look : 0);
}

WallUs sensor_deadline(const TaskSpec& spec, WallUs first_look_at) {
  return first_look_at + sensor_timeout(spec);
}

Result<CheckedOutputs> check_cached(const TaskSpec& spec, const std::string& outputs_json) {
  return check_outputs(spec, outputs_json);
}

AttemptVerdict judge_attempt(const DagRun& run, InstanceNo i, const AttemptEnd& end, bool counts_as_loss, Moment now,
                             const CoreSettings& settings) {
  bool was_changed = awaits_its_end(run.at(i).reason);
  if (BATON_BUG(cleared_attempt_counts)) was_changed = false;
  if (was_changed) return by_person(run.at(i).reason, end);
  if (run.at(i).stop_requested && awaits_its_end(run.stopping)) return by_person(run.stopping, end);
  const bool is_exit = end.outcome == Outcome::exited;
  bool was_stopped = run.at(i).stop_requested;
  if (BATON_BUG(stopped_attempt_starts_again)) was_stopped = false;
  const bool hashes = run.at(i).reason == Reason::cache_key;
  const bool is_done = is_exit && !hashes && (end.exit_code == 0 || end.exit_code == kExitSkip);
  if (was_stopped && !is_done) {
    AttemptVerdict v = failed(run.stopping == Reason::none ? Reason::stopped : run.stopping, "");
    // A claim that was taken back before its program had started, and the task's first: nothing of it ever ran.
    const bool never_ran = end.outcome == Outcome::stopped && !end.started && run.at(i).failures == 0;
    if (never_ran) v.to = TaskState::skipped;
    return v;
  }
  if (hashes && end.outcome != Outcome::lost && end.outcome != Outcome::stopped) return judge_key(run, i, end);
  if (is_exit && end.exit_code == kExitSkip) {
    AttemptVerdict v;
    v.to = TaskState::skipped;
    v.reason = Reason::exit_skip;
    return v;
  }
  // A worker that lost its scheduler stops what it runs: for the task instance that is a loss, not a failure.
  const bool is_loss = end.outcome == Outcome::lost || end.outcome == Outcome::stopped;
  if (is_loss) {
    AttemptVerdict v = lose(run, i, end, counts_as_loss && end.outcome == Outcome::lost, now, settings);
    if (hashes && v.to == TaskState::scheduled) {
      v.reason = Reason::cache_key;
      v.key_only = true;
    }
    return v;
  }
  if (run.spec_of(i).kind == TaskKind::sensor) return judge_look(run, i, end, now, settings);
  if (is_exit && end.exit_code == 0 && run.spec_of(i).kind == TaskKind::checks) return judge_checks_of(run, i, end, now);
  if (is_exit && end.exit_code == 0) return succeed(run, i, end, now, settings);
  return fail(run, i, end, failure_of(end), now);
}

}  // namespace baton
