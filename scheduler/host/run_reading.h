// A run read back from a store, as the engine takes it: one that waits to begin as well as one that has begun. What a
// RunLoader does off the loop.
#pragma once

#include <functional>
#include <memory>

#include "scheduler/engine/run_loader.h"
#include "scheduler/engine/store.h"

namespace baton {

/// The DAG of a stored run: its version compiled, or found among those that are in memory.
using DagReader = std::function<Result<std::shared_ptr<const Dag>>(const RunSnapshot&)>;

/// The run of `snapshot` in memory, at `now`. One that waits to begin gets its tasks here, but for those that whoever
/// wanted it has left out. storage: its rows do not fit its version.
[[nodiscard]] Result<DagRun> run_of(const RunSnapshot& snapshot, std::shared_ptr<const Dag> dag, Moment now);

/// Blocks for the store. not_found: no such run; storage: it cannot be read.
[[nodiscard]] Result<LoadedRun> read_run(Store& store, const DagReader& read_dag, RunNo run_no, Moment now);

}  // namespace baton
