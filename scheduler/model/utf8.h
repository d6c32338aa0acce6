// UTF-8, as far as texts and JSON need it. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace baton {

/// Bytes of the code point at `at`, 0 when they are no UTF-8 (overlong forms and surrogates are none).
std::size_t utf8_length(std::string_view text, std::size_t at);

/// The offset of the first byte that is no UTF-8, npos when all of it is.
std::size_t find_invalid_utf8(std::string_view text);

/// `text` with U+FFFD for each byte that is no UTF-8.
std::string valid_utf8(std::string text);

/// Of valid UTF-8.
std::size_t count_code_points(std::string_view text);

void append_utf8(std::string& out, char32_t code_point);

}  // namespace baton
