// Rate: so many starts in a span of time, as `10/s`, `100/m` or `5/h`. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/model/time.h"

namespace baton {

struct Rate {
  std::int32_t starts = 0;  ///< 0: no limit
  DurationUs per_us = kSecond;

  [[nodiscard]] bool is_set() const { return starts > 0; }
  friend bool operator==(const Rate&, const Rate&) = default;
};

/// Nothing where it is not a number from 1 to 1000000, "/", and one of s, m, h.
std::optional<Rate> parse_rate(std::string_view text);
/// As it is written; empty: no limit.
std::string to_string(const Rate& rate);

/// Retries at most this part of first tries, where a pool or breaker has a budget and does not say which.
inline constexpr std::int32_t kRetryMillionths = 200'000;

}  // namespace baton
