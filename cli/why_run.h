// `why RUN`, and what `show` says of a run that is queued: why it has not begun. The server that holds the state folder
// is asked; without one, the rows tell what they can.
#pragma once

#include "cli/invocation.h"
#include "cli/reading.h"

namespace baton::cli {

/// Of a run that is queued.
int why_queued_run(const Invocation& call, OpenRun& run);
/// The first reason, as a sentence; empty: nobody knows.
std::string waiting_words(OpenRun& run);

}  // namespace baton::cli
