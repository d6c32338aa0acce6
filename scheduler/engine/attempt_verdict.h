// What becomes of a task instance when one of its attempts has ended: success, retry, the next look, failure. Pure.
#pragma once

#include <optional>
#include <string>

#include "scheduler/engine/checks.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/decide.h"
#include "scheduler/engine/executor.h"
#include "scheduler/engine/outputs.h"

namespace baton {

struct AttemptVerdict {
  TaskState to = TaskState::failed;
  Reason reason = Reason::none;
  Wait wait = Wait::ended;
  WallUs wake_at = kNoTime;
  bool counts_failure = false;
  bool counts_loss = false;
  bool look_only = false;
  bool key_only = false;    ///< it hashed files for the cache key
  std::optional<std::string> cache_key;  ///< to be looked up now; it may be empty
  std::optional<Value> outputs;
  std::string outputs_json;
  std::shared_ptr<const ChecksOutcome> checks;
  std::optional<Value> state;   ///< what its state across runs becomes
  std::string state_json;
  std::string note;
};

/// Exit 0 with valid outputs is success, 99 skipped; a sensor that is not met looks again; what is lost starts again
/// within the budget of losses; every other end is a failure, held against the task's retries. Nothing starts again in
/// a run that is stopping.
AttemptVerdict judge_attempt(const DagRun& run, InstanceNo i, const AttemptEnd& end, bool counts_as_loss, Moment now,
                             const CoreSettings& settings);

/// What a task with checks comes to by them. `end`: of the attempt that ran its programs; null: it has none.
AttemptVerdict judge_checks(const DagRun& run, InstanceNo i, const AttemptEnd* end);

/// How an attempt that did not succeed has ended, for people: `exit code 75`.
std::string words_of_end(const AttemptEnd& end);

/// Outputs from the cache, held against what the task declares now.
Result<CheckedOutputs> check_cached(const TaskSpec& spec, const std::string& outputs_json);

/// Until when a sensor may look, from its first look on.
WallUs sensor_deadline(const TaskSpec& spec, WallUs first_look_at);
/// How long a sensor may look in all.
DurationUs sensor_timeout(const TaskSpec& spec);
/// How long its sensor may still look, by the clock that nobody sets; all of it before the first look. Negative: no more.
DurationUs sensor_time_left(const TaskSpec& spec, const Activity* activity, Moment now);

}  // namespace baton
