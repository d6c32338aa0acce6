#include "scheduler/logs/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "scheduler/logs/log_place.h"

namespace baton::logs {
namespace {

constexpr std::int64_t kBackwardsBytes = 64 << 10;

Error system_error(const std::string& path, int code) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::not_found
                         : code == EACCES || code == EPERM ? ErrorKind::denied
                                                           : ErrorKind::storage;
  return {"the log " + path + " cannot be read: " + std::strerror(code), kind};
}

}  // namespace

Result<LogFile> LogFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return system_error(path, errno);
  LogFile file(fd, path);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error(path, errno);
  if (!S_ISREG(info.st_mode)) return Error{"the log " + path + " is not a regular file", ErrorKind::denied};
  return file;
}

LogFile::LogFile(LogFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::int64_t> LogFile::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return system_error(path_, errno);
  return static_cast<std::int64_t>(info.st_size);
}

Result<std::string> LogFile::read(std::int64_t offset, std::int64_t bytes) const {
  std::string out(static_cast<std::size_t>(std::max<std::int64_t>(0, bytes)), '\0');
  ssize_t got = 0;
  do {
    got = ::pread(fd_, out.data(), out.size(), offset);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return system_error(path_, errno);
  out.resize(static_cast<std::size_t>(got));
  return out;
}

std::optional<Cut> LogFile::cut() const {
  const int fd = ::open(cut_path(path_).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  std::array<std::int64_t, 2> ends{};
  const ssize_t got = ::pread(fd, ends.data(), sizeof ends, 0);
  ::close(fd);
  if (got != static_cast<ssize_t>(sizeof ends) || ends[0] < 0 || ends[1] <= ends[0]) return std::nullopt;
  return Cut{ends[0], ends[1]};
}

std::string read_tail(const std::string& path, std::int64_t bytes) {
  const Result<LogFile> log = LogFile::open(path);
  if (!log) return {};
  const Result<std::int64_t> size = log->size();
  if (!size) return {};
  std::int64_t begin = std::max<std::int64_t>(0, *size - bytes);
  Result<std::string> text = log->read(begin, *size - begin);
  if (!text) return {};
  if (const std::optional<Cut> cut = log->cut(); cut && cut->begin < *size && cut->end > begin) {
    text->erase(0, static_cast<std::size_t>(std::min(cut->end, *size) - begin));
    begin = cut->end;
  }
  // The first line is cut; npos + 1 is 0, which keeps a line that has no end.
  if (begin > 0) text->erase(0, text->find('\n') + 1);
  return std::move(*text);
}

Result<std::int64_t> tail_begin(const LogFile& log, std::int64_t lines) {
  const Result<std::int64_t> size = log.size();
  if (!size) return size;
  if (lines <= 0) return size;
  std::int64_t at = *size;  // everything from here on is among the last lines
  std::int64_t open = lines;
  const std::optional<Cut> cut = log.cut();
  while (at > 0) {
    if (cut && at > cut->begin && at <= cut->end) {
      at = cut->begin;
      continue;
    }
    std::int64_t begin = std::max<std::int64_t>(0, at - kBackwardsBytes);
    if (cut && begin < cut->end && at > cut->end) begin = cut->end;
    const Result<std::string> block = log.read(begin, at - begin);
    if (!block) return block.error();
    for (std::int64_t i = static_cast<std::int64_t>(block->size()) - 1; i >= 0; --i) {
      // The newline that ends the last line begins none.
      if ((*block)[static_cast<std::size_t>(i)] != '\n' || begin + i + 1 == *size) continue;
      if (--open == 0) return begin + i + 1;
    }
    at = begin;
  }
  return std::int64_t{0};
}

}  // namespace baton::logs
