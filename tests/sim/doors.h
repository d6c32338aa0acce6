// Doors: the circuit breakers of a simulated day as they lie on disk, held against what is claimed (INV-13) and against
// who has a permit. Owned by Disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/engine/batch.h"
#include "tests/sim/ground.h"

namespace baton::sim {

class Doors {
 public:
  explicit Doors(Ground& ground) : ground_(ground) {}

  /// A batch is about to be written, part by part.
  void begin();
  void take(const ServiceRows& rows);
  /// The batch claims an attempt of a task that names these.
  void claimed(const AttemptKey& key, const std::vector<std::string>& breakers);
  /// All of the batch is written: what it claims could be claimed.
  void end();

  /// As they were left, by name.
  [[nodiscard]] std::vector<BreakerRow> rows() const;

 private:
  struct Claim {
    AttemptKey key;
    std::string breaker;
  };
  /// What a breaker was in the course of the batch.
  struct Course {
    BreakerState before = BreakerState::closed;
    std::vector<BreakerState> later;
  };
  void check(const Claim& claim);

  Ground& ground_;
  std::map<std::string, BreakerRow> rows_;
  std::map<std::string, Course> courses_;
  std::vector<Claim> claims_;
};

/// What differs between two rows but their seq; empty: nothing.
std::string difference(const BreakerRow& a, const BreakerRow& b);

}  // namespace baton::sim
