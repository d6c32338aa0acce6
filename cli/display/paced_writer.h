// PacedWriter: text to a file descriptor from a thread of its own, so that whoever writes never waits for a slow
// terminal or pipe. Bounded; any thread may append.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace baton::display {

class PacedWriter {
 public:
  /// Beyond this much unwritten text lines are left out, and a line says how many; where nothing may be lost
  /// (`keeps_all`) append() waits instead.
  static constexpr std::size_t kPendingMax = 8 << 20;

  PacedWriter(int fd, bool keeps_all);
  ~PacedWriter();
  PacedWriter(const PacedWriter&) = delete;
  PacedWriter& operator=(const PacedWriter&) = delete;

  /// One or more whole lines.
  void append(std::string_view lines);
  /// Everything has been written when this returns; nothing may be appended after it.
  void close();

 private:
  void run();

  const int fd_;
  const bool keeps_all_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string pending_;
  std::size_t left_out_ = 0;
  bool closing_ = false;
  bool broken_ = false;  ///< nobody reads any more
  std::thread thread_;
};

/// All of it; false: nobody reads any more.
bool write_all(int fd, std::string_view text);

/// Starts `body` in a thread that gets no signals: they stay with the loop.
std::thread start_quiet_thread(void (*body)(void*), void* argument);

}  // namespace baton::display
