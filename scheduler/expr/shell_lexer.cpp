#include "scheduler/expr/shell_lexer.h"

#include <algorithm>
#include <array>

namespace baton::expr {
namespace {

constexpr std::string_view kExtendedGlob = "?*+@!";

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_variable_char(ShellUnit unit) {
  return (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || (unit >= '0' && unit <= '9') || unit == '_';
}

/// "name", "name[…]" or either with +, before the = of an assignment.
bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  std::string_view name = word.substr(0, equals);
  if (name.ends_with('+')) name.remove_suffix(1);
  if (name.ends_with(']')) name = name.substr(0, name.find('['));
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_variable_char(static_cast<unsigned char>(c)); });
}

/// "a[" without its "]": what follows is a subscript, which bash evaluates as arithmetic. Elements of an array may
/// begin with one.
bool is_in_subscript(std::string_view word, bool is_array) {
  const std::size_t open = word.find('[');
  if (open == std::string_view::npos || word.rfind(']') != std::string_view::npos) return false;
  const std::string_view name = word.substr(0, open);
  return (is_array || !name.empty()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_variable_char(static_cast<unsigned char>(c)); });
}

bool is_shell_program(std::string_view word) {
  static constexpr std::array<std::string_view, 6> kShells{"sh", "bash", "dash", "ash", "ksh", "zsh"};
  return is_one_of(kShells, word.substr(word.rfind('/') + 1));
}

}  // namespace

ShellLexer::ShellLexer(std::vector<ShellUnit> units, std::size_t expression_count, ShellKind shell)
    : units_(std::move(units)), shell_(shell), work_max_(64 * units_.size() + 4096), places_(expression_count) {}

std::vector<ShellPlace> ShellLexer::run() {
  commands(Close::end);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i].is_placed) refuse(i, "the quoting around it cannot be followed");
  }
  return std::move(places_);
}

void ShellLexer::commands(Close close) {
  Level level;
  while (step(level, close)) {
  }
  if (!level.heredocs.empty() && close == Close::paren) confuse("a heredoc begins on the line where $(…) ends");
  heredocs_waiting_ -= level.heredocs.size();
  if (is_end() && !level.frames.empty()) confuse("a parenthesis or a case does not end");
}

/// Reads one character or construct; false when this list of commands has ended.
bool ShellLexer::step(Level& level, Close close) {
  if (is_end()) {
    finish_word(level);
    if (close == Close::paren) confuse("$( does not end");
    return false;
  }
  const ShellUnit unit = peek();
  const auto quote = [&] {
    level.in_word = true;
    level.is_plain = false;
  };
  if (is_expression(unit)) {
    bare_expression(level);
  } else if (level.word_parens > 0 &&
             (unit == ' ' || unit == '|' || unit == ';' || unit == '&' || unit == '<' || unit == '>')) {
    level.word += static_cast<char>(unit);
    advance();
  } else if (unit == ' ' || unit == '\t') {
    finish_word(level);
    advance();
  } else if (unit == '\n') {
    finish_word(level);
    read_newline(level);
  } else if (unit == '#' && !level.in_word) {
    if (level.in_test) confuse("there is a # in [[ … ]]");
    comment();
  } else if (unit == '\\' && peek(1) == '\n') {
    advance(2);
  } else if (unit == '\\') {
    quote();
    level.word += '\\';
    escaped();
  } else if (unit == '\'') {
    quote();
    single_quoted(level);
  } else if (unit == '"') {
    quote();
    double_quoted(&level);
  } else if (unit == '`') {
    quote();
    backticks();
  } else if (unit == '$') {
    quote();
    level.word += '$';
    dollar(&level, false);
  } else if (unit == ')' && level.word_parens == 0) {
    return close_paren(level, close);
  } else if (std::string_view(";&|<>()").find(static_cast<char>(unit)) != std::string_view::npos) {
    operator_unit(level, unit);
  } else {
    level.in_word = true;
    level.word += static_cast<char>(unit);
    advance();
  }
  return true;
}

void ShellLexer::operator_unit(Level& level, ShellUnit unit) {
  if (level.in_test && level.is_plain && level.word == "]]") finish_word(level);
  if (level.in_test && shell_ != ShellKind::bash && (unit == '(' || (unit == '<' && peek(1) == '<'))) {
    confuse("[[ … ]] means different things to bash and sh");
  }
  if (!level.frames.empty() && level.frames.back() == FrameKind::array) confuse("an array holds more than words");
  const bool is_regex = level.in_test && level.is_regex_next;
  const bool is_glob = level.in_word && !level.word.empty() &&
                       kExtendedGlob.find(level.word.back()) != std::string_view::npos &&
                       !(level.word == "!" && level.at_command);
  if (unit == '(' && is_glob && !level.in_test) confuse("a pattern with parentheses depends on shopt extglob");
  if (unit == ')') {
    --level.word_parens;
  } else if (unit == '(' && (level.word_parens > 0 || is_regex || is_glob)) {
    ++level.word_parens;
  } else if (is_regex && unit != '&' && unit != ';') {
    // Part of the regular expression.
  } else if (unit == '(') {
    open_paren(level);
    return;
  } else if (unit == '<') {
    redirect_in(level);
    return;
  } else if (unit == '>') {
    redirect_out(level);
    return;
  } else {
    finish_word(level);
    if (unit == ';' && (peek(1) == ';' || peek(1) == '&')) {
      end_case_item(level);
      return;
    }
    const bool is_pattern = !level.frames.empty() && level.frames.back() == FrameKind::case_pattern;
    if (!is_pattern && !level.in_test) begin_command(level);
    advance();
    return;
  }
  level.in_word = true;
  level.word += static_cast<char>(unit);
  advance();
}

void ShellLexer::end_case_item(Level& level) {
  advance(peek(1) == ';' && peek(2) == '&' ? 3 : 2);
  begin_command(level);
  if (level.frames.empty() || level.frames.back() != FrameKind::case_body) return;
  level.frames.back() = FrameKind::case_pattern;
  level.at_pattern_start = true;
}

void ShellLexer::open_paren(Level& level) {
  const bool is_array = level.in_word && level.is_plain && level.word.ends_with('=') && is_assignment(level.word);
  const bool is_pattern = !level.in_word && !level.frames.empty() && level.frames.back() == FrameKind::case_pattern;
  const bool may_be_arithmetic =
      !level.in_word && (level.at_command || level.for_state == 1) && peek(1) == '(' && !level.in_test;
  if (is_pattern) {
    level.at_pattern_start = false;
    advance();
    return;
  }
  if (may_be_arithmetic && arithmetic(2)) {
    level.at_command = true;
    return;
  }
  if (level.in_word && is_in_subscript(level.word, false)) confuse("a parenthesis stands in a subscript");
  finish_word(level);
  level.frames.push_back(is_array ? FrameKind::array : FrameKind::paren);
  begin_command(level);
  if (is_array) level.at_command = false;
  advance();
}

bool ShellLexer::close_paren(Level& level, Close close) {
  finish_word(level);
  advance();
  if (level.frames.empty()) {
    if (close == Close::paren) return false;
    confuse("there is a \")\" without its \"(\"");
    return true;
  }
  FrameKind& top = level.frames.back();
  if (top == FrameKind::case_pattern) {
    top = FrameKind::case_body;
    begin_command(level);
  } else if (top == FrameKind::paren || top == FrameKind::array) {
    const bool is_array = top == FrameKind::array;
    level.frames.pop_back();
    begin_command(level);
    if (is_array) level.at_command = false;
  } else {
    confuse("a case does not end before \")\"");
    return close != Close::paren;
  }
  return true;
}

void ShellLexer::redirect_in(Level& level) {
  if (level.in_test) {
    finish_word(level);
    advance();
    return;
  }
  if (peek(1) == '(') {
    level.in_word = true;
    level.is_plain = false;
    substitution(2, "<(…)");
    return;
  }
  drop_descriptor(level);
  finish_word(level);
  level.is_redirection = true;
  if (looks_at("<<<")) {
    advance(3);
  } else if (looks_at("<<")) {
    heredoc_operator(level);
  } else {
    advance(peek(1) == '&' || peek(1) == '>' ? 2 : 1);
  }
}

void ShellLexer::redirect_out(Level& level) {
  if (!level.in_test && peek(1) == '(') {
    level.in_word = true;
    level.is_plain = false;
    substitution(2, ">(…)");
    return;
  }
  drop_descriptor(level);
  finish_word(level);
  level.is_redirection = !level.in_test;
  const ShellUnit next = peek(1);
  advance(!level.in_test && (next == '>' || next == '&' || next == '|') ? 2 : 1);
}

void ShellLexer::begin_command(Level& level) {
  level.at_command = true;
  level.for_state = 0;
  level.after_function = false;
  level.is_redirection = false;
  level.command.clear();
  level.runs_shell = false;
  level.is_code_next = false;
}

void ShellLexer::read_newline(Level& level) {
  advance();
  if (heredocs_waiting_ > level.heredocs.size()) confuse("a line ends inside $(…) while a heredoc waits");
  const std::vector<Heredoc> heredocs = std::move(level.heredocs);
  level.heredocs.clear();
  heredocs_waiting_ -= heredocs.size();
  for (const Heredoc& heredoc : heredocs) heredoc_body(heredoc, !unsafe_.empty());
  const bool is_array = !level.frames.empty() && level.frames.back() == FrameKind::array;
  if (!level.in_test && !is_array) begin_command(level);
}

void ShellLexer::bare_expression(Level& level) {
  place_in_word(level, peek() - kFirstExpression, Quoting::bare);
  level.in_word = true;
  level.is_plain = false;
  level.word += '?';
  advance();
}

void ShellLexer::place_in_word(Level& level, std::size_t expression, Quoting quoting) {
  const bool is_array = !level.frames.empty() && level.frames.back() == FrameKind::array;
  if (!level.in_test && is_in_subscript(level.word, is_array)) {
    refuse(expression, "it stands in \"[…]\", which the shell may evaluate as arithmetic");
  }
  place(expression, quoting);
  level.word_expressions.push_back(expression);
}

/// The 2 of 2>file is no word.
void ShellLexer::drop_descriptor(Level& level) {
  const bool is_number = std::all_of(level.word.begin(), level.word.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (level.in_word && level.is_plain && is_number) {
    level.in_word = false;
    level.word.clear();
  }
}

void ShellLexer::finish_word(Level& level) {
  level.word_parens = 0;
  if (!level.in_word) return;
  finish_command_word(level);
  level.in_word = false;
  level.is_plain = true;
  level.word.clear();
  level.word_expressions.clear();
}

void ShellLexer::finish_command_word(Level& level) {
  static constexpr std::array<std::string_view, 8> kArithmeticTests{"-eq", "-ne", "-lt", "-le",
                                                                    "-gt", "-ge", "-v",  "-R"};
  if (level.in_test) {
    level.test_expressions.insert(level.test_expressions.end(), level.word_expressions.begin(),
                                  level.word_expressions.end());
    level.is_regex_next = level.is_plain && level.word == "=~";
    if (level.is_plain && is_one_of(kArithmeticTests, level.word)) level.is_test_arithmetic = true;
    if (!level.is_plain || level.word != "]]") return;
    for (const std::size_t expression : level.test_expressions) {
      if (level.is_test_arithmetic)
        refuse(expression, "it stands in \"[[ … ]]\" with a test that evaluates arithmetic");
    }
    level.in_test = false;
    level.test_expressions.clear();
    return;
  }
  if (level.is_redirection) {
    level.is_redirection = false;
    level.at_command = false;
    return;
  }
  if (!level.frames.empty()) {
    FrameKind& top = level.frames.back();
    if (top == FrameKind::array) return;
    if (top == FrameKind::case_subject || top == FrameKind::case_in) {
      const bool is_in = top == FrameKind::case_in && level.is_plain && level.word == "in";
      if (top == FrameKind::case_in && !is_in) confuse("a case has no \"in\"");
      top = is_in ? FrameKind::case_pattern : FrameKind::case_in;
      level.at_pattern_start = is_in;
      return;
    }
    if (top == FrameKind::case_pattern) {
      const bool is_end_of_case = level.at_pattern_start && level.is_plain && level.word == "esac";
      level.at_pattern_start = false;
      if (!is_end_of_case) return;
      level.frames.pop_back();
      begin_command(level);
      return;
    }
  }
  if (!take_reserved_word(level)) note_argument(level);
}

/// Words that mean something only where a command may begin. True when this was one.
bool ShellLexer::take_reserved_word(Level& level) {
  static constexpr std::array<std::string_view, 15> kBeforeCommand{
      "if", "then", "elif", "else", "fi", "do", "done", "while", "until", "!", "{", "}", "time", "coproc", "esac"};
  if (level.is_plain && level.for_state == 2 && level.word == "do") {
    begin_command(level);
    return true;
  }
  if (level.for_state == 1) {
    level.for_state = 2;
    return true;
  }
  level.for_state = 0;
  if (level.after_function) {
    begin_command(level);
    return true;
  }
  if (!level.is_plain || !level.at_command) return false;
  if (level.word == "case") {
    level.frames.push_back(FrameKind::case_subject);
    level.at_command = false;
  } else if (level.word == "for" || level.word == "select") {
    level.for_state = 1;
    level.at_command = false;
  } else if (level.word == "function") {
    level.after_function = true;
    level.at_command = false;
  } else if (level.word == "[[") {
    level.in_test = true;
    level.is_test_arithmetic = false;
    level.is_regex_next = false;
  } else if (is_one_of(kBeforeCommand, level.word)) {
    const bool ends_case = level.word == "esac" && !level.frames.empty() && level.frames.back() == FrameKind::case_body;
    if (ends_case) level.frames.pop_back();
    begin_command(level);
  } else {
    return false;
  }
  return true;
}

/// A word of a simple command: its name, or an argument that may be code to the command.
void ShellLexer::note_argument(Level& level) {
  static constexpr std::array<std::string_view, 3> kReadsCode{"eval", "let", "trap"};
  static constexpr std::array<std::string_view, 3> kDeclares{"declare", "typeset", "local"};
  static constexpr std::array<std::string_view, 4> kPrefixes{"command", "builtin", "exec", "nohup"};
  level.at_command = false;
  const bool is_option = level.word.starts_with('-') || level.word.starts_with('+');
  const bool is_code = is_one_of(kReadsCode, level.command) || (level.is_code_next && !is_option);
  if (is_code) {
    for (const std::size_t expression : level.word_expressions) {
      refuse(expression, "the command reads this argument as code again");
    }
  }
  const bool is_integer = level.word.starts_with('-') && level.word.find('i') != std::string::npos;
  if (is_one_of(kDeclares, level.command) && is_integer) level.command = "let";
  if (level.is_code_next && !is_option) level.is_code_next = level.runs_shell = false;
  if (level.runs_shell && level.is_plain && level.word.starts_with('-') && !level.word.starts_with("--") &&
      level.word.find('c') != std::string::npos) {
    level.is_code_next = true;
  }
  if (level.is_plain && is_shell_program(level.word)) level.runs_shell = true;
  const bool is_name = level.command.empty() && !is_assignment(level.word);
  if (is_name && !(level.is_plain && is_one_of(kPrefixes, level.word)))
    level.command = level.is_plain ? level.word : "?";
}

void ShellLexer::refuse(std::size_t expression, std::string why) {
  if (places_[expression].refusal.empty()) places_[expression].refusal = std::move(why);
}

void ShellLexer::place(std::size_t expression, Quoting quoting) {
  places_[expression].quoting = quoting;
  places_[expression].is_placed = true;
  if (!unsafe_.empty()) refuse(expression, "it stands in " + unsafe_.back());
  if (!confusion_.empty()) refuse(expression, "the quoting before it cannot be followed for sure: " + confusion_);
}

void ShellLexer::confuse(std::string why) {
  if (confusion_.empty()) confusion_ = std::move(why);
}

ShellUnit ShellLexer::peek(std::size_t ahead) const {
  return at_ + ahead < units_.size() ? units_[at_ + ahead] : kNoUnit;
}

bool ShellLexer::looks_at(std::string_view text) const {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (peek(i) != static_cast<unsigned char>(text[i])) return false;
  }
  return true;
}

bool ShellLexer::contains_any(std::size_t begin, std::size_t end, std::string_view characters) const {
  return std::any_of(
      units_.begin() + static_cast<std::ptrdiff_t>(begin), units_.begin() + static_cast<std::ptrdiff_t>(end),
      [&](ShellUnit unit) { return unit < 256 && characters.find(static_cast<char>(unit)) != std::string_view::npos; });
}

void ShellLexer::advance(std::size_t count) {
  at_ = std::min(at_ + count, units_.size());
  work_ += count;
  if (work_ <= work_max_ || is_end()) return;
  // Too much was read twice: give up, and refuse whatever is left.
  confuse("the script is nested too deep");
  for (std::size_t i = 0; i < places_.size(); ++i) {
    refuse(i, "the quoting around it cannot be followed for sure: " + confusion_);
  }
  at_ = units_.size();
}

/// A backslash and what it stands before.
void ShellLexer::escaped() {
  if (is_expression(peek(1))) refuse(peek(1) - kFirstExpression, "a backslash stands right before it");
  advance(2);
}

void ShellLexer::skip_continuations() {
  while (peek() == '\\' && peek(1) == '\n') advance(2);
}

}  // namespace baton::expr
