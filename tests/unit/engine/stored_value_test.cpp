// Items as the store keeps them read back as the very same values.
#include "scheduler/engine/stored_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/json.h"

namespace baton {
namespace {

TEST(StoredValue, ReadsBackAsTheSameValue) {
  const Value at{Timestamp{1, 500'000'000}};
  const Value span{Duration{-3, -1}};
  const std::vector<Value> values = {
      Value{},
      Value{true},
      Value{std::int64_t{7}},
      Value{7.0},
      Value{-0.0},
      Value{1e20},
      Value{5e-324},
      Value{std::numeric_limits<std::int64_t>::min()},
      Value{std::numeric_limits<double>::infinity()},
      Value{"2026-01-01T00:00:00Z"},
      at,
      span,
      ValueList{at, ValueList{span}, "x"},
      ValueMap{{"at", at}, {"n", 1}},
      ValueMap{{1, "int"}, {"1", "string"}, {true, "bool"}},
      ValueMap{{"$baton", "mine"}},
      ValueMap{{"$baton", ValueList{"timestamp", "2026-01-01T00:00:00Z"}}},
      ValueMap{{"$baton", ValueList{"map", ValueList{}}}},
      ValueMap{},
  };
  for (const Value& value : values) {
    const std::string json = stored_json(value);
    const auto back = value_of_stored(json);
    ASSERT_TRUE(back.ok()) << json;
    EXPECT_EQ(*back, value) << json;
    EXPECT_EQ(expr::to_json(*back), expr::to_json(value)) << json;
  }
}

TEST(StoredValue, OfAnyDepthReadsBack) {
  Value deep{1};
  for (int k = 0; k < 300; ++k) deep = ValueMap{{k, deep}};
  EXPECT_TRUE(value_of_stored(stored_json(deep)).ok());
}

TEST(StoredValue, WhatJsonCanSayIsPlainAndOldRowsReadAsTheyAre) {
  EXPECT_EQ(stored_json(ValueMap{{"a", ValueList{1, 2.5, "x"}}}), R"({"a":[1,2.5,"x"]})");
  for (const char* old : {R"({"$baton":"x"})", R"({"$baton":["timestamp","soon"]})", R"({"$baton":[1,2]})"}) {
    const auto value = value_of_stored(old);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(expr::to_json(*value), old);
  }
  EXPECT_FALSE(value_of_stored("{").ok());
}

}  // namespace
}  // namespace baton
