// Shortening: a failing day again with fewer runs, smaller DAGs and fewer faults, for as long as it breaks the same
// invariant. Each trial is a process of its own, so that a broken assertion is a failure like any other.
#pragma once

#include <string>

#include "tests/sim/ground.h"

namespace baton::sim {

/// What a day of these options breaks; empty: nothing. "CHECK": an assertion of the engine ended it.
std::string invariant_broken_by(const SimOptions& options);

/// The smallest version that was found; `options` itself where nothing can go.
SimOptions shorten(SimOptions options, const std::string& invariant);

/// The arguments of `sim` that play this day again.
std::string arguments_of(const SimOptions& options);

}  // namespace baton::sim
