// Rows of the store as the API's objects (Airflow's field names, with `state_reason` beside them), and their parts as
// words for people. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/value.h"
#include "scheduler/engine/reader.h"
#include "scheduler/insight/words.h"

namespace baton::cli {

/// DAGRunResponse with `state_reason`. `with_counts` adds `task_instance_counts`, {state: n}.
Value run_object(const RunView& run, bool with_counts = true);
/// TaskInstanceResponse with `state_reason`; `run` gives the dates, which are the run's.
Value instance_object(const InstanceView& instance, const RunView& run);
/// TaskInstanceHistoryResponse's fields of one try, with `state_reason`, `exit_code`, `signal`, rusage and `times`.
Value try_object(const TryView& view);

/// `load`, `load[3]` or `load[eu]`.
std::string instance_name(const InstanceView& instance);
using insight::duration_of;
using insight::reason_words;
using insight::times_of;

}  // namespace baton::cli
