// StateFolder: the folder `.baton/` of one state, and the lock that makes one process its owner (docs/INVARIANTS.md, S7). The lock is the kernel's (flock): it goes with its process, however that ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton {

/// Who holds a state folder; written into the lock file for the one who is refused.
struct LockHolder {
  std::int64_t pid = 0;
  std::string command;  ///< e.g. "run etl.yaml"
  std::string run;      ///< run id, once there is one; may be empty
};

class StateFolder {
 public:
  /// Makes `folder` (0700, with its parents) where it is missing, and takes its lock. Held by another process: Error
  /// code 5 naming pid and run, after waiting up to `wait_us` (0: at once; kNoTime: for ever), or a second where the one
  /// that it names is dead. Blocks while it waits.
  static Result<StateFolder> own(const std::filesystem::path& folder, const LockHolder& self, DurationUs wait_us = 0);
  /// Who holds the lock now; pid 0: nobody.
  static Result<LockHolder> holder(const std::filesystem::path& folder);

  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&& other) noexcept;
  ~StateFolder();  ///< gives the lock back

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Names the run in the lock file, for those who are refused.
  void name_run(const std::string& run);

 private:
  StateFolder(std::filesystem::path path, int fd, LockHolder self);
  std::filesystem::path path_;
  int fd_ = -1;
  LockHolder self_;
};

/// The database of a state folder.
inline std::filesystem::path database_path(const std::filesystem::path& folder) {
  return folder / "baton.db";
}

}  // namespace baton
