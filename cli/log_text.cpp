#include "cli/log_text.h"

#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"

namespace baton::cli {
namespace {

/// Bytes of a colour sequence (SGR) at the start; 0: none. A private marker (`ESC [ > 4 m` sets how keys are told) makes
/// it another sequence.
std::size_t colour_bytes(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

/// `text` without its colours, so that a terminal shows it and obeys nothing in it.
void append_harmless(std::string_view text, std::string& out) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && !is_control(text[plain])) ++plain;
    out += text::printable(text.substr(0, plain));  // what is control beyond ASCII: C1, overrides of direction
    text.remove_prefix(plain);
    if (text.empty()) return;
    if (text.front() == '\t') {
      out += '\t';
    } else {
      out += '^';
      out += static_cast<char>(static_cast<unsigned char>(text.front()) ^ 0x40U);
    }
    text.remove_prefix(1);
  }
}

}  // namespace

bool line_for_terminal(std::string_view line, const text::Style& style, std::string& out) {
  out.clear();
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.starts_with("::progress ") || line.starts_with("::endgroup::")) return false;
  if (line.starts_with("::group::")) {
    out = style.paint(text::Ink::bold, std::string(style.unicode ? "▸ " : "> ") + text::printable(line.substr(9)));
    return true;
  }
  if (line.starts_with("::warning::")) {
    out = style.paint(text::Ink::yellow, "warning: " + text::printable(line.substr(11)));
    return true;
  }
  bool coloured = false;
  while (!line.empty()) {
    if (const std::size_t colour = colour_bytes(line); colour > 0) {
      if (style.color) out += line.substr(0, colour);
      coloured = coloured || style.color;
      line.remove_prefix(colour);
      continue;
    }
    std::size_t next = line.find('\x1b', 1);
    if (next == std::string_view::npos) next = line.size();
    append_harmless(line.substr(0, next), out);
    line.remove_prefix(next);
  }
  if (coloured) out += "\x1b[0m";
  return true;
}

std::string cut_words(std::int64_t bytes) {
  return "[baton: " + text::grouped(bytes) + (bytes == 1 ? " byte" : " bytes") + " of this log were left out here]";
}

}  // namespace baton::cli
