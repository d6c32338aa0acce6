// Loop: the one source of time, timers, order and randomness (docs/ARCHITECTURE.md). Implemented by Asio and by the
// simulator; tests/conformance/loop runs the same suite over both. Loop thread only, except post().
#pragma once

#include <cstdint>
#include <functional>

#include "scheduler/model/time.h"

namespace baton {

class Loop {
 public:
  using TimerId = std::uint64_t;  ///< never 0, never used again

  virtual ~Loop() = default;

  [[nodiscard]] virtual WallUs wall_now() const = 0;
  /// CLOCK_BOOTTIME: goes on during suspend, never steps.
  [[nodiscard]] virtual MonoUs mono_now() const = 0;
  [[nodiscard]] virtual std::uint64_t random() = 0;

  /// Calls `f` on the loop thread, after what is already posted. Any thread.
  virtual void post(std::function<void()> f) = 0;
  /// Calls `f` once, not before `at` on the monotonic clock.
  virtual TimerId call_at(MonoUs at, std::function<void()> f) = 0;
  /// A timer that has fired or been cancelled is ignored.
  virtual void cancel(TimerId id) = 0;
};

}  // namespace baton
