// Golden ticks of single expressions, above all where clocks change. Names hold the fault of docs/INVARIANTS.md they
// answer.
#include <gtest/gtest.h>

#include <vector>

#include "scheduler/timetable/cron.h"
#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

using Texts = std::vector<std::string>;

/// The next `count` ticks from `from` on (local in `zone_name`), as local times.
Texts ticks(std::string_view expr, std::string_view zone_name, std::string_view from, int count) {
  const TimeZone zone = *load_zone(zone_name);
  const Cron cron = *Cron::parse(expr, "dag");
  Texts texts;
  auto at = cron.next_at_or_after(*parse_time(from, zone), zone);
  for (; at && count > 0; at = cron.next_after(*at, zone), --count) texts.push_back(format_rfc3339(*at, zone));
  return texts;
}

TEST(CronTicks, VixieEitherDayFieldMatchesWhereBothAreRestricted) {
  EXPECT_EQ(ticks("0 0 13 * FRI", "UTC", "2026-02-01", 4),
            (Texts{"2026-02-06T00:00:00+00:00", "2026-02-13T00:00:00+00:00", "2026-02-20T00:00:00+00:00",
                   "2026-02-27T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 14 * FRI", "UTC", "2026-02-10", 3),
            (Texts{"2026-02-13T00:00:00+00:00", "2026-02-14T00:00:00+00:00", "2026-02-20T00:00:00+00:00"}));
}

TEST(CronTicks, VixieAFieldThatBeginsWithAStarRestrictsTogether) {
  EXPECT_EQ(ticks("0 0 */2 * FRI", "UTC", "2026-02-01", 2),
            (Texts{"2026-02-13T00:00:00+00:00", "2026-02-27T00:00:00+00:00"}));
}

TEST(CronTicks, SpecialDaysOfTheMonth) {
  EXPECT_EQ(ticks("0 0 L * *", "UTC", "2028-01-15", 3),
            (Texts{"2028-01-31T00:00:00+00:00", "2028-02-29T00:00:00+00:00", "2028-03-31T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 L-2 * *", "UTC", "2026-02-01", 2),
            (Texts{"2026-02-26T00:00:00+00:00", "2026-03-29T00:00:00+00:00"}));
  // 2026: 1 February is a Sunday, 1 August a Saturday, 31 May a Sunday.
  EXPECT_EQ(ticks("0 0 1W 2,8 *", "UTC", "2026-01-01", 2),
            (Texts{"2026-02-02T00:00:00+00:00", "2026-08-03T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 LW 5,6 *", "UTC", "2026-01-01", 2),
            (Texts{"2026-05-29T00:00:00+00:00", "2026-06-30T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 31W * *", "UTC", "2026-04-01", 2),
            (Texts{"2026-05-29T00:00:00+00:00", "2026-07-31T00:00:00+00:00"}));
}

TEST(CronTicks, SpecialDaysOfTheWeek) {
  EXPECT_EQ(ticks("0 0 * * 2#2", "UTC", "2026-01-01", 2),
            (Texts{"2026-01-13T00:00:00+00:00", "2026-02-10T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 * * FRIL", "UTC", "2026-01-01", 2),
            (Texts{"2026-01-30T00:00:00+00:00", "2026-02-27T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 * * SUN#5", "UTC", "2026-01-01", 2),
            (Texts{"2026-03-29T00:00:00+00:00", "2026-05-31T00:00:00+00:00"}));
}

TEST(CronTicks, RareDaysAreFoundOverCenturies) {
  EXPECT_EQ(ticks("0 0 29 2 *", "UTC", "2096-01-01", 2),
            (Texts{"2096-02-29T00:00:00+00:00", "2104-02-29T00:00:00+00:00"}));
  EXPECT_EQ(ticks("0 0 29 2 */7", "Europe/Berlin", "2026-01-01", 3),
            (Texts{"2032-02-29T00:00:00+01:00", "2060-02-29T00:00:00+01:00", "2088-02-29T00:00:00+01:00"}));
}

TEST(CronTicks, BothEndsOfTimeAreQuiet) {
  const Cron cron = *Cron::parse("* * * * * *", "dag");
  constexpr WallUs kLast = std::numeric_limits<WallUs>::max();
  constexpr WallUs kFirst = std::numeric_limits<WallUs>::min();
  const TimeZone berlin = *load_zone("Europe/Berlin");
  for (const TimeZone& zone : {utc(), berlin}) {
    EXPECT_FALSE(cron.next_after(kLast, zone));
    EXPECT_FALSE(cron.next_at_or_after(kEndSecond * kSecond, zone));
    EXPECT_EQ(cron.next_after(kFirst, zone), kFirstSecond * kSecond);
    EXPECT_EQ(cron.prev_before(kLast, zone), (kEndSecond - 1) * kSecond);
    EXPECT_EQ(cron.prev_at_or_before(kFirstSecond * kSecond, zone), kFirstSecond * kSecond);
    EXPECT_FALSE(cron.prev_before(kFirstSecond * kSecond, zone));
    EXPECT_FALSE(cron.prev_before(kFirst, zone));
  }
}

TEST(CronTicks, BetweenWholeSecondsNeighboursAreStrict) {
  const Cron cron = *Cron::parse("* * * * * *", "dag");
  EXPECT_EQ(cron.next_after(1'500'000, utc()), 2'000'000);
  EXPECT_EQ(cron.next_at_or_after(1'500'000, utc()), 2'000'000);
  EXPECT_EQ(cron.next_at_or_after(2'000'000, utc()), 2'000'000);
  EXPECT_EQ(cron.prev_before(1'500'000, utc()), 1'000'000);
  EXPECT_EQ(cron.prev_before(1'000'000, utc()), 0);
  EXPECT_EQ(cron.prev_at_or_before(-1, utc()), -1'000'000);
}

// Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.

TEST(CronDst, FixedHourInsideAGapFiresOnceAtItsEnd) {
  EXPECT_EQ(ticks("30 2 * * *", "Europe/Berlin", "2026-03-28", 3),
            (Texts{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}));
  EXPECT_EQ(ticks("*/15 2,3 * * *", "Europe/Berlin", "2026-03-29", 5),
            (Texts{"2026-03-29T03:00:00+02:00", "2026-03-29T03:15:00+02:00", "2026-03-29T03:30:00+02:00",
                   "2026-03-29T03:45:00+02:00", "2026-03-30T02:00:00+02:00"}));
}

TEST(CronDst, FixedHourInsideAnOverlapFiresTheFirstTimeOnly) {
  EXPECT_EQ(ticks("30 2 * * *", "Europe/Berlin", "2026-10-25", 2),
            (Texts{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}));
  EXPECT_EQ(ticks("0 0-23 * * *", "Europe/Berlin", "2026-10-25T01:00", 4),
            (Texts{"2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00",
                   "2026-10-25T04:00:00+01:00"}));
}

TEST(CronDst, HourThatBeginsWithAStarFollowsRealMinutes) {
  EXPECT_EQ(ticks("30 * * * *", "Europe/Berlin", "2026-03-29T00:30", 3),
            (Texts{"2026-03-29T00:30:00+01:00", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"}));
  EXPECT_EQ(ticks("30 * * * *", "Europe/Berlin", "2026-10-25T01:30", 4),
            (Texts{"2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
                   "2026-10-25T03:30:00+01:00"}));
}

TEST(CronDst, HalfHourGapOfLordHowe) {
  EXPECT_EQ(ticks("15 2 * * *", "Australia/Lord_Howe", "2026-10-04", 2),
            (Texts{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}));
  EXPECT_EQ(ticks("*/30 * * * *", "Australia/Lord_Howe", "2026-04-05T01:00", 4),
            (Texts{"2026-04-05T01:00:00+11:00", "2026-04-05T01:30:00+11:00", "2026-04-05T01:30:00+10:30",
                   "2026-04-05T02:00:00+10:30"}));
}

TEST(CronDst, ASkippedDayFiresAtItsEndTogetherWithTheNext) {
  // Samoa had no 30 December 2011.
  EXPECT_EQ(ticks("0 5 * * *", "Pacific/Apia", "2011-12-29", 4),
            (Texts{"2011-12-29T05:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T05:00:00+14:00",
                   "2012-01-01T05:00:00+14:00"}));
  EXPECT_EQ(ticks("0 0 * * *", "Pacific/Apia", "2011-12-29", 3),
            (Texts{"2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"}));
}

TEST(CronDst, MidnightInsideAGapFiresAtTheDaysFirstInstant) {
  EXPECT_EQ(ticks("@daily", "Africa/Cairo", "2026-04-23", 3),
            (Texts{"2026-04-23T00:00:00+02:00", "2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"}));
}

TEST(CronFaults, F70_NextIsNeverEarlierThanItsArgumentThroughDst) {
  const TimeZone zone = *load_zone("Europe/London");
  for (const char* expr : {"*/30 * * * *", "30 1 * * *", "0 1,2 * * *", "*/10 0-3 * * *"}) {
    const Cron cron = *Cron::parse(expr, "dag");
    for (const char* day : {"2026-03-28T22:00", "2026-10-24T22:00"}) {
      const WallUs from = *parse_time(day, zone);
      for (WallUs at = from; at < from + 8 * kHour; at += kMinute) {
        ASSERT_GT(*cron.next_after(at, zone), at) << expr;
        ASSERT_LT(*cron.prev_before(at, zone), at) << expr;
      }
    }
  }
}

TEST(CronFaults, F71_BihourlyGoesOnAfterDst) {
  EXPECT_EQ(ticks("0 */2 * * *", "America/New_York", "2026-03-08", 4),
            (Texts{"2026-03-08T00:00:00-05:00", "2026-03-08T04:00:00-04:00", "2026-03-08T06:00:00-04:00",
                   "2026-03-08T08:00:00-04:00"}));
  EXPECT_EQ(ticks("0 */2 * * *", "America/New_York", "2026-11-01", 4),
            (Texts{"2026-11-01T00:00:00-04:00", "2026-11-01T02:00:00-05:00", "2026-11-01T04:00:00-05:00",
                   "2026-11-01T06:00:00-05:00"}));
}

TEST(CronFaults, F72_ListsAndRangesKeepTheirLocalHourAfterDst) {
  EXPECT_EQ(ticks("0 9,17 * * *", "Europe/Berlin", "2026-03-28T12:00", 4),
            (Texts{"2026-03-28T17:00:00+01:00", "2026-03-29T09:00:00+02:00", "2026-03-29T17:00:00+02:00",
                   "2026-03-30T09:00:00+02:00"}));
  EXPECT_EQ(ticks("0 8-10 * * *", "Europe/Berlin", "2026-10-25", 3),
            (Texts{"2026-10-25T08:00:00+01:00", "2026-10-25T09:00:00+01:00", "2026-10-25T10:00:00+01:00"}));
}

TEST(CronFaults, F73_PrevIsNeverInTheFuture) {
  const TimeZone zone = *load_zone("Europe/Berlin");
  const Cron cron = *Cron::parse("30 2 * * *", "dag");
  const WallUs gap_end = *parse_time("2026-03-29T03:00", zone);
  EXPECT_EQ(cron.prev_before(gap_end, zone), *parse_time("2026-03-28T02:30", zone));
  EXPECT_EQ(cron.prev_at_or_before(gap_end, zone), gap_end);
  EXPECT_EQ(cron.prev_before(gap_end + kMinute, zone), gap_end);
  const WallUs second_230 = *parse_time("2026-10-25T02:30:00+01:00", zone);
  EXPECT_EQ(cron.prev_at_or_before(second_230, zone), second_230 - kHour);
}

TEST(CronFaults, F74_FourHourlyNeverWaitsForADayAtSpringForward) {
  for (const char* name : {"America/New_York", "Europe/Berlin", "Antarctica/Troll", "Africa/Cairo"}) {
    const TimeZone zone = *load_zone(name);
    const Cron cron = *Cron::parse("0 */4 * * *", "dag");
    WallUs at = *parse_time("2026-01-01", zone);
    const WallUs end = *parse_time("2027-01-01", zone);
    while (at < end) {
      const WallUs next = *cron.next_after(at, zone);
      ASSERT_LE(next - at, 8 * kHour) << name;  // a tick at 00:00 that a gap swallows
      at = next;
    }
  }
}

TEST(CronFaults, F75_MinutelyFiresThroughTheRepeatedHour) {
  const TimeZone zone = *load_zone("America/New_York");
  const Cron cron = *Cron::parse("* * * * *", "dag");
  WallUs at = *parse_time("2026-11-01T00:59", zone);
  for (int i = 0; i < 240; ++i) {
    const WallUs next = *cron.next_after(at, zone);
    ASSERT_EQ(next - at, kMinute) << format_rfc3339(at, zone);
    at = next;
  }
}

}  // namespace
}  // namespace baton::timetable
