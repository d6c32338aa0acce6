// Poller: what the worker waits for: descriptors by epoll, and one timer on CLOCK_BOOTTIME. Main thread.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <limits>
#include <span>

#include "worker/posix.h"

namespace baton::worker {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// What an event is about; the pipes of attempts have numbers from kFirstPipe on.
enum class Source : std::uint64_t { kSignals, kTimer, kLink, kNewcomer, kListener };
inline constexpr std::uint64_t kFirstPipe = 1000;

[[nodiscard]] constexpr std::uint64_t event_source(Source source) {
  return static_cast<std::uint64_t>(source);
}

class Poller {
 public:
  Poller();

  void watch(int fd, std::uint64_t source, std::uint32_t events = EPOLLIN);
  void change(int fd, std::uint64_t source, std::uint32_t events);
  /// Before closing `fd`: a child that has not executed yet may still hold it, and epoll would go on reporting it.
  void forget(int fd);

  /// Wakes wait() at `when_us` (CLOCK_BOOTTIME) at the latest. An earlier alarm that is set already stays: waking for
  /// nothing is cheaper than setting the timer for every attempt.
  void alarm_by(std::int64_t when_us);
  /// The timer has fired; false if it had not.
  bool take_alarm();

  /// Waits for at least one event; the span is valid until the next call.
  [[nodiscard]] std::span<const epoll_event> wait();

 private:
  static constexpr int kEventsMax = 64;
  Fd epoll_;
  Fd timer_;
  std::int64_t alarm_us_ = kNever;
  epoll_event events_[kEventsMax]{};
};

}  // namespace baton::worker
