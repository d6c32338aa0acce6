// What of a circuit breaker lies as JSON in its row, and how rows of breakers are read. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

/// Changes of state that are kept of each breaker.
inline constexpr std::int64_t kBreakerEventsKept = 1000;

namespace breaker_json {
std::string of(const std::vector<FailureClass>& classes);
std::string of(const std::vector<BreakerSlot>& slots);
std::string of(const std::vector<AttemptKey>& keys);
}  // namespace breaker_json

/// The columns that breaker_of() takes, of a table `b`.
inline constexpr char kBreakerColumns[] =
    "b.name, b.declared_by, b.state, b.since, b.until, b.cooldown_us, b.in_row, b.failures, b.consecutive, b.rate_millionths,"
    " b.window_us, b.first_cooldown_us, b.max_cooldown_us, b.probes, b.counted, b.slots, b.permits, b.cause, b.actor,"
    " b.description, b.updated_at, b.seq";

/// A row that is damaged gives its breaker closed, with nothing counted and a cause that says so: what guards one thing
/// must not keep a server from starting (S13).
BreakerRow breaker_of(const Statement& row);

/// All of them, by name.
Result<std::vector<BreakerRow>> all_breakers(Database& db);

}  // namespace baton::sqlite
