// By when a run is to have ended, by each of the forms of `sla`.
#include "scheduler/timetable/sla_deadline.h"

#include <gtest/gtest.h>

#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

WallUs instant(const char* text) { return parse_time(text, utc()).value(); }
TimeZone berlin() { return load_zone("Europe/Berlin").value(); }

const SlaMoments kRun = {instant("2026-01-02T01:10:00Z"), instant("2026-01-02T01:00:00Z"), instant("2026-01-02T00:00:00Z"), false};

TEST(SlaDeadline, ASpanCountsFromTheMomentThatIsNamed) {
  EXPECT_EQ(deadline_of({.within_us = kHour}, kRun, utc()), instant("2026-01-02T02:10:00Z"));
  EXPECT_EQ(deadline_of({.within_us = kHour, .from = Sla::From::queued}, kRun, utc()), instant("2026-01-02T02:00:00Z"));
  EXPECT_EQ(deadline_of({.within_us = kHour, .from = Sla::From::interval_end}, kRun, utc()), instant("2026-01-02T01:00:00Z"));
  EXPECT_EQ(deadline_of({}, kRun, utc()), kNoTime);
  SlaMoments waits = kRun;
  waits.begun_at = kNoTime;
  EXPECT_EQ(deadline_of({.within_us = kHour}, waits, utc()), kNoTime) << "it has not begun";
  SlaMoments by_hand = kRun;
  by_hand.interval_end = kNoTime;
  EXPECT_EQ(deadline_of({.within_us = kHour, .from = Sla::From::interval_end}, by_hand, utc()), instant("2026-01-02T02:00:00Z"));
}

TEST(SlaDeadline, ATimeOfDayIsTheFirstAfterTheIntervalInTheZoneOfTheDag) {
  const Sla early{.by_s = 6 * 3600 + 1800};
  EXPECT_EQ(deadline_of(early, kRun, utc()), instant("2026-01-02T06:30:00Z"));
  EXPECT_EQ(deadline_of(early, kRun, berlin()), instant("2026-01-02T05:30:00Z"));
  EXPECT_EQ(deadline_of({.by_s = 0}, kRun, utc()), instant("2026-01-02T00:00:00Z")) << "at its end itself";
  SlaMoments noon = kRun;
  noon.interval_end = instant("2026-01-02T12:00:00Z");
  EXPECT_EQ(deadline_of(early, noon, utc()), instant("2026-01-03T06:30:00Z"));
  // The hour that a zone leaps over ends where it goes on.
  SlaMoments spring = kRun;
  spring.interval_end = instant("2026-03-28T23:00:00Z");
  EXPECT_EQ(deadline_of({.by_s = 2 * 3600 + 1800}, spring, berlin()), instant("2026-03-29T01:00:00Z"));
}

TEST(SlaDeadline, ABackfillIsNotLateForDatesThatAreLongPast) {
  SlaMoments backfill = kRun;
  backfill.is_backfill = true;
  EXPECT_EQ(deadline_of({.by_s = 0}, backfill, utc()), kNoTime);
  EXPECT_EQ(deadline_of({.within_us = kHour, .from = Sla::From::interval_end}, backfill, utc()), kNoTime);
  EXPECT_EQ(deadline_of({.within_us = kHour}, backfill, utc()), instant("2026-01-02T02:10:00Z"));
}

TEST(SlaDeadline, IsSaidInWords) {
  EXPECT_EQ(sla_words({.within_us = 5 * kHour}), "within 5h");
  EXPECT_EQ(sla_words({.within_us = kHour, .from = Sla::From::interval_end}), "within 1h of the end of its interval");
  EXPECT_EQ(sla_words({.by_s = 6 * 3600 + 1800}), "by 06:30");
}

}  // namespace
}  // namespace baton::timetable
