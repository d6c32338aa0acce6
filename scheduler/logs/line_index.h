// LineIndex: where some of the lines of a log begin, so that any of them is found without reading what lies before it,
// and the groups that its lines make. It grows with the log, in bounded steps, and takes back what a cut has changed.
// LineIndexes: those of the logs that were looked at last. An index: whoever holds its mutex; LineIndexes: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/logs/line_scan.h"
#include "scheduler/logs/log_file.h"
#include "scheduler/model/result.h"

namespace baton::logs {

/// From a line `::group::NAME` (or `##[group]NAME`) up to its end, or to the next one.
struct LineGroup {
  std::int64_t first = 1, last = 1;
  std::string name;
};

/// Asked after each block; false: enough for now.
using GoesOn = std::function<bool()>;

class LineIndex {
 public:
  static constexpr std::int64_t kStrideBytes = 256 << 10;
  static constexpr std::size_t kMarksMax = 4'096;   ///< beyond it every second one goes; they lie twice as far apart
  static constexpr std::size_t kGroupsMax = 4'096;  ///< what follows makes none

  explicit LineIndex(std::int64_t stride_bytes = kStrideBytes, std::size_t marks_max = kMarksMax);

  /// Goes on with what was written since. false: there is more of it, ask again.
  Result<bool> grow(const LogFile& log, const GoesOn& goes_on);

  /// Lines that have ended.
  [[nodiscard]] std::int64_t lines() const { return scan_.next().number - 1; }
  /// The first line that has not ended, or not been reached.
  [[nodiscard]] LinePlace end() const { return scan_.next(); }
  /// Whether something stands behind the last line that has ended.
  [[nodiscard]] bool has_open_line() const { return scan_.seen() > scan_.next().offset; }
  /// A place at the line or not far before it.
  [[nodiscard]] LinePlace place_before(std::int64_t number) const;
  /// Those that end at this line or later, and of them no more than the first so many.
  [[nodiscard]] std::vector<LineGroup> groups_from(std::int64_t number, std::size_t most) const;
  [[nodiscard]] std::optional<Cut> cut() const { return cut_; }

 private:
  struct Mark {
    LinePlace place;
    bool is_in_group = false;
  };
  void take(const Line& line);
  void thin();
  void take_back(std::int64_t offset);

  std::int64_t stride_bytes_;
  const std::size_t marks_max_;
  std::vector<Mark> marks_;  // by place; the first is that of the first line
  std::vector<LineGroup> groups_;
  bool is_in_group_ = false;
  std::optional<Cut> cut_;
  LineScan scan_;
};

class LineIndexes {
 public:
  explicit LineIndexes(std::size_t logs_max = 64) : logs_max_(logs_max) {}

  /// Whoever grows it holds the mutex alone, others share it; a log that is not looked at for long is forgotten.
  struct Kept {
    std::shared_mutex mutex;
    LineIndex index;
  };
  std::shared_ptr<Kept> of(const std::string& path);

 private:
  const std::size_t logs_max_;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<Kept>>> logs_;  // looked at last in front
};

}  // namespace baton::logs
