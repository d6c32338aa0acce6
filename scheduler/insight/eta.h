// How long a run will still take: what is left of its longest path, or of its work over the slots, whichever is more.
// Pure over rows; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/dag.h"

namespace baton::insight {

/// µs from `now` to the end of the run. `means`: run times of earlier runs by task id; tasks without one count as they
/// `expect`, else as the mean of those that have one. Nothing where nothing is known at all. `slots`: 0 counts the longest path alone.
std::optional<DurationUs> estimate_left(const Dag& dag, const std::vector<InstanceView>& instances,
                                        const std::unordered_map<std::string, DurationView>& means, std::int32_t slots,
                                        WallUs now);

/// How long runs take, by those that have ended: the one in the middle. None: none of them says.
std::optional<DurationUs> usual_duration(const std::vector<RunView>& ended);
/// So many of the last successes tell it.
inline constexpr std::int64_t kUsualOf = 20;

}  // namespace baton::insight
