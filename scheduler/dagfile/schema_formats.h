// `pattern` and `format` of JSON Schema. RE2 stays in the .cpp. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace baton::dagfile {

/// Whether `pattern` (RE2) matches somewhere in `text`; a pattern that does not compile matches nothing.
bool matches_pattern(std::string_view text, std::string_view pattern);
/// Empty when the pattern compiles, else RE2's message.
std::string pattern_fault(std::string_view pattern);
/// The formats of the table of keys; any other matches.
bool matches_format(std::string_view text, std::string_view format);

}  // namespace baton::dagfile
