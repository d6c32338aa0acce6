// Somebody says that something has happened to an asset: a file has come, a table was loaded elsewhere. And a person
// holds an asset back, or lets it go on. Values.
#pragma once

#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/engine/asset_rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// Whoever asks has looked that there is such an asset.
struct RaiseAssetEvent {
  std::string asset;
  std::string extra_json;  ///< an object, or empty
};

/// Bytes that an event may carry.
inline constexpr std::size_t kAssetExtraMax = 64UL * 1024;

/// invalid: `extra` is no object, or too large.
[[nodiscard]] Status check(const RaiseAssetEvent& request);
[[nodiscard]] AssetEventRow event_of(const RaiseAssetEvent& request, const Actor& actor, WallUs at);
[[nodiscard]] AuditRow audit_of(const RaiseAssetEvent& request, const Actor& actor, WallUs at);

}  // namespace baton
