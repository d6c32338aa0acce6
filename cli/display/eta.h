// How long a run will still take: what is left of its longest path, or of its work over the slots, whichever is more.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "cli/display/run_picture.h"

namespace baton::display {

using Means = std::unordered_map<std::string, DurationUs>;

/// µs from `now` to the end of the run. `means`: run times of earlier runs by task id. Tasks without one count as this
/// run's own so far. Nothing where nothing is known at all. O(tasks + edges).
std::optional<DurationUs> estimate_left(const RunPicture& picture, const Means& means, std::int32_t slots, WallUs now);

}  // namespace baton::display
