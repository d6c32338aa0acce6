#include "scheduler/engine/retry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

namespace baton {
namespace {

using Backoff = RetryPolicy::Backoff;
using Jitter = RetryPolicy::Jitter;
using Kind = FailureClass::Kind;
using Outcome = AttemptEnd::Outcome;

constexpr DurationUs kForever = std::numeric_limits<DurationUs>::max();

RetryPolicy policy(Backoff backoff, Jitter jitter, DurationUs delay = 5 * kSecond, DurationUs cap = 10 * kMinute) {
  RetryPolicy p;
  p.max = 3;
  p.backoff = backoff;
  p.jitter = jitter;
  p.delay_us = delay;
  p.max_delay_us = cap;
  return p;
}

AttemptEnd end_of(Outcome outcome, int exit_code = -1) {
  AttemptEnd end;
  end.outcome = outcome;
  end.exit_code = exit_code;
  return end;
}

TEST(Retry, ConstantDelayStaysAndIsNotCapped) {
  const RetryPolicy p = policy(Backoff::constant, Jitter::none, 20 * kMinute);
  for (const int n : {1, 2, 3, 100, std::numeric_limits<int>::max()}) EXPECT_EQ(retry_delay_us(p, n, 7), 20 * kMinute);
}

TEST(Retry, LinearDelayGrowsByItselfUpToTheCap) {
  const RetryPolicy p = policy(Backoff::linear, Jitter::none, 4 * kSecond, 11 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 1, 7), 4 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 2, 7), 8 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 3, 7), 11 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 4, 7), 11 * kSecond);
}

TEST(Retry, ExponentialDelayDoublesUpToTheCap) {
  const RetryPolicy p = policy(Backoff::exponential, Jitter::none, 5 * kSecond, 33 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 1, 7), 5 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 2, 7), 10 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 3, 7), 20 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 4, 7), 33 * kSecond);
  EXPECT_EQ(retry_delay_us(p, 5, 7), 33 * kSecond);
}

TEST(Retry, NoDelayOverflows) {
  for (const Backoff b : {Backoff::linear, Backoff::exponential}) {
    for (const int n : {1, 2, 40, 61, 62, 63, 64, 65, 1000, std::numeric_limits<int>::max()}) {
      for (const DurationUs base : {DurationUs{1}, kSecond, kForever / 2, kForever}) {
        const DurationUs d = retry_delay_us(policy(b, Jitter::none, base, kForever), n, 1);
        EXPECT_GE(d, base) << n;
        EXPECT_GE(retry_delay_us(policy(b, Jitter::full, base, kForever), n, 1), 0) << n;
        EXPECT_LE(retry_delay_us(policy(b, Jitter::none, base, kDay), n, 1), kDay) << n;
      }
    }
  }
}

TEST(Retry, GrowthNeverFallsFromOneFailureToTheNext) {
  for (const Backoff b : {Backoff::constant, Backoff::linear, Backoff::exponential}) {
    DurationUs last = 0;
    for (int n = 1; n < 200; ++n) {
      const DurationUs d = retry_delay_us(policy(b, Jitter::none, 3, 10'000), n, 1);
      EXPECT_GE(d, last);
      last = d;
    }
  }
}

TEST(Retry, NegativeOrZeroDelaysAreNoDelay) {
  for (const Backoff b : {Backoff::constant, Backoff::linear, Backoff::exponential}) {
    for (const Jitter j : {Jitter::none, Jitter::full, Jitter::equal}) {
      EXPECT_EQ(retry_delay_us(policy(b, j, 0), 70, 1), 0);
      EXPECT_EQ(retry_delay_us(policy(b, j, -kSecond), 2, 1), 0);
    }
  }
}

TEST(Retry, FullJitterFillsTheWholeSpanAndNothingBeyond) {
  const RetryPolicy p = policy(Backoff::exponential, Jitter::full, 10);
  std::set<DurationUs> seen;
  for (int s = 0; s < 2000; ++s) {
    const DurationUs d = retry_delay_us(p, 1, retry_seed("run", "task", -1, s));
    ASSERT_GE(d, 0);
    ASSERT_LE(d, 10);
    seen.insert(d);
  }
  EXPECT_EQ(seen.size(), 11U);
}

TEST(Retry, EqualJitterFillsTheUpperHalf) {
  const RetryPolicy p = policy(Backoff::constant, Jitter::equal, 11);
  std::set<DurationUs> seen;
  for (int s = 0; s < 2000; ++s) seen.insert(retry_delay_us(p, 1, retry_seed("run", "task", -1, s)));
  EXPECT_EQ(*seen.begin(), 5);
  EXPECT_EQ(*seen.rbegin(), 11);
  EXPECT_EQ(seen.size(), 7U);
}

TEST(Retry, JitterIsDrawnEvenly) {
  const RetryPolicy p = policy(Backoff::constant, Jitter::full, kSecond);
  double sum = 0;
  for (int s = 0; s < 10'000; ++s) sum += static_cast<double>(retry_delay_us(p, 1, retry_seed("r", "t", s, 1)));
  EXPECT_NEAR(sum / 10'000, 0.5 * kSecond, 0.02 * kSecond);
}

TEST(Retry, TheSeedTellsEveryPartApartAndIsAlwaysTheSame) {
  std::set<std::uint64_t> seeds;
  int n = 0;
  for (const char* run : {"a", "ab", "b"}) {
    for (const char* task : {"c", "bc", "b"}) {
      for (const int index : {-1, 0, 1}) {
        for (const int failure : {1, 2, 3}) {
          const auto seed = retry_seed(run, task, index, failure);
          EXPECT_EQ(seed, retry_seed(std::string(run), std::string(task), index, failure));
          seeds.insert(seed);
          ++n;
        }
      }
    }
  }
  EXPECT_EQ(seeds.size(), static_cast<std::size_t>(n));
}

TEST(Retry, MaxIsAHardBound) {
  const RetryPolicy p = policy(Backoff::constant, Jitter::none);
  EXPECT_TRUE(retries_again(p, end_of(Outcome::exited, 1), 1));
  EXPECT_TRUE(retries_again(p, end_of(Outcome::exited, 1), 3));
  EXPECT_FALSE(retries_again(p, end_of(Outcome::exited, 1), 4));
  RetryPolicy none = p;
  none.max = 0;
  EXPECT_FALSE(retries_again(none, end_of(Outcome::exited, 1), 1));
}

TEST(Retry, EachClassMatchesItsEndsAlone) {
  const std::vector<std::pair<FailureClass, std::vector<AttemptEnd>>> cases = {
      {{Kind::exit, 75}, {end_of(Outcome::exited, 75)}},
      {{Kind::signal, 0}, {end_of(Outcome::signaled)}},
      {{Kind::timeout, 0}, {end_of(Outcome::timed_out)}},
      {{Kind::lost, 0}, {end_of(Outcome::lost), end_of(Outcome::heartbeat_lost)}},
  };
  const std::vector<AttemptEnd> ends = {end_of(Outcome::exited, 75),  end_of(Outcome::exited, 1),
                                        end_of(Outcome::signaled),    end_of(Outcome::timed_out),
                                        end_of(Outcome::lost),        end_of(Outcome::heartbeat_lost),
                                        end_of(Outcome::spawn_failed)};
  for (const auto& [failure_class, matching] : cases) {
    RetryPolicy p = policy(Backoff::constant, Jitter::none);
    p.on = {failure_class};
    for (const AttemptEnd& end : ends) {
      const bool expected = std::any_of(matching.begin(), matching.end(), [&](const AttemptEnd& m) {
        return m.outcome == end.outcome && m.exit_code == end.exit_code;
      });
      EXPECT_EQ(retries_again(p, end, 1), expected)
          << static_cast<int>(failure_class.kind) << " " << static_cast<int>(end.outcome) << " " << end.exit_code;
    }
  }
  RetryPolicy any = policy(Backoff::constant, Jitter::none);
  for (const AttemptEnd& end : ends) EXPECT_TRUE(retries_again(any, end, 1));
}

TEST(Retry, NeverOnWinsOverOn) {
  RetryPolicy p = policy(Backoff::constant, Jitter::none);
  p.never_on = {{Kind::exit, 64}, {Kind::timeout, 0}};
  EXPECT_TRUE(retries_again(p, end_of(Outcome::exited, 1), 1));
  EXPECT_FALSE(retries_again(p, end_of(Outcome::exited, 64), 1));
  EXPECT_FALSE(retries_again(p, end_of(Outcome::timed_out), 1));
  p.on = {{Kind::exit, 64}};
  EXPECT_FALSE(retries_again(p, end_of(Outcome::exited, 64), 1));
  p.on = {};
  p.never_on = {};
  EXPECT_FALSE(retries_again(p, end_of(Outcome::exited, 1), 1));
}

}  // namespace
}  // namespace baton
