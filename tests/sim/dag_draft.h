// DagDraft: a DAG of a simulated day while it is being made up, task by task: t0, t1, … Base of those who draw one.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/sim/workload.h"

namespace baton::sim {

class DagDraft {
 protected:
  TaskNo add(TaskSpec spec, std::vector<TaskNo> needs, TaskPlan plan = {}) {
    Task task;
    task.id = fmt::format("t{}", dag_.tasks.size());
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
    dag_.tasks.push_back(std::move(task));
    needs_.push_back(std::move(needs));
    plans_.push_back(plan);
    return static_cast<TaskNo>(dag_.tasks.size() - 1);
  }

  Dag dag_;
  std::vector<std::vector<TaskNo>> needs_;  ///< by task
  std::vector<TaskPlan> plans_;             ///< by task
};

}  // namespace baton::sim
