#include "scheduler/dagfile/expressions.h"

#include "scheduler/dagfile/odd_spaces.h"

namespace baton::dagfile {

Span span_in(Node node, expr::SourceRange range) {
  const std::uint32_t begin = node.source_offset(range.begin);
  const std::uint32_t end = range.end > range.begin ? node.source_offset(range.end - 1) + 1 : begin;
  return {begin, end};
}

void Expressions::report(Node node, Rule rule, const expr::ExprError& error, bool warning, std::string hint) {
  if (warning) {
    reporter_.warning(rule, span_in(node, error.where), error.message, std::move(hint));
  } else {
    reporter_.error(rule, span_in(node, error.where), error.message, std::move(hint));
  }
}

Text Expressions::text(Node node, Wanted wanted, Stage stage, bool allow_hash_files, bool allow_secret) {
  Text out;
  if (!node || !node.is_scalar()) return out;
  out.source = node.text();
  if (!expr::has_expression(out.source)) return out;
  auto parsed = expr::parse_template(out.source);
  for (const auto& error : parsed.errors) report(node, Rule::expression_syntax, error);
  out.compiled = std::make_shared<const expr::Template>(std::move(parsed.value));
  Use use;
  use.node = node;
  use.text = out.compiled;
  use.wanted = wanted;
  use.stage = stage;
  use.allow_hash_files = allow_hash_files;
  use.allow_secret = allow_secret;
  uses_.push_back(std::move(use));
  return out;
}

Text Expressions::condition(Node node, Stage stage) {
  Text out;
  if (!node || !node.is_scalar()) return out;
  out.source = node.text();
  auto parsed = expr::parse_bare_or_template(out.source);
  if (!parsed) {
    report(node, Rule::expression_syntax, parsed.error());
    return out;
  }
  out.compiled = std::make_shared<const expr::Template>(expr::Template::of(*std::move(parsed), out.source.size()));
  Use use;
  use.node = node;
  use.text = out.compiled;
  use.wanted = Wanted::boolean;
  use.stage = stage;
  use.is_condition = true;
  uses_.push_back(std::move(use));
  return out;
}

Script Expressions::script(Node node, expr::ShellKind shell) {
  Script out;
  if (!node || !node.is_scalar()) return out;
  out.source = node.text();
  warn_odd_space_in_script(node, reporter_);
  if (!expr::has_expression(out.source)) return out;
  auto parsed = expr::parse_shell_template(out.source, shell);
  for (const auto& finding : parsed.findings) {
    Rule rule = Rule::expression_syntax;
    if (finding.rule == "unsafe-expression") rule = Rule::unsafe_expression;
    if (finding.rule == "raw-expression") rule = Rule::raw_expression;
    report(node, rule, finding.error, finding.is_warning, finding.hint);
  }
  out.compiled = std::make_shared<const expr::ShellTemplate>(std::move(parsed.value));
  Use use;
  use.node = node;
  use.script = out.compiled;
  uses_.push_back(std::move(use));
  return out;
}

void Expressions::texts_below(Node node, Stage stage) {
  if (!node) return;
  if (node.is_scalar()) (void)text(node, Wanted::any, stage);
  if (node.is_list()) {
    for (const Node item : Items(node)) texts_below(item, stage);
  }
  if (node.is_map()) {
    for (const auto& [key, value] : Entries(node)) texts_below(value, stage);
  }
}

Node find_expression(Node node) {
  if (!node) return {};
  if (node.is_scalar()) return expr::has_expression(node.text()) ? node : Node();
  if (node.is_list()) {
    for (const Node item : Items(node)) {
      if (const Node found = find_expression(item)) return found;
    }
  }
  if (node.is_map()) {
    for (const auto& [key, value] : Entries(node)) {
      if (const Node found = find_expression(value)) return found;
    }
  }
  return {};
}

}  // namespace baton::dagfile
