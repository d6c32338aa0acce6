// Behaviour: what a process will do, drawn from a hash of what it is: the same attempt of the same task always does the
// same, however often the simulation's faults make it start anew. So the truth is known without the engine.
#pragma once

#include <string>

#include "scheduler/model/task_spec.h"
#include "tests/sim/disk.h"
#include "tests/sim/workload.h"

namespace baton::sim {

struct Behaviour {
  enum class End : std::uint8_t { exits, signaled, hangs, cannot_start };
  End end = End::exits;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  DurationUs takes_us = 0;
  std::string output;
  bool output_too_large = false;
  bool ignores_term = false;
  DurationUs dies_after_us = 0;  ///< after TERM, unless it ignores that
};

/// The value of `n` and the length of `list` that a success writes.
struct OutputTruth {
  std::int64_t n = 0, items = 0;
};

class Behaviours {
 public:
  explicit Behaviours(std::uint64_t seed) : seed_(seed) {}
  virtual ~Behaviours() = default;

  /// What the try does that comes after `failures` failures, in generation `generation` of the instance.
  [[nodiscard]] virtual Behaviour of(const DiskRun& run, const InstanceKey& key, std::int32_t generation,
                                     std::int32_t failures) const;
  /// What look number `look` (from 0) of that try does.
  [[nodiscard]] Behaviour of_look(const DiskRun& run, const InstanceKey& key, std::int32_t generation,
                                  std::int32_t failures, std::int32_t look) const;
  [[nodiscard]] OutputTruth output_of(const DiskRun& run, const InstanceKey& key, std::int32_t generation) const;

 private:
  [[nodiscard]] std::uint64_t hash(const DiskRun& run, const InstanceKey& key, std::int32_t generation,
                                   std::uint64_t salt) const;
  std::uint64_t seed_;
};

std::string json_of(const OutputTruth& truth);

}  // namespace baton::sim
