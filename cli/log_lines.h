// Logs of tasks as lines: with their offsets and times, holes of the cap left out, commands (`::warning::…`) understood.
// Reads files; no threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/text/style.h"
#include "scheduler/model/time.h"

namespace baton::cli {

/// When a log had reached which size: `<log>.idx`, pairs of int64 (offset, µs), little-endian.
class LogTimes {
 public:
  /// A missing or broken index is an empty one.
  static LogTimes load(const std::string& log_path);
  /// When the byte before `offset` had been written at the latest; `otherwise` where the index does not reach.
  [[nodiscard]] WallUs at(std::int64_t offset, WallUs otherwise) const;

 private:
  struct Entry {
    std::int64_t offset, time_us;
  };
  std::vector<Entry> entries_;
};

/// Reads a log as it grows: each call of read() gives the whole lines that came since.
class LogFollower {
 public:
  explicit LogFollower(std::string path) : path_(std::move(path)) {}

  struct Line {
    std::string_view text;    ///< without its newline
    std::int64_t end_offset;  ///< of the byte after it
  };
  /// `flush`: the log is complete; what lacks its newline is a line too.
  void read(bool flush, const std::function<void(const Line&)>& each);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void take(std::string_view bytes, const std::function<void(const Line&)>& each);

  std::string path_;
  std::int64_t offset_ = 0;   ///< of what has been read
  std::string rest_;          ///< the line that has not ended
};

/// A line for a terminal: colours stay, other escape sequences and control characters go; `::warning::x` becomes a
/// warning, `::group::x` a heading. False: the line is not shown (`::progress`, `::endgroup::`).
bool line_for_terminal(std::string_view line, const text::Style& style, std::string& out);

}  // namespace baton::cli
