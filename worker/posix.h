// Small pieces over libc that the worker's files share: an owned descriptor, its two clocks, reading a whole file.
// No state; main thread of the worker (the clocks from anywhere).
#pragma once

#include <dirent.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace baton::worker {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// For std::unique_ptr<DIR, CloseDir>.
struct CloseDir {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

/// Time that goes on while the machine sleeps: time limits, grace, heartbeats (docs/INVARIANTS.md, S18).
[[nodiscard]] std::int64_t boottime_us();
/// UTC since 1970, for people and records only.
[[nodiscard]] std::int64_t wall_us();

/// "No such file or directory" for ENOENT, and so on.
[[nodiscard]] std::string error_text(int error);

/// At most `bytes_max` bytes from the start of a file; nothing (and errno) if it cannot be opened or read.
[[nodiscard]] std::optional<std::string> read_file(const char* path, std::size_t bytes_max);

/// Writes all of it, waiting where the descriptor blocks. False with errno set after an error.
[[nodiscard]] bool write_all(int fd, std::string_view bytes);

/// mkdir -p of the folder that `path` lies in, mode 0700. False with errno set.
[[nodiscard]] bool make_parent_folders(const std::string& path);

/// open(2) with O_CLOEXEC; after ENOENT makes the folders above and tries again, if `flags` has O_CREAT.
[[nodiscard]] Fd open_file(const std::string& path, int flags, unsigned mode = 0600);

}  // namespace baton::worker
