// `show --report`: the files that tasks have left for people. Main thread.
#pragma once

#include <vector>

#include "cli/invocation.h"
#include "cli/reading.h"

namespace baton::cli {

/// Of every try of these instances that has left some.
int show_reports(const Invocation& call, OpenRun& run, const std::vector<InstanceView>& instances);

}  // namespace baton::cli
