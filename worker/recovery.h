// Recovery: what a new worker does about the one before it in the same folder, before it says hello: reads the
// journal, kills whatever that worker left running, and turns its open attempts into ends. Runs once, with the folder's
// lock held, so the other worker is dead for certain.
#pragma once

#include <string>

#include "worker/journal.h"

namespace baton::worker {

/// Kills the leftovers of the worker that wrote `old` (nothing to do after a reboot or an orderly end) and returns what
/// the new journal begins with: no live attempts, those of old as `lost` ends. `old.worker` is carried over as it is.
[[nodiscard]] JournalContent recover(JournalContent old, const std::string& worker_id, const std::string& boot);

}  // namespace baton::worker
