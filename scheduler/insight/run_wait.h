// Why a run that is queued has not begun: as the scheduler has it (scheduler/engine/run_queue.h), or, where none works,
// as far as the rows tell. Pure over the Reader; one thread, as that one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/reader.h"
#include "scheduler/engine/run_limits.h"

namespace baton::insight {

struct WaitReason {
  std::string kind;                  ///< of QueueWait: `limit`, `paused`, …; `nobody`: no scheduler works
  std::string text;                  ///< a sentence for people
  WallUs since = kNoTime;
  std::vector<std::string> holders;  ///< ids of the runs that it waits for, a few of them
};

struct WaitQuestion {
  RunView run;                       ///< that is queued
  std::optional<QueueWait> wait;     ///< as the scheduler has it; none: nobody has asked one
  RunLimits limits;                  ///< of its version; nothing: not known
  WallUs now = 0;
};

/// Every reason, the first that counts first. Never empty.
Result<std::vector<WaitReason>> tell_wait(Reader& reader, const WaitQuestion& asked);

}  // namespace baton::insight
