// Any bytes as an expression, a template, a script and JSON: errors point into the text; a value has the type that was
// promised before; a script keeps its literal parts whatever a value holds.
#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/expr/check.h"
#include "scheduler/expr/evaluate.h"
#include "scheduler/expr/parse.h"
#include "scheduler/expr/shell_template.h"
#include "scheduler/expr/template.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/check.h"

namespace baton::expr {
namespace {

constexpr Limits kLimits{50'000};

const FixedNames& names() {
  static const FixedNames fixed({
      {"params", ValueMap{{"region", "it's $HOME; `id` \"\n"}, {"limit", 3}, {"tags", ValueList{"a", "b"}}}},
      {"logical_date", Timestamp{1767225600, 0}},
      {"item", ValueList{1, 2.5, "x", Value(), true}},
      {"x", "';id;'\"$(id)`id`\\\n\xff"},
      {"n", -7},
      {"f", 0.1},
  });
  return fixed;
}

const TypeEnv& types() {
  static const TypeEnv env = [] {
    TypeEnv made;
    made.names = {{"params", Type::object({{"region", Type::string()},
                                           {"limit", Type::integer()},
                                           {"tags", Type::list(Type::string())}},
                                          "param")},
                  {"logical_date", Type::timestamp()},
                  {"item", Type::any()},
                  {"x", Type::string()},
                  {"n", Type::integer()},
                  {"f", Type::floating()}};
    return made;
  }();
  return env;
}

void check_error(const ExprError& error, std::string_view text) {
  BATON_CHECK(!error.message.empty());
  BATON_CHECK(error.where.begin <= error.where.end && error.where.end <= text.size());
}

void check_expression(const Ast& ast, std::string_view text) {
  const Checked checked = check(ast, types());
  for (const ExprError& error : checked.errors) check_error(error, text);
  const Outcome<Value> value = evaluate(ast, names(), kLimits);
  if (!value) return check_error(value.error(), text);
  if (checked.errors.empty()) BATON_CHECK(is_assignable(checked.type, Type::of(*value)));
  (void)to_tagged_json(*value);
  const auto json = from_json(to_json(*value), {kValueDepthMax + 1, std::size_t{1} << 30U});
  BATON_CHECK(json.ok());
}

void check_templates(std::string_view text) {
  const ParsedTemplate parsed = parse_template(text);
  for (const ExprError& error : parsed.errors) check_error(error, text);
  if (!parsed.ok()) return;
  BATON_CHECK(has_expression(text) || parsed.value.is_literal());
  const Outcome<Value> value = render(parsed.value, text, names(), kLimits);
  if (!value) check_error(value.error(), text);
}

void check_script(std::string_view text, ShellKind shell) {
  const ParsedShellTemplate parsed = parse_shell_template(text, shell);
  for (const ShellFinding& finding : parsed.findings) check_error(finding.error, text);
  if (!parsed.ok()) return;
  const Outcome<std::string> script = render(parsed.value, text, names(), kLimits);
  if (!script) return check_error(script.error(), text);
  std::size_t at = 0;
  for (const ShellPart& part : parsed.value.parts) {
    if (part.part.is_expression()) continue;
    at = script->find(part.part.literal(text), at);
    BATON_CHECK(at != std::string::npos);
    at += part.part.literal(text).size();
  }
}

void check_json(std::string_view text) {
  const auto value = from_json(text);
  if (!value) return;
  const auto again = from_json(to_json(*value));
  BATON_CHECK(again.ok() && *again == *value);
}

}  // namespace
}  // namespace baton::expr

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton::expr;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ast = parse(text)) {
    check_expression(**ast, text);
  } else {
    check_error(ast.error(), text);
  }
  if (const auto bare = parse_bare_or_template(text); !bare) check_error(bare.error(), text);
  check_templates(text);
  for (const ShellKind shell : {ShellKind::bash, ShellKind::sh, ShellKind::other}) check_script(text, shell);
  check_json(text);
  return 0;
}
