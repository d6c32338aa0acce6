#include "scheduler/json/json_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "scheduler/model/time_value.h"

namespace baton {
namespace {

std::string round_trip(std::string_view text) {
  const Result<Value> value = from_json(text);
  return value.ok() ? to_json(*value) : "error: " + value.error().message;
}

TEST(Json, NumbersKeepTheirKind) {
  EXPECT_EQ(round_trip("[1, 1.0, -0.0, 1e3, 9223372036854775807, -9223372036854775808]"),
            "[1,1.0,-0.0,1e3,9223372036854775807,-9223372036854775808]");
}

TEST(Json, IntegersAreExactOrRefused) {
  for (const std::string_view text :
       {"9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "[1, 18446744073709551615]"}) {
    const Result<Value> value = from_json(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_NE(value.error().message.find("does not fit 64 bits"), std::string::npos) << value.error().message;
  }
}

TEST(Json, ADoubleThatIsTooSmallIsZeroAndOneThatIsTooLargeIsRefused) {
  EXPECT_EQ(from_json("1e-324")->as_double(), 0.0);
  EXPECT_TRUE(std::signbit(from_json("-1e-999")->as_double()));
  EXPECT_EQ(from_json("5e-324")->as_double(), std::numeric_limits<double>::denorm_min());
  EXPECT_FALSE(from_json("1e999").ok());
  EXPECT_FALSE(from_json("-1e309").ok());
}

TEST(Json, NumbersKeepTheirSpelling) {
  EXPECT_EQ(round_trip("[1.10, 1e20, 1E-2, 0.1, 2.50e1]"), "[1.10,1e20,1E-2,0.1,2.50e1]");
  EXPECT_EQ(*from_json("1.10")->spelling(), "1.10");
  EXPECT_EQ(from_json("1.5")->spelling(), nullptr);
  EXPECT_EQ(*from_json("1.10"), Value(1.1));
}

TEST(Json, WhatWasReadIsNeverLongerWhenWritten) {
  for (const std::string_view text : {R"(["\b\f\n", "\/"])", "[1e20,1e20,1e20]", "[1.0,1E5,-0.0,-0]", "\"\x7f\""}) {
    EXPECT_LE(round_trip(text).size(), text.size()) << text;
  }
}

void expect_exact(const Value& value, const std::string& json) {
  EXPECT_EQ(to_exact_json(value), json);
  const Result<Value> back = from_exact_json(json);
  ASSERT_TRUE(back.ok()) << json << ": " << back.error().message;
  EXPECT_EQ(*back, value) << json;
  EXPECT_EQ(to_exact_json(*back), json);
  ASSERT_EQ(back->spelling() == nullptr, value.spelling() == nullptr) << json;
  if (value.spelling() != nullptr) {
    EXPECT_EQ(*back->spelling(), *value.spelling());
  }
}

TEST(ExactJson, BringsEveryTypeBack) {
  expect_exact(Value(Timestamp{1767225600, 0}), R"({"$timestamp":"2026-01-01T00:00:00Z"})");
  expect_exact(Value(Timestamp{kTimestampSecondsMin, 1}), R"({"$timestamp":"0001-01-01T00:00:00.000000001Z"})");
  expect_exact(Value(Duration{-3, -500'000'000}), R"({"$duration":"-3.5s"})");
  expect_exact(Value(std::numeric_limits<double>::infinity()), R"({"$double":"Infinity"})");
  expect_exact(Value(1.0), R"({"$double":"1"})");
  expect_exact(Value(0.1), "0.1");
  expect_exact(Value(1e300), "1e+300");
  expect_exact(Value::spelled(1.0, "1.0"), "1.0");
  expect_exact(Value::spelled(1.1, "1.10"), "1.10");
  expect_exact(Value::spelled(std::int64_t{31}, "0x1F"), R"({"$number":"0x1F"})");
  expect_exact(Value::spelled(0.5, ".5"), R"({"$number":".5"})");
  expect_exact(Value(ValueMap{{Value(1), Value("a")}, {Value(true), Value()}}), R"({"$map":[[1,"a"],[true,null]]})");
  EXPECT_TRUE(std::isnan(from_exact_json(to_exact_json(Value(std::nan(""))))->as_double()));
}

TEST(ExactJson, AMapThatLooksLikeANameStaysAMap) {
  expect_exact(Value(ValueMap{{Value("$timestamp"), Value("2026-01-01T00:00:00Z")}}),
               R"({"$map":[["$timestamp","2026-01-01T00:00:00Z"]]})");
  expect_exact(Value(ValueMap{{Value("$ref"), Value(1)}}), R"({"$map":[["$ref",1]]})");
  expect_exact(Value(ValueMap{{Value("$double"), Value("1")}, {Value("b"), Value(1)}}), R"({"$double":"1","b":1})");
}

TEST(ExactJson, ReadsWhatWasWrittenBeforeThereWasOne) {
  EXPECT_EQ(*from_exact_json(R"({"$ref":1})"), *from_json(R"({"$ref":1})"));
  EXPECT_EQ(*from_exact_json(R"({"$timestamp":"yesterday"})"), *from_json(R"({"$timestamp":"yesterday"})"));
}

TEST(ExactJson, ADeepValueWithATimeInItComesBack) {
  Value deep(Timestamp{0, 0});
  for (int i = 0; i < 200; ++i) deep = Value(ValueMap{{Value(i), deep}});
  EXPECT_EQ(*from_exact_json(to_exact_json(deep)), deep);
}

TEST(Json, WhatJsonLacksBecomesAString) {
  EXPECT_EQ(to_json(Value(std::nan(""))), "\"NaN\"");
  EXPECT_EQ(to_json(Value(-std::numeric_limits<double>::infinity())), "\"-Infinity\"");
  EXPECT_EQ(to_json(Value(Timestamp{0, 500'000'000})), "\"1970-01-01T00:00:00.5Z\"");
  EXPECT_EQ(to_json(Value(Duration{3, 500'000'000})), "\"3.5s\"");
  EXPECT_EQ(to_json(Value(ValueMap{{Value(1), Value(true)}, {Value(false), Value()}})), R"({"1":true,"false":null})");
}

TEST(Json, TaggedFormNamesTheType) {
  EXPECT_EQ(to_tagged_json(Value(42)), R"({"type":"int","value":42})");
  EXPECT_EQ(to_tagged_json(Value(Duration{90, 0})), R"({"type":"duration","value":"90s"})");
}

TEST(Json, StringsAreEscapedAndInvalidBytesReplaced) {
  EXPECT_EQ(to_json(Value(std::string("a\"\\\n\t\x01\0é", 9))), "\"a\\\"\\\\\\n\\t\\u0001\\u0000é\"");
  EXPECT_EQ(to_json(Value("a\xff\xc3")), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Json, LimitsAndBrokenTextsAreErrors) {
  EXPECT_TRUE(from_json(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_FALSE(from_json(std::string(65, '[') + std::string(65, ']')).ok());
  EXPECT_FALSE(from_json(std::string(1'000'000, '[')).ok());
  EXPECT_FALSE(from_json("[1,2]", {64, 4}).ok());
  for (const std::string_view bad :
       {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "1 2", "nul", "'a'", "\"\xff\"", "NaN", "01", "1.", ".5", "+1",
        "\"\n\"", "\"\\x\"", "\"\\ud800\"", "[1 2]", "{\"a\" 1}", "{a:1}", "[1}", "-", "tru", "[,1]", "\"\\u12g4\""}) {
    EXPECT_FALSE(from_json(bad).ok()) << bad;
  }
  EXPECT_NE(from_json("{\"a\":1,\"a\":2}").error().message.find("\"a\""), std::string::npos);
}

Value random_value(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 4 ? 5 : 7)) {
    case 0:
      return Value();
    case 1:
      return Value(random() % 2 == 0);
    case 2:
      return Value(static_cast<std::int64_t>(random()));
    case 3: {
      double number = 0;
      const std::uint64_t bits = random();
      std::memcpy(&number, &bits, sizeof(number));
      return Value(std::isfinite(number) ? number : 0.5);
    }
    case 4: {
      static const std::vector<std::string> kPieces{"a",    "\"", "\\", "\n", "é", "🐱", std::string(1, '\0'),
                                                    "\x7f", "/",  "\r"};
      std::string text;
      for (std::size_t n = random() % 6; n > 0; --n) text += kPieces[random() % kPieces.size()];
      return Value(text);
    }
    case 5: {
      ValueList list;
      for (std::size_t n = random() % 4; n > 0; --n) list.push_back(random_value(random, depth + 1));
      return Value(list);
    }
    default: {
      ValueMap map;
      for (std::size_t n = random() % 4; n > 0; --n)
        map.emplace_back(Value("k" + std::to_string(n)), random_value(random, depth + 1));
      return Value(map);
    }
  }
}

TEST(Json, EveryValueComesBackTheSame) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 5000; ++i) {
    const Value value = random_value(random, 0);
    const Result<Value> back = from_json(to_json(value));
    ASSERT_TRUE(back.ok()) << to_json(value);
    ASSERT_EQ(*back, value) << to_json(value);
    ASSERT_EQ(to_exact_json(*from_exact_json(to_exact_json(value))), to_exact_json(value));
  }
}

TEST(Json, RandomBytesNeverCrash) {
  std::mt19937 random(3);
  static constexpr std::string_view kCharacters = "{}[]\",:0123456789.eE+-truefalsn\\u \n\xc3\xa9\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 20; n > 0; --n) text += kCharacters[random() % kCharacters.size()];
    const Result<Value> value = from_json(text);
    if (value.ok()) {
      EXPECT_TRUE(from_json(to_json(*value)).ok()) << text;
    }
  }
}

}  // namespace
}  // namespace baton
