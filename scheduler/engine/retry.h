// Whether and when a task tries again (docs/INVARIANTS.md, S14). Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/engine/executor.h"
#include "scheduler/model/task_spec.h"

namespace baton {

/// Whether an end is of this class.
bool is_of(const FailureClass& c, const AttemptEnd& end);

/// Whether `policy` retries this end, given how many failures there are since the last clear (this one included).
/// Stop, exit 0 and exit 99 are never offered here.
bool retries_again(const RetryPolicy& policy, const AttemptEnd& end, std::int32_t failures);

/// What the jitter is drawn from: reproducible by anyone who knows the task instance and the number of the failure.
std::uint64_t retry_seed(std::string_view run_id, std::string_view task_id, std::int32_t map_index, std::int32_t n);

/// Delay before the try after the n-th failure (n ≥ 1), in µs: constant, linear or exponential in n up to max_delay, then
/// full jitter (uniform in [0, d]) or equal jitter (uniform in [d/2, d]).
DurationUs retry_delay_us(const RetryPolicy& policy, std::int32_t n, std::uint64_t seed);

}  // namespace baton
