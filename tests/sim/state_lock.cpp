#include "tests/sim/state_lock.h"

#include <unistd.h>

namespace baton::sim {
namespace {

/// One for all days of this program; gone with it.
struct OwnFolder {
  OwnFolder() : path(std::filesystem::temp_directory_path() / ("baton-sim-" + std::to_string(getpid()))) {}
  ~OwnFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  const std::filesystem::path path;
};

}  // namespace

StateLock::StateLock() {
  static const OwnFolder own;
  folder_ = own.path;
}

/// All simulated processes are this one; each has an open file of its own, which is what the kernel goes by.
Result<StateFolder> StateLock::take(const std::string& command) const {
  return StateFolder::own(folder_, {getpid(), command, {}});
}

void StateLock::lose() const {
  std::error_code ignored;
  std::filesystem::remove(database_path(folder_).string() + ".lock", ignored);
}

}  // namespace baton::sim
