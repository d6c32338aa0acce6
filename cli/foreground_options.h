// From the flags of a command to what running in this terminal wants: --slots, --secrets, --wait and the state folder.
#pragma once

#include "cli/foreground.h"
#include "cli/invocation.h"

namespace baton::cli {

/// invalid: --slots is no number.
Result<ForegroundOptions> foreground_options(const Invocation& call, Config config);

}  // namespace baton::cli
