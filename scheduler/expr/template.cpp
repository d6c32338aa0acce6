#include "scheduler/expr/template.h"

#include <algorithm>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/parse.h"

namespace baton::expr {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

SourceRange range(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

bool is_one_expression(const Template& tmpl, std::string_view text) {
  std::size_t count = 0;
  for (const TemplatePart& part : tmpl.parts) {
    if (!part.is_expression() && !is_blank(part.literal(text))) return false;
    if (part.is_expression()) ++count;
  }
  return count == 1;
}

/// Why the expression that opens at `open` has no end: a string in it that does not end either, or the braces.
ExprError unclosed(std::string_view text, std::size_t open) {
  const std::size_t begin = open + kOpen.size();
  const std::size_t end = text.find(kClose, begin);
  if (end != std::string_view::npos) {
    const Outcome<AstPtr> ast = parse(text.substr(begin, end - begin), static_cast<std::uint32_t>(begin));
    if (!ast) return ast.error();
  }
  return {"\"${{\" has no \"}}\" after it", range(open, begin)};
}

}  // namespace

bool has_expression(std::string_view text) {
  return text.find(kOpen) != std::string_view::npos;
}

bool Template::is_literal() const {
  return std::none_of(parts.begin(), parts.end(), [](const TemplatePart& part) { return part.is_expression(); });
}

Template Template::of(AstPtr expression, std::size_t length) {
  Template whole;
  whole.parts.push_back({std::move(expression), range(0, length)});
  whole.is_single = true;
  return whole;
}

const Ast* Template::single() const {
  if (!is_single) return nullptr;
  const auto only = std::find_if(parts.begin(), parts.end(), [](const TemplatePart& p) { return p.is_expression(); });
  return &only->ast();
}

ParsedTemplate parse_template(std::string_view text) {
  ParsedTemplate parsed;
  const auto add_literal = [&](std::size_t begin, std::size_t end) {
    if (end > begin) parsed.value.parts.push_back({nullptr, range(begin, end)});
  };
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find(kOpen, at);
    if (open == std::string_view::npos) break;
    add_literal(at, open);
    const std::size_t begin = open + kOpen.size();
    const std::size_t end = find_expression_end(text, begin);
    if (end == std::string_view::npos) {
      parsed.errors.push_back(unclosed(text, open));
      at = text.size();
      break;
    }
    at = end + kClose.size();
    Outcome<AstPtr> ast = parse(text.substr(begin, end - begin), static_cast<std::uint32_t>(begin));
    if (ast.ok()) {
      parsed.value.parts.push_back({std::move(*ast), range(open, at)});
    } else {
      parsed.errors.push_back(ast.error());
    }
  }
  add_literal(at, text.size());
  parsed.value.is_single = is_one_expression(parsed.value, text);
  parsed.value.parts.shrink_to_fit();  // kept as long as its task
  return parsed;
}

Outcome<AstPtr> parse_bare_or_template(std::string_view text) {
  if (!has_expression(text)) return parse(text);
  ParsedTemplate parsed = parse_template(text);
  if (!parsed.ok()) return parsed.errors.front();
  if (parsed.value.single() == nullptr) {
    return ExprError{"one expression should stand here, with \"${{ }}\" around all of it or none",
                     range(0, text.size())};
  }
  for (TemplatePart& part : parsed.value.parts) {
    if (part.is_expression()) return std::move(part.expression);
  }
  return ExprError{"no expression", range(0, text.size())};
}

Outcome<Value> render(const Template& tmpl, std::string_view text, const Names& names, const Limits& limits) {
  if (const Ast* only = tmpl.single()) return evaluate(*only, names, limits);
  std::string out;
  for (const TemplatePart& part : tmpl.parts) {
    if (!part.is_expression()) {
      out += part.literal(text);
      continue;
    }
    const Outcome<Value> value = evaluate(part.ast(), names, limits);
    if (!value) return value.error();
    const Result<std::string> shown = to_text(*value);
    if (!shown) return ExprError{shown.error().message, part.where};
    out += *shown;
  }
  return Value(std::move(out));
}

}  // namespace baton::expr
