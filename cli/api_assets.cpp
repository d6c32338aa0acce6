#include "cli/api_assets.h"

#include "scheduler/control/actor.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

/// An audit row about an asset: its name stands beside why.
AuditRow asset_audit(const std::string& action, const std::string& dag_id, const std::string& asset,
                     const std::string& why, const api::Asker& asker, WallUs at) {
  RunRow of;
  of.dag_id = dag_id;
  AuditRow row = audit_row({asker.name, asker.address, asker.via}, action, of, why, at);
  if (asset.empty()) return row;
  ValueMap extra = {{"asset", asset}};
  if (const auto known = from_json(row.extra_json)) {
    for (const auto& member : known->as_map()) extra.push_back(member);
  }
  row.extra_json = to_json(Value(std::move(extra)));
  return row;
}

}  // namespace

void ApiAssets::skip(std::string dag_id, std::string asset, api::Asker asker, OnDone done) {
  on_loop([this, dag_id = std::move(dag_id), asset = std::move(asset), asker = std::move(asker),
           done = std::move(done)] {
    runs_.skip(dag_id, asset, asset_audit("delete_queued_events", dag_id, asset, "", asker, loop_.wall_now()), done);
  });
}

void ApiAssets::quarantine(std::string asset, bool is_held, std::string why, api::Asker asker, OnDone done) {
  on_loop([this, asset = std::move(asset), is_held, why = std::move(why), asker = std::move(asker),
           done = std::move(done)] {
    const WallUs now = loop_.wall_now();
    const AssetQuarantineRow row{asset, is_held ? asker.name : "", why, is_held ? now : kNoTime};
    const char* const action = is_held ? "quarantine_asset" : "release_asset";
    runs_.quarantine(row, asset_audit(action, "", asset, why, asker, now), done);
  });
}

}  // namespace baton
