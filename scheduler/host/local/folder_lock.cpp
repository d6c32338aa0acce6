#include "scheduler/host/local/folder_lock.h"

#include <unistd.h>

#include <filesystem>

#include "scheduler/host/folders.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

bool is_same_folder(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

std::string name_of(const LockHolder& holder) {
  std::string name = "process " + std::to_string(holder.pid);
  if (!holder.command.empty()) name += " (baton " + holder.command + ")";
  if (!holder.run.empty()) name += ", run " + holder.run;
  return name;
}

}  // namespace

bool is_held_for_us(const std::string& folder, const LockHolder& holder) {
  const auto enclosing = enclosing_state_folder();
  return (enclosing && is_same_folder(*enclosing, folder)) || is_ancestor(holder.pid);
}

Result<StateFolder> take_folder(const std::string& folder, const std::string& purpose, bool waits,
                                RunObserver& observer) {
  LockHolder self;
  self.pid = getpid();
  self.command = purpose;
  auto taken = StateFolder::own(folder, self);
  if (taken || taken.error().kind != ErrorKind::conflict) return taken;
  const auto holder = StateFolder::holder(folder);
  if (holder && holder->pid != 0 && is_held_for_us(folder, *holder)) {
    return Error{"this is part of a task of " + name_of(*holder) + ", which holds the state folder " + folder +
                     " until that task has ended; give this run a state folder of its own",
                 ErrorKind::conflict};
  }
  if (!waits) return taken;
  if (holder && holder->pid != 0) observer.notice("waiting for " + name_of(*holder) + ", which uses " + folder);
  return StateFolder::own(folder, self, kNoTime);
}

}  // namespace baton
