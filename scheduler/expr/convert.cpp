#include "scheduler/expr/convert.h"

namespace baton::expr {

Result<std::string> to_text(const Value& value) {
  switch (value.type()) {
    case ValueType::boolean:
      return std::string(value.as_bool() ? "true" : "false");
    case ValueType::integer:
      return value.spelling() != nullptr ? *value.spelling() : std::to_string(value.as_int());
    case ValueType::floating:
      return value.spelling() != nullptr ? *value.spelling() : double_text(value.as_double());
    case ValueType::string:
      return value.as_string();
    case ValueType::timestamp:
      return timestamp_text(value.as_timestamp());
    case ValueType::duration:
      return duration_text(value.as_duration());
    case ValueType::null:
      return Error{"null has no text; write what should stand here instead, as in x == null ? '' : x"};
    case ValueType::list:
      return Error{"a list has no text of its own; use .join(',') or toJson(…)"};
    case ValueType::map:
      return Error{"a map has no text of its own; name one of its fields or use toJson(…)"};
  }
  return Error{"a value of no known type"};
}

}  // namespace baton::expr
