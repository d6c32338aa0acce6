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

/// What is kept with the change that made, or changed, this run.
[[nodiscard]] IdempotencyRow row_of(const IdempotencyKey& key, RunNo run_no, WallUs at);
/// The run that `row` speaks of; 0: none that can be read.
[[nodiscard]] RunNo run_of(const IdempotencyRow& row);

}  // namespace baton
