// What the engine says to a worker and hears from it, as the messages of worker/protocol. Pure.
#pragma once

#include "scheduler/engine/executor.h"
#include "worker/protocol/messages.h"

namespace baton {

[[nodiscard]] wire::AttemptKey to_wire(const AttemptKey& k);
[[nodiscard]] AttemptKey from_wire(const wire::AttemptKey& k);
[[nodiscard]] wire::Launch to_wire(LaunchSpec spec);
[[nodiscard]] AttemptEnd from_wire(wire::Ended ended);

}  // namespace baton
