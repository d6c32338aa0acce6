// FolderWatch: tells when files of a folder, or below it, may have changed. inotify, on a thread of its own; where it
// has no more watches, or the queue of the kernel was too short, it says so: then the folder must be looked through.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/engine/loop.h"

namespace baton {

/// Whether a file of this name is one of DAGs: *.yaml, *.yml, not hidden.
bool is_dag_file_name(const std::string& name);

struct FolderEvents {
  std::vector<std::string> files;  ///< DAG files that were written, moved or deleted
  bool look_through = false;       ///< folders came or went, or something was missed
};

class FolderWatch {
 public:
  /// `told` comes on the loop's thread, never after the watch is gone; for the first time when every folder is watched.
  FolderWatch(Loop& loop, std::string root, std::function<void(FolderEvents)> told);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Every folder is watched. False: look through it more often. Any thread.
  [[nodiscard]] bool is_whole() const;

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace baton
