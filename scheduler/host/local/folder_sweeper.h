// FolderSweeper: removes folders on a thread of its own. To free a folder can wait for the disk, on ext4 a millisecond and
// often more, and the loop, which every run waits for, must not. One thread calls it, the loop's; the one that removes
// begins with the first folder.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace baton {

class FolderSweeper {
 public:
  /// `base`: the folder in which they lie.
  explicit FolderSweeper(std::string base);
  /// Waits for the removal in hand; what is left of the others goes with the next one's first.
  ~FolderSweeper();
  FolderSweeper(const FolderSweeper&) = delete;
  FolderSweeper& operator=(const FolderSweeper&) = delete;

  /// Moves `<base>/<name>` aside, so that another of this name can be made at once, and removes it soon. None there: nothing.
  void remove(const std::string& name);

 private:
  void sweep();
  [[nodiscard]] bool ends();

  const std::string base_;
  std::size_t next_ = 0;  ///< loop thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> doomed_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace baton
