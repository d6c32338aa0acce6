// What changes a run, where a server holds its folder: the server is asked, over control.sock, and what it answered is
// shown. One function for each command, with what that command has read of its words. Main thread.
#pragma once

#include <string>
#include <vector>

#include "cli/invocation.h"
#include "cli/server_client.h"
#include "scheduler/control/clear_tasks.h"
#include "scheduler/control/mark_run.h"
#include "scheduler/control/mark_tasks.h"
#include "scheduler/control/retry_run.h"
#include "scheduler/control/stop_run.h"
#include "scheduler/engine/rows.h"

namespace baton::cli {

/// What a command through somebody gives where that was a run in a terminal, which has left before it answered: to be
/// asked once more of whoever has the folder now (ServerClient::has_left). All of these may be done twice.
inline constexpr int kHasLeft = -1;
/// kHasLeft, or the error is told.
int failed_through(const ServerClient& server, const Invocation& call, const Error& error);

/// Each gives the exit code, or kHasLeft. With --wait they follow the run to its end, and the code is the run's.
int pause_through(const ServerClient& server, const Invocation& call, const RunRow& run, bool is_paused);
int stop_through(const ServerClient& server, const Invocation& call, const RunRow& run, const StopRun& request);
int retry_through(const ServerClient& server, const Invocation& call, const RunRow& run, const RetryRun& request,
                  bool is_latest);

/// With dry_run they list what would be touched.
int clear_through(const ServerClient& server, const Invocation& call, const RunRow& run, const ClearTasks& request);
/// One request for each task that is named: where one is refused, those before it are marked.
int mark_through(const ServerClient& server, const Invocation& call, const RunRow& run, const MarkTasks& request);
int mark_through(const ServerClient& server, const Invocation& call, const RunRow& run, const MarkRun& request);

/// The run as the server has answered it: said, or printed in the format of -o, or followed with --wait.
int show_run(const ServerClient& server, const Invocation& call, const Value& run, const std::string& what);

}  // namespace baton::cli
