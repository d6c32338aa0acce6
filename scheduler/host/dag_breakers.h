// What the file of a DAG says of circuit breakers, told to the engine. Loop thread.
#pragma once

#include "scheduler/engine/engine.h"

namespace baton {

/// Before anything of the DAG begins, so that they can be seen; and with each run that begins, which may be of an older
/// version than what stands.
void declare_breakers(Engine& engine, const Dag& dag, DeclaredBy how);

}  // namespace baton
