#include "scheduler/engine/outputs.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace baton {
namespace {

using Type = OutputSpec::Type;

TaskSpec declaring(std::vector<OutputSpec> outputs) {
  TaskSpec spec;
  spec.outputs = std::move(outputs);
  return spec;
}

Result<CheckedOutputs> check_one(Type type, const std::string& json_value) {
  return check_outputs(declaring({{"x", type}}), "{\"x\": " + json_value + "}");
}

TEST(Outputs, EachTypeTakesItsOwnValuesAlone) {
  const std::vector<std::string> values = {"\"text\"", "7",   "7.5", "true", "[1]", "{}", "\"2026-01-01T00:00:00Z\"",
                                           "\"3.5s\"", "null"};
  const std::vector<std::pair<Type, std::string>> fits = {
      // One column for each value above.
      {Type::string, "y.....yy."},    {Type::integer, ".y......."},  {Type::number, ".yy......"},
      {Type::boolean, "...y....."},   {Type::list, "....y...."},     {Type::map, ".....y..."},
      {Type::timestamp, "......y.."}, {Type::duration, ".......y."}, {Type::any, "yyyyyyyyy"},
  };
  for (const auto& [type, columns] : fits) {
    for (std::size_t v = 0; v < values.size(); ++v) {
      EXPECT_EQ(check_one(type, values[v]).ok(), columns[v] == 'y') << static_cast<int>(type) << " " << values[v];
    }
  }
}

TEST(Outputs, TimesBecomeTimes) {
  const auto at = check_one(Type::timestamp, "\"1970-01-01T00:00:01.5Z\"");
  ASSERT_TRUE(at.ok());
  EXPECT_EQ(*at->value.find("x"), (Value{Timestamp{1, 500'000'000}}));
  const auto span = check_one(Type::duration, "\"1h30m\"");
  ASSERT_TRUE(span.ok());
  EXPECT_EQ(*span->value.find("x"), (Value{Duration{5400, 0}}));
}

TEST(Outputs, AWholeNumberIsADoubleWhereItIsDeclaredANumber) {
  const auto out = check_one(Type::number, "1");
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(*out->value.find("x"), Value(1.0));
  const auto restored = restored_outputs(declaring({{"x", Type::number}}), R"({"x":1})");  // kept before
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(*restored->find("x"), Value(1.0));
  EXPECT_TRUE(check_one(Type::number, "9007199254740992").ok());
  EXPECT_FALSE(check_one(Type::number, "9007199254740993").ok()) << "no double holds it";
}

TEST(Outputs, AnIntegerBeyond64BitsIsNoInteger) {
  EXPECT_TRUE(check_one(Type::integer, "9223372036854775807").ok());
  EXPECT_FALSE(check_one(Type::integer, "9223372036854775808").ok());
  EXPECT_FALSE(check_one(Type::integer, "1.0").ok());
}

TEST(Outputs, TheTextReadsBackToTheSame) {
  const TaskSpec spec = declaring({{"at", Type::timestamp}, {"for", Type::duration}, {"rest", Type::any}});
  const auto first = check_outputs(spec, R"({"at":"2026-01-01T00:00:00Z","for":"90s","rest":{"a":[1,2.5,null,"ü"]}})");
  ASSERT_TRUE(first.ok());
  const auto again = check_outputs(spec, first->json);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->value == first->value);
  EXPECT_EQ(again->json, first->json);
}

TEST(Outputs, NothingWrittenIsFineWhereNothingIsDeclared) {
  for (const char* blank : {"", " \n\t\r"}) {
    const auto out = check_outputs(declaring({}), blank);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(out->json, "");
    EXPECT_TRUE(out->value.as_map().empty());
    const auto missing = check_outputs(declaring({{"x", Type::any}}), blank);
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("$BATON_OUTPUT"), std::string::npos);
  }
}

TEST(Outputs, AMissingNameIsNamed) {
  const auto out = check_outputs(declaring({{"rows", Type::integer}, {"path", Type::string}}), R"({"rows": 1})");
  ASSERT_FALSE(out.ok());
  EXPECT_NE(out.error().message.find("\"path\""), std::string::npos);
}

TEST(Outputs, AWrongTypeSaysWhatItIsAndIsNoLongerThanALine) {
  const auto out = check_one(Type::integer, "\"" + std::string(1000, 'a') + "\"");
  ASSERT_FALSE(out.ok());
  EXPECT_NE(out.error().message.find("is declared int"), std::string::npos);
  EXPECT_LT(out.error().message.size(), 200U);
}

TEST(Outputs, ExtraNamesAreKeptWithAWarning) {
  const auto out = check_outputs(declaring({{"x", Type::integer}}), R"({"y": 1, "x": 2, "z": 3})");
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->warning, "outputs that are not declared: y, z");
  EXPECT_EQ(*out->value.find("z"), Value{3});
  EXPECT_EQ(check_outputs(declaring({}), R"({"y": 1})")->warning, "");
}

TEST(Outputs, OnlyOneObjectIsTaken) {
  for (const char* text : {"[1]", "7", "\"x\"", "null", "{} {}", "{", "{\"a\":1,\"a\":2}", "x", "{\"a\":NaN}"}) {
    EXPECT_FALSE(check_outputs(declaring({}), text).ok()) << text;
  }
}

std::string nested(int depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Outputs, DepthAndSizeHaveLimits) {
  EXPECT_TRUE(check_one(Type::any, nested(63)).ok());
  EXPECT_FALSE(check_one(Type::any, nested(64)).ok());
  EXPECT_FALSE(check_one(Type::any, nested(100'000)).ok());
  const std::size_t frame = std::string(R"({"x": ""})").size();
  EXPECT_TRUE(check_one(Type::any, "\"" + std::string((1 << 20) - frame, 'a') + "\"").ok());
  EXPECT_FALSE(check_one(Type::any, "\"" + std::string((1 << 20) - frame + 1, 'a') + "\"").ok());
}

TEST(Outputs, NumbersAreKeptAsTheyAreWrittenAndReadBack) {  // with all its digits 1e20 would be four times as long
  std::string json = R"({"x": [1e20)";
  for (int k = 1; k < 20'000; ++k) json += ",1e20";
  json += "]}";
  const TaskSpec spec = declaring({{"x", Type::list}});
  const auto accepted = check_outputs(spec, json);
  ASSERT_TRUE(accepted.ok());
  EXPECT_LE(accepted->json.size(), json.size());
  EXPECT_TRUE(restored_outputs(spec, accepted->json).ok());
}

TEST(Outputs, WhatWasAcceptedIsReadBackWhateverTheTaskDeclaresNow) {
  const auto accepted = check_outputs(declaring({{"at", Type::timestamp}}), R"({"at":"2026-01-01T00:00:00Z"})");
  ASSERT_TRUE(accepted.ok());
  const auto same = restored_outputs(declaring({{"at", Type::timestamp}}), accepted->json);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(*same, accepted->value);
  EXPECT_TRUE(restored_outputs(declaring({{"at", Type::integer}, {"more", Type::any}}), accepted->json).ok());
  std::string large = R"({"x":")" + std::string(3 << 20, 'a') + "\"}";  // of a version that knew no limit
  EXPECT_TRUE(restored_outputs(declaring({}), large).ok());
}

}  // namespace
}  // namespace baton
