#include "scheduler/expr/template.h"

#include <gtest/gtest.h>

#include "scheduler/json/json_value.h"

namespace baton::expr {
namespace {

std::string rendered(std::string_view text, const Value& x = Value(1)) {
  const ParsedTemplate parsed = parse_template(text);
  if (!parsed.ok()) return "syntax: " + parsed.errors.front().message;
  FixedNames names;
  names.set("x", x);
  const Outcome<Value> value = render(parsed.value, text, names);
  return value.ok() ? to_tagged_json(*value) : "error: " + value.error().message;
}

TEST(Template, OneExpressionKeepsItsType) {
  EXPECT_EQ(rendered("${{ x }}"), R"({"type":"int","value":1})");
  EXPECT_EQ(rendered(" ${{ [x] }}\n"), R"({"type":"list","value":[1]})");
  EXPECT_EQ(rendered("${{ null }}"), R"({"type":"null","value":null})");
}

TEST(Template, PartsBecomeText) {
  EXPECT_EQ(rendered("a-${{ x }}-${{ x + 1 }}"), R"({"type":"string","value":"a-1-2"})");
  EXPECT_EQ(rendered("d=${{ x }}", Value(Duration{3, 500'000'000})), R"({"type":"string","value":"d=3.5s"})");
  EXPECT_EQ(rendered("plain"), R"({"type":"string","value":"plain"})");
  EXPECT_EQ(rendered(""), R"({"type":"string","value":""})");
  EXPECT_EQ(rendered("n=${{ x }}", Value(1e6)), R"({"type":"string","value":"n=1000000"})");
}

TEST(Template, WhatHasNoTextIsAnError) {
  EXPECT_TRUE(rendered("a${{ x }}", Value()).starts_with("error: null"));
  EXPECT_TRUE(rendered("a${{ x }}", Value(ValueList{})).starts_with("error: a list"));
  EXPECT_TRUE(rendered("a${{ x }}", Value(ValueMap{})).starts_with("error: a map"));
}

TEST(Template, BracesInsideTheExpressionDoNotEndIt) {
  EXPECT_EQ(rendered("${{ '}}' }}!"), R"({"type":"string","value":"}}!"})");
  EXPECT_EQ(rendered("${{ {'a': {'b': 1}}.a.b }}}}"), R"({"type":"string","value":"1}}"})");
  EXPECT_EQ(rendered("${{ \"${{\" }}"), R"({"type":"string","value":"${{"})");
}

TEST(Template, EveryBrokenExpressionIsReportedAtItsPlace) {
  const ParsedTemplate parsed = parse_template("a ${{ 1 + }} b ${{ x y }} c ${{ 'abc }}");
  ASSERT_EQ(parsed.errors.size(), 3U);
  EXPECT_EQ(parsed.errors[0].where.begin, 10U);
  EXPECT_EQ(parsed.errors[1].where.begin, 21U);
  EXPECT_EQ(parsed.errors[2].where.begin, 32U);
  EXPECT_EQ(parse_template("a ${{ x").errors.at(0).where, (SourceRange{2, 5}));
}

TEST(Template, RangesSpeakOfTheWholeText) {
  constexpr std::string_view text = "abc ${{ nope }}";
  const ParsedTemplate parsed = parse_template(text);
  FixedNames names;
  const Outcome<Value> value = render(parsed.value, text, names);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().where, (SourceRange{8, 12}));
  EXPECT_EQ(parsed.value.parts[1].where, (SourceRange{4, 15}));
}

TEST(Template, ConditionsMayLeaveTheBracesOut) {
  EXPECT_TRUE(parse_bare_or_template("a && b").ok());
  EXPECT_TRUE(parse_bare_or_template("${{ a && b }}").ok());
  EXPECT_FALSE(parse_bare_or_template("${{ a }} && b").ok());
  EXPECT_FALSE(parse_bare_or_template("a &&").ok());
}

}  // namespace
}  // namespace baton::expr
