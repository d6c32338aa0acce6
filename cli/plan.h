// The plan of a run: what would run, in order, with commands rendered as far as they can be before anything has run.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/dag_lookup.h"
#include "cli/text/style.h"
#include "scheduler/model/value.h"
#include "scheduler/timetable/timetable.h"

namespace baton::cli {

struct PlanRow {
  TaskNo task_no = 0;
  std::int64_t instances = 1;   ///< −1: known only once its upstreams have run
  std::string command;          ///< rendered, or as written where `is_rendered` is false
  bool is_rendered = false;
};

/// Tasks that are selected, upstreams first.
std::vector<PlanRow> plan_of(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                             const std::vector<bool>& selected);

/// The document of `run --dry-run -o json`.
Value plan_object(const LoadedDag& loaded, const Value& params, timetable::Interval interval, const std::vector<PlanRow>& rows);
std::string plan_text(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                      const std::vector<PlanRow>& rows, const text::Style& style, std::size_t columns);

}  // namespace baton::cli
