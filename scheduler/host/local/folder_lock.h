// Taking a state folder: its lock, or the reason why it cannot be had, or a wait that says for whom.
#pragma once

#include <string>

#include "scheduler/engine/observer.h"
#include "scheduler/store/state_folder.h"

namespace baton {

/// Blocks for as long as another process holds `folder` where `waits` is set, after one notice that names it. conflict:
/// somebody holds it, or its holder is who runs this process as part of a task: waiting for that one would never end.
Result<StateFolder> take_folder(const std::string& folder, const std::string& purpose, bool waits,
                                RunObserver& observer);

/// Whether the holder works on the very task that this process is part of. The marks tell it also of a task that has
/// left its parents; the parents also of one that has cleared its environment, or that runs below another scheduler.
bool is_held_for_us(const std::string& folder, const LockHolder& holder);

}  // namespace baton
