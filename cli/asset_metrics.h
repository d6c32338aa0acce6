// What there is to say of assets in the format of Prometheus: when something last happened to each, and whether it is
// late or held back.
#pragma once

#include <string>

#include "scheduler/engine/reader.h"

namespace baton {

/// Of at most 1,000 assets, by name; empty where they cannot be read.
std::string asset_metrics(Reader& reader, WallUs now);

}  // namespace baton
