// StateLock: who holds the state of the day, by the lock that servers take (scheduler/store/state_folder.h), in a
// folder of this program. The lock is the kernel's: it lies on an open file and goes with the process, and not before;
// one that is stopped, or dies in the midst of a write, has it until it is gone. So two servers on one state never
// overlap, and there is no more to play than that the second is refused, or comes in the moment in which the first
// goes. But somebody may take the lock file away: then the next one locks another file, and the first, when it goes
// on, is held back by the fence of the store and by its worker alone.
#pragma once

#include <string>

#include "scheduler/store/state_folder.h"

namespace baton::sim {

class StateLock {
 public:
  StateLock();
  /// As a server does first. `command` names it to those who are refused.
  [[nodiscard]] Result<StateFolder> take(const std::string& command) const;
  /// Somebody removes the lock file.
  void lose() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace baton::sim
