// Turns `for_each` and `matrix` into items (docs/dag-language.md). Pure.
#pragma once

#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"

namespace baton {

/// The items of a mapped task, in map_index order; empty: nothing to do. An Error says why it cannot be expanded:
/// an expression failed, the value is neither list nor map, or there are more than `instances_max`.
Result<std::vector<MappedItem>> expand(const DagRun& run, TaskNo task_no, std::int32_t instances_max);

/// The tasks that the items of a mapped task are made from: its expressions name them. Each once, in no order.
std::vector<TaskNo> items_come_from(const Dag& dag, TaskNo task_no);

}  // namespace baton
