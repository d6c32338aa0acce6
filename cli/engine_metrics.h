// What a scheduler says of itself in the format of Prometheus: what it runs, what waits, its pools and breakers.
#pragma once

#include <string>

#include "scheduler/engine/engine.h"

namespace baton {

/// Lines of gauges. Loop thread; costs by the number of pools and breakers, not by that of runs.
std::string engine_metrics(const Engine& engine);
/// Any thread: of a loop that stands still others tell.
std::string lateness_metric(DurationUs late_us);

}  // namespace baton
