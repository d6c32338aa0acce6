#include <gtest/gtest.h>

#include <random>

#include "scheduler/model/time_value.h"

namespace baton {
namespace {

TEST(TimestampText, IsRfc3339WithTheDigitsThatItNeeds) {
  EXPECT_EQ(timestamp_text({0, 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(timestamp_text({1'767'225'599, 0}), "2025-12-31T23:59:59Z");
  EXPECT_EQ(timestamp_text({-1, 999'999'999}), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(timestamp_text({0, 500'000'000}), "1970-01-01T00:00:00.5Z");
  EXPECT_EQ(timestamp_text({0, 120'000}), "1970-01-01T00:00:00.00012Z");
  EXPECT_EQ(timestamp_text({kTimestampSecondsMin, 0}), "0001-01-01T00:00:00Z");
  EXPECT_EQ(timestamp_text({kTimestampSecondsMax, 0}), "9999-12-31T23:59:59Z");
  EXPECT_EQ(timestamp_text({kTimestampSecondsMax + 1, 0}), "10000-01-01T00:00:00Z");
}

TEST(TimestampText, IsReadAsTheSameTime) {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<std::int64_t> seconds(kTimestampSecondsMin, kTimestampSecondsMax);
  std::uniform_int_distribution<std::int32_t> nanos(0, 999'999'999);
  for (int k = 0; k < 20'000; ++k) {
    Timestamp time{seconds(random), nanos(random)};
    if (k % 3 == 0) time.nanos = time.nanos / 1'000'000 * 1'000'000;
    const std::string text = timestamp_text(time);
    const auto read = parse_timestamp(text);
    ASSERT_TRUE(read.ok()) << text;
    ASSERT_EQ(read->seconds, time.seconds) << text;
    ASSERT_EQ(read->nanos, time.nanos) << text;
  }
}

}  // namespace
}  // namespace baton
