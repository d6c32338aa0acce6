// What every launch of this process has in common, from the environment and the settings. Read once, at the start.
#pragma once

#include <functional>
#include <string>

#include "scheduler/engine/render.h"

namespace baton {

/// `secret`: as in LaunchContext. Tasks inherit PATH, HOME, LANG, TZ and what `config` lets through; their shell is
/// bash where there is one, else sh.
LaunchContext launch_context(const std::string& state_folder, const std::string& store_id, const Config& config,
                             std::function<Result<std::string>(const std::string& name)> secret);

/// Connections of baton.yaml as launches have them: a path that is not absolute lies beside that file.
std::vector<Connection> launch_connections(const Config& config);

}  // namespace baton
