#include "scheduler/expr/shell_lexer.h"

namespace baton::expr {
namespace {

constexpr int kNestingMax = 100;

bool is_name_begin(ShellUnit unit) {
  return (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || unit == '_';
}
bool is_digit(ShellUnit unit) {
  return unit >= '0' && unit <= '9';
}

}  // namespace

void ShellLexer::comment() {
  while (!is_end() && peek() != '\n') {
    if (is_expression(peek())) {
      places_[peek() - kFirstExpression].quoting = Quoting::comment;
      places_[peek() - kFirstExpression].is_placed = true;
    }
    advance();
  }
}

void ShellLexer::single_quoted(Level& level) {
  advance();
  while (!is_end() && peek() != '\'') {
    if (is_expression(peek())) {
      place_in_word(level, peek() - kFirstExpression, Quoting::single_quoted);
    }
    advance();
  }
  if (is_end()) confuse("a ' does not end");
  advance();
}

/// `level` is whose word this is part of; nullptr inside an expansion, where expressions are refused anyway.
void ShellLexer::double_quoted(Level* level) {
  advance();
  bool is_after_name = false;
  while (!is_end() && peek() != '"') {
    const ShellUnit unit = peek();
    if (is_expression(unit)) {
      const Quoting quoting = is_after_name ? Quoting::double_quoted_after_name : Quoting::double_quoted;
      Level inner;
      place_in_word(level != nullptr ? *level : inner, unit - kFirstExpression, quoting);
      advance();
    } else if (unit == '\\') {
      const bool is_continuation = peek(1) == '\n';
      escaped();
      if (is_continuation) continue;
    } else if (unit == '$') {
      is_after_name = dollar(level, true);
      continue;
    } else if (unit == '`') {
      backticks();
    } else {
      advance();
    }
    is_after_name = false;
  }
  if (is_end()) confuse("a \" does not end");
  advance();
}

/// $'…': an extension of bash, a $ before a plain '…' for other shells.
void ShellLexer::ansi_quoted() {
  advance();
  while (!is_end() && peek() != '\'') {
    if (is_expression(peek())) {
      place(peek() - kFirstExpression, Quoting::single_quoted);
      refuse(peek() - kFirstExpression, "it stands in $'…'");
    }
    if (peek() == '\\') {
      if (shell_ != ShellKind::bash) confuse("$'…' with a backslash means different things to bash and sh");
      if (is_expression(peek(1))) refuse(peek(1) - kFirstExpression, "it stands in $'…'");
      advance();
    }
    advance();
  }
  if (is_end()) confuse("a $' does not end");
  advance();
}

void ShellLexer::backticks() {
  advance();
  unsafe_.emplace_back("`…`");
  while (!is_end() && peek() != '`') {
    if (peek() == '\\') advance();
    if (is_expression(peek())) place(peek() - kFirstExpression, Quoting::bare);
    advance();
  }
  if (is_end()) confuse("a ` does not end");
  advance();
  unsafe_.pop_back();
}

bool ShellLexer::dollar(Level* level, bool is_quoted) {
  advance();
  skip_continuations();
  const ShellUnit next = peek();
  if (is_expression(next)) {
    refuse(next - kFirstExpression, "a $ stands right before it");
  } else if (is_name_begin(next)) {
    while (is_name_begin(peek()) || is_digit(peek())) {
      advance();
      skip_continuations();
    }
    return true;
  } else if (next == '{') {
    braces(is_quoted);
  } else if (next == '(' && peek(1) == '(') {
    if (!arithmetic(2)) substitution(1, "$(…)");
  } else if (next == '(') {
    substitution(1, "$(…)");
  } else if (next == '[') {
    confuse("$[…] means different things to bash and sh");
  } else if (next == '\'' && !is_quoted) {
    if (level != nullptr) level->is_plain = false;
    ansi_quoted();
  } else if (is_digit(next) || next == '@' || next == '*' || next == '#' || next == '?' || next == '-' || next == '$' ||
             next == '!') {
    advance();
  }
  return false;
}

void ShellLexer::braces(bool is_quoted) {
  if (++depth_ > kNestingMax) confuse("the script is nested too deep");
  advance();
  unsafe_.emplace_back("${…}");
  const ShellUnit first = peek();
  if (first == ' ' || first == '\t' || first == '\n' || first == '|')
    confuse("${ …; } means different things to shells");
  while (!is_end() && peek() != '}') {
    const ShellUnit unit = peek();
    if (depth_ > kNestingMax) {
      if (is_expression(unit)) place(unit - kFirstExpression, Quoting::bare);
      advance();
    } else if (is_expression(unit)) {
      place(unit - kFirstExpression, Quoting::bare);
      advance();
    } else if (unit == '\\') {
      escaped();
    } else if (unit == '\'' || unit == '"') {
      quote_in_braces(is_quoted);
    } else if (unit == '$') {
      dollar(nullptr, is_quoted);
    } else if (unit == '`') {
      backticks();
    } else {
      advance();
    }
  }
  if (is_end()) confuse("${ does not end");
  advance();
  unsafe_.pop_back();
  --depth_;
}

/// Inside "${…}" bash and sh disagree about quotes, unless what they hold is harmless.
void ShellLexer::quote_in_braces(bool is_quoted) {
  const std::size_t begin = at_;
  if (peek() == '"') {
    double_quoted(nullptr);
    if (is_quoted && shell_ != ShellKind::bash && contains_any(begin, at_, "}")) {
      confuse("\"${…\"…\"}\" means different things to bash and sh");
    }
    return;
  }
  Level inner;
  single_quoted(inner);
  if (is_quoted && contains_any(begin + 1, at_ == 0 ? 0 : at_ - 1, "}\"$`\\{\n")) {
    confuse("a ' in \"${…}\" means different things to bash and sh");
  }
  if (is_quoted && is_end()) confuse("a ' in \"${…}\" means different things to bash and sh");
}

/// $(…), <(…) and >(…), the opening's last character being "(".
void ShellLexer::substitution(std::size_t opening_size, std::string_view what) {
  advance(opening_size);
  unsafe_.emplace_back(what);
  if (++depth_ > kNestingMax) {
    confuse("the script is nested too deep");
    while (!is_end()) {
      if (is_expression(peek())) place(peek() - kFirstExpression, Quoting::bare);
      advance();
    }
  } else {
    commands(Close::paren);
  }
  --depth_;
  unsafe_.pop_back();
}

/// ((…)) or $((…)), standing on the first parenthesis. False, and nothing read, when it is no arithmetic but a
/// parenthesis inside a parenthesis.
bool ShellLexer::arithmetic(std::size_t opening_size) {
  const std::size_t begin = at_;
  const std::string confusion_before = confusion_;
  if (++depth_ > kNestingMax) confuse("the script is nested too deep");
  advance(opening_size);
  unsafe_.emplace_back("((…))");
  int parens = 0;
  bool is_closed = false;
  while (!is_end() && depth_ <= kNestingMax) {
    const ShellUnit unit = peek();
    if (unit == ')' && parens == 0) {
      is_closed = peek(1) == ')';
      break;
    }
    if (is_expression(unit)) place(unit - kFirstExpression, Quoting::bare);
    if (unit == '(') ++parens;
    if (unit == ')') --parens;
    if (unit == '$') {
      dollar(nullptr, false);
    } else if (unit == '`') {
      backticks();
    } else if (unit == '"') {
      double_quoted(nullptr);
    } else if (unit == '\'') {
      Level inner;
      single_quoted(inner);
      confuse("a ' in ((…)) means different things to bash and sh");
    } else if (unit == '\\') {
      escaped();
    } else {
      advance();
    }
  }
  unsafe_.pop_back();
  --depth_;
  if (!is_closed) {
    at_ = is_end() && work_ > work_max_ ? units_.size() : begin;
    confusion_ = confusion_before;
    return is_end();
  }
  const bool is_command = begin == 0 || units_[begin - 1] != '$';
  advance(2);
  bool has_heredoc = false;
  for (std::size_t i = begin; i + 1 < at_; ++i) has_heredoc = has_heredoc || (units_[i] == '<' && units_[i + 1] == '<');
  if (is_command && shell_ != ShellKind::bash && (has_heredoc || contains_any(begin, at_, "'\"#`\\"))) {
    confuse("((…)) means different things to bash and sh");
  }
  return true;
}

void ShellLexer::heredoc_operator(Level& level) {
  advance(2);
  Heredoc heredoc;
  if (peek() == '-') {
    heredoc.strips_tabs = true;
    advance();
  }
  while (peek() == ' ' || peek() == '\t' || (peek() == '\\' && peek(1) == '\n')) advance(peek() == '\\' ? 2 : 1);
  heredoc.delimiter = heredoc_delimiter(heredoc);
  if (heredoc.delimiter.empty() && !heredoc.is_quoted) confuse("a heredoc has no delimiter");
  level.is_redirection = false;
  level.at_command = false;
  level.heredocs.push_back(std::move(heredoc));
  ++heredocs_waiting_;
}

std::string ShellLexer::heredoc_delimiter(Heredoc& heredoc) {
  std::string text;
  char quote = 0;
  while (!is_end()) {
    const ShellUnit unit = peek();
    if (is_expression(unit)) {
      place(unit - kFirstExpression, Quoting::bare);
      refuse(unit - kFirstExpression, "it stands in the delimiter of a heredoc");
      confuse("the delimiter of a heredoc is not constant");
    } else if (quote == 0 && std::string_view(" \t\n;&|<>()").find(static_cast<char>(unit)) != std::string_view::npos) {
      return text;
    } else if (quote == 0 && (unit == '\'' || unit == '"')) {
      quote = static_cast<char>(unit);
      heredoc.is_quoted = true;
    } else if (quote != 0 && unit == static_cast<unsigned char>(quote)) {
      quote = 0;
    } else if (unit == '\\' && quote != '\'') {
      heredoc.is_quoted = true;
      if (quote == '"') confuse("the delimiter of a heredoc has a backslash in quotes");
      advance();
      if (is_expression(peek()) || peek() == '\n') {
        confuse("the delimiter of a heredoc is not constant");
        continue;
      }
      if (!is_end()) text += static_cast<char>(peek());
    } else if (unit == '$' || unit == '`') {
      confuse("the delimiter of a heredoc has a $ or ` in it");
      text += static_cast<char>(unit);
    } else {
      if (unit == '\n') confuse("the delimiter of a heredoc spans lines");
      text += static_cast<char>(unit);
    }
    advance();
  }
  if (quote != 0) confuse("a quote does not end");
  return text;
}

void ShellLexer::heredoc_body(const Heredoc& heredoc, bool in_substitution) {
  unsafe_.emplace_back("a heredoc");
  std::string joined;
  bool is_continued = false;
  bool is_done = false;
  while (!is_end() && !is_done) {
    std::string line;
    bool has_expression = false;
    if (heredoc.strips_tabs && !is_continued) {
      while (peek() == '\t') advance();
    }
    while (!is_end() && peek() != '\n') {
      if (is_expression(peek())) {
        place(peek() - kFirstExpression, Quoting::bare);
        has_expression = true;
        line += '?';
      } else {
        line += static_cast<char>(peek());
      }
      advance();
    }
    advance();
    if (!has_expression && !is_continued) is_done = line == heredoc.delimiter;
    if (is_continued && (line == heredoc.delimiter || joined + line == heredoc.delimiter)) {
      confuse("a heredoc's delimiter follows a line that ends with a backslash");
    }
    if (in_substitution && !is_done && line.starts_with(heredoc.delimiter + ")")) {
      confuse("a heredoc's delimiter is followed by \")\"");
    }
    std::size_t backslashes = 0;
    while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') ++backslashes;
    const bool was_continued = is_continued;
    is_continued = !heredoc.is_quoted && backslashes % 2 == 1;
    if (is_continued) joined = (was_continued ? joined : "") + line.substr(0, line.size() - 1);
  }
  unsafe_.pop_back();
}

}  // namespace baton::expr
