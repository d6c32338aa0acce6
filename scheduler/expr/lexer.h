// Text of an expression → tokens. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/expr/outcome.h"

namespace baton::expr {

enum class TokenKind : std::uint8_t {
  end,
  integer,
  floating,
  string,
  name,
  quoted_name,
  dot,
  comma,
  colon,
  question,
  left_paren,
  right_paren,
  left_bracket,
  right_bracket,
  left_brace,
  right_brace,
  plus,
  minus,
  star,
  slash,
  percent,
  bang,
  and_and,
  or_or,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
};

struct Token {
  TokenKind kind = TokenKind::end;
  SourceRange where;  // without any base
  std::string text;   // names and numbers as written, strings decoded
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  /// The next token; `end` again and again once the text is used up.
  Outcome<Token> next();

 private:
  void skip_blanks();
  Outcome<Token> number(std::size_t begin);
  Outcome<Token> string(std::size_t begin);
  Outcome<Token> quoted_name(std::size_t begin);
  Outcome<Token> punctuation(std::size_t begin);
  [[nodiscard]] Token token(TokenKind kind, std::size_t begin, std::string text = {}) const;
  [[nodiscard]] ExprError error(std::string message, std::size_t begin, std::size_t end) const;
  [[nodiscard]] char at(std::size_t i) const { return i < source_.size() ? source_[i] : '\0'; }

  std::string_view source_;
  std::size_t position_ = 0;
};

/// A string literal of `text` at `begin`: where its quotes stand. Shared with find_expression_end.
struct StringShape {
  bool is_raw = false;
  std::size_t quote_size = 1;     // 1 or 3
  std::size_t content_begin = 0;  // after the opening quotes
  std::size_t content_end = 0;    // before the closing ones; npos when they are missing
  [[nodiscard]] std::size_t end() const { return content_end + quote_size; }
};

/// True when a string literal, with its prefix r or R, begins at `begin`.
bool begins_string(std::string_view text, std::size_t begin);
StringShape string_shape(std::string_view text, std::size_t begin);

}  // namespace baton::expr
