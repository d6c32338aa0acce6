#include "scheduler/expr/lexer.h"

#include <array>
#include <utility>

#include "scheduler/model/utf8.h"

namespace baton::expr {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_name_begin(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_char(char c) {
  return is_name_begin(c) || is_digit(c);
}
bool is_quoted_name_char(char c) {
  return is_name_char(c) || c == '-' || c == '.' || c == '/' || c == ' ';
}

unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

struct Escape {
  std::size_t size = 0;  // bytes after the backslash; 0 when it is no escape
  char32_t code_point = 0;
};

Escape numeric_escape(std::string_view text, std::size_t at, std::size_t digits, unsigned base) {
  char32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (at + i >= text.size()) return {};
    const char c = text[at + i];
    if (base == 16 ? !is_hex(c) : (c < '0' || c > '7')) return {};
    value = value * base + hex_value(c);
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {digits, value};
}

/// The escape whose backslash stands right before `at` (cel-spec, langdef.md, "String and Bytes Values").
Escape read_escape(std::string_view text, std::size_t at) {
  static constexpr std::array<std::pair<char, char>, 12> kSimple{{{'a', '\a'},
                                                                  {'b', '\b'},
                                                                  {'f', '\f'},
                                                                  {'n', '\n'},
                                                                  {'r', '\r'},
                                                                  {'t', '\t'},
                                                                  {'v', '\v'},
                                                                  {'\\', '\\'},
                                                                  {'?', '?'},
                                                                  {'"', '"'},
                                                                  {'\'', '\''},
                                                                  {'`', '`'}}};
  if (at >= text.size()) return {};
  const char c = text[at];
  for (const auto& [letter, meaning] : kSimple) {
    if (c == letter) return {1, static_cast<unsigned char>(meaning)};
  }
  Escape escape;
  if (c == 'x' || c == 'X') escape = numeric_escape(text, at + 1, 2, 16);
  if (c == 'u') escape = numeric_escape(text, at + 1, 4, 16);
  if (c == 'U') escape = numeric_escape(text, at + 1, 8, 16);
  if (c >= '0' && c <= '3') {
    escape = numeric_escape(text, at, 3, 8);
    return escape;
  }
  if (escape.size > 0) ++escape.size;
  return escape;
}

}  // namespace

bool begins_string(std::string_view text, std::size_t begin) {
  const auto is_quote = [&](std::size_t i) { return i < text.size() && (text[i] == '"' || text[i] == '\''); };
  if (is_quote(begin)) return true;
  return begin < text.size() && (text[begin] == 'r' || text[begin] == 'R') && is_quote(begin + 1);
}

StringShape string_shape(std::string_view text, std::size_t begin) {
  StringShape shape;
  shape.is_raw = text[begin] == 'r' || text[begin] == 'R';
  const std::size_t quote_begin = begin + (shape.is_raw ? 1 : 0);
  const char quote = text[quote_begin];
  if (text.substr(quote_begin, 3) == std::string(3, quote)) shape.quote_size = 3;
  shape.content_begin = quote_begin + shape.quote_size;
  shape.content_end = kNone;
  const std::string closing(shape.quote_size, quote);
  for (std::size_t i = shape.content_begin; i < text.size(); ++i) {
    if (text[i] == '\\' && !shape.is_raw) {
      ++i;
    } else if (shape.quote_size == 1 && (text[i] == '\n' || text[i] == '\r')) {
      return shape;
    } else if (text.substr(i, shape.quote_size) == closing) {
      shape.content_end = i;
      return shape;
    }
  }
  return shape;
}

Outcome<Token> Lexer::next() {
  skip_blanks();
  const std::size_t begin = position_;
  if (begin >= source_.size()) return token(TokenKind::end, begin);
  const char c = source_[begin];
  if (begins_string(source_, begin)) return string(begin);
  if (is_digit(c) || (c == '.' && is_digit(at(begin + 1)))) return number(begin);
  if (c == '`') return quoted_name(begin);
  if (!is_name_begin(c)) return punctuation(begin);
  while (is_name_char(at(position_))) ++position_;
  const char after = at(position_);
  if ((c == 'b' || c == 'B') && position_ == begin + 1 && (after == '"' || after == '\'')) {
    return error("bytes literals are not part of the language; use a string", begin, position_ + 1);
  }
  return token(TokenKind::name, begin, std::string(source_.substr(begin, position_ - begin)));
}

void Lexer::skip_blanks() {
  while (position_ < source_.size()) {
    const char c = source_[position_];
    if (c == '/' && at(position_ + 1) == '/') {
      while (position_ < source_.size() && source_[position_] != '\n') ++position_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++position_;
    } else {
      return;
    }
  }
}

Outcome<Token> Lexer::number(std::size_t begin) {
  TokenKind kind = TokenKind::integer;
  if (at(begin) == '0' && (at(begin + 1) == 'x' || at(begin + 1) == 'X')) {
    position_ = begin + 2;
    while (is_hex(at(position_))) ++position_;
    if (position_ == begin + 2) return error("a hexadecimal number needs digits after 0x", begin, position_);
  } else {
    while (is_digit(at(position_))) ++position_;
    if (at(position_) == '.' && is_digit(at(position_ + 1))) {
      kind = TokenKind::floating;
      ++position_;
      while (is_digit(at(position_))) ++position_;
    }
    const bool has_sign = at(position_ + 1) == '+' || at(position_ + 1) == '-';
    if ((at(position_) == 'e' || at(position_) == 'E') && is_digit(at(position_ + (has_sign ? 2 : 1)))) {
      kind = TokenKind::floating;
      position_ += has_sign ? 2 : 1;
      while (is_digit(at(position_))) ++position_;
    }
  }
  if (is_name_char(at(position_))) {
    const bool is_unsigned = (at(position_) == 'u' || at(position_) == 'U') && !is_name_char(at(position_ + 1));
    return error(is_unsigned ? "unsigned integers are not part of the language; leave the u out"
                             : "a number is followed by a letter",
                 begin, position_ + 1);
  }
  return token(kind, begin, std::string(source_.substr(begin, position_ - begin)));
}

Outcome<Token> Lexer::string(std::size_t begin) {
  const StringShape shape = string_shape(source_, begin);
  if (shape.content_end == kNone)
    return error("this string does not end; its closing quote is missing", begin, begin + 1);
  const std::string_view content = source_.substr(shape.content_begin, shape.content_end - shape.content_begin);
  position_ = shape.end();
  if (shape.is_raw) return token(TokenKind::string, begin, std::string(content));
  std::string decoded;
  decoded.reserve(content.size());
  for (std::size_t i = 0; i < content.size();) {
    if (content[i] != '\\') {
      decoded += content[i++];
      continue;
    }
    const Escape escape = read_escape(content, i + 1);
    if (escape.size == 0) {
      const std::size_t where = shape.content_begin + i;
      return error("this is no escape sequence; write \\\\ for a backslash, or r'…' for a raw string", where,
                   where + 2);
    }
    append_utf8(decoded, escape.code_point);
    i += 1 + escape.size;
  }
  return token(TokenKind::string, begin, std::move(decoded));
}

Outcome<Token> Lexer::quoted_name(std::size_t begin) {
  std::size_t end = begin + 1;
  while (is_quoted_name_char(at(end))) ++end;
  if (at(end) != '`' || end == begin + 1) {
    return error("a name in backticks holds letters, digits and _ - . / and ends with a backtick", begin, end);
  }
  position_ = end + 1;
  return token(TokenKind::quoted_name, begin, std::string(source_.substr(begin + 1, end - begin - 1)));
}

Outcome<Token> Lexer::punctuation(std::size_t begin) {
  struct Sign {
    std::string_view text;
    TokenKind kind;
  };
  static constexpr Sign kSigns[] = {{"&&", TokenKind::and_and},      {"||", TokenKind::or_or},
                                    {"<=", TokenKind::less_equal},   {">=", TokenKind::greater_equal},
                                    {"==", TokenKind::equal},        {"!=", TokenKind::not_equal},
                                    {"<", TokenKind::less},          {">", TokenKind::greater},
                                    {"!", TokenKind::bang},          {".", TokenKind::dot},
                                    {",", TokenKind::comma},         {":", TokenKind::colon},
                                    {"?", TokenKind::question},      {"(", TokenKind::left_paren},
                                    {")", TokenKind::right_paren},   {"[", TokenKind::left_bracket},
                                    {"]", TokenKind::right_bracket}, {"{", TokenKind::left_brace},
                                    {"}", TokenKind::right_brace},   {"+", TokenKind::plus},
                                    {"-", TokenKind::minus},         {"*", TokenKind::star},
                                    {"/", TokenKind::slash},         {"%", TokenKind::percent}};
  const std::string_view rest = source_.substr(begin);
  for (const Sign& sign : kSigns) {
    if (!rest.starts_with(sign.text)) continue;
    position_ = begin + sign.text.size();
    return token(sign.kind, begin);
  }
  if (rest[0] == '&') return error("\"&\" is no operator; \"and\" is &&", begin, begin + 1);
  if (rest[0] == '|') return error("\"|\" is no operator; \"or\" is ||", begin, begin + 1);
  if (rest[0] == '=') return error("\"=\" is no operator; equality is ==", begin, begin + 1);
  const std::size_t length = utf8_length(source_, begin);
  return error("unexpected character \"" + std::string(rest.substr(0, length)) + "\"", begin, begin + length);
}

Token Lexer::token(TokenKind kind, std::size_t begin, std::string text) const {
  return {kind, {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(position_)}, std::move(text)};
}

ExprError Lexer::error(std::string message, std::size_t begin, std::size_t end) const {
  end = std::min(std::max(end, begin), source_.size());
  return {std::move(message), {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)}};
}

}  // namespace baton::expr
