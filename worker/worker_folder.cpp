#include "worker/worker_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <utility>

#include "worker/poller.h"
#include "worker/proc.h"
#include "worker/recovery.h"

namespace baton::worker {
namespace {

constexpr int kLockPollMs = 20;
constexpr std::int64_t kLockWaitUs = 60'000'000;
constexpr std::int64_t kFrozenUs = 2'000'000;

bool is_frozen(pid_t pid) {
  const auto stat = pid > 0 ? process_stat(pid) : std::nullopt;
  return stat && (stat->state == 'T' || stat->state == 't');
}

/// The numbers of the folders below <state>/workers, in order.
std::vector<int> worker_numbers(const std::string& state_folder) {
  std::vector<int> numbers;
  const std::unique_ptr<DIR, CloseDir> dir(::opendir((state_folder + "/workers").c_str()));
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    int number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

std::string worker_folder_path(const std::string& state_folder, int worker_no) {
  return state_folder + "/workers/" + std::to_string(worker_no);
}

WorkerFolder::Taken WorkerFolder::take(const std::string& path, const char* lock_name) {
  path_ = path;
  folder_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  lock_.reset(::openat(folder_.get(), lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!folder_ || !lock_) return Taken::kFailed;
  return ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0 ? Taken::kYes : Taken::kHeld;
}

bool WorkerFolder::wait(int link_fd) {
  if (link_fd < 0) return false;
  std::fprintf(stderr, "baton-worker: process %d, an earlier worker, still stops its tasks: waiting for it\n", holder());
  const std::int64_t until = boottime_us() + kLockWaitUs;
  std::int64_t frozen_since = kNever;
  while (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::int64_t now = boottime_us();
    pollfd scheduler{link_fd, POLLRDHUP, 0};
    if (now > until || (::poll(&scheduler, 1, kLockPollMs) > 0 && scheduler.revents != 0)) return false;
    const pid_t held_by = holder();
    frozen_since = is_frozen(held_by) ? std::min(frozen_since, now) : kNever;
    if (frozen_since != kNever && now - frozen_since > kFrozenUs) ::kill(held_by, SIGKILL);
  }
  return true;
}

bool WorkerFolder::has_socket() const {
  return ::faccessat(folder_.get(), "sock", F_OK, 0) == 0;
}

pid_t WorkerFolder::holder() const {
  char text[16] = {};
  return ::pread(lock_.get(), text, sizeof(text) - 1, 0) > 0 ? static_cast<pid_t>(std::atoi(text)) : 0;
}

void WorkerFolder::write_holder() const {
  const std::string text = std::to_string(::getpid()) + '\n';
  if (::ftruncate(lock_.get(), 0) == 0) static_cast<void>(!::pwrite(lock_.get(), text.data(), text.size(), 0));
}

std::string WorkerFolder::id() const {
  struct stat info {};
  ::fstat(folder_.get(), &info);
  char text[64];
  std::snprintf(text, sizeof(text), "w%llx-%llx", static_cast<unsigned long long>(info.st_dev),
                static_cast<unsigned long long>(info.st_ino));
  return text;
}

bool Inheritance::take_one(const std::string& path, bool is_old_layout, int link_fd, JournalContent& content) {
  Left left;
  left.is_old_layout = is_old_layout;
  switch (left.folder.take(path, is_old_layout ? "worker.lock" : "lock")) {
    case WorkerFolder::Taken::kFailed:
      return true;  // Nothing that a worker could have left.
    case WorkerFolder::Taken::kHeld:
      if (!is_old_layout && left.folder.has_socket()) return true;
      if (!left.folder.wait(link_fd)) return false;
      break;
    case WorkerFolder::Taken::kYes:
      break;
  }
  left.journal = is_old_layout ? path + "/worker.journal" : left.folder.journal_path();
  JournalContent old = recover(read_journal(left.journal), left.folder.id(), boot_id());
  left.worker = old.worker;
  std::move(old.ended.begin(), old.ended.end(), std::back_inserter(content.ended));
  left_.push_back(std::move(left));
  return true;
}

bool Inheritance::take(const std::string& state_folder, int own_no, int link_fd, JournalContent& content) {
  const bool has_old_layout = ::access((state_folder + "/worker.lock").c_str(), F_OK) == 0;
  if (has_old_layout && !take_one(state_folder, true, link_fd, content)) return false;
  for (const int number : worker_numbers(state_folder)) {
    if (number == own_no) continue;
    if (!take_one(worker_folder_path(state_folder, number), false, link_fd, content)) return false;
  }
  return true;
}

void Inheritance::settle() {
  for (const Left& left : left_) {
    if (left.is_old_layout) {
      ::unlink(left.journal.c_str());
      ::unlink((left.folder.path() + "/worker.lock").c_str());
      continue;
    }
    JournalContent empty;
    empty.worker = left.worker;
    Journal journal;
    if (!journal.start(left.journal, empty)) continue;  // Told twice then, which changes nothing.
    journal.closed();
    journal.flush();
    ::unlink(left.folder.socket_path().c_str());
    std::error_code ignored;
    std::filesystem::remove_all(left.folder.report_folder(), ignored);
  }
  left_.clear();
}

}  // namespace baton::worker
