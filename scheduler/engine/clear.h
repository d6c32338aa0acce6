// Clearing: makes chosen instances of a run as if they had not run, for `retry`. Pure.
#pragma once

#include <vector>

#include "scheduler/engine/decide.h"

namespace baton {

/// Failed and upstream_failed instances and what a stop cut off, all that follows from them, and the setups of every
/// teardown among these. Sorted.
std::vector<InstanceNo> select_failed(const DagRun& run);

/// `task_no` with all that follows, and the setups of every teardown among these. Sorted.
std::vector<InstanceNo> select_from(const DagRun& run, TaskNo task_no);

/// Back to none, with the counts of failures and losses at 0; epochs (at least 1 where there is a cache, which a
/// cleared instance does not ask) and try numbers stay, old tries and logs too. The run
/// is running again and its hooks are to come. A mapped task that is cleared whole together with one of its upstreams
/// will expand anew. No instance of the run may be live. Follow with RunBegins.
void clear_instances(DagRun& run, const std::vector<InstanceNo>& selected, Moment now, StepOutcome& out);

}  // namespace baton
