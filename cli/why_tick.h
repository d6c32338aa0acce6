// `why DAG --at T`, beside `why RUN TASK`. Main thread.
#pragma once

#include "cli/invocation.h"

namespace baton::cli {

/// What became of the tick at T, or the last one before. Gives the exit code.
int why_tick(const Invocation& call);

}  // namespace baton::cli
