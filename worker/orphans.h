// Orphans: processes that escaped from an attempt (double fork, setsid) and came to the worker as their subreaper.
// Tells which attempt one belongs to, by the marks in its environment, its session, or its age. Where attempts have
// cgroup leaves this is not needed. Main thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/proc.h"
#include "worker/protocol/messages.h"

namespace baton::worker {

/// What is known of a live attempt when an orphan's owner is looked for.
struct OwnerCandidate {
  wire::AttemptKey key;
  pid_t pid = 0;
  std::int64_t start_ticks = 0;  ///< At most one too low.
};

class Orphans {
 public:
  explicit Orphans(std::string worker_id) : worker_id_(std::move(worker_id)) {}

  [[nodiscard]] bool listed() const { return children_.listed(); }
  /// All children of the worker, main processes among them.
  void list(std::vector<pid_t>& pids) const { children_.children(pids); }
  /// A child has been reaped; its number may come again.
  void forget(pid_t pid) { seen_.erase(pid); }

  /// Whether `pid`, alive, belongs to `owner`. One that carries no marks belongs to whoever asks last: it is taken for
  /// `owner`'s as soon as no attempt of `others` is old enough to have started it.
  [[nodiscard]] bool belongs(pid_t pid, const OwnerCandidate& owner, const std::vector<OwnerCandidate>& others);

 private:
  struct Seen {
    std::optional<wire::AttemptKey> key;
    pid_t session = 0;
    std::int64_t start_ticks = 0;
  };

  std::string worker_id_;
  ChildrenFile children_;
  std::unordered_map<pid_t, Seen> seen_;
};

}  // namespace baton::worker
