// Rebuilds a DagRun from its rows after a restart. Pure and repeatable: nothing is written, so a recovery that crashes
// is simply done again (S12).
#pragma once

#include <memory>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/store.h"
#include "scheduler/model/result.h"

namespace baton {

/// The run as its rows tell it, with `now` for the time that passes from here on; what passed since the last row was
/// written counts as offline. Attempts that were queued or running stay so until an executor says what became of them.
/// An Error names the row that does not fit the Dag.
Result<DagRun> restore_run(const RunSnapshot& snapshot, std::shared_ptr<const Dag> dag, Moment now);

/// The run goes on with `latest`, another version of its DAG. It keeps its task instances by number: conflict where the
/// tasks are not the same ones in the same order.
Status take_version(DagRun& run, std::shared_ptr<const Dag> latest);

}  // namespace baton
