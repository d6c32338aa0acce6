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

Result<WorkerProbe> probe_worker();

}  // namespace baton::cli
