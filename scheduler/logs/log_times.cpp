#include "scheduler/logs/log_times.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "scheduler/logs/log_place.h"

namespace baton::logs {
namespace {

constexpr std::size_t kIndexBytesMax = 64 << 20;  // half a year of a log that always grows

std::string read_whole(const std::string& path, std::size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return {};
  std::string out;
  std::array<char, 65'536> buffer{};
  ssize_t n = 0;
  while (out.size() < bytes_max && (n = ::read(fd, buffer.data(), buffer.size())) > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return out;
}

}  // namespace

LogTimes LogTimes::load(const std::string& log_path) {
  LogTimes out;
  const std::string bytes = read_whole(index_path(log_path), kIndexBytesMax);
  out.entries_.resize(bytes.size() / sizeof(Entry));
  if (!out.entries_.empty()) std::memcpy(out.entries_.data(), bytes.data(), out.entries_.size() * sizeof(Entry));
  if (!std::ranges::is_sorted(out.entries_, {}, &Entry::offset)) out.entries_.clear();
  return out;
}

WallUs LogTimes::at(std::int64_t offset, WallUs otherwise) const {
  const auto found = std::ranges::lower_bound(entries_, offset, {}, &Entry::offset);
  return found == entries_.end() ? otherwise : found->time_us;
}

}  // namespace baton::logs
