// FreshnessRule: by when something is to have happened to an asset again. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/model/time.h"

namespace baton {

/// A span of time since its last event, or a time of day by which it is to have had an event of that day.
struct FreshnessRule {
  DurationUs within_us = 0;       ///< 0: no span
  std::int32_t by_s = -1;         ///< seconds of the civil day; -1: no time of day
  std::string timezone = {};      ///< of the time of day, an IANA name; empty: UTC

  [[nodiscard]] bool is_set() const { return within_us > 0 || by_s >= 0; }
  friend bool operator==(const FreshnessRule&, const FreshnessRule&) = default;
};

}  // namespace baton
