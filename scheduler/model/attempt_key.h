// AttemptKey: idempotency key and fencing token of one launch, everywhere (docs/ARCHITECTURE.md).
#pragma once

#include <compare>
#include <cstdint>

namespace baton {

/// Number of a run in its store, from 1.
using RunNo = std::int64_t;
/// Number of a task instance in its run, from 0: unmapped instances and index 0 of mapped ones have their task's
/// number; the other mapped ones follow in the order in which they were made.
using InstanceNo = std::int32_t;
/// Rises at every launch of a task instance (retry, loss, a sensor's look, clear); 0 before the first.
using Epoch = std::int32_t;

/// The map index of a task instance that is not mapped.
inline constexpr std::int32_t kUnmapped = -1;

struct AttemptKey {
  RunNo run_no = 0;
  std::int32_t task_no = 0;  ///< index of the task in its Dag
  std::int32_t map_index = kUnmapped;
  Epoch epoch = 0;
  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

}  // namespace baton
