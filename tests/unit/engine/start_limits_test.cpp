#include "scheduler/engine/start_limits.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace baton {
namespace {

TEST(Rate, IsReadAsItIsWritten) {
  for (const char* text : {"10/s", "100/m", "5/h", "1000000/s"}) {
    ASSERT_TRUE(parse_rate(text).has_value()) << text;
    EXPECT_EQ(to_string(*parse_rate(text)), text);
  }
  for (const char* text : {"", "/", "10", "10/", "/s", "0/s", "-1/s", "1.5/s", "10/d", "10/ss", "10 /s", "1000001/s", "x/s"}) {
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
  }
  EXPECT_EQ(to_string(Rate{}), "");
}

TEST(TokenBucket, BeginsUsedUpAndHoldsWhatComesInWithinASecond) {
  TokenBucket bucket({10, kSecond}, 0);
  EXPECT_EQ(bucket.permits(0), 0);
  EXPECT_EQ(bucket.due(0), 100 * kMillisecond);
  EXPECT_EQ(bucket.permits(100 * kMillisecond), 1);
  EXPECT_EQ(bucket.permits(kDay), 10);
}

TEST(TokenBucket, OfASlowRateHoldsOne) {
  TokenBucket bucket({5, kHour}, 0);
  EXPECT_EQ(bucket.due(0), 12 * kMinute);
  EXPECT_EQ(bucket.permits(12 * kMinute - 1), 0);
  EXPECT_EQ(bucket.permits(kDay), 1);
  bucket.take(kDay);
  EXPECT_EQ(bucket.permits(kDay), 0);
  EXPECT_EQ(bucket.due(kDay), kDay + 12 * kMinute);
}

TEST(TokenBucket, WithoutARateLetsAllThrough) {
  TokenBucket bucket({}, 0);
  bucket.take(0);
  EXPECT_GT(bucket.permits(0), 1'000'000);
}

TEST(TokenBucket, KeepsWhatItHasWhenItsRateChanges) {
  TokenBucket bucket({10, kSecond}, 0);
  EXPECT_EQ(bucket.permits(kMinute), 10);
  bucket.set_rate({3, kSecond}, kMinute);
  EXPECT_EQ(bucket.permits(kMinute), 3);
  for (int i = 0; i < 3; ++i) bucket.take(kMinute);
  bucket.set_rate({1, kMinute}, kMinute);
  EXPECT_EQ(bucket.permits(kMinute), 0);
  EXPECT_EQ(bucket.due(kMinute), 2 * kMinute);
}

/// Whatever the moments at which it is asked: never more in any span than the rate and what it holds, and whoever waits
/// until due() may start then.
TEST(TokenBucket, IsNeverAboveItsRateAndNeverLate) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Rate rate{static_cast<std::int32_t>(1 + random() % 130), seed % 3 == 0 ? kSecond : seed % 3 == 1 ? kMinute : kHour};
    const std::int64_t holds = std::max<std::int64_t>(rate.starts * kSecond / rate.per_us, 1);
    TokenBucket bucket(rate, 0);
    std::vector<MonoUs> starts;
    MonoUs now = 0;
    for (int step = 0; step < 150; ++step) {
      now += static_cast<MonoUs>(random() % static_cast<std::uint64_t>(3 * rate.per_us / rate.starts + 2));
      if (random() % 3 == 0) now = bucket.due(now);
      for (; bucket.permits(now) > 0; bucket.take(now)) starts.push_back(now);
      ASSERT_GT(bucket.due(now), now);
      ASSERT_EQ(TokenBucket(bucket).permits(bucket.due(now) - 1), 0);
      ASSERT_GE(TokenBucket(bucket).permits(bucket.due(now)), 1);
    }
    for (std::size_t a = 0; a < starts.size(); ++a) {
      for (std::size_t b = a; b < starts.size(); ++b) {
        const auto within = static_cast<std::int64_t>(b - a) + 1;
        ASSERT_LE(within * rate.per_us, (starts[b] - starts[a]) * rate.starts + holds * rate.per_us);
      }
    }
  }
}

TEST(RetryBudget, LetsTenAMinuteThroughAndThenAPart) {
  RetryBudget budget(200'000);
  EXPECT_EQ(budget.permits(0), 10);
  for (int i = 0; i < 100; ++i) budget.note_start(false, 0);
  EXPECT_EQ(budget.permits(0), 20);
  for (int i = 0; i < 20; ++i) budget.note_start(true, 0);
  EXPECT_EQ(budget.permits(0), 0);
  EXPECT_EQ(budget.due(0), 61 * kSecond);
  EXPECT_EQ(budget.permits(61 * kSecond), 10);
  EXPECT_EQ(budget.due(61 * kSecond), std::nullopt);
}

TEST(RetryBudget, OfNothingLetsAllThrough) {
  RetryBudget budget(0);
  for (int i = 0; i < 100; ++i) budget.note_start(true, 0);
  EXPECT_GT(budget.permits(0), 1'000'000);
}

/// In no minute, wherever it begins, are there more retries than the part of the first tries of that minute, or ten: when
/// one starts, that is so of the minute which ends with it.
TEST(RetryBudget, HoldsInEveryMinute) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    RetryBudget budget(200'000);
    std::deque<std::pair<MonoUs, bool>> starts;
    MonoUs now = static_cast<MonoUs>(random() % kHour);
    for (int step = 0; step < 1'500; ++step) {
      now += static_cast<MonoUs>(random() % (seed % 2 == 0 ? kSecond : 40 * kMillisecond));
      const bool is_retry = random() % 2 == 0;
      if (is_retry && budget.permits(now) == 0) {
        ASSERT_TRUE(budget.due(now).has_value());
        ASSERT_GT(*budget.due(now), now);
        continue;
      }
      budget.note_start(is_retry, now);
      starts.emplace_back(now, is_retry);
      if (!is_retry) continue;
      std::int64_t firsts = 0, retries = 0;
      for (const auto& [at, is_one] : starts) {
        if (at > now - kMinute) ++(is_one ? retries : firsts);
      }
      ASSERT_LE(retries, std::max<std::int64_t>(firsts / 5, 10));
    }
  }
}

}  // namespace
}  // namespace baton
