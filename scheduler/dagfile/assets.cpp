#include "scheduler/dagfile/assets.h"

#include <algorithm>

#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton::dagfile {
namespace {

using timetable::AssetCondition;

constexpr int kConditionDepthMax = 100;

std::string asset_text(const Value& body, std::string_view key) {
  const Value* const found = body.find(key);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

/// A duration is a text, or a number of seconds; a time of day stands in a map.
FreshnessRule rule_of(const Value& said, const std::string& timezone) {
  if (said.type() == ValueType::integer) return {.within_us = said.as_int() * kSecond};
  if (said.type() == ValueType::string) {
    const auto span = timetable::parse_duration(said.as_string());
    return span ? FreshnessRule{.within_us = *span} : FreshnessRule{};
  }
  if (said.type() != ValueType::map) return {};
  const std::string own = asset_text(said, "timezone");
  const auto by = timetable::parse_time_of_day(asset_text(said, "by"));
  return by ? FreshnessRule{.by_s = *by, .timezone = own.empty() ? timezone : own} : FreshnessRule{};
}

FreshnessRule freshness_of(const Value& body, const std::string& timezone) {
  for (const std::string_view key : {"fresh_within", "freshness"}) {
    const Value* const found = body.find(key);
    if (found == nullptr) continue;
    if (FreshnessRule rule = rule_of(*found, timezone); rule.is_set()) return rule;
  }
  return {};
}

AssetSpec asset_of(const std::string& name, const Value& body, const std::string& timezone) {
  AssetSpec spec;
  spec.name = spec.uri = name;
  if (body.type() == ValueType::string) spec.uri = body.as_string();
  if (body.type() != ValueType::map) return spec;
  if (std::string uri = asset_text(body, "uri"); !uri.empty()) spec.uri = std::move(uri);
  spec.description = asset_text(body, "description");
  spec.fresh = freshness_of(body, timezone);
  return spec;
}

Value value_of_condition(const AssetCondition& condition) {
  if (condition.kind == AssetCondition::Kind::asset) return Value(condition.asset);
  ValueList children;
  for (const AssetCondition& child : condition.children) children.push_back(value_of_condition(child));
  const std::string key = condition.kind == AssetCondition::Kind::all ? "all" : "any";
  return Value(ValueMap{{Value(key), Value(std::move(children))}});
}

bool take_condition(const Value& from, AssetCondition& to, int depth) {
  if (from.type() == ValueType::string) {
    to.asset = from.as_string();
    return true;
  }
  if (from.type() != ValueType::map || from.as_map().size() != 1 || depth > kConditionDepthMax) return false;
  const auto& [key, children] = *from.as_map().begin();
  const bool is_all = key.type() == ValueType::string && key.as_string() == "all";
  if (children.type() != ValueType::list) return false;
  to.kind = is_all ? AssetCondition::Kind::all : AssetCondition::Kind::any;
  for (const Value& child : children.as_list()) {
    if (!take_condition(child, to.children.emplace_back(), depth + 1)) return false;
  }
  return true;
}

void add_names(const AssetCondition& condition, std::vector<std::string>& names) {
  const bool is_new = std::find(names.begin(), names.end(), condition.asset) == names.end();
  if (condition.kind == AssetCondition::Kind::asset && is_new) names.push_back(condition.asset);
  for (const AssetCondition& child : condition.children) add_names(child, names);
}

}  // namespace

std::vector<AssetSpec> assets_from_json(std::string_view json, const std::string& timezone) {
  std::vector<AssetSpec> out;
  if (json.empty()) return out;
  const auto parsed = from_json(json);
  if (!parsed || parsed->type() != ValueType::map) return out;
  for (const auto& [name, body] : parsed->as_map()) out.push_back(asset_of(name.as_string(), body, timezone));
  return out;
}

std::string condition_to_json(const AssetCondition& condition) { return to_json(value_of_condition(condition)); }

std::optional<AssetCondition> condition_from_json(std::string_view json) {
  const auto parsed = from_json(json);
  AssetCondition condition;
  if (!parsed || !take_condition(*parsed, condition, 0)) return std::nullopt;
  return condition;
}

std::vector<std::string> assets_of(const AssetCondition& condition) {
  std::vector<std::string> names;
  add_names(condition, names);
  return names;
}

}  // namespace baton::dagfile
