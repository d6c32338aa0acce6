#include <cstdio>

#include "scheduler/dagfile/yaml_reader.h"

namespace baton::dagfile {
namespace {

/// Length of the valid UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates), 0 when there is none.
std::uint32_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return follows(1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    const unsigned low = c == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = c == 0xED ? 0x9F : 0xBF;
    return byte(1) >= low && byte(1) <= high && follows(2) ? 3 : 0;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    const unsigned low = c == 0xF0 ? 0x90 : 0x80;
    const unsigned high = c == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::uint32_t code_point(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i])); };
  switch (s.size()) {
    case 2:
      return ((byte(0) & 0x1FU) << 6U) | (byte(1) & 0x3FU);
    case 3:
      return ((byte(0) & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
    case 4:
      return ((byte(0) & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) | (byte(3) & 0x3FU);
    default:
      return byte(0);
  }
}

/// Not printable in YAML 1.2 (c-printable), or a bidirectional control that makes text read otherwise than it is
/// (CVE-2021-42574).
bool is_forbidden(std::uint32_t c) {
  if (c < 0x20) return c != '\t' && c != '\n' && c != '\r';
  if (c >= 0x7F && c < 0xA0) return c != 0x85;
  if (c >= 0x202A && c <= 0x202E) return true;
  if (c >= 0x2066 && c <= 0x2069) return true;
  return c == 0x200E || c == 0x200F || c == 0x061C || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF;
}

bool check_encoding(Reporter& reporter, std::string_view text) {
  const auto begins = [&](std::string_view mark) { return text.substr(0, mark.size()) == mark; };
  if (begins("\xEF\xBB\xBF")) {
    reporter.error(Rule::not_utf8, {0, 3}, "the file begins with a byte order mark", "save it as UTF-8 without BOM");
    return false;
  }
  const bool marked = begins("\xFF\xFE") || begins("\xFE\xFF");
  const bool unmarked = text.size() >= 4 && ((text[0] == 0 && text[1] != 0) || (text[0] != 0 && text[1] == 0));
  if (marked || unmarked) {
    reporter.error(Rule::not_utf8, {0, 1}, "the file is UTF-16 or UTF-32", "save it as UTF-8");
    return false;
  }
  return true;
}

}  // namespace

bool check_characters(Reporter& reporter) {
  const std::string_view text = reporter.source().text();
  if (!check_encoding(reporter, text)) return false;
  constexpr int kShownMax = 10;
  int found = 0;
  for (std::size_t i = 0; i < text.size() && found < kShownMax;) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7F) {
      ++i;
      continue;
    }
    const std::uint32_t length = sequence_length(text, i);
    const Span where{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + (length > 0 ? length : 1))};
    char name[80];
    if (length == 0) {
      std::snprintf(name, sizeof name, "byte 0x%02X is not valid UTF-8 here", c);
      reporter.error(Rule::not_utf8, where, name, "save the file as UTF-8");
      return false;
    }
    const std::uint32_t point = code_point(text.substr(i, length));
    const bool lone_return = c == '\r' && (i + 1 >= text.size() || text[i + 1] != '\n');
    if (is_forbidden(point) || lone_return) {
      std::snprintf(name, sizeof name, "the character U+%04X may not stand in a DAG file", point);
      reporter.error(Rule::forbidden_character, where, name,
                     point == 0 ? "remove it" : "remove it, or write it as an escape in double quotes");
      ++found;
    }
    i += length;
  }
  return found == 0;
}

}  // namespace baton::dagfile
