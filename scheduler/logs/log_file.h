// LogFile: a log that is open for reading while its task may still write to it. Owned by who reads; one thread at a
// time. A log holds what the process wrote, byte for byte; that its middle was cut out, to hold a limit, stands beside
// it and not in it, so a zero byte is the task's own unless the cut says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scheduler/model/result.h"

namespace baton::logs {

/// The bytes from `begin` up to `end` are gone: they read as zeros and nobody wrote them.
struct Cut {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

class LogFile {
 public:
  /// Errors: not_found (the attempt has not started, or its log was removed), denied, storage. A symbolic link is never
  /// followed and what is no regular file is refused: tasks write in this folder too.
  static Result<LogFile> open(const std::string& path);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  [[nodiscard]] Result<std::int64_t> size() const;
  /// At most `bytes` bytes from `offset` on; fewer at the end, empty behind it.
  [[nodiscard]] Result<std::string> read(std::int64_t offset, std::int64_t bytes) const;
  /// What is cut out by now. Asked *after* a read it covers every zero that this read may have got from a cut: the
  /// worker writes the mark before it takes the bytes.
  [[nodiscard]] std::optional<Cut> cut() const;

 private:
  LogFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

/// The last `bytes` bytes that were written, from the start of a line on where one starts among them; cut bytes are
/// left out. Empty where there is no log, or none that may be read: for a glimpse, where an error has no place to be
/// told.
std::string read_tail(const std::string& path, std::int64_t bytes);

/// Where the last `lines` lines begin. Reads backwards, so its cost is that of these lines and not of the log.
Result<std::int64_t> tail_begin(const LogFile& log, std::int64_t lines);

}  // namespace baton::logs
