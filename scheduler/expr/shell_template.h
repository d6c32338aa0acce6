// Scripts of `run:` with `${{ … }}` in them: each value is quoted for the place where it stands, so that no value ever
// changes what the script is. The place is decided when the file is loaded. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/expr/template.h"

namespace baton::expr {

/// Whose grammar the script has. `sh` also stands for "bash or sh, as the machine has it": only what all of them read
/// alike is accepted.
enum class ShellKind : std::uint8_t { bash, sh, other };

/// By the program's name: "bash", "/bin/sh -eu", "dash", "python3" (other).
ShellKind shell_kind(std::string_view command);

/// How a value goes into the script.
enum class Quoting : std::uint8_t {
  bare,                      // one single-quoted word
  double_quoted,             // inside "…": \ " $ and ` are escaped
  double_quoted_after_name,  // "$name" stands right before: the quotes are closed and opened again first
  single_quoted,             // inside '…': every ' closes, is escaped and opens again
  verbatim,                  // raw(…)
  comment,                   // left out: a comment shows nothing of the value
};

struct ShellPart {
  TemplatePart part;
  Quoting quoting = Quoting::bare;
};

struct ShellTemplate {
  std::vector<ShellPart> parts;
  [[nodiscard]] bool is_literal() const;
};

/// A finding of the lexer. `rule` is stable: "expression-syntax", "unsafe-expression" or "raw-expression" (a warning).
struct ShellFinding {
  std::string_view rule;
  bool is_warning = false;
  ExprError error;
  std::string hint;
};

struct ParsedShellTemplate {
  ShellTemplate value;
  std::vector<ShellFinding> findings;
  [[nodiscard]] bool ok() const;  // warnings aside
};

ParsedShellTemplate parse_shell_template(std::string_view script, ShellKind shell);

/// The script as the shell gets it; `script` is what was parsed. null, lists, maps and NUL bytes are errors.
Outcome<std::string> render(const ShellTemplate& tmpl, std::string_view script, const Names& names,
                            const Limits& limits = {});

}  // namespace baton::expr
