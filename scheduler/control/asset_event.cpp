#include "scheduler/control/asset_event.h"

#include <utility>

#include "scheduler/json/json_value.h"

namespace baton {

Status check(const RaiseAssetEvent& request) {
  if (request.extra_json.empty()) return Unit{};
  if (request.extra_json.size() > kAssetExtraMax) {
    return Error{"what an asset event carries is at most 64 KiB: name the place where more lies", ErrorKind::invalid};
  }
  const auto extra = from_json(request.extra_json);
  if (!extra) return Error{"what an asset event carries is no JSON: " + extra.error().message, ErrorKind::invalid};
  if (extra->type() != ValueType::map) return Error{"what an asset event carries is an object", ErrorKind::invalid};
  return Unit{};
}

AssetEventRow event_of(const RaiseAssetEvent& request, const Actor& actor, WallUs at) {
  AssetEventRow event;
  event.asset = request.asset;
  event.at = at;
  event.actor = actor.name;
  event.extra_json = request.extra_json;
  return event;
}

AuditRow audit_of(const RaiseAssetEvent& request, const Actor& actor, WallUs at) {
  AuditRow row = audit_row(actor, "create_asset_event", RunRow{}, "", at);
  ValueMap extra = {{"asset", request.asset}};
  if (const auto known = from_json(row.extra_json)) {
    for (const auto& member : known->as_map()) extra.push_back(member);
  }
  row.extra_json = to_json(Value(std::move(extra)));
  return row;
}

}  // namespace baton
