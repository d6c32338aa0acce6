// LogSpool: the log file of one attempt. Usually the process writes to the file itself and we only look at its size now
// and then; with secrets to mask, its output comes through a pipe and us. Keeps head and tail within the limit by
// punching a hole between them (offsets stay). The log holds what was written and nothing else: the time index and what
// was cut stand beside it. Owned by its attempt; main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/masker.h"
#include "worker/posix.h"

namespace baton::worker {

/// How long an attempt lives, and a log grows, before sizes are looked at; also the time between two looks.
inline constexpr std::int64_t kSpoolCheckUs = 250'000;

/// One pair of the time index `<log>.idx`, little-endian: by `time_us` (wall) the log had reached `offset`.
struct LogIndexEntry {
  std::int64_t offset = 0;
  std::int64_t time_us = 0;
};

/// What was cut out of a log, `<log>.cut`, little-endian: the bytes from `begin` to `end` (two int64, 16 bytes in all)
/// read as zeros and are none that the task wrote. There is no such file where nothing was cut, and it is written
/// before the bytes go, so zeros anywhere else are the task's own. Where more is cut, `end` rises.
struct LogCut {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

class LogSpool {
 public:
  /// Opens the log for appending (0600, never through a symbolic link; folders are made). `secrets` may be empty.
  /// `limit_bytes` 0 means none. False with errno set.
  [[nodiscard]] bool open(const std::string& path, std::int64_t limit_bytes,
                          const std::vector<std::string_view>& secrets);

  /// What the process gets as stdout and stderr.
  [[nodiscard]] int output_fd() const { return pipe_write_ ? pipe_write_.get() : log_.get(); }
  /// The process has its copy now.
  void close_output() { pipe_write_.reset(); }
  /// The end of the pipe to wait for, or -1 where there is none (or it has ended).
  [[nodiscard]] int pipe_fd() const { return pipe_read_.get(); }

  /// Moves at most kPumpBytesMax from the pipe to the log.
  enum class Pump { kMore, kDrained, kEnded, kStuck };  ///< kStuck: the log takes nothing now (disk full).
  [[nodiscard]] Pump pump();

  /// Looks at the size: cuts the middle out, adds to the index. Returns the size.
  std::int64_t check(std::int64_t now_wall_us);
  /// The attempt has ended and nobody writes any more: the rest of the pipe, a last check.
  void finish(std::int64_t now_wall_us);

  [[nodiscard]] std::int64_t size_bytes() const { return size_bytes_; }
  /// At most `bytes_max` of its end, from the beginning of a character; empty where nothing was written.
  [[nodiscard]] std::string tail(std::int64_t bytes_max) const;
  [[nodiscard]] bool truncated() const { return hole_end_ > hole_begin_; }

 private:
  [[nodiscard]] bool write_masked();
  void cut_middle();
  [[nodiscard]] bool note_cut(std::int64_t begin, std::int64_t end) const;
  void index(std::int64_t now_wall_us);
  void measure();

  std::string path_;
  Fd log_;
  Fd pipe_read_;
  Fd pipe_write_;
  Fd index_;
  std::optional<Masker> masker_;
  std::string masked_;  // Masked, not yet written.
  std::int64_t limit_bytes_ = 0;
  std::int64_t size_bytes_ = 0;
  std::int64_t indexed_bytes_ = 0;
  std::int64_t hole_begin_ = 0;
  std::int64_t hole_end_ = 0;
  bool cannot_cut_ = false;
};

}  // namespace baton::worker
