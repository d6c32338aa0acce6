// Rows of the store as the API's objects (Airflow's field names, with `state_reason` beside them), and their parts as
// words for people. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/value.h"
#include "scheduler/engine/reader.h"

namespace baton::cli {

/// DAGRunResponse with `state_reason`. `with_counts` adds `task_instance_counts`, {state: n}.
Value run_object(const RunView& run, bool with_counts = true);
/// TaskInstanceResponse with `state_reason`; `run` gives the dates, which are the run's.
Value instance_object(const InstanceView& instance, const RunView& run);
/// TaskInstanceHistoryResponse's fields of one try, with `state_reason`, `exit_code`, `signal`, rusage and `times`.
Value try_object(const TryView& view);

/// `load`, `load[3]` or `load[eu]`.
std::string instance_name(const InstanceView& instance);
/// `exit code 1`, `killed by SIGSEGV`, `timed out`, …; empty: nothing to say. The note, where there is one, says more.
std::string reason_words(const TryRow& row);

/// From begin to end, or to `now` while it runs; −1: it has not begun.
DurationUs duration_of(WallUs begin, WallUs end, WallUs now);

/// {"upstream": 120} as pairs in the order of Wait. Broken texts count as empty.
std::vector<std::pair<Wait, DurationUs>> times_of(std::string_view times_json);

}  // namespace baton::cli
