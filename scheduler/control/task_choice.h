// TaskChoice: which task instances of a run a request names, and how they are told in an answer. Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"

namespace baton {

struct TaskChoice {
  std::string task_id;
  std::optional<std::int32_t> map_index;  ///< none: all instances of the task
};

/// An instance that a request changes, or would change, and how it stood before.
struct TouchedInstance {
  std::string task_id;
  std::int32_t map_index = kUnmapped;
  TaskState state = TaskState::none;
  InstanceNo instance_no = 0;
};

/// The instances that `choices` name; none named: all of the run but its hooks. not_found: no such task, or no instance
/// of this index.
[[nodiscard]] Result<std::vector<InstanceNo>> instances_of(const DagRun& run, const std::vector<TaskChoice>& choices);
[[nodiscard]] std::vector<TouchedInstance> describe(const DagRun& run, const std::vector<InstanceNo>& instances);

/// The task instances of a run cannot be changed before it has begun: conflict. So is a run that is not finished and not
/// with this process (`is_with_us`), because its attempts may live elsewhere.
[[nodiscard]] Status check_open_to_change(const DagRun& run, bool is_with_us);

/// For the audit: {"tasks":["a","b[2]"]}, cut after the first hundred.
[[nodiscard]] std::string as_json(const std::vector<TouchedInstance>& instances);

}  // namespace baton
