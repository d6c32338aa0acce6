// Where the time of a run went: each task instance's time by reason, the critical path through what happened, and what
// would have made the run faster (docs/ARCHITECTURE.md). Pure over what it is given.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/dag.h"

namespace baton::insight {

using WaitSums = std::array<DurationUs, kWaitCount>;

struct InstanceTimes {
  const InstanceView* view = nullptr;
  WaitSums by_wait{};
  DurationUs lifetime_us = 0;  ///< the sum
  std::int32_t tries = 0;
  DurationUs failed_tries_us = 0;  ///< running time of tries that were not the last
};

/// One task instance on the critical path.
struct PathStep {
  std::size_t instance = 0;        ///< index into Explanation::instances
  WallUs begin = kNoTime;          ///< when the step before ended, or the run began
  WallUs end = kNoTime;
  WaitSums by_wait{};              ///< its times but for waiting for upstreams
};

struct Explanation {
  WallUs begin = kNoTime, end = kNoTime;      ///< of the run; the end is now where it lives
  DurationUs queued_us = 0;                   ///< that it waited to begin, before `begin`: behind other runs, or held
  std::vector<InstanceTimes> instances;       ///< in the order of instance numbers
  std::vector<PathStep> path;                 ///< first to last
  WaitSums totals{};                          ///< over all instances
  WaitSums on_path{};                         ///< over the path
  std::vector<std::string> advice;            ///< what would have made it faster, the most first
};

Explanation explain(const Dag& dag, const RunView& run, const std::vector<InstanceView>& instances,
                    const std::vector<TryView>& tries, WallUs now);

}  // namespace baton::insight
