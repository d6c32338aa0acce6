// Shares: the crowded pool of a simulated day, held against what is promised of it: no DAG that waits gets less than its
// share (INV-15), nothing starts above its rate, and no more retries than its budget lets through (S15). It looks at what
// the engine has claimed after each event and counts for itself. One per day.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tests/sim/scheduler.h"

namespace baton::sim {

class Shares {
 public:
  Shares(Ground& ground, const Workload& workload) : ground_(ground), workload_(workload) {}

  /// After an event of this scheduler.
  void look(Scheduler& scheduler);
  /// Whether the crowded pool lets this one start by the time alone, a while ago at least.
  [[nodiscard]] bool lets_start(const Instance& instance) const;

 private:
  struct Seen {
    Epoch epoch = 0;
    bool is_retry = false;
  };
  /// A stretch in which a DAG has waited all along.
  struct Window {
    std::int64_t grants = 0, own = 0;
    std::map<std::string, std::int32_t> weights;  ///< of all who have waited meanwhile
  };
  struct Look {
    std::map<std::string, std::int64_t> granted;  ///< by DAG
    std::map<std::string, std::int32_t> waiting, stands;  ///< DAGs and their weights: for anything; before the pool
  };
  /// `is_first`: what has started by now was taken over, and is nobody's turn.
  Look count(Scheduler& scheduler, bool is_first);
  void note_start(const AttemptKey& key, bool is_retry);
  void check_windows(const Look& look);
  void check_window(const std::string& dag, Window& window, const Look& look, std::int64_t granted);

  Ground& ground_;
  const Workload& workload_;
  ProcessId process_ = 0;
  MonoUs begun_at_ = 0;
  std::map<std::pair<RunNo, InstanceNo>, Seen> seen_;
  /// Of each DAG that stands before the pool: one from when it came, and from whenever another came beside it.
  std::map<std::string, std::deque<Window>> windows_;
  std::optional<MonoUs> last_start_;
  std::deque<std::pair<MonoUs, bool>> tries_;  ///< of the last minute; whether it was a retry
};

}  // namespace baton::sim
