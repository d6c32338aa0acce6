// Sla: by when a run, or a task of it, is to have ended; who has not is told of, and goes on. Values; any thread.
#pragma once

#include <cstdint>

#include "scheduler/model/time.h"

namespace baton {

/// A span of time from a moment, or a time of day.
struct Sla {
  enum class From : std::uint8_t { start, queued, interval_end };  ///< of the run, for its tasks too
  DurationUs within_us = 0;   ///< 0: no span
  From from = From::start;
  std::int32_t by_s = -1;     ///< seconds of the civil day, in the zone of the DAG; -1: no time of day

  [[nodiscard]] bool is_set() const { return within_us > 0 || by_s >= 0; }
  friend bool operator==(const Sla&, const Sla&) = default;
};

}  // namespace baton
