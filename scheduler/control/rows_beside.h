// RowsBeside: what a service keeps of a request of its own, for the part in which that is written. So one is not durable
// without the other: a service that dies between them would ask again for what is done.
#pragma once

#include <functional>

#include "scheduler/engine/service_rows.h"

namespace baton {

/// Called on the loop, once, in the moment in which the change is put to the store; never where the request is refused.
/// So what was written before is older, and what is written after knows of it. Empty: there is nothing beside.
using RowsBeside = std::function<ServiceRows()>;

}  // namespace baton
