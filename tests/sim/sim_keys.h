// SimKeys: the idempotency keys of a simulated day: how a scheduler looks one up, and what users of the API were told
// of theirs, held against what is on disk. A request that carries a key is carried out once, however often it is sent and
// whoever dies meanwhile. Owned by Disk.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "scheduler/control/control.h"
#include "scheduler/engine/batch.h"
#include "tests/sim/ground.h"

namespace baton::sim {

/// What every request of the simulation with a key asks for: a run.
inline constexpr const char* kKeyedRoute = "POST /dags/dagRuns";

class KeyBooks {
 public:
  explicit KeyBooks(Ground& ground) : ground_(ground) {}

  /// A part has been written.
  void take(const Part& part);
  [[nodiscard]] const IdempotencyRow* find(const IdempotencyKey& key) const;
  /// A user is told what a request with a key came to.
  void told(const IdempotencyKey& key, const Result<Answer>& how);

 private:
  void fail(const IdempotencyKey& key, const std::string& what);

  Ground& ground_;
  std::map<std::tuple<std::string, std::string, std::string>, IdempotencyRow> rows_;
  std::map<std::string, RunNo> made_;                   ///< by key: the run that a request with it has made
  std::map<std::tuple<std::string, std::string, std::string>, RunNo> told_;  ///< the run that somebody was told of
};

/// What a scheduler asks: it reads off its loop, a while later, what is durable then.
class SimKeyFinder final : public KeyFinder {
 public:
  SimKeyFinder(Ground& ground, const KeyBooks& books, ProcessId process)
      : ground_(ground), books_(books), process_(process) {}
  void find(IdempotencyKey key, OnFound done) override;

 private:
  Ground& ground_;
  const KeyBooks& books_;
  ProcessId process_;
};

}  // namespace baton::sim
