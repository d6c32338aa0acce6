// Numbers of a task that its author wrote as expressions: `timeout`, `retries.max`, `max_parallel`. Nothing is kept of
// them: what they may name (params, upstreams that have ended, the item) does not change while the task lives, so that
// they give the same again, after a restart too. Pure; reads the run.
#pragma once

#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"

namespace baton {

/// The time limit of a try of this instance; 0: none. More than 0 where it is computed.
Result<DurationUs> timeout_of(const DagRun& run, InstanceNo i);

/// The retries after its first try.
Result<std::int32_t> retries_max_of(const DagRun& run, InstanceNo i);

/// How many instances of a mapped task run at one time; 0: no limit of its own. At least 1 where it is computed.
Result<std::int32_t> max_parallel_of(const DagRun& run, TaskNo t);

}  // namespace baton
