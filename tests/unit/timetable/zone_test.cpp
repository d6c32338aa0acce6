// Civil dates and zones.
#include "scheduler/timetable/zone.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

TEST(Civil, DaysAndDatesAreInverse) {
  EXPECT_EQ(day_of({1970, 1, 1}), 0);
  EXPECT_EQ(day_of({2000, 3, 1}), 11'017);
  YearMonthDay expected{1890, 1, 1};
  for (CivilDay day = day_of(expected); day < day_of({2410, 1, 1}); ++day) {
    const YearMonthDay date = date_of(day);
    ASSERT_EQ(date.year, expected.year);
    ASSERT_EQ(date.month, expected.month);
    ASSERT_EQ(date.day, expected.day);
    ASSERT_EQ(day_of(date), day);
    if (++expected.day > days_in_month(expected.year, expected.month)) {
      expected.day = 1;
      if (++expected.month > 12) expected = {expected.year + 1, 1, 1};
    }
  }
}

TEST(Civil, WeekdaysCountFromSunday) {
  EXPECT_EQ(weekday_of(0), 4);
  EXPECT_EQ(weekday_of(day_of({2026, 1, 4})), 0);
  EXPECT_EQ(weekday_of(day_of({1900, 1, 1})), 1);
}

TEST(Civil, ParsesOnlyDatesThatExist) {
  EXPECT_EQ(*parse_date("2028-02-29"), day_of({2028, 2, 29}));
  for (const char* text : {"2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "0000-01-01", "2026-1-01",
                           "20260101", "2026-01-01 ", "2026/01/01", "", "+026-01-01"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
  EXPECT_EQ(format_date(day_of({987, 6, 5})), "0987-06-05");
}

TEST(Zone, NamesThatReachOutsideTheZoneFolderAreRefused) {
  for (const char* name : {"", "/etc/passwd", "/usr/share/zoneinfo/UTC", "../../etc/passwd", "Europe/../Europe/Berlin",
                           "file:/etc/localtime", "localtime", "libc:localtime", "Fixed/UTC+01:00:00", "right/UTC",
                           "posix/UTC", "Europe", "Europe/Berlim", "Europe/Berlin ", "zone.tab", "-x"}) {
    EXPECT_FALSE(load_zone(name)) << name;
  }
  EXPECT_FALSE(load_zone(std::string(5'000, 'a')));
  EXPECT_FALSE(load_zone(std::string("UTC\0x", 5)));
}

TEST(Zone, EveryKnownZoneLoads) {
  const std::vector<std::string> names = known_zones();
  EXPECT_GT(names.size(), 300U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_TRUE(std::binary_search(names.begin(), names.end(), "Europe/Berlin"));
  for (const std::string& name : names) EXPECT_TRUE(load_zone(name)) << name;
}

TEST(Zone, StretchesCoverTheWholeTimeWithoutHoles) {
  for (const char* name : {"Europe/Berlin", "Africa/Casablanca", "Antarctica/Troll", "UTC", "Asia/Manila"}) {
    const TimeZone zone = *load_zone(name);
    std::int64_t at = kFirstSecond;
    int count = 0;
    while (at < kEndSecond) {
      const OffsetStretch stretch = zone.stretch_at(at);
      ASSERT_EQ(stretch.begin_s, at) << name;
      ASSERT_GT(stretch.end_s, at) << name;
      ASSERT_EQ(zone.stretch_at(stretch.end_s - 1).begin_s, at) << name;
      ASSERT_EQ(zone.offset_at(at), stretch.offset_s);
      at = stretch.end_s;
      ++count;
    }
    EXPECT_EQ(at, kEndSecond);
    if (std::string(name) == "Europe/Berlin") {
      EXPECT_GT(count, 2 * 420);  // rules go on to the year 2399
    }
  }
}

TEST(Zone, DayBeginsAtItsFirstInstant) {
  const TimeZone cairo = *load_zone("Africa/Cairo");
  EXPECT_EQ(format_rfc3339(cairo.day_begin(day_of({2026, 4, 24})), cairo), "2026-04-24T01:00:00+03:00");
  const TimeZone havana = *load_zone("America/Havana");  // 2026-11-01 01:00 → 00:00
  EXPECT_EQ(format_rfc3339(havana.day_begin(day_of({2026, 11, 1})), havana), "2026-11-01T00:00:00-04:00");
  EXPECT_EQ(cairo.day_at(cairo.day_begin(day_of({2026, 4, 24})) - 1), day_of({2026, 4, 23}));
  EXPECT_EQ(utc().day_at(-1), -1);
}

}  // namespace
}  // namespace baton::timetable
