// Writing JSON text by hand: for canonical forms, where order and spelling are ours and speed counts. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/value.h"

namespace baton::dagfile {

/// Appends `"text"` with JSON's escapes; other characters stay UTF-8.
void append_json_string(std::string& out, std::string_view text);
void append_json_int(std::string& out, std::int64_t number);
/// The shortest text that reads back as the same double, always with a point or exponent so that it stays a double.
void append_json_double(std::string& out, double number);
/// Lists and maps in their order; map keys become strings.
void append_json_value(std::string& out, const Value& value);
std::string to_json_text(const Value& value);

}  // namespace baton::dagfile
