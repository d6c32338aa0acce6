// BreakerSpec: when a circuit breaker opens, for how long, and what it lets through then (docs/dag-language.md, circuit
// breakers). A breaker stands before one thing that tasks depend on, by name, over all DAGs. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/failure_class.h"
#include "scheduler/model/time.h"

namespace baton {

enum class BreakerState : std::uint8_t {
  closed,     ///< tasks start; their failures are counted
  open,       ///< none starts
  half_open,  ///< so many may try: one success closes it, one failure opens it again, for longer
};

/// `closed`, `open`, `half_open`.
std::string_view to_string(BreakerState state);
std::optional<BreakerState> breaker_state_from(std::string_view name);

/// It opens by whichever of the three is set and reached first.
struct BreakerSpec {
  std::string name;
  std::int32_t failures = 0;     ///< so many within the window; with `rate`: no fewer than these. 0: not by count
  std::int32_t consecutive = 0;  ///< so many in a row, however long that takes; 0: not by that
  double rate = 0;               ///< part of the attempts within the window; 0: not by that
  DurationUs window_us = 10 * kMinute;
  DurationUs cooldown_us = 5 * kMinute;       ///< the first; doubled with each probe that fails
  DurationUs max_cooldown_us = 50 * kMinute;  ///< the longest
  std::int32_t probes = 1;                    ///< attempts at a time while it is half-open
  /// Failures that count; empty: all but what says nothing of what it stands before (a lost worker, a program that is
  /// not there).
  std::vector<FailureClass> count;
  std::string description;
  std::int32_t retry_millionths = 0;  ///< retries at most this part of first tries in a minute; 0: no limit
  friend bool operator==(const BreakerSpec&, const BreakerSpec&) = default;
};

/// What may go wrong before a share of failures means something, where a breaker with `rate` does not say it.
inline constexpr std::int32_t kRateFailuresMin = 5;

}  // namespace baton
