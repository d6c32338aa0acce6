#include "scheduler/model/value.h"

namespace baton {

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::null: return "null";
    case ValueType::boolean: return "bool";
    case ValueType::integer: return "int";
    case ValueType::floating: return "double";
    case ValueType::string: return "string";
    case ValueType::list: return "list";
    case ValueType::map: return "map";
    case ValueType::timestamp: return "timestamp";
    case ValueType::duration: return "duration";
  }
  return "?";
}

const Value* Value::find(std::string_view key) const {
  if (type() != ValueType::map) return nullptr;
  for (const auto& [k, v] : as_map()) {
    if (k.type() == ValueType::string && k.as_string() == key) return &v;
  }
  return nullptr;
}

bool operator==(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case ValueType::list: return a.as_list() == b.as_list();
    case ValueType::map: return a.as_map() == b.as_map();
    default: return a.data_ == b.data_;
  }
}

}  // namespace baton
