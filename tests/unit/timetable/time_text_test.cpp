// Times and durations as text, both ways.
#include "scheduler/timetable/time_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace baton::timetable {
namespace {

constexpr WallUs kNewYear2026 = 1'767'225'600 * kSecond;

TEST(TimeText, ReadsRfc3339) {
  const TimeZone zone = utc();
  EXPECT_EQ(*parse_time("2026-01-01T00:00:00Z", zone), kNewYear2026);
  EXPECT_EQ(*parse_time("2026-01-01t01:00:00+01:00", zone), kNewYear2026);
  EXPECT_EQ(*parse_time("2025-12-31 18:30:00-05:30", zone), kNewYear2026);
  EXPECT_EQ(*parse_time("2026-01-01T00:00:00.000001z", zone), kNewYear2026 + 1);
  EXPECT_EQ(*parse_time("2026-01-01T00:00:00.1234567891Z", zone), kNewYear2026 + 123'456);
  EXPECT_EQ(*parse_time("1969-12-31T23:59:59.5Z", zone), -500'000);
  EXPECT_EQ(*parse_time("2026-01-01T00:00Z", zone), kNewYear2026);
}

TEST(TimeText, WithoutAnOffsetItIsLocal) {
  const TimeZone berlin = *load_zone("Europe/Berlin");
  EXPECT_EQ(*parse_time("2026-01-01", berlin), kNewYear2026 - kHour);
  EXPECT_EQ(*parse_time("2026-01-01T01:00", berlin), kNewYear2026);
  EXPECT_EQ(*parse_time("2026-01-01T01:00:00.25", berlin), kNewYear2026 + 250'000);
  EXPECT_EQ(format_rfc3339(*parse_time("2026-10-25T02:30", berlin), berlin), "2026-10-25T02:30:00+02:00");
  EXPECT_EQ(format_rfc3339(*parse_time("2026-03-29T02:30:00.5", berlin), berlin), "2026-03-29T03:00:00+02:00");
}

TEST(TimeText, APlainDateIsTheFirstInstantOfItsDay) {
  const TimeZone cairo = *load_zone("Africa/Cairo");
  EXPECT_EQ(format_rfc3339(*parse_time("2026-04-24", cairo), cairo), "2026-04-24T01:00:00+03:00");
  const TimeZone apia = *load_zone("Pacific/Apia");
  EXPECT_EQ(*parse_time("2011-12-30", apia), *parse_time("2011-12-31", apia));
  EXPECT_TRUE(is_plain_date("2026-04-24"));
  EXPECT_FALSE(is_plain_date("2026-04-24T00:00"));
}

TEST(TimeText, RefusesWhatIsNotATime) {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-01",
                           "2026-02-30",
                           "2026-01-01T",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T0:00:00Z",
                           "2026-01-01T00:00:00+1:00",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00ZZ",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00,5Z",
                           "2026-01-01X00:00:00Z",
                           " 2026-01-01",
                           "2026-01-01T00:00:00 Z",
                           "2026-01-01T00:00:"}) {
    EXPECT_FALSE(parse_time(text, utc())) << text;
  }
}

TEST(TimeText, FormatIsThatOfRunIds) {
  EXPECT_EQ(format_rfc3339(kNewYear2026, utc()), "2026-01-01T00:00:00+00:00");
  EXPECT_EQ(format_rfc3339(kNewYear2026 + 500'000, utc()), "2026-01-01T00:00:00.500000+00:00");
  EXPECT_EQ(format_rfc3339(kNewYear2026, *load_zone("America/St_Johns")), "2025-12-31T20:30:00-03:30");
  EXPECT_EQ(format_rfc3339(-1, utc()), "1969-12-31T23:59:59.999999+00:00");
}

TEST(TimeText, FormatReadsBackInEveryZone) {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<WallUs> instant(-2'000'000'000 * kSecond, 5'000'000'000 * kSecond);
  for (const char* name : {"UTC", "Europe/Dublin", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"}) {
    const TimeZone zone = *load_zone(name);
    for (int i = 0; i < 500; ++i) {
      const WallUs at = instant(random);
      ASSERT_EQ(*parse_time(format_rfc3339(at, zone), utc()), at) << name << " " << format_rfc3339(at, zone);
    }
  }
}

TEST(TimeText, ExtremesDoNotCrash) {
  for (const WallUs at : {std::numeric_limits<WallUs>::min(), std::numeric_limits<WallUs>::max()}) {
    EXPECT_FALSE(format_rfc3339(at, utc()).empty());
    EXPECT_FALSE(format_rfc3339(at, *load_zone("Europe/Berlin")).empty());
  }
}

TEST(DurationText, ReadsBothForms) {
  const std::vector<std::pair<const char*, DurationUs>> cases = {
      {"90s", 90 * kSecond},
      {"5m", 5 * kMinute},
      {"2h30m", 150 * kMinute},
      {"1d", kDay},
      {"1w", 7 * kDay},
      {"500ms", 500 * kMillisecond},
      {"1.5h", 90 * kMinute},
      {"1m0.25s", kMinute + 250 * kMillisecond},
      {"0s", 0},
      {"1w1d1h1m1s1ms1us", 8 * kDay + kHour + kMinute + kSecond + kMillisecond + 1},
      {"PT5M", 5 * kMinute},
      {"P1DT2H", 26 * kHour},
      {"P1W", 7 * kDay},
      {"PT0.5S", 500 * kMillisecond},
      {"P2D", 2 * kDay},
      {"PT36H", 36 * kHour},
      {"0.000001w", 604'800},
      {"100m", 100 * kMinute}};
  for (const auto& [text, span] : cases) {
    const Result<DurationUs> read = parse_duration(text);
    ASSERT_TRUE(read) << text << ": " << read.error().message;
    EXPECT_EQ(*read, span) << text;
  }
}

TEST(DurationText, RefusesWhatIsNotADuration) {
  for (const char* text : {"",
                           "5",
                           "m",
                           "5 m",
                           "5x",
                           "-5m",
                           "+5m",
                           "5m2h",
                           "5m5m",
                           "1.h",
                           ".5h",
                           "1.5h30m",
                           "1.1234567s",
                           "P",
                           "PT",
                           "P1DT",
                           "P1H",
                           "PT1D",
                           "1M",
                           "P1Y",
                           "P1M",
                           "99999999999999999999s",
                           "9999999999999w",
                           "5m ",
                           "1e3s",
                           "PT5M ",
                           "PT5MT5S"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_NE(parse_duration("30").error().message.find("write \"30s\""), std::string::npos);
  EXPECT_NE(parse_duration("P1M").error().message.find("fixed length"), std::string::npos);
  EXPECT_NE(parse_duration("9999999999999w").error().message.find("too long"), std::string::npos);
}

TEST(DurationText, RandomTextNeverCrashes) {
  std::mt19937 random(11);
  const std::string letters = "0123456789.wdhmsuPTWDHMS- ";
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto j = random() % 30; j > 0; --j) text += letters[random() % letters.size()];
    if (const Result<DurationUs> read = parse_duration(text)) {
      ASSERT_GE(*read, 0) << text;
    }
    (void)parse_time("2026-01-01T" + text, utc()).ok();
  }
}

TEST(DurationText, ForPeopleShowsTwoUnits) {
  const std::vector<std::pair<DurationUs, const char*>> cases = {{0, "0s"},
                                                                 {7, "7us"},
                                                                 {1'500, "1.5ms"},
                                                                 {350 * kMillisecond, "350ms"},
                                                                 {3'200 * kMillisecond, "3.2s"},
                                                                 {59'990 * kMillisecond, "59.9s"},
                                                                 {kMinute, "1m"},
                                                                 {125 * kSecond, "2m5s"},
                                                                 {2 * kHour + 5 * kMinute + kSecond, "2h5m"},
                                                                 {kHour, "1h"},
                                                                 {26 * kHour, "1d2h"},
                                                                 {30 * kDay, "30d"},
                                                                 {-125 * kSecond, "-2m5s"}};
  for (const auto& [span, text] : cases) EXPECT_EQ(format_duration(span), text);
  EXPECT_FALSE(format_duration(std::numeric_limits<DurationUs>::min()).empty());
}

TEST(DurationText, ExactReadsBack) {
  EXPECT_EQ(format_duration_exact(kDay + 2 * kHour + 3 * kMinute + 4'500 * kMillisecond), "1d2h3m4.5s");
  EXPECT_EQ(format_duration_exact(1), "0.000001s");
  std::mt19937_64 random(5);
  for (int i = 0; i < 2'000; ++i) {
    const auto span = static_cast<DurationUs>(random() >> (1 + random() % 60));
    ASSERT_EQ(*parse_duration(format_duration_exact(span)), span) << format_duration_exact(span);
  }
}

}  // namespace
}  // namespace baton::timetable
