#include "cli/log_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"

namespace baton::cli {
namespace {

constexpr std::size_t kChunk = 256 << 10;
constexpr std::size_t kLineMax = 1 << 20;  ///< longer lines are given in pieces

std::string read_whole(const std::string& path, std::size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return {};
  std::string out;
  std::array<char, 65'536> buffer{};
  ssize_t n = 0;
  while (out.size() < bytes_max && (n = read(fd, buffer.data(), buffer.size())) > 0)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  close(fd);
  return out;
}

/// Bytes of a colour sequence at the start; 0: none.
std::size_t colour_bytes(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

/// Bytes of any escape sequence at the start.
std::size_t escape_bytes(std::string_view text) {
  if (text.size() < 2) return 1;
  if (text[1] != '[') return 2;
  std::size_t i = 2;
  while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
  return std::min(text.size(), i + 1);
}

}  // namespace

LogTimes LogTimes::load(const std::string& log_path) {
  LogTimes out;
  const std::string bytes = read_whole(log_path + ".idx", 64 << 20);
  out.entries_.resize(bytes.size() / sizeof(Entry));
  if (!out.entries_.empty()) std::memcpy(out.entries_.data(), bytes.data(), out.entries_.size() * sizeof(Entry));
  if (!std::ranges::is_sorted(out.entries_, {}, &Entry::offset)) out.entries_.clear();
  return out;
}

WallUs LogTimes::at(std::int64_t offset, WallUs otherwise) const {
  const auto found = std::ranges::lower_bound(entries_, offset, {}, &Entry::offset);
  return found == entries_.end() ? otherwise : found->time_us;
}

void LogFollower::take(std::string_view bytes, const std::function<void(const Line&)>& each) {
  while (!bytes.empty()) {
    if (bytes.front() == '\0' && rest_.empty()) {  // a hole of the cap, up to the next byte that was kept
      const std::size_t hole = std::min(bytes.find_first_not_of('\0'), bytes.size());
      offset_ += static_cast<std::int64_t>(hole);
      bytes.remove_prefix(hole);
      continue;
    }
    const std::size_t end = bytes.find('\n');
    const std::size_t hole = bytes.find('\0');
    if (hole < end) {  // the line was cut by the cap
      rest_ += bytes.substr(0, hole);
      offset_ += static_cast<std::int64_t>(hole);
      if (!rest_.empty()) each({rest_, offset_});
      rest_.clear();
      each({"[… the middle of this log was cut out, to hold its limit …]", offset_});
      bytes.remove_prefix(hole);
      continue;
    }
    if (end == std::string_view::npos) {
      rest_ += bytes;
      offset_ += static_cast<std::int64_t>(bytes.size());
      if (rest_.size() > kLineMax) {
        each({rest_, offset_});
        rest_.clear();
      }
      return;
    }
    offset_ += static_cast<std::int64_t>(end) + 1;
    if (rest_.empty()) {
      each({bytes.substr(0, end), offset_});
    } else {
      rest_ += bytes.substr(0, end);
      each({rest_, offset_});
      rest_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

void LogFollower::read(bool flush, const std::function<void(const Line&)>& each) {
  const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0) {
    struct stat info {};
    std::string buffer(kChunk, '\0');
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
      ssize_t n = 0;
      while ((n = pread(fd, buffer.data(), buffer.size(), offset_)) > 0)
        take({buffer.data(), static_cast<std::size_t>(n)}, each);
    }
    close(fd);
  }
  if (flush && !rest_.empty()) {
    each({rest_, offset_});
    rest_.clear();
  }
}

bool line_for_terminal(std::string_view line, const text::Style& style, std::string& out) {
  out.clear();
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.starts_with("::progress ") || line.starts_with("::endgroup::")) return false;
  if (line.starts_with("::group::")) {
    out = style.paint(text::Ink::bold, std::string(style.unicode ? "▸ " : "> ") + text::printable(line.substr(9)));
    return true;
  }
  if (line.starts_with("::warning::")) {
    out = style.paint(text::Ink::yellow, "warning: " + text::printable(line.substr(11)));
    return true;
  }
  bool coloured = false;
  while (!line.empty()) {
    const std::size_t escape = line.find('\x1b');
    out += text::printable(line.substr(0, escape));
    if (escape == std::string_view::npos) break;
    line.remove_prefix(escape);
    if (const std::size_t colour = colour_bytes(line); colour > 0) {
      if (style.color) out += line.substr(0, colour);
      coloured = coloured || style.color;
      line.remove_prefix(colour);
    } else {
      line.remove_prefix(escape_bytes(line));
    }
  }
  if (coloured) out += "\x1b[0m";
  return true;
}

}  // namespace baton::cli
