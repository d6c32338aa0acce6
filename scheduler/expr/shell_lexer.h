// Follows the quoting of a shell script, to say for each expression in it where it stands. Private to this room.
// Where bash and other shells read a text differently, or the lexer cannot be sure, it says so and every later
// expression is refused: a wrong guess would let a value become code. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/expr/shell_template.h"

namespace baton::expr {

/// A byte of the script, or 256 + the index of an expression.
using ShellUnit = std::uint32_t;
inline constexpr ShellUnit kFirstExpression = 256;

/// What became of one expression: where it stands, or why it cannot stand there.
struct ShellPlace {
  Quoting quoting = Quoting::bare;
  std::string refusal;     // empty when it may stand there
  bool is_placed = false;  // what the lexer never came by stays refused
};

class ShellLexer {
 public:
  ShellLexer(std::vector<ShellUnit> units, std::size_t expression_count, ShellKind shell);

  /// One place for each expression.
  std::vector<ShellPlace> run();

 private:
  enum class Close : std::uint8_t { end, paren };
  enum class FrameKind : std::uint8_t { paren, array, case_subject, case_in, case_pattern, case_body };

  struct Heredoc {
    std::string delimiter;
    bool strips_tabs = false;
    bool is_quoted = false;
  };

  /// A list of commands: the script itself, or the inside of $(…), <(…) and >(…).
  struct Level {
    std::vector<FrameKind> frames;
    std::vector<Heredoc> heredocs;  // whose bodies begin at the next newline
    // The word being read.
    bool in_word = false;
    bool is_plain = true;  // without quotes or expansions
    std::string word;
    std::vector<std::size_t> word_expressions;
    // Where in the grammar.
    bool at_command = true;  // a reserved word would be one
    bool at_pattern_start = false;
    bool is_redirection = false;  // the next word is a redirection's
    int for_state = 0;            // 1 after `for`, 2 after its name
    bool after_function = false;
    // The simple command.
    std::string command;
    bool runs_shell = false;
    bool is_code_next = false;
    // [[ … ]]
    bool in_test = false;
    bool is_test_arithmetic = false;
    bool is_regex_next = false;
    int word_parens = 0;
    std::vector<std::size_t> test_expressions;
  };

  // shell_lexer.cpp: commands and words.
  void commands(Close close);
  bool step(Level& level, Close close);
  void operator_unit(Level& level, ShellUnit unit);
  bool close_paren(Level& level, Close close);
  void open_paren(Level& level);
  void redirect_in(Level& level);
  void redirect_out(Level& level);
  void finish_word(Level& level);
  void finish_command_word(Level& level);
  void note_argument(Level& level);
  bool take_reserved_word(Level& level);
  void begin_command(Level& level);
  static void drop_descriptor(Level& level);
  void read_newline(Level& level);
  void bare_expression(Level& level);
  void end_case_item(Level& level);

  // shell_quotes.cpp: quotes, expansions and heredocs. Each is called on its first character.
  void comment();
  void single_quoted(Level& level);
  void double_quoted(Level* level);
  void ansi_quoted();
  void backticks();
  bool dollar(Level* level, bool is_quoted);  // true when a name without braces was read
  void braces(bool is_quoted);
  void quote_in_braces(bool is_quoted);
  void substitution(std::size_t opening_size, std::string_view what);
  bool arithmetic(std::size_t opening_size);
  void heredoc_operator(Level& level);
  std::string heredoc_delimiter(Heredoc& heredoc);
  void heredoc_body(const Heredoc& heredoc, bool in_substitution);

  void refuse(std::size_t expression, std::string why);
  void place(std::size_t expression, Quoting quoting);
  void place_in_word(Level& level, std::size_t expression, Quoting quoting);
  void confuse(std::string why);
  void escaped();
  [[nodiscard]] bool is_end() const { return at_ >= units_.size(); }
  [[nodiscard]] ShellUnit peek(std::size_t ahead = 0) const;
  [[nodiscard]] bool looks_at(std::string_view text) const;
  [[nodiscard]] bool contains_any(std::size_t begin, std::size_t end, std::string_view characters) const;
  [[nodiscard]] bool is_expression(ShellUnit unit) const { return unit >= kFirstExpression && unit != kNoUnit; }
  void advance(std::size_t count = 1);
  void skip_continuations();

  static constexpr ShellUnit kNoUnit = UINT32_MAX;

  std::vector<ShellUnit> units_;
  ShellKind shell_;
  std::size_t at_ = 0;
  std::size_t work_ = 0;  // bounds what reading twice may cost
  std::size_t work_max_ = 0;
  int depth_ = 0;                     // of nested expansions
  std::size_t heredocs_waiting_ = 0;  // in all levels
  std::vector<std::string> unsafe_;   // the constructs around, innermost last: no expression may stand in them
  std::string confusion_;
  std::vector<ShellPlace> places_;
};

}  // namespace baton::expr
