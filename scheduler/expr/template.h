// Texts with `${{ … }}` in them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/expr/ast.h"
#include "scheduler/expr/evaluate.h"
#include "scheduler/expr/names.h"

namespace baton::expr {

/// A literal or an expression, and where it stands in the text (an expression with its `${{` and `}}`). A literal is
/// not copied: whoever renders has the text, which is kept once.
struct TemplatePart {
  AstPtr expression;  ///< null: a literal
  SourceRange where;
  [[nodiscard]] bool is_expression() const { return expression != nullptr; }
  [[nodiscard]] const Ast& ast() const { return *expression; }
  [[nodiscard]] std::string_view literal(std::string_view text) const {
    return text.substr(where.begin, where.end - where.begin);
  }
};

struct Template {
  std::vector<TemplatePart> parts;
  bool is_single = false;  ///< the text is exactly one expression, spaces around it aside

  /// Of a place that is one expression without `${{ }}`; `length`: of the text.
  static Template of(AstPtr expression, std::size_t length);
  /// True when there is nothing to evaluate.
  [[nodiscard]] bool is_literal() const;
  /// The expression when the text is exactly one, else nullptr. Its value keeps its type.
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

/// One expression gives its value; otherwise a string of all parts, where null, lists and maps are errors. `text` is
/// what was parsed.
Outcome<Value> render(const Template& tmpl, std::string_view text, const Names& names, const Limits& limits = {});

/// True when the text holds `${{`.
bool has_expression(std::string_view text);

}  // namespace baton::expr
