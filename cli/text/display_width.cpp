#include "cli/text/display_width.h"

#include <array>
#include <cstdint>

namespace baton::text {
namespace {

struct CodePoint {
  char32_t value = 0xFFFD;
  std::size_t bytes = 1;
  bool valid = false;
};

CodePoint next_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (size == 0 || first >= 0xF5 || text.size() < size) return {};
  char32_t value = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest.at(size) || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
  return {value, size, true};
}

struct Range {
  char32_t first, last;
};
/// Marks that stand on the character before them, and what has no width.
constexpr std::array<Range, 9> kZeroWide = {{{0x0300, 0x036F},
                                             {0x0483, 0x0489},
                                             {0x0591, 0x05BD},
                                             {0x0610, 0x061A},
                                             {0x064B, 0x065F},
                                             {0x200B, 0x200F},
                                             {0x20D0, 0x20FF},
                                             {0xFE00, 0xFE0F},
                                             {0xFE20, 0xFE2F}}};
/// East Asian wide and emoji (UAX #11, the blocks that matter).
constexpr std::array<Range, 9> kTwoWide = {{{0x1100, 0x115F},
                                            {0x2E80, 0x303E},
                                            {0x3041, 0x33FF},
                                            {0x3400, 0x9FFF},
                                            {0xA000, 0xA4CF},
                                            {0xAC00, 0xD7A3},
                                            {0xF900, 0xFAFF},
                                            {0xFE30, 0xFE6F},
                                            {0xFF00, 0xFF60}}};

std::size_t width_of(char32_t c) {
  for (const Range& r : kZeroWide) {
    if (c >= r.first && c <= r.last) return 0;
  }
  if (c >= 0x1F300 && c <= 0x1FAFF) return 2;
  if (c >= 0x20000 && c <= 0x3FFFD) return 2;
  for (const Range& r : kTwoWide) {
    if (c >= r.first && c <= r.last) return 2;
  }
  return 1;
}

/// Bytes of a colour sequence at the start of `text`; 0: none there.
std::size_t colour_bytes(std::string_view text) {
  if (text.size() < 3 || text[0] != '\x1b' || text[1] != '[') return 0;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] == 'm') return i + 1;
    if (text[i] != ';' && (text[i] < '0' || text[i] > '9')) return 0;
  }
  return 0;
}

bool is_control(const CodePoint& c) {
  // U+2028, U+2029 and the bidirectional overrides rearrange a line: not in a terminal either.
  return !c.valid || c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0) ||
         (c.value >= 0x2028 && c.value <= 0x202E) || (c.value >= 0x2066 && c.value <= 0x2069);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    if (const std::size_t colour = colour_bytes(text); colour > 0) {
      text.remove_prefix(colour);
      continue;
    }
    const CodePoint c = next_code_point(text);
    columns += width_of(c.value);
    text.remove_prefix(c.bytes);
  }
  return columns;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = next_code_point(text);
    if (c.value == '\t') {
      out += ' ';
    } else if (is_control(c)) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::string clip(std::string_view text, std::size_t columns, bool unicode) {
  if (display_width(text) <= columns) return std::string(text);
  const std::string_view mark = unicode ? "…" : "...";
  const std::size_t mark_columns = unicode ? 1 : 3;
  const std::size_t room = columns > mark_columns ? columns - mark_columns : 0;
  std::string out;
  std::size_t used = 0;
  bool coloured = false;
  while (!text.empty()) {
    if (const std::size_t colour = colour_bytes(text); colour > 0) {
      out += text.substr(0, colour);
      coloured = true;
      text.remove_prefix(colour);
      continue;
    }
    const CodePoint c = next_code_point(text);
    if (used + width_of(c.value) > room) break;
    used += width_of(c.value);
    out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  if (columns >= mark_columns) out += mark;
  if (coloured) out += "\x1b[0m";
  return out;
}

std::string pad_right(std::string_view text, std::size_t columns) {
  std::string out(text);
  const std::size_t width = display_width(text);
  if (width < columns) out.append(columns - width, ' ');
  return out;
}

std::string pad_left(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  std::string out(width < columns ? columns - width : 0, ' ');
  out += text;
  return out;
}

}  // namespace baton::text
