#include "scheduler/dagfile/params.h"

#include <gtest/gtest.h>

#include "scheduler/expr/convert.h"
#include "scheduler/json/json_value.h"
#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const Dag> dag_with(const std::string& params) {
  return test::load("dag: x\nparams: " + params + "\ntasks: {a: {noop: true}}\n");
}

/// The params as JSON, or the error.
std::string resolved(const std::string& params, const Given& given) {
  const auto dag = dag_with(params);
  const auto r = resolve_params(*dag, given);
  return r ? to_json(*r) : "error: " + r.error().message;
}

TEST(Params, TextIsReadByTheDeclaredType) {
  EXPECT_EQ(resolved("{s: {type: string}}", {{"s", "5"}}), R"({"s":"5"})");
  EXPECT_EQ(resolved("{s: {type: string}}", {{"s", "\"q\""}}), R"({"s":"\"q\""})");
  EXPECT_EQ(resolved("{n: {type: integer}}", {{"n", "5"}}), R"({"n":5})");
  EXPECT_EQ(resolved("{n: {type: integer}}", {{"n", "5.0"}}), R"({"n":5})");
  EXPECT_EQ(resolved("{n: {type: number}}", {{"n", "5"}}), R"({"n":5.0})");
  EXPECT_EQ(resolved("{b: {type: boolean}}", {{"b", "true"}}), R"({"b":true})");
  EXPECT_EQ(resolved("{o: {type: object}}", {{"o", R"({"a":[1]})"}}), R"({"o":{"a":[1]}})");
  EXPECT_EQ(resolved("{x: {}}", {{"x", "5"}}), R"({"x":5})");
  EXPECT_EQ(resolved("{x: {}}", {{"x", "five"}}), R"({"x":"five"})");
}

TEST(Params, AListIsJsonOrWordsWithCommas) {
  EXPECT_EQ(resolved("{l: {type: array, items: {type: string}}}", {{"l", "a,b"}}), R"({"l":["a","b"]})");
  EXPECT_EQ(resolved("{l: {type: array, items: {type: string}}}", {{"l", R"(["a,b"])"}}), R"({"l":["a,b"]})");
  EXPECT_EQ(resolved("{l: {type: array, items: {type: integer}}}", {{"l", "1,2"}}), R"({"l":[1,2]})");
  EXPECT_EQ(resolved("{l: {type: array, items: {type: integer}}}", {{"l", "1"}}), R"({"l":[1]})");
  EXPECT_EQ(resolved("{l: {type: array}}", {{"l", ""}}), R"({"l":[]})");
}

TEST(Params, DefaultsFillIn) {
  EXPECT_EQ(resolved("{a: {type: integer, default: 1}, b: {type: integer}}", {{"b", "2"}}), R"({"a":1,"b":2})");
}

TEST(Params, SeveralOfOneNameMakeAListForAnArrayAndAreAnErrorElsewhere) {
  EXPECT_EQ(resolved("{l: {type: array}}", {{"l", "1"}, {"l", "2"}}), R"({"l":[1,2]})");
  EXPECT_EQ(resolved("{l: {type: array, items: {type: string}}}", {{"l", "1"}, {"l", "2,3"}}), R"({"l":["1","2","3"]})");
  EXPECT_EQ(resolved("{l: {type: array}}", {{"l", "[1,2]"}, {"l", "[3]"}}), R"({"l":[1,2,3]})");
  for (const char* const type : {"integer", "string", "object"}) {
    const std::string text = resolved(std::string("{n: {type: ") + type + "}}", {{"n", "2"}, {"n", "2"}});
    EXPECT_NE(text.find("param \"n\": it is given 2 times; only an array takes several"), std::string::npos) << text;
  }
}

TEST(Params, AnIntegerIsExactOrRefused) {
  const std::string integer = "{n: {type: integer}}";
  EXPECT_EQ(resolved(integer, {{"n", "1e18"}}), R"({"n":1000000000000000000})");
  EXPECT_EQ(resolved(integer, {{"n", "9007199254740993.0"}}), R"({"n":9007199254740993})");
  EXPECT_EQ(resolved(integer, {{"n", "-9223372036854775808"}}), R"({"n":-9223372036854775808})");
  EXPECT_EQ(resolved(integer, {{"n", "0.5e1"}}), R"({"n":5})");
  for (const char* const text : {"-9223372036854775809", "9223372036854775808", "123456789012345678901234567890", "1e30",
                                 "1e19", "0.99999999999999999999999", "1.0000000000000000000000001", "1e-1", "5x", "0x10",
                                 "+5", "05", "\"5\"", "true", ""}) {
    EXPECT_EQ(resolved(integer, {{"n", text}}).substr(0, 6), "error:") << text;
  }
  EXPECT_EQ(resolved("{l: {type: array, items: {type: integer}}}", {{"l", "1,9223372036854775808"}}).substr(0, 6),
            "error:");
}

TEST(Params, ANumberIsTheIntegerThatWasWrittenOrRefused) {
  const std::string number = "{x: {type: number}}";
  EXPECT_EQ(resolved(number, {{"x", "9007199254740992"}}), R"({"x":9007199254740992.0})");
  EXPECT_EQ(resolved(number, {{"x", "1e29"}}).substr(0, 6), R"({"x":1)");
  for (const char* const text : {"9007199254740993", "-9007199254740993", "123456789012345678901234567890"}) {
    EXPECT_EQ(resolved(number, {{"x", text}}).substr(0, 6), "error:") << text;
  }
  EXPECT_NE(resolved(number, {{"x", "9007199254740993"}}).find("no double holds this integer exactly"),
            std::string::npos);
  EXPECT_EQ(resolved("{l: {type: array, items: {type: number}}}", {{"l", "1,9007199254740993"}}).substr(0, 6),
            "error:");
  const auto dag = dag_with(number);
  EXPECT_FALSE(resolve_params_json(*dag, R"({"x": 9007199254740993})").ok());
  EXPECT_FALSE(load_text("dag: x\nparams: {n: {type: number, default: 9007199254740993}}\ntasks: {a: {noop: true}}\n",
                         "test.yaml")
                   .ok());
}

TEST(Params, ADefaultIsExactOrRefusedToo) {
  EXPECT_EQ(dag_with("{n: {type: integer, default: 1e18}}")->params[0].default_value->as_int(), 1'000'000'000'000'000'000);
  for (const char* const text : {"1e30", "9223372036854775808", "0.99999999999999999999999"}) {
    const LoadResult r = load_text(std::string("dag: x\nparams: {n: {type: integer, default: ") + text +
                                       "}}\ntasks: {a: {noop: true}}\n",
                                   "test.yaml");
    EXPECT_FALSE(r.ok()) << text;
  }
}

TEST(Params, BoundsTellLargeIntegersApart) {
  const std::string schema = "{n: {type: integer, minimum: 9007199254740993}}";
  EXPECT_EQ(resolved(schema, {{"n", "9007199254740992"}}).substr(0, 6), "error:");
  EXPECT_EQ(resolved(schema, {{"n", "9007199254740993"}}), R"({"n":9007199254740993})");
  EXPECT_EQ(resolved("{n: {type: integer, multipleOf: 2}}", {{"n", "9007199254740993"}}).substr(0, 6), "error:");
}

TEST(Params, ANumberKeepsItsSpellingWhenItBecomesText) {
  const auto dag = dag_with("{v: {default: 1.10}, h: {default: 0x1F}, n: {type: number}}");
  const auto params = resolve_params(*dag, {{"n", "2.50"}});
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(*expr::to_text(*params->find("v")), "1.10");
  EXPECT_EQ(*expr::to_text(*params->find("h")), "0x1F");
  EXPECT_EQ(*expr::to_text(*params->find("n")), "2.50");
  EXPECT_EQ(params->find("h")->as_int(), 31);
}

TEST(Params, AllFaultsAreSaidAtOnce) {
  const std::string text = resolved("{region: {type: string}, n: {type: integer, minimum: 5}, b: {type: boolean}}",
                                    {{"regoin", "eu"}, {"n", "4"}, {"b", "yes"}});
  EXPECT_NE(text.find("no param \"regoin\"; did you mean \"region\"?"), std::string::npos) << text;
  EXPECT_NE(text.find("param \"region\" is required; give it with -p region="), std::string::npos) << text;
  EXPECT_NE(text.find("param \"n\": 4 is not at least 5"), std::string::npos) << text;
  EXPECT_NE(text.find("param \"b\": \"yes\" is not of type boolean"), std::string::npos) << text;
}

/// Whether `value` (JSON) satisfies the declaration.
bool fits(const std::string& schema, const std::string& value) {
  const auto dag = dag_with("{x: " + schema + "}");
  return dag && resolve_params_json(*dag, "{\"x\":" + value + "}").ok();
}

TEST(Params, EveryKeywordOfTheSchemaCounts) {
  EXPECT_TRUE(fits("{enum: [1, a]}", "1.0"));
  EXPECT_FALSE(fits("{enum: [1, a]}", "2"));
  EXPECT_FALSE(fits("{const: {a: 1}}", R"({"a":2})"));
  EXPECT_FALSE(fits("{minimum: 1}", "0"));
  EXPECT_FALSE(fits("{maximum: 1}", "2"));
  EXPECT_FALSE(fits("{exclusiveMinimum: 1}", "1"));
  EXPECT_FALSE(fits("{exclusiveMaximum: 1}", "1"));
  EXPECT_TRUE(fits("{multipleOf: 0.1}", "0.3"));
  EXPECT_FALSE(fits("{multipleOf: 3}", "7"));
  EXPECT_TRUE(fits("{minLength: 3, maxLength: 3}", "\"äöü\""));
  EXPECT_FALSE(fits("{maxLength: 2}", "\"abc\""));
  EXPECT_TRUE(fits("{pattern: \"^a+$\"}", "\"aaa\""));
  EXPECT_FALSE(fits("{pattern: \"^a+$\"}", "\"ab\""));
  EXPECT_TRUE(fits("{format: date}", "\"2026-02-28\""));
  EXPECT_FALSE(fits("{format: date}", "\"2026-02-30\""));
  EXPECT_TRUE(fits("{format: date-time}", "\"2026-02-28T01:02:03Z\""));
  EXPECT_FALSE(fits("{format: uuid}", "\"x\""));
  EXPECT_FALSE(fits("{format: ipv4}", "\"1.2.3.400\""));
  EXPECT_FALSE(fits("{format: email}", "\"nobody\""));
  EXPECT_FALSE(fits("{items: {type: integer}}", "[1, \"a\"]"));
  EXPECT_FALSE(fits("{minItems: 2}", "[1]"));
  EXPECT_FALSE(fits("{maxItems: 1}", "[1, 2]"));
  EXPECT_FALSE(fits("{uniqueItems: true}", "[1, 1]"));
  EXPECT_FALSE(fits("{required: [a], properties: {a: {}}}", "{}"));
  EXPECT_FALSE(fits("{properties: {a: {type: integer}}}", R"({"a":"x"})"));
  EXPECT_FALSE(fits("{additionalProperties: false}", R"({"a":1})"));
  EXPECT_FALSE(fits("{additionalProperties: {type: integer}}", R"({"a":"x"})"));
  EXPECT_FALSE(fits("{minProperties: 1}", "{}"));
  EXPECT_FALSE(fits("{anyOf: [{type: integer}, {type: boolean}]}", "\"a\""));
  EXPECT_FALSE(fits("{oneOf: [{minimum: 1}, {minimum: 2}]}", "3"));
  EXPECT_FALSE(fits("{allOf: [{minimum: 1}, {maximum: 2}]}", "3"));
  EXPECT_FALSE(fits("{not: {type: string}}", "\"a\""));
  EXPECT_TRUE(fits("{type: [string, \"null\"]}", "null"));
  EXPECT_FALSE(fits("{type: [string, \"null\"]}", "5"));
  EXPECT_TRUE(fits("{type: integer}", "5.0"));
  EXPECT_FALSE(fits("{type: integer}", "5.5"));
}

TEST(Params, JsonMustBeAnObject) {
  const auto dag = dag_with("{a: {default: 1}}");
  EXPECT_FALSE(resolve_params_json(*dag, "[]").ok());
  EXPECT_FALSE(resolve_params_json(*dag, "{").ok());
  EXPECT_FALSE(resolve_params_json(*dag, R"({"b":1})").ok());
  EXPECT_TRUE(resolve_params_json(*dag, "{}").ok());
}

}  // namespace
}  // namespace baton
