// LookAhead: how many claims more than slots are worth making. Where tasks are short, the next one is to stand at the
// worker when a slot gets free, claimed already: about 20 ms of work. Pure. Loop thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "scheduler/model/time.h"

namespace baton {

class LookAhead {
 public:
  /// `ahead_max`: at most so many claims; 0: none are made ahead.
  explicit LookAhead(std::int32_t ahead_max) : ahead_max_(ahead_max) {}

  /// A program ran for so long and exited. Recent ones weigh more.
  void learn(DurationUs run_us) {
    mean_run_us_ = mean_run_us_ < 0 ? run_us : mean_run_us_ + (run_us - mean_run_us_) / 8;
  }
  /// For so many slots.
  [[nodiscard]] std::int32_t ahead(std::int32_t slots) const {
    if (mean_run_us_ < 0 || ahead_max_ <= 0) return 0;
    const DurationUs ahead = kWorkUs * slots / std::max<DurationUs>(mean_run_us_, 1);
    return static_cast<std::int32_t>(std::min<DurationUs>(ahead, ahead_max_));
  }

 private:
  static constexpr DurationUs kWorkUs = 20 * kMillisecond;
  std::int32_t ahead_max_;
  DurationUs mean_run_us_ = -1;  ///< −1: none yet
};

}  // namespace baton
