// What a PATCH of a DAG wants to be held. Any thread.
#pragma once

#include <optional>

#include "web/api/services.h"

namespace baton::api {

/// `is_paused` or `draining`, with `why`; none: neither, or both.
std::optional<DagHold> hold_of(const Call& call);

}  // namespace baton::api
