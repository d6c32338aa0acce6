// Dead letters: which ends of task instances leave one, and which close an earlier one. Written in the part of the end,
// so that there is no end without its letter. A run knows which of its letters are open (DagRun::open_letters), so that
// one is tried again at most once, and not after somebody has let it go. Pure.
#pragma once

#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/decide.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

/// Whether instance `i`, as it has ended now, is work that is given up: it has failed by itself, its retries are used up,
/// and its task wants to be kept. Not what a person has stopped or marked; not what another task's failure has cut off,
/// because that is done again with the letter of that task; not hooks.
[[nodiscard]] bool leaves_letter(const DagRun& run, InstanceNo i);

/// What the ends of a step write beside themselves: letters, and closings of earlier ones that they answer. The run
/// knows of both from here on. Before its rows are written: the notes of the ends are needed.
void take_letters(DagRun& run, const StepOutcome& step, WallUs now, ServiceRows& out);

/// Somebody has dealt with these; whether one of them is of this run and was open.
bool forget_closed(DagRun& run, const std::vector<LetterClosingRow>& closings);

}  // namespace baton
