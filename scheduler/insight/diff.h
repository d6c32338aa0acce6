// What changed between two runs: of the runs themselves, their params, and each task instance. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"

namespace baton::insight {

struct Change {
  std::string what;           ///< `params.region`, `load[3] state`
  std::string before, after;  ///< `-`: not there
};

/// One of the two runs, with all its instances.
struct Side {
  RunView run;
  std::vector<InstanceView> instances;
};

/// What differs and is worth a line, the run's own first. Durations differ by a tenth and a tenth of a second.
std::vector<Change> diff(const Side& before, const Side& after);

}  // namespace baton::insight
