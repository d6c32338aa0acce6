// Steps of the wall clock, either way.
#include "scheduler/service/clock_watch.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

constexpr WallUs kStart = 1'800'000'000 * kSecond;

TEST(ClockWatch, TrustsAClockThatRuns) {
  ClockWatch watch({kStart, 0}, kNoTime);
  for (int i = 1; i < 100; ++i) {
    const auto seen = watch.look({kStart + i * kMinute, i * kMinute});
    EXPECT_FALSE(seen.has_missed || seen.became_suspect);
  }
}

TEST(ClockWatch, AShortStepForwardAndASleepAreMissedTime) {
  ClockWatch watch({kStart, 0}, kNoTime);
  EXPECT_TRUE(watch.look({kStart + 31 * kMinute, kMinute}).has_missed);
  EXPECT_EQ(watch.state(), ClockWatch::State::trusted);
  EXPECT_TRUE(watch.look({kStart + 31 * kMinute + 8 * kHour, kMinute + 8 * kHour}).has_missed);
  EXPECT_EQ(watch.state(), ClockWatch::State::trusted);
}

TEST(ClockWatch, AShortStepBackMissesNothing) {
  ClockWatch watch({kStart, 0}, kNoTime);
  const auto seen = watch.look({kStart - kMinute, kMinute});
  EXPECT_FALSE(seen.has_missed || seen.became_suspect);
}

TEST(ClockWatch, ALongStepIsSuspectForTwoMinutesOfAgreement) {
  ClockWatch watch({kStart, 0}, kNoTime);
  EXPECT_TRUE(watch.look({kStart + 2 * kHour, kMinute}).became_suspect);
  EXPECT_EQ(watch.state(), ClockWatch::State::suspect);
  EXPECT_FALSE(watch.look({kStart + 2 * kHour + kMinute, 2 * kMinute}).became_trusted);
  EXPECT_FALSE(watch.look({kStart + kHour + 2 * kMinute, 3 * kMinute}).became_trusted);  // it steps again
  EXPECT_FALSE(watch.look({kStart + kHour + 3 * kMinute, 4 * kMinute}).became_trusted);
  const auto seen = watch.look({kStart + kHour + 4 * kMinute, 5 * kMinute});
  EXPECT_TRUE(seen.became_trusted && seen.has_missed);
  EXPECT_FALSE(seen.went_back_far);
}

TEST(ClockWatch, EarlierThanWhatIsStoredIsSuspect) {
  ClockWatch watch({kStart, 0}, kStart + 6 * kMinute);
  EXPECT_EQ(watch.state(), ClockWatch::State::suspect);
  EXPECT_TRUE(watch.trust({kStart + kSecond, kSecond}).became_trusted);
  EXPECT_EQ(watch.state(), ClockWatch::State::trusted);
  ClockWatch small({kStart, 0}, kStart + 4 * kMinute);
  EXPECT_EQ(small.state(), ClockWatch::State::trusted);
}

TEST(ClockWatch, BackFromATimeThatNeverWas) {
  ClockWatch watch({kStart, 0}, kNoTime);
  const WallUs wrong = kStart + 70 * 365 * kDay;
  watch.look({wrong, kMinute});
  EXPECT_TRUE(watch.look({wrong + 2 * kMinute, 3 * kMinute}).became_trusted);
  EXPECT_TRUE(watch.look({kStart + 4 * kMinute, 4 * kMinute}).became_suspect);
  const auto seen = watch.look({kStart + 6 * kMinute, 6 * kMinute});
  EXPECT_TRUE(seen.became_trusted && seen.went_back_far);
}

}  // namespace
}  // namespace baton
