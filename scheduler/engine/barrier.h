// When a task of a run may be judged: its trigger rule over the ends of its upstreams, and between two mapped tasks a
// full barrier, whatever the rule: items are made of all the instances that they come from, or some would be left out
// without a word. Pure.
#pragma once

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/trigger_rule.h"

namespace baton {

/// What the ends so far say of task `t`, which is no teardown: wait where its rule waits, and where a mapped task would
/// expand while a mapped one that it follows directly, or that its items come from, has instances open.
[[nodiscard]] Verdict judge(const DagRun& run, TaskNo t);

/// Whether the items of mapped task `t`, which has not been expanded, come from `source`, which is above it.
[[nodiscard]] bool items_wait_for(const DagRun& run, TaskNo t, TaskNo source);

}  // namespace baton
