// The settings of a server as people read them: what holds, and whether a flag, the environment, baton.yaml or nobody
// said so. Values of secrets are in none of it. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/model/dag.h"
#include "web/api/services.h"

namespace baton {

/// What was settled when the server was started, by the name of the setting: a value, and who said it.
struct GivenSetting {
  std::string value, source;  ///< flag, environment, file, default
};
using GivenSettings = std::map<std::string, GivenSetting>;

/// What a flag or the environment says, or what holds where neither does.
struct GivenWord {
  std::string name, value, source;
};

/// What holds from the start of a server to its end: `words`, and what of baton.yaml needs a restart. `said`: what the
/// file says something of (config_keys.h).
GivenSettings given_settings(const Config& config, const std::vector<std::string>& said,
                             const std::vector<GivenWord>& words);
/// These, and the rest of baton.yaml as it is now.
std::vector<api::SettingSeen> settings_of(const Config& config, const std::vector<std::string>& said,
                                          const GivenSettings& given);

}  // namespace baton
