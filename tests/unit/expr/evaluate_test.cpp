#include "scheduler/expr/evaluate.h"

#include <gtest/gtest.h>

#include <random>

#include "scheduler/expr/parse.h"
#include "scheduler/json/json_value.h"

namespace baton::expr {
namespace {

/// The result as tagged JSON, or "error: …".
std::string eval(std::string_view text, const Names& names = FixedNames(), const Limits& limits = {}) {
  const Outcome<AstPtr> ast = parse(text);
  if (!ast) return "syntax: " + ast.error().message;
  const Outcome<Value> value = evaluate(**ast, names, limits);
  return value.ok() ? to_tagged_json(*value) : "error: " + value.error().message;
}

bool is_true(std::string_view text) {
  return eval(text) == R"({"type":"bool","value":true})";
}
bool is_error(std::string_view text) {
  return eval(text).starts_with("error: ");
}

#define EXPECT_TRUE_EXPR(text) EXPECT_TRUE(is_true(text)) << (text) << " gives " << eval(text)

TEST(Evaluate, ExamplesOfTheTablesHold) {
  for (const FunctionInfo& function : functions()) {
    const bool is_of_caller =
        function.id == Function::secret || function.id == Function::hash_files || function.id == Function::raw ||
        function.id == Function::variable;
    if (!is_of_caller) {
      EXPECT_TRUE_EXPR(function.example);
    }
    EXPECT_NE(function.doc, "");
    EXPECT_FALSE(function.signatures().empty());
  }
  for (const MacroInfo& macro : macros()) EXPECT_TRUE_EXPR(macro.example);
}

TEST(Evaluate, FunctionsAreMethodsAndTheOtherWay) {
  EXPECT_TRUE_EXPR("size('abc') == 'abc'.size()");
  EXPECT_TRUE_EXPR("split('a,b', ',') == 'a,b'.split(',')");
  EXPECT_TRUE_EXPR("'42'.int() == 42 && 42.string() == '42'");
  EXPECT_TRUE_EXPR("join(['a', 'b']) == 'ab'");
  EXPECT_TRUE_EXPR("getDate(timestamp(0)) == 1");
}

TEST(Evaluate, StringFunctions) {
  EXPECT_TRUE_EXPR("'a,b,c'.split(',', 2) == ['a', 'b,c']");
  EXPECT_TRUE_EXPR("'a,b'.split(',', 0) == [] && 'héé'.split('') == ['h', 'é', 'é']");
  EXPECT_TRUE_EXPR("''.split(',') == [''] && 'a'.split(',', 1) == ['a']");
  EXPECT_TRUE_EXPR("'aaa'.replace('a', 'b', 2) == 'bba' && 'ab'.replace('', '-') == '-a-b-'");
  EXPECT_TRUE_EXPR("'Ab'.lower() == 'ab' && 'Ab'.upper() == 'AB' && 'É'.lower() == 'É'");
  EXPECT_TRUE_EXPR("'\\t a b\\n '.trim() == 'a b'");
  EXPECT_TRUE(is_error("[1].join(',')"));
  EXPECT_TRUE(is_error("'a'.matches('(')"));
}

TEST(Evaluate, Aggregates) {
  EXPECT_TRUE_EXPR("[].sum() == 0 && [1, 2.5].sum() == 3.5 && [1, 2].avg() == 1.5");
  EXPECT_TRUE_EXPR("[3, 1.5, 2].min() == 1.5 && max(1, 5, 3) == 5 && ['b', 'a'].min() == 'a'");
  EXPECT_TRUE(is_error("[].avg()"));
  EXPECT_TRUE(is_error("[].max()"));
  EXPECT_TRUE(is_error("[1, 'a'].max()"));
  EXPECT_TRUE(is_error("[9223372036854775807, 1].sum()"));
  EXPECT_TRUE(is_error("['a'].sum()"));
}

TEST(Evaluate, Times) {
  EXPECT_TRUE_EXPR("timestamp('2026-03-29T00:30:00Z').format('%Y-%m-%d %H:%M', 'Europe/Berlin') == '2026-03-29 01:30'");
  EXPECT_TRUE_EXPR("timestamp('2026-03-29T01:00:00Z').getHours('Europe/Berlin') == 3");
  EXPECT_TRUE_EXPR("timestamp('2026-01-01T00:00:00+05:30') == timestamp('2025-12-31T18:30:00Z')");
  EXPECT_TRUE_EXPR("string(timestamp('0001-01-01T00:00:00Z')) == '0001-01-01T00:00:00Z'");
  EXPECT_TRUE_EXPR("string(timestamp('2026-01-01T00:00:00.120Z')) == '2026-01-01T00:00:00.12Z'");
  EXPECT_TRUE_EXPR(
      "string(duration('-1.5s')) == '-1.5s' && string(duration('1h')) == '3600s' && duration('0') == duration('0s')");
  EXPECT_TRUE_EXPR("string(-duration('1ms')) == '-0.001s'");
  EXPECT_TRUE_EXPR("timestamp('2026-01-01T00:00:00Z') - duration('24h') == timestamp('2025-12-31T00:00:00Z')");
  EXPECT_TRUE_EXPR("duration('1500ms').getMilliseconds() == 500 && duration('-90m').getHours() == -1");
  for (const std::string_view bad :
       {"2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:60Z", "2026-1-01T00:00:00Z", ""}) {
    EXPECT_TRUE(is_error("timestamp('" + std::string(bad) + "')")) << bad;
  }
  for (const std::string_view bad : {"", "1", "1d", "s", "-", "1 s", "1s1", "9999999999999h", "."}) {
    EXPECT_TRUE(is_error("duration('" + std::string(bad) + "')")) << bad;
  }
}

TEST(Evaluate, ZonesAreNamesAndNoPaths) {
  for (const std::string_view bad :
       {"/etc/passwd", "../../etc/passwd", "localtime", "Europe/Nowhere", "+25:00", "file:x"}) {
    EXPECT_TRUE(is_error("timestamp(0).getHours('" + std::string(bad) + "')")) << bad;
  }
}

TEST(Evaluate, ErrorsCarryTheirPlace) {
  const Outcome<AstPtr> ast = parse("1 + {'a': 2}.b");
  const Outcome<Value> value = evaluate(**ast, FixedNames());
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().where, (SourceRange{13, 14}));
  EXPECT_EQ(eval("nope + 1"), "error: unknown name \"nope\"");
}

TEST(Evaluate, ShortCircuitWinsOverErrorsOnBothSides) {
  EXPECT_TRUE_EXPR("a.b || true");
  EXPECT_TRUE_EXPR("!(1 / 0 == 1 && false)");
  EXPECT_TRUE(is_error("1 / 0 == 1 || false"));
  EXPECT_TRUE_EXPR("true ? true : 1 / 0 == 1");
}

TEST(Evaluate, StepsAndMemoryAreBounded) {
  const std::string list = "[1,2,3,4,5,6,7,8,9,10]";
  std::string nested = "1";
  for (int i = 0; i < 12; ++i) nested = list + ".map(x" + std::to_string(i) + ", " + nested + ")";
  EXPECT_TRUE(is_error(nested + ".size() > 0"));
  std::string doubled = "['0123456789012345678901234567890123456789']";
  for (int i = 0; i < 60; ++i) doubled += ".map(s, s + s)";
  EXPECT_TRUE(is_error(doubled));
  std::string shared = "[1]";
  for (int i = 0; i < 60; ++i) shared = "[" + shared + "].map(s, [s, s])[0]";
  EXPECT_TRUE(is_error(shared));
  EXPECT_TRUE(is_error("toJson(" + shared + ")"));
  EXPECT_TRUE(is_error(shared + " == " + shared));
  EXPECT_TRUE(is_error("'" + std::string(3000, 'a') + "'.replace('', '" + std::string(12000, 'b') + "').size() > 0"));
}

TEST(Evaluate, DeepValuesAreAnErrorAndNoOverflow) {
  std::string deep = "[0]";
  for (int i = 0; i < 80; ++i) deep += ".map(x, " + std::string(90, '[') + "x" + std::string(90, ']') + ")";
  EXPECT_TRUE(is_error(deep)) << deep.size();
  EXPECT_TRUE(is_error("[" + deep + "].size() == 1 && toJson(" + "fromJson('" + std::string(70, '[') + "'))=='' "));
}

TEST(Evaluate, OrdinaryDataStaysWithinTheLimits) {
  ValueList items;
  for (int i = 0; i < 50'000; ++i)
    items.push_back(Value(ValueMap{{Value("outputs"), Value(ValueMap{{Value("rows"), Value(i)}})}}));
  FixedNames names({{"tasks", Value(ValueMap{{Value("extract"), Value(items)}})}});
  EXPECT_EQ(eval("tasks.extract.map(t, t.outputs.rows).sum()", names), R"({"type":"int","value":1249975000})");
}

/// Only what is named is made.
class LazyNames : public Names {
 public:
  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view) const override {
    return Error{"the whole of tasks was asked for"};
  }
  [[nodiscard]] Result<std::optional<Resolved>> resolve(std::span<const std::string_view> path) const override {
    if (path.size() < 4 || path[0] != "tasks") return Names::resolve(path);
    return std::optional<Resolved>(Resolved{Value(ValueMap{{Value("n"), Value(static_cast<int>(path[1].size()))}}), 4});
  }
  [[nodiscard]] Result<std::optional<Value>> call(std::string_view function,
                                                  std::span<const Value> args) const override {
    if (function != "secret") return std::optional<Value>();
    return std::optional<Value>(Value("s:" + args[0].as_string()));
  }
};

TEST(Evaluate, PathsAreResolvedLazily) {
  EXPECT_EQ(eval("tasks.abc.outputs.rows.n", LazyNames()), R"({"type":"int","value":3})");
  EXPECT_EQ(eval("tasks['a-b-c'].outputs.rows['n']", LazyNames()), R"({"type":"int","value":5})");
  EXPECT_EQ(eval("has(tasks.abc.outputs.rows.m)", LazyNames()), R"({"type":"bool","value":false})");
  EXPECT_TRUE(eval("tasks", LazyNames()).starts_with("error: the whole"));
}

TEST(Evaluate, TheCallersFunctionsAreTheCallers) {
  EXPECT_EQ(eval("secret('a')", LazyNames()), R"({"type":"string","value":"s:a"})");
  EXPECT_TRUE(eval("hashFiles('a')", LazyNames()).starts_with("error: "));
  EXPECT_TRUE(is_error("secret('a')"));
  EXPECT_TRUE(is_error("raw('a')"));
}

TEST(Evaluate, RandomTextNeverCrashes) {
  static const std::vector<std::string> kPieces{"a",
                                                "1",
                                                "'x'",
                                                "(",
                                                ")",
                                                "[",
                                                "]",
                                                "{",
                                                "}",
                                                ":",
                                                "?",
                                                ",",
                                                ".",
                                                "&&",
                                                "||",
                                                "!",
                                                "-",
                                                "+",
                                                "*",
                                                "/",
                                                "%",
                                                "==",
                                                "<",
                                                " in ",
                                                "has(",
                                                ".map(x,",
                                                ".all(a,",
                                                "size(",
                                                "\"",
                                                "'''",
                                                "r'",
                                                "\\",
                                                "1.5",
                                                "0x",
                                                "`",
                                                "\xff",
                                                "null",
                                                "true",
                                                "timestamp(",
                                                "duration('1s')",
                                                "9223372036854775807",
                                                "-9223372036854775808",
                                                ".format(",
                                                "//",
                                                "\n"};
  std::mt19937 random(7);
  const FixedNames names({{"a", Value(ValueList{Value(1), Value("x"), Value(1.5)})}});
  int evaluated = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = 1 + random() % 14; n > 0; --n) text += kPieces[random() % kPieces.size()];
    const Outcome<AstPtr> ast = parse(text);
    if (!ast) {
      ASSERT_LE(ast.error().where.begin, ast.error().where.end) << text;
      ASSERT_LE(ast.error().where.end, text.size()) << text;
      continue;
    }
    ++evaluated;
    const Outcome<Value> value = evaluate(**ast, names);
    if (!value) {
      ASSERT_LE(value.error().where.end, text.size()) << text;
    }
  }
  EXPECT_GT(evaluated, 300);
}

TEST(Numbers, ADoubleThatIsTooSmallIsZero) {
  EXPECT_EQ(eval("1e-324 / 2.0"), R"({"type":"double","value":0.0})");
  EXPECT_EQ(eval("-1e-400 == 0.0"), R"({"type":"bool","value":true})");
  EXPECT_EQ(eval("double('1e-324')"), R"({"type":"double","value":0.0})");
  EXPECT_EQ(eval("fromJson('1e-324') == 0.0"), R"({"type":"bool","value":true})");
  EXPECT_EQ(eval("5e-324 > 0.0"), R"({"type":"bool","value":true})");
  EXPECT_EQ(eval("1e309").substr(0, 7), "syntax:");
}

TEST(Numbers, FromJsonIsExactOrRefuses) {
  EXPECT_EQ(eval("fromJson('9223372036854775807')"), R"({"type":"int","value":9223372036854775807})");
  for (const char* const text : {"9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"}) {
    EXPECT_NE(eval(std::string("fromJson('") + text + "')").find("does not fit 64 bits"), std::string::npos) << text;
  }
  EXPECT_EQ(eval("string(fromJson('1.10'))"), R"({"type":"string","value":"1.10"})");
  EXPECT_EQ(eval("fromJson('1.10') + 0.0"), R"({"type":"double","value":1.1})");
}

}  // namespace
}  // namespace baton::expr
