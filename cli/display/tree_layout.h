// How the tasks of a DAG stand under each other: a DAG is no tree, but what runs between a fork and the join after it
// reads as branches, and what follows the join as the trunk again. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/dag.h"

namespace baton::display {

struct TreeRow {
  TaskNo task_no = 0;
  std::string lead;   ///< lines before the task's sign: "├─ "
  std::string below;  ///< the same for rows that belong to it, as its mapped instances: "│  "
};

/// Every task but hooks, in an order in which upstreams stand above; hooks last, without lines.
std::vector<TreeRow> tree_layout(const Dag& dag, bool unicode);

}  // namespace baton::display
