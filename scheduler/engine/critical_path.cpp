#include "scheduler/engine/critical_path.h"

#include <algorithm>

namespace baton {

std::vector<DurationUs> path_lengths(const Dag& dag, const std::unordered_map<std::string, DurationUs>& mean_us) {
  DurationUs unknown_us = kSecond;
  if (!mean_us.empty()) {
    DurationUs sum = 0;
    for (const auto& [id, us] : mean_us) sum += us;
    unknown_us = std::max<DurationUs>(1, sum / static_cast<DurationUs>(mean_us.size()));
  }
  std::vector<DurationUs> length(dag.tasks.size(), 0);
  for (auto at = dag.topological.rbegin(); at != dag.topological.rend(); ++at) {
    DurationUs longest = 0;
    for (const TaskNo d : dag.downstream.of(*at)) longest = std::max(longest, length[static_cast<std::size_t>(d)]);
    const DurationUs expected_us = dag.spec(*at).expected->try_us;
    DurationUs own = expected_us > 0 ? expected_us : unknown_us;
    if (!mean_us.empty()) {
      const auto mean = mean_us.find(dag.task(*at).id);
      if (mean != mean_us.end()) own = mean->second;
    }
    length[static_cast<std::size_t>(*at)] = longest + own;
  }
  return length;
}

}  // namespace baton
