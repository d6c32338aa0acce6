#include "worker/orphans.h"

#include <sched.h>

#include <algorithm>

namespace baton::worker {
namespace {

constexpr int kLooks = 3;

}  // namespace

bool Orphans::belongs(pid_t pid, const OwnerCandidate& owner, const std::vector<OwnerCandidate>& others) {
  const auto stat = process_stat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return false;
  auto found = seen_.find(pid);
  if (found == seen_.end()) {
    Seen seen;
    // Just while it executes another program a process has no environment to be read.
    for (int look = 0; look < kLooks && !seen.key; ++look) {
      if (look > 0) ::sched_yield();
      const ProcessMarks marks = process_marks(pid);
      if (marks.worker == worker_id_) seen.key = marks.attempt;
    }
    seen.session = stat->session;
    seen.start_ticks = stat->start_ticks;
    found = seen_.emplace(pid, seen).first;
  }
  const Seen& seen = found->second;
  const auto owns = [&](const OwnerCandidate& candidate) {
    return seen.key == candidate.key || seen.session == candidate.pid;
  };
  if (owns(owner)) return true;
  if (std::any_of(others.begin(), others.end(), owns)) return false;
  return std::none_of(others.begin(), others.end(),
                      [&](const OwnerCandidate& other) { return other.start_ticks <= seen.start_ticks; });
}

}  // namespace baton::worker
