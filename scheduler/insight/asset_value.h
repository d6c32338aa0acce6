// Assets and their events as documents, for API and terminal alike: the fields of docs/rest-api.md. And how fresh an
// asset is. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/value.h"

namespace baton::insight {

/// `untold`: nobody says how fresh it is to be. `late`: its last event is older than that, or there was none.
enum class Freshness : std::uint8_t { untold, fresh, late };
[[nodiscard]] Freshness freshness_of(const AssetView& asset, WallUs now);
[[nodiscard]] std::string_view to_string(Freshness freshness);

ValueMap asset_value(const AssetView& asset, WallUs now);
ValueMap asset_event_value(const AssetEventView& event);
/// A run that was made for an event.
ValueMap taken_by_value(const TakenBy& run);

}  // namespace baton::insight
