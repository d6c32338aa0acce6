#include "scheduler/expr/check.h"

#include <gtest/gtest.h>

#include "scheduler/expr/parse.h"

namespace baton::expr {
namespace {

TypeEnv env() {
  TypeEnv env;
  env.names = {
      {"params",
       Type::object({{"region", Type::string()}, {"limit", Type::integer()}, {"tags", Type::list(Type::string())}},
                    "param")},
      {"tasks",
       Type::object(
           {{"extract", Type::list(Type::object({{"index", Type::integer()},
                                                 {"outputs", Type::object({{"rows", Type::integer()}}, "output")}}))},
            {"load", Type::object({{"state", Type::string()},
                                   {"outputs", Type::object({{"auc", Type::floating()}}, "output")}})},
            {"later", Type::unavailable("task \"later\" is no upstream of this task; add it to needs")}},
           "task")},
      {"logical_date", Type::timestamp()},
      {"item", Type::any()},
  };
  return env;
}

/// The type's text, or the errors' messages one per line.
std::string checked(std::string_view text, const TypeEnv& types = env()) {
  const Outcome<AstPtr> ast = parse(text);
  if (!ast) return "syntax: " + ast.error().message;
  const Checked result = check(**ast, types);
  if (result.errors.empty()) return result.type.text();
  std::string lines;
  for (const ExprError& error : result.errors) lines += error.message + "\n";
  return lines;
}

bool has_error(std::string_view text, std::string_view part) {
  return checked(text).find(part) != std::string::npos;
}

TEST(Check, TypesOfGoodExpressions) {
  EXPECT_EQ(checked("params.limit + 1"), "int");
  EXPECT_EQ(checked("tasks.extract.map(t, t.outputs.rows).sum() >= 100"), "bool");
  EXPECT_EQ(checked("tasks.extract.map(t, t.outputs.rows)"), "list<int>");
  EXPECT_EQ(checked("tasks['load'].outputs.auc > 1"), "bool");
  EXPECT_EQ(checked("tasks.`load`.state == 'success'"), "bool");
  EXPECT_EQ(checked("logical_date - duration('1h')"), "timestamp");
  EXPECT_EQ(checked("logical_date - logical_date"), "duration");
  EXPECT_EQ(checked("params.tags.join(',')"), "string");
  EXPECT_EQ(checked("'a,b'.split(',')"), "list<string>");
  EXPECT_EQ(checked("params.limit > 1 ? 'a' : 'b'"), "string");
  EXPECT_EQ(checked("params.limit > 1 ? 'a' : null"), "any");
  EXPECT_EQ(checked("item.a.b + 1"), "int");
  EXPECT_EQ(checked("item == 'x' && item in params.tags"), "bool");
  EXPECT_EQ(checked("params.tags.filter(t, t != '')"), "list<string>");
  EXPECT_EQ(checked("{'a': 1}.a + 1"), "int");
  EXPECT_EQ(checked("params.exists(p, p == 'region')"), "bool");
  EXPECT_EQ(checked("params.tags.max()"), "string");
  EXPECT_EQ(checked("max(1, 2)"), "int");
  EXPECT_EQ(checked("1 == 1.0"), "bool");
  EXPECT_EQ(checked("logical_date.format('%Y', 'Europe/Berlin')"), "string");
  EXPECT_EQ(checked("fromJson('1').a[0]"), "any");
}

TEST(Check, UnknownNamesSayWhatWasMeant) {
  EXPECT_EQ(checked("parms.region"), "unknown name \"parms\"; did you mean \"params\"?\n");
  EXPECT_EQ(checked("params.regoin"), "unknown param \"regoin\"; did you mean \"region\"?\n");
  EXPECT_EQ(checked("tasks.extrct"), "unknown task \"extrct\"; did you mean \"extract\"?\n");
  EXPECT_EQ(checked("tasks['laod'].state"), "unknown task \"laod\"; did you mean \"load\"?\n");
  EXPECT_EQ(checked("has(params.regoin)"), "unknown param \"regoin\"; did you mean \"region\"?\n");
  EXPECT_EQ(checked("'a'.startswith('b')"), "unknown function \"startswith\"; did you mean \"startsWith\"?\n");
  EXPECT_EQ(checked("tasks.later.state"), "task \"later\" is no upstream of this task; add it to needs\n");
  EXPECT_EQ(checked("xyz"), "unknown name \"xyz\"\n");
}

TEST(Check, AllErrorsAreReportedInOrder) {
  const Outcome<AstPtr> ast = parse("parms.a + tasks.extrct.size() + params.region.foo()");
  const Checked result = check(**ast, env());
  ASSERT_EQ(result.errors.size(), 3U);
  EXPECT_EQ(result.errors[0].where, (SourceRange{0, 5}));
  EXPECT_EQ(result.errors[1].where, (SourceRange{16, 22}));
  EXPECT_EQ(result.errors[2].where, (SourceRange{46, 49}));
}

TEST(Check, WrongTypesAreErrors) {
  EXPECT_TRUE(has_error("params.limit + 'a'", "no such overload: int + string"));
  EXPECT_TRUE(has_error("1 + 1.5", "convert"));
  EXPECT_TRUE(has_error("params.region == 1", "never equal"));
  EXPECT_TRUE(has_error("params.region < 1", "no such overload"));
  EXPECT_TRUE(has_error("1 in params.tags", "never in"));
  EXPECT_TRUE(has_error("'a' in 'abc'", ".contains"));
  EXPECT_TRUE(has_error("!params.region", "true or false"));
  EXPECT_TRUE(has_error("params.region && true", "true or false"));
  EXPECT_TRUE(has_error("params.limit ? 1 : 2", "true or false"));
  EXPECT_TRUE(has_error("params.tags.map(t, t.x)", "has no field"));
  EXPECT_TRUE(has_error("tasks.extract.outputs", ".map(x, x.outputs)"));
  EXPECT_TRUE(has_error("params.tags['a']", "index is an int"));
  EXPECT_TRUE(has_error("params.limit[0]", "cannot be indexed"));
  EXPECT_TRUE(has_error("params.limit.map(x, x)", "has no elements"));
  EXPECT_TRUE(has_error("params.region.size", "did you mean .size()?"));
  EXPECT_TRUE(has_error("-params.region", "no such overload"));
  EXPECT_TRUE(has_error("size(1)", "size(string) -> int"));
  EXPECT_TRUE(has_error("params.tags.sum()", "no such overload"));
  EXPECT_TRUE(has_error("{1.5: 2}", "map's key"));
  EXPECT_TRUE(has_error("logical_date + logical_date", "no such overload"));
}

TEST(Check, WrongArgumentsAndConstantsAreErrors) {
  EXPECT_TRUE(has_error("params.region.split()", "takes 2 or 3 arguments, not 1"));
  EXPECT_TRUE(has_error("params.region.matches('(')", "RE2"));
  EXPECT_TRUE(has_error("timestamp('2026')", "RFC 3339"));
  EXPECT_TRUE(has_error("duration('1d')", "no duration"));
  EXPECT_TRUE(has_error("logical_date.format('%Y', 'Europe/Nowhere')", "time zone"));
  EXPECT_TRUE(has_error("logical_date.getHours('Nowhere')", "time zone"));
  EXPECT_TRUE(has_error("int('a')", "no integer"));
}

TEST(Check, CallersFunctionsOnlyWhereAllowed) {
  EXPECT_TRUE(has_error("secret('a')", "whole value of an env entry"));
  EXPECT_TRUE(has_error("hashFiles('a')", "cache.key"));
  EXPECT_TRUE(has_error("raw(params.region)", "run:"));
  TypeEnv types = env();
  types.allow_secret = types.allow_hash_files = types.allow_raw = true;
  EXPECT_EQ(checked("secret('a')", types), "string");
  EXPECT_EQ(checked("'x' + hashFiles('a', 'b')", types), "string");
  EXPECT_NE(checked("'x' + secret('a')", types), "string");
  EXPECT_NE(checked("'x' + raw('a')", types), "string");
}

TEST(Check, VariablesOfMacrosEndWithThem) {
  EXPECT_TRUE(has_error("params.tags.all(t, t != '') && t == ''", "unknown name \"t\""));
  EXPECT_EQ(checked("params.tags.map(t, params.tags.map(u, t + u))"), "list<list<string>>");
}

TEST(Type, NamesOfOutputs) {
  EXPECT_EQ(Type::from_name("integer")->text(), "int");
  EXPECT_EQ(Type::from_name("number")->text(), "double");
  EXPECT_EQ(Type::from_name("array")->text(), "list");
  EXPECT_FALSE(Type::from_name("str").has_value());
}

TEST(Type, OfValuesAndAssignability) {
  EXPECT_EQ(Type::of(Value(ValueList{Value(1), Value(2)})).text(), "list<int>");
  EXPECT_EQ(Type::of(Value(ValueList{Value(1), Value("a")})).text(), "list");
  EXPECT_TRUE(is_assignable(Type::list(Type::any()), Type::list(Type::string())));
  EXPECT_FALSE(is_assignable(Type::list(Type::integer()), Type::list(Type::string())));
  EXPECT_TRUE(is_assignable(Type::map(Type::string(), Type::any()), Type::object({{"a", Type::string()}})));
  EXPECT_FALSE(is_assignable(Type::string(), Type::integer()));
}

}  // namespace
}  // namespace baton::expr
