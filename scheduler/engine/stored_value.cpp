#include "scheduler/engine/stored_value.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/json.h"

namespace baton {
namespace {

constexpr std::string_view kMark = "$baton";

Value marked(std::string_view type, Value content) {
  return ValueMap{{Value{kMark}, ValueList{Value{type}, std::move(content)}}};
}

/// Whether JSON would make another map of it: keys become strings there, and one map means a mark.
bool needs_a_mark(const ValueMap& map) {
  if (map.size() == 1 && map.front().first == Value{kMark}) return true;
  return std::any_of(map.begin(), map.end(), [](const auto& e) { return e.first.type() != ValueType::string; });
}

Value encoded(const Value& value);

Value encoded_map(const ValueMap& map) {
  if (!needs_a_mark(map)) {
    ValueMap out;
    out.reserve(map.size());
    for (const auto& [key, entry] : map) out.emplace_back(key, encoded(entry));
    return out;
  }
  ValueList pairs;
  for (const auto& [key, entry] : map) pairs.push_back(ValueList{encoded(key), encoded(entry)});
  return marked("map", std::move(pairs));
}

Value encoded(const Value& value) {
  switch (value.type()) {
    case ValueType::timestamp: return marked("timestamp", expr::timestamp_text(value.as_timestamp()));
    case ValueType::duration: return marked("duration", expr::duration_text(value.as_duration()));
    case ValueType::floating:
      return std::isfinite(value.as_double()) ? value : marked("double", expr::double_text(value.as_double()));
    case ValueType::list: {
      ValueList out;
      out.reserve(value.as_list().size());
      for (const Value& element : value.as_list()) out.push_back(encoded(element));
      return out;
    }
    case ValueType::map: return encoded_map(value.as_map());
    case ValueType::null:
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::string: return value;
  }
  return value;
}

std::optional<Value> double_of(const std::string& text) {
  if (text == "NaN") return Value{std::numeric_limits<double>::quiet_NaN()};
  if (text == "Infinity") return Value{std::numeric_limits<double>::infinity()};
  if (text == "-Infinity") return Value{-std::numeric_limits<double>::infinity()};
  return std::nullopt;
}

Value decoded(const Value& value);

std::optional<Value> map_of(const Value& pairs) {
  if (pairs.type() != ValueType::list) return std::nullopt;
  ValueMap out;
  for (const Value& pair : pairs.as_list()) {
    if (pair.type() != ValueType::list || pair.as_list().size() != 2) return std::nullopt;
    out.emplace_back(decoded(pair.as_list()[0]), decoded(pair.as_list()[1]));
  }
  return Value{std::move(out)};
}

/// What a mark stands for; nothing where the map is none that encoded() makes: a row of before.
std::optional<Value> unmarked(const ValueMap& map) {
  if (map.size() != 1 || map.front().first != Value{kMark}) return std::nullopt;
  const Value& mark = map.front().second;
  if (mark.type() != ValueType::list || mark.as_list().size() != 2) return std::nullopt;
  const Value& type = mark.as_list()[0];
  const Value& content = mark.as_list()[1];
  if (type == Value{"map"}) return map_of(content);
  if (content.type() != ValueType::string) return std::nullopt;
  const std::string& text = content.as_string();
  if (type == Value{"double"}) return double_of(text);
  if (type == Value{"timestamp"}) {
    auto at = expr::parse_timestamp(text);
    return at ? std::optional<Value>{*at} : std::nullopt;
  }
  if (type == Value{"duration"}) {
    auto span = expr::parse_duration(text);
    return span ? std::optional<Value>{*span} : std::nullopt;
  }
  return std::nullopt;
}

Value decoded(const Value& value) {
  if (value.type() == ValueType::list) {
    ValueList out;
    out.reserve(value.as_list().size());
    for (const Value& element : value.as_list()) out.push_back(decoded(element));
    return out;
  }
  if (value.type() != ValueType::map) return value;
  if (auto meant = unmarked(value.as_map())) return std::move(*meant);
  ValueMap out;
  out.reserve(value.as_map().size());
  for (const auto& [key, entry] : value.as_map()) out.emplace_back(key, decoded(entry));
  return out;
}

}  // namespace

std::string stored_json(const Value& value) { return expr::to_json(encoded(value)); }

Result<Value> value_of_stored(std::string_view json) {
  auto parsed = expr::from_json(json, {.depth_max = 4000, .bytes_max = SIZE_MAX});
  if (!parsed) return parsed.error();
  return decoded(*parsed);
}

}  // namespace baton
