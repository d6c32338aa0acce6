// Assets between their canonical JSON (Dag::assets_json, Config::assets_json) and values; conditions on them as JSON and
// back. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/freshness_rule.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::dagfile {

struct AssetSpec {
  std::string name, uri, description;
  FreshnessRule fresh = {};  ///< its time of day is in the zone that it names, or of who declares it
};

/// `{"orders":"s3://lake/orders"}` or `{"orders":{"uri":"…","fresh_within":"6h"}}` as made by the loader; empty text
/// gives none. An asset without a URI has its name for one. `timezone`: of a time of day that names none itself.
std::vector<AssetSpec> assets_from_json(std::string_view json, const std::string& timezone);

/// `"a"`, `{"all":["a",{"any":["b","c"]}]}`.
std::string condition_to_json(const timetable::AssetCondition& condition);
/// None: it is not what condition_to_json() writes.
std::optional<timetable::AssetCondition> condition_from_json(std::string_view json);
/// All that a condition names, each once, in its order.
std::vector<std::string> assets_of(const timetable::AssetCondition& condition);

}  // namespace baton::dagfile
