// NewRun: a run that somebody wants, as a value: what a command, a tick or a request says of it. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

struct NewRun {
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const VersionRow> version;  ///< canonical form and source
  Value params;                               ///< resolved: a map
  std::string run_id;                         ///< empty: manual__<time>_<6 random>
  RunType type = RunType::manual;
  WallUs logical_date = kNoTime;
  WallUs interval_start = kNoTime, interval_end = kNoTime;
  WallUs run_after = kNoTime;                 ///< it does not begin before; kNoTime: now
  std::vector<std::string> tasks;             ///< as asked for; empty: all. Kept with the run, for people
  std::vector<bool> selected;                 ///< by TaskNo, of select_tasks(); empty: all
  std::string triggered_by = "cli";
  Labels labels;                              ///< beside those of its DAG, and before them
};

/// The rows of `request` as run `run_no`, that is wanted at `now`. `random` only where the run's id is to be made.
RunCreation creation_of(const NewRun& request, RunNo run_no, WallUs now, std::uint64_t random);

/// The state in which each task of a stored run begins, by TaskNo: `removed` for what its request left out. invalid: a
/// task that it names is not in `dag`.
[[nodiscard]] Result<std::vector<TaskState>> initial_states_of(const RunRow& row, const Dag& dag);

}  // namespace baton
