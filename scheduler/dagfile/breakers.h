// Breakers between their canonical JSON (Dag::breakers_json, Config::breakers_json) and the engine's own form.
// Pure functions, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "scheduler/model/breaker_spec.h"

namespace baton::dagfile {

/// `{"name":{"failures":5,"window":"10m"}}` as made by the loader, with its defaults; empty text gives none.
std::vector<BreakerSpec> breakers_from_json(std::string_view json);

}  // namespace baton::dagfile
