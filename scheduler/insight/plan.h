// The plan of a run: what would run, in order, with commands rendered as far as they can be before anything has run.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/model/dag.h"
#include "scheduler/model/value.h"
#include "scheduler/timetable/timetable.h"

namespace baton::insight {

struct PlanRow {
  TaskNo task_no = 0;
  std::int64_t instances = 1;   ///< −1: known only once its upstreams have run
  std::string command;          ///< rendered, or as written where `is_rendered` is false
  bool is_rendered = false;
};

/// Tasks that are selected, upstreams first; then the hooks. A fan-out of more than `instances_max` counts as not
/// known.
std::vector<PlanRow> plan(const std::shared_ptr<const Dag>& dag, const Value& params, timetable::Interval interval,
                          const std::vector<bool>& selected, std::int32_t instances_max);

}  // namespace baton::insight
