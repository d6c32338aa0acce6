#include "cli/display/log_glimpse.h"

#include <algorithm>
#include <charconv>

#include "cli/text/display_width.h"
#include "scheduler/logs/log_file.h"

namespace baton::display {
namespace {

/// A carriage return inside a line rewrites it, as progress bars do: what stands last counts.
std::string_view as_shown(std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::size_t back = line.rfind('\r');
  return back == std::string_view::npos ? line : line.substr(back + 1);
}

template <typename Each>
void for_lines(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    each(as_shown(text.substr(0, end)));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// Without colours and other escape sequences.
std::string without_escapes(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      i += 2;
      while (i < line.size() && (line[i] < '@' || line[i] > '~')) ++i;
      continue;
    }
    out += line[i];
  }
  return text::printable(out);
}

}  // namespace

std::int32_t progress_in(std::string_view line) {
  constexpr std::string_view kBegin = "::progress ";
  if (!line.starts_with(kBegin)) return -1;
  line.remove_prefix(kBegin.size());
  double value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || !std::string_view(end, line.data() + line.size()).starts_with("::")) return -1;
  return static_cast<std::int32_t>(std::clamp(value, 0.0, 100.0));
}

Glimpse glimpse_in(std::string_view text) {
  Glimpse out;
  for_lines(text, [&](std::string_view line) {
    if (const std::int32_t progress = progress_in(line); progress >= 0) {
      out.progress = progress;
    } else if (!line.starts_with("::") && line.find_first_not_of(' ') != std::string_view::npos) {
      out.last_line = without_escapes(line);
    }
  });
  return out;
}

Glimpse glimpse_of(const std::string& path) { return glimpse_in(logs::read_tail(path, 4 << 10)); }

std::vector<std::string> last_lines(const std::string& path, std::size_t lines) {
  std::vector<std::string> out;
  const std::string tail = logs::read_tail(path, 16 << 10);
  for_lines(tail, [&](std::string_view line) {
    if (line.starts_with("::progress ") || line.starts_with("::group::") || line.starts_with("::endgroup::")) return;
    out.push_back(without_escapes(line));
  });
  while (!out.empty() && out.back().find_first_not_of(' ') == std::string::npos) out.pop_back();
  if (out.size() > lines) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(lines));
  return out;
}

}  // namespace baton::display
