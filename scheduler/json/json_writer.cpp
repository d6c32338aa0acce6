#include "scheduler/json/json_writer.h"

#include <array>
#include <charconv>

#include "scheduler/model/utf8.h"

namespace baton {
namespace {

/// The letter after the backslash; 0 where JSON has none for it.
char short_escape(unsigned char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

void append_escape(std::string& out, unsigned char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  if (const char letter = short_escape(c); letter != 0) {
    out += letter;
    return;
  }
  out += "u00";
  out += kHex[c >> 4U];
  out += kHex[c & 0xFU];
}

/// The length of what begins at `at` and stays as it is; 0 for what does not.
std::size_t kept_length(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c < 0x80) return c < 0x20 || c == '"' || c == '\\' ? 0 : 1;
  return utf8_length(text, at);
}

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

/// How much at its beginning is ASCII and stays as it is: mostly all.
std::size_t plain_length(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && kPlain[static_cast<unsigned char>(text[i])]) ++i;
  return i;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t kept = 0;
  for (std::size_t i = plain_length(text); i < text.size();) {
    const std::size_t length = kept_length(text, i);
    if (length > 0) {
      i += length;
      continue;
    }
    out.append(text, kept, i - kept);
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      append_escape(out, c);
    } else {
      out += "\xEF\xBF\xBD";
    }
    kept = ++i;
  }
  out.append(text, kept, text.size() - kept);
  out += '"';
}

void append_json_int(std::string& out, std::int64_t number) {
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  out.append(buffer.data(), end.ptr);
}

std::string& JsonObject::member(std::string_view name) {
  out_.append(first_ ? "\"" : ",\"").append(name).append("\":");
  first_ = false;
  return out_;
}

}  // namespace baton
