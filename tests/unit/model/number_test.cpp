#include "scheduler/model/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace baton {
namespace {

TEST(Number, AnIntegerOfADecimalIsExactOrNone) {
  EXPECT_EQ(exact_integer("1e18"), 1'000'000'000'000'000'000);
  EXPECT_EQ(exact_integer("9007199254740993.0"), 9007199254740993);  // no double is this number
  EXPECT_EQ(exact_integer("-9.223372036854775808e18"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(exact_integer("2.50e1"), 25);
  EXPECT_EQ(exact_integer("0.0000e400"), 0);
  EXPECT_EQ(exact_integer("-0.0"), 0);
  EXPECT_EQ(exact_integer("00012"), 12);
  for (const std::string_view none : {"9223372036854775808", "1e19", "1e30", "0.5", "1.0000000000000000000000001",
                                      "0.9999999999999999999999", "1e-1", "1e999999999999", "", "x", "1e", "-"}) {
    EXPECT_EQ(exact_integer(none), std::nullopt) << none;
  }
}

TEST(Number, ADoubleThatIsTooSmallIsZero) {
  EXPECT_EQ(read_double("1e-324"), 0.0);
  EXPECT_EQ(read_double("0." + std::string(400, '0') + "1"), 0.0);
  EXPECT_TRUE(std::signbit(*read_double("-1e-400")));
  EXPECT_EQ(read_double("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(read_double(std::string(400, '9')), std::nullopt);
  EXPECT_EQ(read_double("1e309"), std::nullopt);
  EXPECT_EQ(read_double("0e999"), 0.0);
  EXPECT_EQ(read_double("0x10"), std::nullopt);
  EXPECT_EQ(read_double("inf"), std::nullopt);
}

TEST(Number, JsonKnowsFewerSpellingsThanYaml) {
  for (const std::string_view yes : {"0", "-0", "10", "1.0", "1e5", "1E+5", "-0.5e-7"}) EXPECT_TRUE(is_json_number(yes));
  for (const std::string_view no : {"01", "+1", ".5", "1.", "0x1F", "1e", "", "-", "1_000"}) {
    EXPECT_FALSE(is_json_number(no)) << no;
  }
}

TEST(Number, YamlNumbersAreThoseOfTheCoreSchema) {
  EXPECT_EQ(core_number("0x1F").integer, 31);
  EXPECT_EQ(core_number("+7").integer, 7);
  EXPECT_EQ(core_number("-9223372036854775808").integer, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(core_number("9223372036854775808").kind, CoreNumber::Kind::too_large);
  EXPECT_EQ(core_number("1e-400").kind, CoreNumber::Kind::floating);
  EXPECT_EQ(core_number("1e400").kind, CoreNumber::Kind::too_large);
  EXPECT_EQ(core_number("010").kind, CoreNumber::Kind::leading_zero);
  EXPECT_EQ(core_number("1.2.3").kind, CoreNumber::Kind::text);
}

}  // namespace
}  // namespace baton
