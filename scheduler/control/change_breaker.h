// A person trips or resets a circuit breaker. Either holds for all DAGs at once, and is told to everybody with its
// reason. A value.
#pragma once

#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/engine/breakers.h"
#include "scheduler/model/result.h"

namespace baton {

struct ChangeBreaker {
  std::string name;
  BreakerWish::Kind wish = BreakerWish::Kind::trip;
  DurationUs span_us = 0;  ///< trip: after that it lets probes through; 0: not before it is reset
  std::string why;
};

/// invalid: a trip that says no reason, or one without a length that ends.
[[nodiscard]] Status check(const ChangeBreaker& request);
[[nodiscard]] BreakerWish wish_of(const ChangeBreaker& request, const Actor& actor);
[[nodiscard]] AuditRow audit_of(const ChangeBreaker& request, const Actor& actor, WallUs at);

}  // namespace baton
