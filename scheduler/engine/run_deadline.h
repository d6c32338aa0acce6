// By when a run, or a task of it, is to have ended: an Sla read for one row. Pure, but for the zone file; any thread.
#pragma once

#include "scheduler/engine/rows.h"
#include "scheduler/model/dag.h"

namespace baton {

/// kNoTime: the DAG says nothing, or the moment that it counts from has not come.
[[nodiscard]] WallUs run_deadline(const Sla& sla, const RunRow& row, const Dag& dag);

}  // namespace baton
