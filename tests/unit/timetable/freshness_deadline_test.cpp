#include "scheduler/timetable/freshness_deadline.h"

#include <gtest/gtest.h>

#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {
namespace {

const FreshnessRule kBySeven = {.by_s = 7 * 3600};

WallUs moment(const char* text) { return parse_time(text, utc()).value(); }
std::string late_of(const FreshnessRule& rule, const char* since, bool has_event = true) {
  return format_rfc3339(freshness_deadline(rule, moment(since), has_event).late, utc()).substr(0, 16);
}

TEST(FreshnessDeadline, NobodySaysIt) {
  EXPECT_EQ(freshness_deadline({}, moment("2026-03-01T00:00:00"), true).late, kNoTime);
  EXPECT_EQ(freshness_deadline(kBySeven, kNoTime, false).late, kNoTime);
}

TEST(FreshnessDeadline, ASpanCountsFromTheLastEventAndItsLastTenthIsAtRisk) {
  const FreshnessDeadline of = freshness_deadline({.within_us = 10 * kHour}, moment("2026-03-01T00:00:00"), true);
  EXPECT_EQ(of.at_risk, moment("2026-03-01T09:00:00"));
  EXPECT_EQ(of.late, moment("2026-03-01T10:00:00"));
}

TEST(FreshnessDeadline, ATimeOfDayWantsAnEventOfEachDay) {
  EXPECT_EQ(late_of(kBySeven, "2026-03-01T05:30:00"), "2026-03-02T07:00");
  EXPECT_EQ(late_of(kBySeven, "2026-03-01T08:00:00"), "2026-03-02T07:00") << "late for its day, and still of that day";
  EXPECT_EQ(late_of(kBySeven, "2026-03-01T05:30:00", false), "2026-03-01T07:00") << "nothing has come since it is known";
  EXPECT_EQ(late_of(kBySeven, "2026-03-01T08:00:00", false), "2026-03-02T07:00");
  EXPECT_EQ(late_of({.by_s = 0}, "2026-03-01T05:30:00"), "2026-03-02T00:00");
}

TEST(FreshnessDeadline, ATimeOfDayIsAtRiskForTheLastTenthOfWhatItsDayGives) {
  const FreshnessDeadline of = freshness_deadline(kBySeven, moment("2026-03-01T06:30:00"), true);
  EXPECT_EQ(of.at_risk, moment("2026-03-02T06:18:00"));
}

TEST(FreshnessDeadline, DaysAndClocksAreThoseOfItsZone) {
  const FreshnessRule berlin = {.by_s = 2 * 3600 + 1800, .timezone = "Europe/Berlin"};
  EXPECT_EQ(late_of(berlin, "2026-01-01T23:30:00"), "2026-01-03T01:30") << "half past midnight of the second there";
  EXPECT_EQ(late_of(berlin, "2026-03-28T12:00:00"), "2026-03-29T01:00") << "half past two does not come: the end of the gap";
  EXPECT_EQ(late_of(berlin, "2026-10-24T12:00:00"), "2026-10-25T00:30") << "the first of two";
  EXPECT_EQ(late_of({.by_s = 3600, .timezone = "Nowhere/Gone"}, "2026-03-28T12:00:00"), "2026-03-29T01:00");
}

TEST(FreshnessDeadline, SaysWhatIsAskedFor) {
  EXPECT_EQ(freshness_words({.within_us = 6 * kHour}), "younger than 6h");
  EXPECT_EQ(freshness_words(kBySeven), "of the day by 07:00");
  EXPECT_EQ(freshness_words({.by_s = 1800, .timezone = "Asia/Tokyo"}), "of the day by 00:30 Asia/Tokyo");
}

}  // namespace
}  // namespace baton::timetable
