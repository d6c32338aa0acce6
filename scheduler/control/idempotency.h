// Idempotency: a request that carries a key is carried out once, however often it is sent. The key is kept in the part of
// the change that it made (batch.h), so that a repetition, also one after a crash and a restart, is answered with what
// was made then:
//
//   key ──known──▶ same body: what was made then, nothing changes · another body: invalid
//    ├─ under way: conflict, its outcome is not known yet
//    └─ new: decided; a request that is refused leaves no key, and is decided anew when it comes again
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"

namespace baton {

struct IdempotencyKey {
  std::string principal, route, key;  ///< these three name it
  std::string body_hash;              ///< of all that the request says
  std::int32_t status = 0;            ///< of the answer where it succeeds
};

/// Looks a key up off the loop. It answers with what is durable when it is asked.
class KeyFinder {
 public:
  using OnFound = std::function<void(Result<std::optional<IdempotencyRow>>)>;
  virtual ~KeyFinder() = default;
  /// Loop thread. `done` comes on the loop thread, once, never from within the call.
  virtual void find(IdempotencyKey key, OnFound done) = 0;
};

/// What a change has made, or changed, as its key keeps it: `run/7`, `run/7/0,3-5` with the numbers of its instances, or
/// whatever name the request gives its object.
[[nodiscard]] std::string run_object(RunNo run_no, const std::vector<InstanceNo>& instances = {});
[[nodiscard]] IdempotencyRow row_of(const IdempotencyKey& key, std::string object, WallUs at);
/// The run that `row` speaks of; 0: none that can be read.
[[nodiscard]] RunNo run_of(const IdempotencyRow& row);
/// And its instances, rising; empty: it names none.
[[nodiscard]] std::vector<InstanceNo> instances_of(const IdempotencyRow& row);

}  // namespace baton
