#include "worker/posix.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace baton::worker {
namespace {

std::int64_t clock_us(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

std::int64_t boottime_us() {
  return clock_us(CLOCK_BOOTTIME);
}
std::int64_t wall_us() {
  return clock_us(CLOCK_REALTIME);
}

std::string error_text(int error) {
  const char* text = ::strerrordesc_np(error);
  return text != nullptr ? text : "error " + std::to_string(error);
}

std::optional<std::string> read_file(const char* path, std::size_t bytes_max) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string content;
  char chunk[4096];
  while (content.size() < bytes_max) {
    const ssize_t got = ::read(fd.get(), chunk, std::min(sizeof(chunk), bytes_max - content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    content.append(chunk, static_cast<std::size_t>(got));
  }
  return content;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool make_parent_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (::mkdir(path.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST) {
      // A folder above may be closed to us and exist all the same; what matters is the last one.
      struct stat info {};
      const int error = errno;
      if (::stat(path.substr(0, slash).c_str(), &info) != 0) {
        errno = error;
        return false;
      }
    }
  }
  return true;
}

Fd open_file(const std::string& path, int flags, unsigned mode) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd && errno == ENOENT && (flags & O_CREAT) != 0 && make_parent_folders(path)) {
    fd.reset(::open(path.c_str(), flags | O_CLOEXEC, mode));
  }
  return fd;
}

}  // namespace baton::worker
