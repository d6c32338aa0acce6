// A circuit breaker and its history as documents, for API, terminal and page alike: the fields of docs/rest-api.md. Pure;
// any thread.
#pragma once

#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/value.h"

namespace baton::insight {

/// `now`: what has left its window since is not counted.
ValueMap breaker_value(const BreakerRow& row, WallUs now);
/// The changes of its state, in the order given.
ValueList breaker_history(const std::vector<BreakerEventRow>& events);

}  // namespace baton::insight
