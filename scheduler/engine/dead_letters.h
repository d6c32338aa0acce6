// Dead letters: which ends of task instances leave one, and which close an earlier one. Written in the part of the end,
// so that there is no end without its letter. Pure.
#pragma once

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/decide.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

/// Whether instance `i`, as it has ended now, is work that is given up: it has failed by itself, its retries are used up,
/// and its task wants to be kept. Not what a person has stopped or marked; not what another task's failure has cut off,
/// because that is done again with the letter of that task; not hooks.
[[nodiscard]] bool leaves_letter(const DagRun& run, InstanceNo i);

/// Whether instance `i`, as it has ended now, may have left a letter before, that is answered by this end. False for a
/// success at the first attempt, which is what nearly all ends are.
[[nodiscard]] bool may_close_letters(const DagRun& run, InstanceNo i);

/// What the ends of a step write beside themselves. Before its rows are written: the notes of the ends are needed.
void take_letters(const DagRun& run, const StepOutcome& step, WallUs now, ServiceRows& out);

}  // namespace baton
