// What the terminal behind a file descriptor can do. Reads the environment; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "cli/text/style.h"

namespace baton::cli {

struct TerminalSize {
  std::size_t columns = 80, rows = 24;
};

[[nodiscard]] bool is_terminal(int fd);
/// From the kernel; 80x24 where it does not know.
[[nodiscard]] TerminalSize terminal_size(int fd);
/// A terminal where a cursor can be moved: not TERM=dumb.
[[nodiscard]] bool can_redraw(int fd);

/// Colours by --color (auto, always, never), NO_COLOR and the terminal; Unicode unless the locale says another charset.
[[nodiscard]] text::Style style_for(int fd, std::string_view color_flag);

}  // namespace baton::cli
