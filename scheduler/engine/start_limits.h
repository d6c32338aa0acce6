// Limits of how often something starts (docs/dag-language.md, Pools, priority and limits): the rate of a pool, and the
// part of starts that may be retries. Both count starts, which nobody gives back, on the monotonic clock that is given in.
// Pure. Owned by Admission. Loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "scheduler/model/rate.h"
#include "scheduler/model/time.h"

namespace baton {

/// A token bucket. It holds what comes in within a second, and one start at least. It is empty at a moment that is given:
/// when somebody may last have started something. So a scheduler that starts anew is never above the rate, whatever the
/// one before it has started.
class TokenBucket {
 public:
  TokenBucket(Rate rate, MonoUs empty_at) : rate_(rate), filled_to_(empty_at) {}

  [[nodiscard]] const Rate& rate() const { return rate_; }
  /// What is in it stays, as far as it fits.
  void set_rate(Rate rate, MonoUs now);
  /// So many may start now.
  [[nodiscard]] std::int32_t permits(MonoUs now);
  void take(MonoUs now);
  /// When one may start; `now` where one may at once.
  [[nodiscard]] MonoUs due(MonoUs now);

 private:
  void fill(MonoUs now);

  Rate rate_;
  MonoUs filled_to_;
  std::int64_t credit_ = 0;  ///< each µs brings `starts` of it, a start takes `per_us`: nothing is ever rounded
};

/// Retries at most a part of the first tries of a sliding minute, and kLeast where that is more.
class RetryBudget {
 public:
  static constexpr std::int32_t kLeast = 10;

  explicit RetryBudget(std::int32_t millionths) : millionths_(millionths) {}

  [[nodiscard]] std::int32_t millionths() const { return millionths_; }
  /// What has been counted stays.
  void set_millionths(std::int32_t millionths) { millionths_ = millionths; }
  /// So many retries may start now.
  [[nodiscard]] std::int32_t permits(MonoUs now);
  void note_start(bool is_retry, MonoUs now);
  /// When more may start than now; none: nothing that has been counted is to be forgotten.
  [[nodiscard]] std::optional<MonoUs> due(MonoUs now);

 private:
  static constexpr std::size_t kSlots = 61;  ///< a minute that ends within the last second begins within the first
  struct Slot {
    std::int32_t firsts = 0, retries = 0;
  };
  void move_on(MonoUs now);

  std::int32_t millionths_;
  std::int64_t second_ = std::numeric_limits<std::int64_t>::min();  ///< of the newest slot
  std::array<Slot, kSlots> slots_{};                                ///< by second, modulo
};

}  // namespace baton
