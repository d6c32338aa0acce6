// Values as JSON and back, for outputs, params, the API and `baton expr -o json`. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::expr {

struct JsonLimits {
  int depth_max = 64;                        // nested lists and maps
  std::size_t bytes_max = 32 * 1024 * 1024;  // of text
};

/// Compact JSON. Integers stay integers; a double keeps its point (1.0); NaN and infinities, timestamps (RFC 3339) and
/// durations ("3.5s") become strings; keys that are no strings become the text of them. Bytes that are no UTF-8 become
/// U+FFFD.
std::string to_json(const Value& value);

/// Appends instead, for those who write a larger text.
void append_json(std::string& out, const Value& value);
void append_json_string(std::string& out, std::string_view text);

/// {"type":"int","value":42}, with the types of to_string(ValueType).
std::string to_tagged_json(const Value& value);

/// Integers that fit 64 bits become int, other numbers double. Duplicate keys, depth and size beyond the limits,
/// numbers beyond double and anything after the value are errors, with the byte where they are.
Result<Value> from_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace baton::expr
