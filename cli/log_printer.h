// LogPrinter: lines of tasks' logs on stdout. Into a file or a pipe they go byte for byte; on a terminal they steer
// nothing. One command's, main thread.
#pragma once

#include <cstddef>
#include <string>

#include "cli/invocation.h"
#include "scheduler/logs/line_reader.h"
#include "scheduler/logs/log_times.h"

namespace baton::cli {

/// One log: where it lies, and what leads its lines.
struct LogSource {
  std::string name, path;
  WallUs time_if_unknown = kNoTime;  ///< of lines that the time index does not reach
};

class LogPrinter {
 public:
  struct Options {
    bool raw = false;         ///< as written, on a terminal too: no names, no cleaning, no marks of cuts
    bool names = false;       ///< the task's name leads each line
    bool timestamps = false;
  };
  LogPrinter(const Invocation& call, Options options);

  /// Makes room for the name of a log that is to come.
  void fit(const std::string& name);
  void print(const LogSource& source, const logs::LogTimes& times, const logs::Piece& piece);
  /// After the last piece: ends a line that its task did not end, where bytes do not count.
  void finish();

 private:
  [[nodiscard]] std::string lead(const LogSource& source, const logs::LogTimes& times, std::int64_t end_offset) const;

  const Invocation& call_;
  const Options options_;
  const bool for_terminal_;
  std::size_t columns_ = 0;
  const LogSource* open_line_of_ = nullptr;  // whose line has no newline yet
};

}  // namespace baton::cli
