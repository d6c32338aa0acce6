// WaitTimes: where the time of a task instance went, summed by what it waited for (docs/ARCHITECTURE.md). Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "scheduler/model/states.h"
#include "scheduler/model/time.h"

namespace baton {

class WaitTimes {
 public:
  /// Adds a span, in µs; a negative one (a clock that stepped between boots) counts as 0.
  void add(Wait wait, DurationUs span_us) {
    if (span_us > 0) us_[static_cast<std::size_t>(wait)] += span_us;
  }
  [[nodiscard]] DurationUs of(Wait wait) const { return us_[static_cast<std::size_t>(wait)]; }
  [[nodiscard]] DurationUs total_us() const;
  /// {"upstream":120,"running":7}: what is not 0, in the order of Wait; empty when all is 0.
  [[nodiscard]] std::string to_json() const;
  /// The same with "summed_to": the instant up to which the times are summed, for an instance that has not ended. From
  /// there a restart goes on.
  [[nodiscard]] std::string to_json(WallUs summed_to) const;
  [[nodiscard]] static WallUs summed_to(std::string_view json);  ///< kNoTime when it does not say
  /// What to_json() wrote; anything else counts as nothing.
  [[nodiscard]] static WaitTimes from_json(std::string_view json);
  void clear() { us_.fill(0); }

 private:
  struct Read;
  static Read read(std::string_view json);

  std::array<DurationUs, kWaitCount> us_{};
};

struct WaitTimes::Read {
  WaitTimes times;
  WallUs summed_to = kNoTime;
};

}  // namespace baton
