// Following a run of another process to its end, as `watch` and `--wait` beside a server do. Main thread.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "cli/reading.h"

namespace baton::cli {

/// Shows what `run` shows, by asking the store again and again; the exit code is the run's. `words` name the run in what
/// to type next.
int follow_run(const Invocation& call, OpenRun run, std::string words);

}  // namespace baton::cli
