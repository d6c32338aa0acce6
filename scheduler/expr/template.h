// Texts with `${{ … }}` in them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scheduler/expr/ast.h"
#include "scheduler/expr/evaluate.h"
#include "scheduler/expr/names.h"

namespace baton::expr {

/// A literal or an expression, and where it stands in the text (an expression with its `${{` and `}}`).
struct TemplatePart {
  std::variant<std::string, AstPtr> content;
  SourceRange where;
  [[nodiscard]] bool is_expression() const { return content.index() == 1; }
  [[nodiscard]] const std::string& literal() const { return std::get<0>(content); }
  [[nodiscard]] const Ast& ast() const { return *std::get<1>(content); }
};

struct Template {
  std::vector<TemplatePart> parts;

  /// True when there is nothing to evaluate.
  [[nodiscard]] bool is_literal() const;
  /// The expression when the text is exactly one (spaces around it aside), else nullptr. Its value keeps its type.
  [[nodiscard]] const Ast* single() const;
};

/// What was parsed and what went wrong: one error for each broken expression. The parts leave broken ones out.
struct ParsedTemplate {
  Template value;
  std::vector<ExprError> errors;
  [[nodiscard]] bool ok() const { return errors.empty(); }
};

/// All ranges, those of the expressions' trees too, are offsets in `text`. A string literal holds a plain `${{`:
/// `${{ "${{" }}`.
ParsedTemplate parse_template(std::string_view text);

/// For places that are expressions with or without `${{ }}`, as `if`: the text is one expression either way.
Outcome<AstPtr> parse_bare_or_template(std::string_view text);

/// One expression gives its value; otherwise a string of all parts, where null, lists and maps are errors.
Outcome<Value> render(const Template& tmpl, const Names& names, const Limits& limits = {});

/// True when the text holds `${{`.
bool has_expression(std::string_view text);

}  // namespace baton::expr
