// What tasks of one DAG say alike, most of it in `defaults`, is kept once. One loading thread.
#pragma once

#include <algorithm>
#include <vector>

#include "scheduler/model/task_spec.h"

namespace baton::dagfile {

class SharedParts {
 public:
  /// Replaces the parts of `spec` that are equal to those of a spec before by theirs.
  void share(TaskSpec& spec) {
    share(spec.env, envs_);
    share(spec.pools, pools_);
    share(spec.retries, retries_);
    share(spec.shell, lists_);
  }

 private:
  static constexpr std::size_t kKept = 8;  // defaults and a few groups; more would be a search for each task

  template <typename T>
  static void share(Rare<T>& part, std::vector<Rare<T>>& kept) {
    if (!part.has_value()) return;
    const auto same = std::find(kept.begin(), kept.end(), part);
    if (same != kept.end()) {
      part = *same;
    } else if (kept.size() < kKept) {
      kept.push_back(part);
    }
  }

  std::vector<Rare<std::vector<EnvEntry>>> envs_;
  std::vector<Rare<std::vector<PoolUse>>> pools_;
  std::vector<Rare<RetryPolicy>> retries_;
  std::vector<Rare<std::vector<std::string>>> lists_;
};

}  // namespace baton::dagfile
