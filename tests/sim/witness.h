// Witness: sees every real process of the simulated machine begin and end, whatever anybody reports of it. What the
// engine believes is held against it. One per day.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "scheduler/engine/executor.h"
#include "tests/sim/ground.h"

namespace baton::sim {

/// A task instance, whatever its attempt.
struct InstanceKey {
  RunNo run_no = 0;
  std::int32_t task_no = 0;
  std::int32_t map_index = kUnmapped;
  friend auto operator<=>(const InstanceKey&, const InstanceKey&) = default;
};
inline InstanceKey instance_of(const AttemptKey& k) { return {k.run_no, k.task_no, k.map_index}; }

/// One process from its start to its end.
struct Life {
  MonoUs started_at = 0;
  MonoUs ended_at = -1;        ///< −1: lives
  std::int32_t exit_code = -1; ///< −1: killed
  std::int32_t signal = 0;
  bool timed_out = false;      ///< the worker ended it for its time limit
  bool is_stopped = false;     ///< the worker ended it on request, or because the scheduler was gone
  bool is_recorded = false;    ///< the worker has written down how it ended
  std::int32_t generation = 0; ///< how often its instance had been cleared
};

class Witness {
 public:
  explicit Witness(Ground& ground) : ground_(ground) {}

  /// Told of every start before it counts: the checks of what may start.
  std::function<void(const AttemptKey&)> on_start;

  void starts(const AttemptKey& key, std::int32_t generation);
  void ends(const AttemptKey& key, std::int32_t exit_code, std::int32_t signal);
  [[nodiscard]] Life* find(const AttemptKey& key);
  [[nodiscard]] const std::map<AttemptKey, Life>& lives() const { return lives_; }
  [[nodiscard]] const std::map<InstanceKey, Epoch>& live() const { return live_; }
  /// Ended looks of a sensor in one generation that were not met.
  [[nodiscard]] std::int32_t looks(const InstanceKey& key, std::int32_t generation) const;

 private:
  Ground& ground_;
  std::map<AttemptKey, Life> lives_;
  std::map<InstanceKey, Epoch> live_;
};

}  // namespace baton::sim
