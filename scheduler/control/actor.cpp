#include "scheduler/control/actor.h"

#include "scheduler/json/json_value.h"

namespace baton {

AuditRow audit_row(const Actor& actor, const std::string& action, const RunRow& run, const std::string& why,
                   WallUs at) {
  AuditRow row;
  row.at = at;
  row.actor = actor.name;
  row.action = action;
  row.dag_id = run.dag_id;
  row.run_id = run.run_id;
  row.address = actor.address;
  row.via = actor.via;
  ValueMap extra;
  if (!why.empty()) extra.emplace_back(Value{std::string{"why"}}, Value{why});
  if (!actor.address.empty()) extra.emplace_back(Value{std::string{"address"}}, Value{actor.address});
  if (!actor.via.empty()) extra.emplace_back(Value{std::string{"via"}}, Value{actor.via});
  row.extra_json = to_json(Value{std::move(extra)});
  return row;
}

}  // namespace baton
