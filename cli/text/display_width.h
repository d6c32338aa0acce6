// How wide a text stands in a terminal, and cutting it to a width. UTF-8 in; control characters never reach the
// terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace baton::text {

/// Columns that `text` takes; escape sequences of colours (ESC [ … m) take none.
std::size_t display_width(std::string_view text);

/// `text` without control characters: tab becomes a space, others (and broken UTF-8) become U+FFFD.
std::string printable(std::string_view text);

/// At most `columns` wide; what was cut shows as `…` (`...` without Unicode). Colours stay whole and are reset.
std::string clip(std::string_view text, std::size_t columns, bool unicode = true);

/// Filled up with spaces to `columns`; longer texts stay as they are.
std::string pad_right(std::string_view text, std::size_t columns);
std::string pad_left(std::string_view text, std::size_t columns);

}  // namespace baton::text
