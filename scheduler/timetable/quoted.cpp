#include "scheduler/timetable/quoted.h"

namespace baton::timetable {

std::string quoted(std::string_view text) {
  constexpr std::size_t kShownMax = 60;
  std::string shown = "\"";
  for (const char c : text.substr(0, kShownMax)) {
    const bool printable = c >= ' ' && c <= '~';
    shown += printable ? c : '?';
  }
  if (text.size() > kShownMax) shown += "…";
  return shown + "\"";
}

}  // namespace baton::timetable
