#include "worker/mask_forms.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace baton::worker {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

using Forms = std::vector<std::string>;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The characters of base64 that depend on `secret` alone when `skip` (0 to 2) unknown bytes stand before it and
/// unknown ones follow it.
std::string base64_core(std::string_view secret, std::size_t skip, std::string_view alphabet) {
  std::string text;
  const std::size_t bits = (skip + secret.size()) * 8;
  for (std::size_t at = 0; at + 6 <= bits; at += 6) {
    if (at < skip * 8) continue;  // Shares bits with what stands before.
    unsigned value = 0;
    for (std::size_t bit = at; bit < at + 6; ++bit) {
      const auto byte = static_cast<std::uint8_t>(secret[bit / 8 - skip]);
      value = (value << 1) | ((byte >> (7 - bit % 8)) & 1U);
    }
    text.push_back(alphabet[value]);
  }
  return text;
}

void add_base64(std::string_view secret, Forms& forms) {
  for (std::size_t skip = 0; skip < 3; ++skip) {
    forms.push_back(base64_core(secret, skip, kStandard));
    forms.push_back(base64_core(secret, skip, kUrlSafe));
  }
}

/// `safe` stands as it is; `space` in place of a space where it is not empty.
std::string percent_encoded(std::string_view secret, std::string_view digits, std::string_view safe,
                            std::string_view space) {
  std::string text;
  for (const char c : secret) {
    if (is_plain(c) || c == '-' || c == '.' || c == '~' || safe.find(c) != std::string_view::npos) {
      text.push_back(c);
    } else if (c == ' ' && !space.empty()) {
      text += space;
    } else {
      text.push_back('%');
      text.push_back(digits[static_cast<std::uint8_t>(c) >> 4]);
      text.push_back(digits[static_cast<std::uint8_t>(c) & 0xfU]);
    }
  }
  return text;
}

void add_percent_encoded(std::string_view secret, Forms& forms) {
  for (const std::string_view digits : {kUpperHex, kLowerHex}) {
    for (const std::string_view safe : {"", "/"}) {
      for (const std::string_view space : {"", "+"}) forms.push_back(percent_encoded(secret, digits, safe, space));
    }
  }
}

/// One character of UTF-8 at the start of `text` and its length; length 1 and the byte itself where there is none.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool valid = true;
};
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  CodePoint point{byte(0), 1, byte(0) < 0x80};
  if (point.valid) return point;
  const std::size_t bytes = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc0 ? 2 : 0;
  if (bytes == 0 || text.size() < bytes) return point;
  std::uint32_t value = byte(0) & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return point;
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  return {value, bytes, true};
}

void append_u(std::string& text, std::uint32_t unit, std::string_view digits) {
  text += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) text.push_back(digits[(unit >> static_cast<unsigned>(shift)) & 0xfU]);
}

/// How an encoder writes strings.
struct JsonStyle {
  bool escapes_slash = false;
  bool is_ascii = false;
  bool escapes_html = false;
  std::string_view digits = kLowerHex;
};

std::string json_escaped(std::string_view secret, const JsonStyle& style) {
  std::string text;
  for (std::size_t at = 0; at < secret.size();) {
    const CodePoint point = first_code_point(secret.substr(at));
    const char c = secret[at];
    constexpr std::string_view kShort = "\"\\\n\r\t\b\f";
    constexpr std::string_view kLetters = "\"\\nrtbf";
    const bool is_html = c == '<' || c == '>' || c == '&';
    if (const std::size_t known = kShort.find(c); known != std::string_view::npos) {
      text.push_back('\\');
      text.push_back(kLetters[known]);
    } else if (c == '/' && style.escapes_slash) {
      text += "\\/";
    } else if (point.valid && (point.value < 0x20 || (style.escapes_html && is_html))) {
      append_u(text, point.value, style.digits);
    } else if (point.valid && point.value >= 0x10000 && style.is_ascii) {
      append_u(text, 0xd800 + ((point.value - 0x10000) >> 10), style.digits);
      append_u(text, 0xdc00 + ((point.value - 0x10000) & 0x3ffU), style.digits);
    } else if (point.valid && point.value >= 0x80 && style.is_ascii) {
      append_u(text, point.value, style.digits);
    } else {
      text += secret.substr(at, point.bytes);
    }
    at += point.bytes;
  }
  return text;
}

void add_json(std::string_view secret, Forms& forms) {
  for (const bool slash : {false, true}) {
    for (const bool ascii : {false, true}) {
      for (const bool html : {false, true}) {
        for (const std::string_view digits : {kLowerHex, kUpperHex}) {
          forms.push_back(json_escaped(secret, {slash, ascii, html, digits}));
        }
      }
    }
  }
}

std::string with_quotes_as(std::string_view secret, std::string_view quote) {
  std::string text;
  for (const char c : secret) {
    if (c == '\'') {
      text += quote;
    } else {
      text.push_back(c);
    }
  }
  return text;
}

/// Inside $'…'. `is_ascii`: in a locale that knows no other characters.
std::string ansi_c_quoted(std::string_view secret, bool is_ascii) {
  std::string text;
  for (const char c : secret) {
    constexpr std::string_view kShort = "\\'\n\r\t\a\b\f\v\x1b";
    constexpr std::string_view kLetters = "\\'nrtabfvE";
    const auto byte = static_cast<std::uint8_t>(c);
    if (const std::size_t known = kShort.find(c); known != std::string_view::npos) {
      text.push_back('\\');
      text.push_back(kLetters[known]);
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && is_ascii)) {
      char octal[5];
      std::snprintf(octal, sizeof(octal), "\\%03o", byte);
      text += octal;
    } else {
      text.push_back(c);
    }
  }
  return text;
}

/// How a shell puts backslashes: before each character (the right side of == in [[ ]]), or before what is special. `#`
/// and `~` are that to some shells wherever they stand, to bash where a word begins: whether the secret begins one,
/// only what stands before it says. `~` also after `:` and `=`, where it would be a folder.
enum class Backslashes { all, special, at_word, inside_word, tilde_alone };

std::string backslashed(std::string_view secret, Backslashes how) {
  std::string text;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char c = secret[i];
    bool is_special = !is_plain(c) && std::string_view("-./:=@%+").find(c) == std::string_view::npos &&
                      static_cast<std::uint8_t>(c) < 0x80;
    if ((c == '#' || c == '~') && how != Backslashes::special) {
      const bool is_folder = c == '~' && i > 0 && (secret[i - 1] == ':' || secret[i - 1] == '=');
      is_special = (i == 0 && how == Backslashes::at_word) || (is_folder && how != Backslashes::tilde_alone);
    }
    if (how == Backslashes::all || is_special) text.push_back('\\');
    text.push_back(c);
  }
  return text;
}

void add_shell_quoted(std::string_view secret, Forms& forms) {
  forms.push_back(with_quotes_as(secret, "'\\''"));
  forms.push_back(with_quotes_as(secret, "'\"'\"'"));
  forms.push_back(with_quotes_as(secret, "\\'"));
  forms.push_back(ansi_c_quoted(secret, false));
  forms.push_back(ansi_c_quoted(secret, true));
  for (const Backslashes how : {Backslashes::all, Backslashes::special, Backslashes::at_word, Backslashes::inside_word,
                                Backslashes::tilde_alone}) {
    forms.push_back(backslashed(secret, how));
  }
  std::string in_double_quotes;
  for (const char c : secret) {
    if (std::string_view("\\\"$`").find(c) != std::string_view::npos) in_double_quotes.push_back('\\');
    in_double_quotes.push_back(c);
  }
  forms.push_back(std::move(in_double_quotes));
}

void append_utf8(std::string& text, std::uint32_t value) {
  const auto tail = [&](unsigned shift) { text.push_back(static_cast<char>(0x80U | ((value >> shift) & 0x3fU))); };
  if (value < 0x80) {
    text.push_back(static_cast<char>(value));
  } else if (value < 0x800) {
    text.push_back(static_cast<char>(0xc0U | (value >> 6)));
    tail(0);
  } else if (value < 0x10000) {
    text.push_back(static_cast<char>(0xe0U | (value >> 12)));
    tail(6);
    tail(0);
  } else {
    text.push_back(static_cast<char>(0xf0U | (value >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// The unit of \uXXXX at the start of `text`, or −1.
int unit_at(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  int unit = 0;
  for (const char c : text.substr(2, 4)) {
    const std::size_t lower = kLowerHex.find(c);
    const std::size_t digit = lower != std::string_view::npos ? lower : kUpperHex.find(c);
    if (digit == std::string_view::npos) return -1;
    unit = unit * 16 + static_cast<int>(digit);
  }
  return unit;
}

}  // namespace

std::vector<std::string> mask_forms(std::string_view secret, std::size_t bytes_min) {
  Forms forms{std::string(secret)};
  if (secret.find('\n') != std::string_view::npos) {
    for (std::string_view rest = secret; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      forms.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  add_base64(secret, forms);
  add_percent_encoded(secret, forms);
  add_json(secret, forms);
  add_shell_quoted(secret, forms);
  std::erase_if(forms, [&](const std::string& form) { return form.size() < bytes_min; });
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  return forms;
}

std::vector<std::string> broken_forms(std::string_view secret, std::size_t bytes_min) {
  constexpr std::size_t kCertain = 8;  // a shorter one stands in other texts by chance
  Forms forms;
  for (std::size_t skip = 0; skip < 3; ++skip) {
    // A core begins after 0, 2 and 3 characters of its group of four.
    const std::size_t to_next_group = skip == 0 ? 0 : 3 - skip;
    for (const std::string_view alphabet : {kStandard, kUrlSafe}) {
      const std::string core = base64_core(secret, skip, alphabet);
      forms.push_back(core);
      if (to_next_group > 0 && core.size() > to_next_group) forms.push_back(core.substr(to_next_group));
    }
  }
  std::erase_if(forms, [&](const std::string& form) { return form.size() < std::max(bytes_min, kCertain); });
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  return forms;
}

std::string json_unescaped(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain.push_back(text[at++]);
      continue;
    }
    if (const int unit = unit_at(text.substr(at)); unit >= 0) {
      at += 6;
      auto value = static_cast<std::uint32_t>(unit);
      const int low = value >= 0xd800 && value < 0xdc00 ? unit_at(text.substr(at)) : -1;
      if (low >= 0xdc00 && low < 0xe000) {
        at += 6;
        value = 0x10000 + ((value - 0xd800) << 10) + (static_cast<std::uint32_t>(low) - 0xdc00);
      }
      append_utf8(plain, value);
      continue;
    }
    constexpr std::string_view kLetters = "nrtbf";
    constexpr std::string_view kMeant = "\n\r\t\b\f";
    const std::size_t known = kLetters.find(text[at + 1]);
    plain.push_back(known == std::string_view::npos ? text[at + 1] : kMeant[known]);
    at += 2;
  }
  return plain;
}

}  // namespace baton::worker
