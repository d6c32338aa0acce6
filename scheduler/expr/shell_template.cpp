#include "scheduler/expr/shell_template.h"

#include <algorithm>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/references.h"
#include "scheduler/expr/shell_lexer.h"

namespace baton::expr {
namespace {

constexpr std::string_view kEnvHint =
    "give it to the script as a variable: under env: write NAME: ${{ … }}, and in the script \"$NAME\"";

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string quoted(std::string_view text, Quoting quoting) {
  switch (quoting) {
    case Quoting::bare:
      return single_quoted(text);
    case Quoting::single_quoted: {
      const std::string all = single_quoted(text);
      return all.substr(1, all.size() - 2);
    }
    case Quoting::double_quoted:
    case Quoting::double_quoted_after_name: {
      std::string out = quoting == Quoting::double_quoted ? "" : "\"\"";
      for (const char c : text) {
        if (c == '\\' || c == '"' || c == '$' || c == '`') out += '\\';
        out += c;
      }
      return out;
    }
    case Quoting::verbatim:
      return std::string(text);
    case Quoting::comment:
      return "";
  }
  return "";
}

std::vector<ShellUnit> units_of(const Template& tmpl, std::string_view script) {
  std::vector<ShellUnit> units;
  ShellUnit expression = kFirstExpression;
  for (const TemplatePart& part : tmpl.parts) {
    if (part.is_expression()) {
      units.push_back(expression++);
    } else {
      for (const char c : part.literal(script)) units.push_back(static_cast<unsigned char>(c));
    }
  }
  return units;
}

std::vector<ShellPlace> find_places(const Template& tmpl, std::string_view script, ShellKind shell) {
  const auto count = static_cast<std::size_t>(std::count_if(
      tmpl.parts.begin(), tmpl.parts.end(), [](const TemplatePart& part) { return part.is_expression(); }));
  if (count == 0) return {};
  if (shell != ShellKind::other) return ShellLexer(units_of(tmpl, script), count, shell).run();
  return std::vector<ShellPlace>(count, {Quoting::bare, "only in scripts of sh and bash can a value be quoted"});
}

ShellFinding unsafe(const TemplatePart& part, const std::string& why) {
  return {"unsafe-expression",
          false,
          {"this expression cannot be made safe here: " + why, part.where},
          std::string(kEnvHint)};
}

ShellFinding raw_warning(const TemplatePart& part) {
  return {"raw-expression",
          true,
          {"raw puts the value into the script unquoted: whoever chooses the value can run commands", part.where},
          std::string(kEnvHint)};
}

/// The text of the expression, or of what raw(…) encloses.
Outcome<std::string> text_of(const ShellPart& part, const Names& names, const Limits& limits) {
  const Ast& ast = part.part.ast();
  const bool is_raw = is_call_of(ast, Function::raw) && ast.root().children.size() == 1;
  const Outcome<Value> value = evaluate(is_raw ? *ast.root().children[0] : ast.root(), names, limits);
  if (!value) return value.error();
  const Result<std::string> text = to_text(*value);
  if (!text) return ExprError{text.error().message, part.part.where};
  if (text->find('\0') != std::string::npos) {
    return ExprError{"the value holds a NUL byte, which no script can", part.part.where};
  }
  return *text;
}

}  // namespace

ShellKind shell_kind(std::string_view command) {
  const std::size_t begin = std::min(command.find_first_not_of(" \t\n"), command.size());
  std::string_view program = command.substr(begin);
  program = program.substr(0, program.find_first_of(" \t\n"));
  program = program.substr(program.rfind('/') + 1);
  if (program == "bash") return ShellKind::bash;
  return program == "sh" || program == "dash" ? ShellKind::sh : ShellKind::other;
}

bool ShellTemplate::is_literal() const {
  return std::none_of(parts.begin(), parts.end(), [](const ShellPart& part) { return part.part.is_expression(); });
}

bool ParsedShellTemplate::ok() const {
  return std::all_of(findings.begin(), findings.end(), [](const ShellFinding& finding) { return finding.is_warning; });
}

ParsedShellTemplate parse_shell_template(std::string_view script, ShellKind shell) {
  ParsedShellTemplate parsed;
  ParsedTemplate tmpl = parse_template(script);
  for (ExprError& error : tmpl.errors) parsed.findings.push_back({"expression-syntax", false, std::move(error), ""});
  if (!tmpl.ok()) return parsed;
  const std::vector<ShellPlace> places = find_places(tmpl.value, script, shell);
  std::size_t next = 0;
  parsed.value.parts.reserve(tmpl.value.parts.size());
  for (TemplatePart& part : tmpl.value.parts) {
    ShellPart shell_part{std::move(part), Quoting::verbatim};
    if (shell_part.part.is_expression()) {
      const ShellPlace& place = places[next++];
      if (place.quoting == Quoting::comment) {
        shell_part.quoting = Quoting::comment;
      } else if (is_call_of(shell_part.part.ast(), Function::raw)) {
        parsed.findings.push_back(raw_warning(shell_part.part));
      } else {
        shell_part.quoting = place.quoting;
        if (!place.refusal.empty()) parsed.findings.push_back(unsafe(shell_part.part, place.refusal));
      }
    }
    parsed.value.parts.push_back(std::move(shell_part));
  }
  return parsed;
}

Outcome<std::string> render(const ShellTemplate& tmpl, std::string_view script, const Names& names,
                            const Limits& limits) {
  std::string out;
  for (const ShellPart& part : tmpl.parts) {
    if (!part.part.is_expression()) {
      out += part.part.literal(script);
    } else if (part.quoting != Quoting::comment) {
      const Outcome<std::string> text = text_of(part, names, limits);
      if (!text) return text.error();
      out += quoted(*text, part.quoting);
    }
  }
  return out;
}

}  // namespace baton::expr
