// Which display a command gives a run, and its last words: shared by run, resume, retry and watch. Main thread.
#pragma once

#include <memory>
#include <string>

#include "cli/display/watched_run.h"
#include "cli/invocation.h"
#include "scheduler/host/local/local_host.h"

namespace baton::cli {

/// Live on a terminal, lines elsewhere (both on stderr), JSON lines on stdout with -o jsonl, nothing with --quiet or
/// where -o is for programs and stderr is no terminal.
std::unique_ptr<display::WatchedRun> make_display(const Invocation& call, const std::string& state_folder,
                                                  const std::string& dag_id, std::int32_t slots);

/// After the run: shows the end in the format of -o, and gives the exit code. `run_words` names the run in what to
/// type next.
int show_end(const Invocation& call, display::WatchedRun& display, const std::string& state_folder,
             const Result<RunEnd>& end, const std::string& run_words);

}  // namespace baton::cli
