#include "scheduler/control/change_state.h"

#include <algorithm>
#include <utility>

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr std::size_t kNameMax = 250;
constexpr std::size_t kShownMax = 1'000;  ///< bytes of a value that the audit keeps

bool is_state_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_part = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameMax && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), is_part);
}

/// The audit says what was put, not all of a large one.
std::string shown_in_audit(const std::string& json) {
  return json.size() <= kShownMax ? json : to_json(Value(std::to_string(json.size()) + " bytes"));
}

}  // namespace

Result<CheckedState> check(const ChangeState& request) {
  if (!is_state_name(request.name)) {
    return Error{"\"" + request.name + "\" is not a name of a state: letters, digits and \"_\", no digit first",
                 ErrorKind::invalid};
  }
  if (request.json.empty()) return CheckedState{};
  auto checked = check_state(request.json);
  if (!checked) return Error{"the value " + checked.error().message, ErrorKind::invalid};
  return checked;
}

TaskStateRow row_of(const ChangeState& request, const CheckedState& checked, const Actor& actor, WallUs at) {
  TaskStateRow row;
  row.dag_id = request.dag_id;
  row.name = request.name;
  row.json = checked.json;
  row.at = at;
  row.actor = actor.name;
  return row;
}

AuditRow audit_of(const ChangeState& request, const CheckedState& checked, const KeptState* before, const Actor& actor,
                  WallUs at) {
  AuditRow row = audit_row(actor, request.json.empty() ? "remove_state" : "set_state", RunRow{}, request.why, at);
  row.dag_id = request.dag_id;
  ValueMap extra = {{"state", request.name}};
  if (const auto known = from_json(row.extra_json)) {
    for (const auto& member : known->as_map()) extra.push_back(member);
  }
  row.extra_json = to_json(Value(std::move(extra)));
  if (before != nullptr && !before->json.empty()) row.before_json = shown_in_audit(before->json);
  if (!checked.json.empty()) row.after_json = shown_in_audit(checked.json);
  return row;
}

}  // namespace baton
