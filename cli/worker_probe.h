// Starts a worker for a moment and asks what this machine lets it do, for `doctor`. Main thread; at most a few seconds.
#pragma once

#include <string>

#include "scheduler/model/result.h"
#include "worker/protocol/messages.h"

namespace baton::cli {

struct WorkerProbe {
  std::string program;       ///< absolute
  wire::WorkerHello hello;
};

/// baton-worker as `run` finds it: $BATON_WORKER, else beside this program.
std::string worker_program_path();
Result<WorkerProbe> probe_worker();

}  // namespace baton::cli
