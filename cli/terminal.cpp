#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

namespace baton::cli {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The first of LC_ALL, LC_CTYPE, LANG that is set decides; none: a terminal of today.
bool speaks_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return true;
}

}  // namespace

bool is_terminal(int fd) { return isatty(fd) == 1; }

TerminalSize terminal_size(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, std::max<std::size_t>(size.ws_row, 2)};
}

bool can_redraw(int fd) { return is_terminal(fd) && environment("TERM") != "dumb" && !environment("TERM").empty(); }

text::Style style_for(int fd, std::string_view color_flag) {
  text::Style style;
  style.unicode = speaks_unicode();
  if (color_flag == "always") {
    style.color = true;
  } else if (color_flag == "never" || !environment("NO_COLOR").empty()) {
    style.color = false;
  } else {
    style.color = can_redraw(fd);
  }
  return style;
}

}  // namespace baton::cli
