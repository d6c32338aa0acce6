// What `run`, `expr -f` and the like make of the flags of a run: interval, selection; and what a run in this
// terminal cannot do. Pure but for the clock that is given.
#pragma once

#include <string>
#include <vector>

#include "cli/dag_lookup.h"
#include "cli/invocation.h"
#include "scheduler/timetable/timetable.h"

namespace baton::cli {

/// --interval; without it the latest interval that is over, else an empty one at `now` for a DAG without a schedule.
Result<timetable::Interval> interval_of(const LoadedDag& loaded, const Arguments& arguments, WallUs now);

/// The DAG's timetable, with the calendars of the file and of baton.yaml.
Result<timetable::Timetable> timetable_of(const LoadedDag& loaded);

/// --label, each k=v; a name that is repeated has its last value. invalid.
Result<Labels> labels_of(const Arguments& arguments);

/// --task: what select_tasks() makes of `names`, by TaskNo; its error names the flag.
Result<std::vector<bool>> selection_of(const Dag& dag, const std::vector<std::string>& names);

/// What a run here cannot do, one finding a task, each with its line; empty: it can do all of it.
std::vector<Diagnostic> refusals(const LoadedDag& loaded, const std::vector<bool>& selected);

/// What a run here leaves out, in one sentence; empty: nothing.
std::string left_out(const Dag& dag);

}  // namespace baton::cli
