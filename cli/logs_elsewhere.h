// `logs` of a run on a server of another machine, over its API. Main thread; blocks.
#pragma once

#include <vector>

#include "cli/log_wish.h"
#include "cli/reading.h"

namespace baton::cli {

/// Of these instances, once or, with --follow, until the run has ended.
int logs_elsewhere(const Invocation& call, OpenRun& run, std::vector<InstanceView> views, const LogWish& wish);

}  // namespace baton::cli
