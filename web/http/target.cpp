#include "web/http/target.h"

#include <optional>

#include "scheduler/model/utf8.h"

namespace baton::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { stays, is_blank };

/// None: not to be decoded.
std::optional<std::string> decoded(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+' && plus == Plus::is_blank) c = ' ';
    if (c == '%') {
      if (text.size() - at < 3) return std::nullopt;
      const int high = hex_digit(text[at + 1]), low = hex_digit(text[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      at += 2;
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (find_invalid_utf8(out) != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace

std::variant<Pairs, Refusal> read_form(std::string_view text) {
  Pairs pairs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t equals = std::min(word.find('='), word.size());
    auto name = decoded(word.substr(0, equals), Plus::is_blank);
    auto value = decoded(word.substr(std::min(equals + 1, word.size())), Plus::is_blank);
    if (!name || !value) return Refusal{400, "the query cannot be decoded: %XX of UTF-8 without NUL is expected"};
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

std::variant<Target, Refusal> read_target(std::string_view target) {
  Target out;
  const std::size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, question);
  auto query = read_form(target.substr(std::min(question + 1, target.size())));
  if (auto* refusal = std::get_if<Refusal>(&query)) return std::move(*refusal);
  out.query = std::move(std::get<Pairs>(query));
  if (path.empty() || path.front() != '/') return Refusal{400, "the path is to begin with /"};
  path.remove_prefix(1);
  if (path.empty()) return out;
  while (true) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    auto segment = decoded(path.substr(0, slash), Plus::stays);
    if (!segment) return Refusal{400, "the path cannot be decoded: %XX of UTF-8 without NUL is expected"};
    if (*segment == "." || *segment == "..") return Refusal{400, "the path has a segment that is . or .."};
    out.segments.push_back(std::move(*segment));
    if (slash == path.size()) return out;
    path.remove_prefix(slash + 1);
  }
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return out;
}

}  // namespace baton::http
