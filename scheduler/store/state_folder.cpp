#include "scheduler/store/state_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "scheduler/model/seeded_bug.h"
#include "scheduler/store/files.h"

namespace baton {
namespace {

constexpr DurationUs kPollUs = 20 * kMillisecond;
constexpr DurationUs kLeftBehindUs = kSecond;  ///< far more than the way from a fork to its exec

std::string lock_path(const std::filesystem::path& folder) {
  return database_path(folder).string() + ".lock";
}

int open_lock(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/// The holder's text: three lines, pid, run, command. A line break in a command would move the lines: blanks instead.
void write_holder(int fd, const LockHolder& self) {
  std::string text = std::to_string(self.pid) + '\n' + self.run + '\n';
  std::string command = self.command;
  std::replace(command.begin(), command.end(), '\n', ' ');
  text += command + '\n';
  // Written over, and cut behind: who reads meanwhile must not find it empty and take the folder for one without a
  // server. Whoever reads goes by the first three lines. What fails here hurts nobody.
  if (::pwrite(fd, text.data(), text.size(), 0) > 0) (void)!::ftruncate(fd, static_cast<off_t>(text.size()));
}

LockHolder read_holder(int fd) {
  std::array<char, 4096> buffer{};
  const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), 0);
  LockHolder holder;
  if (size <= 0) return holder;
  std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  const auto next_line = [&text] {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
  };
  const auto pid = next_line();
  std::from_chars(pid.data(), pid.data() + pid.size(), holder.pid);
  holder.run = next_line();
  holder.command = next_line();
  return holder;
}

/// Whether the lock is nobody's for long: its owner is dead, and a child that it was about to start has the descriptor
/// until it becomes another program; or someone looks who holds it, for which it takes the lock for a moment. Where that
/// counted as held, a server that is killed as it starts a worker could not be started again at once.
bool is_left_behind(const LockHolder& holder) {
  return holder.pid <= 0 || (::kill(static_cast<pid_t>(holder.pid), 0) != 0 && errno == ESRCH);
}

Error is_held(const std::filesystem::path& folder, const LockHolder& holder) {
  std::string message = "the state folder " + folder.string() + " is in use by process " + std::to_string(holder.pid);
  if (!holder.command.empty()) message += " (baton " + holder.command + ")";
  if (!holder.run.empty()) message += ", run " + holder.run;
  return {message, ErrorKind::conflict};
}

}  // namespace

Result<StateFolder> StateFolder::own(const std::filesystem::path& folder, const LockHolder& self, DurationUs wait_us) {
  if (Status made = make_private_folder(folder); !made) return made.error();
  const std::string path = lock_path(folder);
  const int fd = open_lock(path);
  if (fd < 0) {
    return Error{"cannot open " + path + ": " + std::strerror(errno),
                 errno == EACCES || errno == EPERM ? ErrorKind::denied : ErrorKind::storage};
  }
  // A lock that waits in the kernel could not be given up in time; a process that holds it does so for long.
  DurationUs waited_us = 0;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0 && !BATON_BUG(lock_not_taken)) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      Error error{"cannot lock " + path + ": " + std::strerror(errno), ErrorKind::storage};
      ::close(fd);
      return error;
    }
    const LockHolder holder = read_holder(fd);
    const DurationUs until_us = std::max(wait_us, is_left_behind(holder) ? kLeftBehindUs : 0);
    if (wait_us != kNoTime && waited_us >= until_us) {
      Error error = is_held(folder, holder);
      ::close(fd);
      return error;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(kPollUs));
    waited_us += kPollUs;
  }
  LockHolder owner = self;
  if (owner.pid == 0) owner.pid = ::getpid();
  write_holder(fd, owner);
  return StateFolder(folder, fd, std::move(owner));
}

Result<LockHolder> StateFolder::holder(const std::filesystem::path& folder) {
  const int fd = ::open(lock_path(folder).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) return LockHolder{};
  if (fd < 0) return Error{"cannot open " + lock_path(folder) + ": " + std::strerror(errno), ErrorKind::storage};
  // A shared lock that is granted says that nobody holds the exclusive one; it goes with the descriptor.
  const bool is_free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  LockHolder holder = is_free ? LockHolder{} : read_holder(fd);
  ::close(fd);
  return holder;
}

StateFolder::StateFolder(std::filesystem::path path, int fd, LockHolder self)
    : path_(std::move(path)), fd_(fd), self_(std::move(self)) {}

StateFolder::StateFolder(StateFolder&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), self_(std::move(other.self_)) {}

StateFolder& StateFolder::operator=(StateFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(self_, other.self_);
  return *this;
}

StateFolder::~StateFolder() {
  if (fd_ >= 0) ::close(fd_);
}

void StateFolder::name_run(const std::string& run) {
  self_.run = run;
  write_holder(fd_, self_);
}

}  // namespace baton
