#include "scheduler/engine/outputs.h"

#include <algorithm>

#include "scheduler/expr/convert.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/number.h"

namespace baton {
namespace {

using Type = OutputSpec::Type;

/// The value as its declared type, or nothing when it is of another.
std::optional<Value> as_declared(Type type, const Value& v) {
  const ValueType is = v.type();
  const auto when = [&](bool fits) { return fits ? std::optional<Value>{v} : std::nullopt; };
  switch (type) {
    case Type::any: return v;
    case Type::string: return when(is == ValueType::string);
    case Type::integer: return when(is == ValueType::integer);
    case Type::number: {
      if (is != ValueType::integer) return when(is == ValueType::floating);
      const auto exact = exact_double(v.as_int());  // 1 is 1.0 for every expression that reads it
      return exact ? std::optional<Value>{*exact} : std::nullopt;
    }
    case Type::boolean: return when(is == ValueType::boolean);
    case Type::list: return when(is == ValueType::list);
    case Type::map: return when(is == ValueType::map);
    case Type::timestamp: {
      if (is != ValueType::string) return std::nullopt;
      auto t = expr::parse_timestamp(v.as_string());
      return t ? std::optional<Value>{*t} : std::nullopt;
    }
    case Type::duration: {
      if (is != ValueType::string) return std::nullopt;
      auto d = expr::parse_duration(v.as_string());
      return d ? std::optional<Value>{*d} : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string_view name_of(Type type) {
  switch (type) {
    case Type::string: return "string";
    case Type::integer: return "int";
    case Type::number: return "number";
    case Type::boolean: return "bool";
    case Type::list: return "list";
    case Type::map: return "map";
    case Type::timestamp: return "timestamp";
    case Type::duration: return "duration";
    case Type::any: return "any";
  }
  return "any";
}

constexpr std::size_t kBytesMax = 1 << 20;
constexpr int kDepthMax = 64;
/// What was accepted is read back: deeper than anything that is ever accepted.
constexpr JsonLimits kStoredLimits{.depth_max = 1000, .bytes_max = SIZE_MAX};

}  // namespace

Result<Value> restored_outputs(const TaskSpec& spec, std::string_view json) {
  auto parsed = from_json(json, kStoredLimits);
  if (!parsed) return parsed.error();
  if (parsed->type() != ValueType::map) return Error{"they are no JSON object"};
  ValueMap map = parsed->as_map();
  for (const OutputSpec& declared : spec.outputs) {
    for (auto& [name, value] : map) {
      if (name != Value{declared.name}) continue;
      if (auto typed = as_declared(declared.type, value)) value = std::move(*typed);
    }
  }
  return Value{std::move(map)};
}

std::int64_t memory_of(const Value& value) {
  auto bytes = static_cast<std::int64_t>(sizeof(Value));
  switch (value.type()) {
    case ValueType::string: return bytes + static_cast<std::int64_t>(value.as_string().capacity());
    case ValueType::list:
      for (const Value& element : value.as_list()) bytes += memory_of(element);
      return bytes;
    case ValueType::map:
      for (const auto& [key, entry] : value.as_map()) bytes += memory_of(key) + memory_of(entry);
      return bytes;
    case ValueType::null:
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::floating:
    case ValueType::timestamp:
    case ValueType::duration: return bytes;
  }
  return bytes;
}

Result<CheckedOutputs> check_outputs(const TaskSpec& spec, std::string_view json) {
  CheckedOutputs out;
  out.value = Value{ValueMap{}};
  const bool blank = json.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) {
    if (spec.outputs.empty()) return out;
    return Error{"the task declares outputs but wrote nothing to $BATON_OUTPUT"};
  }
  auto parsed = from_json(json, {.depth_max = kDepthMax, .bytes_max = kBytesMax});
  if (!parsed) return Error{"$BATON_OUTPUT is not JSON: " + parsed.error().message};
  if (parsed->type() != ValueType::map) return Error{"$BATON_OUTPUT must hold one JSON object"};
  ValueMap map = parsed->as_map();
  for (const OutputSpec& declared : spec.outputs) {
    const auto at =
        std::find_if(map.begin(), map.end(), [&](const auto& e) { return e.first == Value{declared.name}; });
    if (at == map.end()) return Error{"output \"" + declared.name + "\" is missing from $BATON_OUTPUT"};
    auto value = as_declared(declared.type, at->second);
    if (!value) {
      return Error{"output \"" + declared.name + "\" is declared " + std::string(name_of(declared.type)) + " but is " +
                   to_json(at->second).substr(0, 80)};
    }
    at->second = std::move(*value);
  }
  for (const auto& entry : map) {
    const Value& key = entry.first;
    const bool declared = std::any_of(spec.outputs.begin(), spec.outputs.end(),
                                      [&](const OutputSpec& o) { return key == Value{o.name}; });
    if (!declared && !spec.outputs.empty()) {
      out.warning += (out.warning.empty() ? "outputs that are not declared: " : ", ") + key.as_string();
    }
  }
  out.value = Value{std::move(map)};
  out.json = to_json(out.value);
  if (out.json.size() > kBytesMax) {  // what is kept counts, however short it was written
    return Error{"the outputs take " + std::to_string(out.json.size()) + " bytes as they are kept; the limit is 1 MiB"};
  }
  return out;
}

}  // namespace baton
