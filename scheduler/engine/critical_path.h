// The longest path from each task to the end of its run, for the order of starts and the ETA. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/model/dag.h"

namespace baton {

/// µs from the start of each task to the end of the last that follows from it, by TaskNo, with `mean_us` of earlier runs by
/// task id. A task without a mean counts as it `expect`s, else as the mean of those that have one, else as one second.
/// O(tasks + edges).
std::vector<DurationUs> path_lengths(const Dag& dag, const std::unordered_map<std::string, DurationUs>& mean_us);

}  // namespace baton
