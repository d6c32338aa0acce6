// The time index of a log: when it had reached which size. The worker adds a pair four times a second while a log
// grows; a log that grew for a moment only has none. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/model/time.h"

namespace baton::logs {

class LogTimes {
 public:
  /// `<log>.idx`: pairs of int64 (offset, µs), little-endian. A missing or broken index is an empty one: times are a
  /// help, and no reason not to show a log.
  static LogTimes load(const std::string& log_path);

  /// When the byte before `offset` had been written at the latest; `otherwise` where the index does not reach.
  [[nodiscard]] WallUs at(std::int64_t offset, WallUs otherwise) const;

 private:
  struct Entry {
    std::int64_t offset, time_us;
  };
  std::vector<Entry> entries_;
};

}  // namespace baton::logs
