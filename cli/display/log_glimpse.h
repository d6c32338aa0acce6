// A look at the end of a log: its last line, and the last progress the task named. Reads files; never the loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::display {

struct Glimpse {
  std::string last_line;       ///< printable; commands (`::…::`) are not lines
  std::int32_t progress = -1;  ///< percent; −1: none named near the end
};
/// From the last 4 KiB.
Glimpse glimpse_of(const std::string& path);
/// The same from a text.
Glimpse glimpse_in(std::string_view text);

/// `::progress 40::` gives 40; −1: it is another line.
std::int32_t progress_in(std::string_view line);

/// The last `lines` lines, printable, from the last 16 KiB.
std::vector<std::string> last_lines(const std::string& path, std::size_t lines);

}  // namespace baton::display
