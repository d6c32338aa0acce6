// `--interval START[/END]` (docs/ARCHITECTURE.md). Pure; any thread.
#pragma once

#include <string_view>

#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"
#include "scheduler/timetable/timetable.h"

namespace baton::cli {

/// START alone goes to the next tick of the DAG's schedule, else over the civil day for a date, else to START itself.
/// Dates and times without an offset are read in the DAG's zone. An Error says which part is wrong.
Result<timetable::Interval> parse_interval(std::string_view text, const Dag& dag, const timetable::Timetable& timetable);

}  // namespace baton::cli
