#include "scheduler/host/local/folder_sweeper.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

namespace baton {
namespace {

namespace fs = std::filesystem;

/// No run has such a name: they are numbers.
constexpr const char* kAside = "gone.";

}  // namespace

FolderSweeper::FolderSweeper(std::string base) : base_(std::move(base)) {}

FolderSweeper::~FolderSweeper() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void FolderSweeper::remove(const std::string& name) {
  const std::string aside = base_ + "/" + kAside + std::to_string(getpid()) + "." + std::to_string(next_++);
  if (std::rename((base_ + "/" + name).c_str(), aside.c_str()) != 0) return;
  {
    const std::lock_guard lock(mutex_);
    doomed_.push_back(aside);
  }
  if (thread_.joinable()) {
    changed_.notify_one();
  } else {
    thread_ = std::thread([this] { sweep(); });
  }
}

bool FolderSweeper::ends() {
  const std::lock_guard lock(mutex_);
  return is_ending_;
}

void FolderSweeper::sweep() {
  std::error_code ignored;
  std::vector<std::string> left;  // of processes that were killed, and the first of ours
  for (const auto& entry : fs::directory_iterator(base_, ignored)) {
    if (entry.path().filename().string().starts_with(kAside)) left.push_back(entry.path());
  }
  for (;;) {
    for (const std::string& path : left) {
      if (ends()) return;
      fs::remove_all(path, ignored);
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_ending_ || !doomed_.empty(); });
    if (is_ending_) return;
    left = std::exchange(doomed_, {});
  }
}

}  // namespace baton
