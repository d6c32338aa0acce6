#include "scheduler/engine/wait_times.h"

#include <numeric>

namespace baton {

DurationUs WaitTimes::total_us() const { return std::accumulate(us_.begin(), us_.end(), DurationUs{0}); }

std::string WaitTimes::to_json() const {
  std::string out;
  for (std::size_t i = 0; i < us_.size(); ++i) {
    if (us_[i] == 0) continue;
    out += out.empty() ? "{\"" : ",\"";
    out += to_string(static_cast<Wait>(i));
    out += "\":";
    out += std::to_string(us_[i]);
  }
  if (!out.empty()) out += '}';
  return out;
}

}  // namespace baton
