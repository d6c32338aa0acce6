// Values as JSON and back. The plain form is what people and programs get: outputs, params, the API, toJson(). The exact
// form is what Baton keeps for itself: it brings every Value back as it was. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "scheduler/json/json_reader.h"
#include "scheduler/json/json_writer.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

struct JsonLimits {
  int depth_max = 64;                        // nested lists and maps
  std::size_t bytes_max = 32 * 1024 * 1024;  // of text
};

/// For what Baton wrote itself: whatever was accepted once can be read back. The exact form nests deeper than its value.
inline constexpr JsonLimits kExactJsonLimits{.depth_max = 1000, .bytes_max = std::size_t{1} << 30U};

/// Compact JSON. Integers stay integers; a double keeps its point (1.0); a number keeps its spelling where JSON knows
/// it (1.10, 1e3); NaN and infinities, timestamps (RFC 3339) and durations ("3.5s") become strings; keys that are no
/// strings become the text of them. What from_json read is never longer when it is written again.
std::string to_json(const Value& value);
void append_json(std::string& out, const Value& value);

/// {"type":"int","value":42}, with the types of to_string(ValueType).
std::string to_tagged_json(const Value& value);

/// Numbers with a point or an exponent become double, the others int, and keep their spelling. Integers beyond 64 bits,
/// numbers beyond double, duplicate keys, depth and size beyond the limits, and anything after the value are errors,
/// with the byte where they are.
Result<Value> from_json(std::string_view text, const JsonLimits& limits = {});

/// JSON in which what JSON lacks is an object of one member: {"$timestamp":"2026-01-01T00:00:00Z"}, {"$duration":"3.5s"},
/// {"$double":"NaN"}, {"$number":"0x1F"}, {"$map":[[1,"a"]]} for keys that are no strings. from_exact_json gives back the
/// same types, the same numbers and the same spellings. A value that JSON holds looks as in the plain form.
std::string to_exact_json(const Value& value);
void append_exact_json(std::string& out, const Value& value);

/// Also reads the plain form, as from_json does: what was written before there was an exact one.
Result<Value> from_exact_json(std::string_view text, const JsonLimits& limits = kExactJsonLimits);

/// The next value of a longer text, in the exact form; a fault is the reader's.
Value read_exact_value(JsonReader& in, int depth_max = kExactJsonLimits.depth_max);

}  // namespace baton
