// Timetables: intervals, unions, spans, limits, calendars, catch-up, jitter; and the clock faults F-73 to F-80.
#include "scheduler/timetable/timetable.h"

#include <gtest/gtest.h>

#include <ctime>
#include <set>

#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

ScheduleSpec cron_spec(std::string_view cron, std::string_view zone = "UTC") {
  ScheduleSpec spec;
  spec.entries = {{std::string(cron), 0, ""}};
  spec.timezone = zone;
  return spec;
}

ScheduleSpec every_spec(DurationUs every_us) {
  ScheduleSpec spec;
  spec.entries = {{"", every_us, ""}};
  return spec;
}

Timetable table_of(const ScheduleSpec& spec, const std::vector<Calendar>& calendars = {}) {
  Result<Timetable> table = Timetable::build(spec, "dag", calendars);
  EXPECT_TRUE(table) << (table ? "" : table.error().message);
  return table ? *table : Timetable();
}

WallUs at(std::string_view text) {
  return *parse_time(text, utc());
}
std::string text_of(WallUs instant) {
  return format_rfc3339(instant, utc()).substr(0, 16);
}

std::vector<std::string> due(const std::vector<Tick>& ticks) {
  std::vector<std::string> texts;
  for (const Tick& tick : ticks) texts.push_back(text_of(tick.run_after));
  return texts;
}
using Texts = std::vector<std::string>;

TEST(Timetable, IntervalRunsFromThePreviousTickToThisOne) {
  const Timetable table = table_of(cron_spec("30 2 * * *"));
  const Tick tick = *table.next_tick(at("2026-01-01"));
  EXPECT_EQ(tick.run_after, at("2026-01-01T02:30"));
  EXPECT_EQ(tick.logical_date, at("2025-12-31T02:30"));
  EXPECT_EQ(tick.data_interval, (Interval{at("2025-12-31T02:30"), at("2026-01-01T02:30")}));
}

TEST(Timetable, NextIsStrictlyAfterAndFromIsIncluded) {
  const Timetable table = table_of(cron_spec("@hourly"));
  const WallUs noon = at("2026-01-01T12:00");
  EXPECT_EQ(table.next_tick(noon)->run_after, noon + kHour);
  EXPECT_EQ(table.next_tick(noon - 1)->run_after, noon);
  EXPECT_EQ(table.prev_tick(noon)->run_after, noon - kHour);
  EXPECT_EQ(table.prev_tick(noon + 1)->run_after, noon);
  EXPECT_EQ(due(table.ticks_from(noon, 2)), (Texts{"2026-01-01T12:00", "2026-01-01T13:00"}));
  EXPECT_EQ(due(table.ticks_between(noon, noon + 2 * kHour, 10)), (Texts{"2026-01-01T12:00", "2026-01-01T13:00"}));
  EXPECT_EQ(table.ticks_between(noon, noon + kDay, 5).size(), 5U);
  EXPECT_TRUE(table.ticks_from(noon, 0).empty());
}

TEST(Timetable, ManualHasNoTicks) {
  const Timetable table = table_of(ScheduleSpec{});
  EXPECT_FALSE(table.has_ticks());
  EXPECT_FALSE(table.next_tick(0));
  EXPECT_FALSE(table.prev_tick(0));
  EXPECT_TRUE(table.ticks_from(0, 5).empty());
  EXPECT_TRUE(table.missed(0, kDay, 10).empty());
}

TEST(Timetable, ListIsTheUnionOfTicksWithOneChainOfIntervals) {
  ScheduleSpec spec = cron_spec("0 */6 * * *");
  spec.entries.push_back({"0 9 * * *", 0, ""});
  spec.entries.push_back({"0 12 * * *", 0, ""});  // the same instant as one of the first
  const std::vector<Tick> ticks = table_of(spec).ticks_from(at("2026-01-01T06:00"), 4);
  EXPECT_EQ(due(ticks), (Texts{"2026-01-01T06:00", "2026-01-01T09:00", "2026-01-01T12:00", "2026-01-01T18:00"}));
  EXPECT_EQ(text_of(ticks[0].logical_date), "2026-01-01T00:00");
  EXPECT_EQ(text_of(ticks[1].logical_date), "2026-01-01T06:00");
  EXPECT_EQ(text_of(ticks[2].logical_date), "2026-01-01T09:00");
}

TEST(Timetable, EntriesMayHaveZonesOfTheirOwn) {
  ScheduleSpec spec = cron_spec("0 9 * * *", "Europe/Berlin");
  spec.entries.push_back({"0 9 * * *", 0, "America/New_York"});
  EXPECT_EQ(due(table_of(spec).ticks_from(at("2026-07-01"), 3)),
            (Texts{"2026-07-01T07:00", "2026-07-01T13:00", "2026-07-02T07:00"}));
}

TEST(Timetable, EveryCountsFromTheEpochWithoutAStart) {
  EXPECT_EQ(due(table_of(every_spec(15 * kMinute)).ticks_from(at("2026-01-01T00:01"), 2)),
            (Texts{"2026-01-01T00:15", "2026-01-01T00:30"}));
  EXPECT_EQ(due(table_of(every_spec(7 * kDay)).ticks_from(at("1970-01-01T00:01"), 2)),
            (Texts{"1970-01-08T00:00", "1970-01-15T00:00"}));
}

TEST(Timetable, EveryCountsFromStartAndItsFirstIntervalBeginsThere) {
  ScheduleSpec spec = every_spec(40 * kMinute);
  spec.start = at("2026-01-01T00:10");
  const std::vector<Tick> ticks = table_of(spec).ticks_from(0, 2);
  EXPECT_EQ(due(ticks), (Texts{"2026-01-01T00:50", "2026-01-01T01:30"}));
  EXPECT_EQ(ticks[0].logical_date, spec.start);
}

TEST(Timetable, EveryIsElapsedTimeThroughDst) {
  ScheduleSpec spec = every_spec(kDay);
  spec.timezone = "Europe/Berlin";
  spec.start = *parse_time("2026-03-28", *load_zone("Europe/Berlin"));
  EXPECT_EQ(due(table_of(spec).ticks_from(0, 2)), (Texts{"2026-03-28T23:00", "2026-03-29T23:00"}));
}

TEST(Timetable, StartAndEndBoundTheLogicalDate) {
  ScheduleSpec spec = cron_spec("@daily");
  spec.start = at("2026-01-01");
  spec.end = at("2026-01-04");
  const Timetable table = table_of(spec);
  const std::vector<Tick> ticks = table.ticks_from(0, 100);
  EXPECT_EQ(due(ticks), (Texts{"2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00"}));
  EXPECT_EQ(ticks.front().logical_date, spec.start);
  EXPECT_EQ(text_of(ticks.back().logical_date), "2026-01-03T00:00");
  EXPECT_FALSE(table.prev_tick(at("2026-01-02")));
  EXPECT_EQ(text_of(table.prev_tick(at("2030-01-01"))->run_after), "2026-01-04T00:00");
  EXPECT_FALSE(table.next_tick(at("2026-01-04")));

  spec.start = at("2026-01-01T12:00");  // between ticks: the first whole interval begins on the 2nd
  EXPECT_EQ(table_of(spec).next_tick(0)->logical_date, at("2026-01-02"));
  spec.end = at("2026-01-02T00:00:00.000001Z");
  EXPECT_EQ(due(table_of(spec).ticks_from(0, 9)), (Texts{"2026-01-03T00:00"}));
}

TEST(Timetable, WhatCanNeverFireIsRefused) {
  const auto error_of = [](const ScheduleSpec& spec) {
    const Result<Timetable> table = Timetable::build(spec, "dag", {});
    EXPECT_FALSE(table);
    return table ? std::string() : table.error().message;
  };
  ScheduleSpec spec = cron_spec("0 0 * * SAT");
  spec.calendar.only = {"business_days"};
  EXPECT_NE(error_of(spec).find("can never fire"), std::string::npos);
  spec = cron_spec("@yearly");
  spec.start = at("2026-02-01");
  spec.end = at("2026-03-01");
  EXPECT_NE(error_of(spec).find("can never fire"), std::string::npos);
  spec.end = spec.start;
  EXPECT_NE(error_of(spec).find("after `start`"), std::string::npos);
  EXPECT_NE(error_of(cron_spec("0 0 30 2 *")).find("column 5"), std::string::npos);
  EXPECT_NE(error_of(cron_spec("@daily", "Mars/Olympus")).find("Mars/Olympus"), std::string::npos);
  EXPECT_NE(error_of(every_spec(0)).find("at least 1s"), std::string::npos);
  spec = cron_spec("@daily");
  spec.calendar.exclude = {"nowhere"};
  EXPECT_NE(error_of(spec).find("\"nowhere\""), std::string::npos);
  spec = cron_spec("@daily");
  spec.start = std::numeric_limits<WallUs>::max() - 1;
  EXPECT_NE(error_of(spec).find("can never fire"), std::string::npos);
}

TEST(TimetableCalendar, TicksOnOtherDaysAreDroppedAndTheirTimeJoinsTheNextInterval) {
  ScheduleSpec spec = cron_spec("@daily");
  spec.calendar.only = {"business_days"};
  spec.calendar.exclude = {"holidays"};
  const Calendar holidays = make_calendar("holidays", {*parse_date("2026-01-06"), *parse_date("2026-01-01")});
  const std::vector<Tick> ticks = table_of(spec, {holidays}).ticks_from(at("2026-01-01"), 4);
  EXPECT_EQ(due(ticks), (Texts{"2026-01-02T00:00", "2026-01-05T00:00", "2026-01-07T00:00", "2026-01-08T00:00"}));
  EXPECT_EQ(text_of(ticks[0].logical_date), "2025-12-31T00:00");
  EXPECT_EQ(text_of(ticks[1].logical_date), "2026-01-02T00:00");
  EXPECT_EQ(text_of(ticks[2].logical_date), "2026-01-05T00:00");
}

TEST(TimetableCalendar, TheLocalDateOfTheTickDecides) {
  ScheduleSpec spec = cron_spec("30 23 * * *", "America/New_York");  // 03:30 or 04:30 UTC of the next day
  spec.calendar.only = {"business_days"};
  EXPECT_EQ(due(table_of(spec).ticks_from(at("2026-07-03"), 3)),
            (Texts{"2026-07-03T03:30", "2026-07-04T03:30", "2026-07-07T03:30"}));
}

TEST(TimetableCalendar, AgreesWithAskingEveryTickForItsDate) {
  for (const char* zone_name : {"America/St_Johns", "Pacific/Apia", "Africa/Cairo", "UTC"}) {
    const TimeZone zone = *load_zone(zone_name);
    std::vector<CivilDay> dates;
    for (CivilDay day = *parse_date("2008-01-01"); day < *parse_date("2013-01-01"); day += 3) dates.push_back(day);
    ScheduleSpec spec = cron_spec("*/20 * * * *", zone_name);
    const Timetable all = table_of(spec);
    spec.calendar.exclude = {"odd"};
    const Timetable some = table_of(spec, {make_calendar("odd", dates)});
    for (const char* from : {"2008-11-01", "2009-03-07", "2010-04-28", "2011-12-28"}) {
      Texts expected;
      for (const Tick& tick : all.ticks_between(at(from), at(from) + 4 * kDay, 1'000)) {
        const CivilDay day = zone.day_at(tick.run_after);
        if (!std::binary_search(dates.begin(), dates.end(), day)) expected.push_back(text_of(tick.run_after));
      }
      ASSERT_EQ(due(some.ticks_between(at(from), at(from) + 4 * kDay, 1'000)), expected) << zone_name;
      Texts backwards;
      for (auto tick = some.prev_tick(at(from) + 4 * kDay); tick && tick->run_after >= at(from);
           tick = some.prev_tick(tick->run_after)) {
        backwards.insert(backwards.begin(), text_of(tick->run_after));
      }
      ASSERT_EQ(backwards, expected) << zone_name;
    }
  }
}

TEST(TimetableCalendar, TheFirstDayOfACalendarTakesTheIntervalOfItsTick) {
  ScheduleSpec spec = cron_spec("@daily");
  spec.calendar.only = {"trading"};
  const Calendar trading = make_calendar("trading", {*parse_date("2026-01-05"), *parse_date("2026-01-08")});
  const std::vector<Tick> ticks = table_of(spec, {trading}).ticks_from(0, 5);
  ASSERT_EQ(due(ticks), (Texts{"2026-01-05T00:00", "2026-01-08T00:00"}));
  EXPECT_EQ(text_of(ticks[0].logical_date), "2026-01-04T00:00");
  EXPECT_EQ(text_of(ticks[1].logical_date), "2026-01-05T00:00");
}

TEST(TimetableInterval, RunsToTheNextTickWhateverTheLimitsSay) {
  ScheduleSpec spec = cron_spec("@daily", "Europe/Berlin");
  spec.start = at("2030-01-01");
  const Timetable table = table_of(spec);
  const WallUs day = *parse_time("2026-03-29", table.zone());
  EXPECT_EQ(table.interval_for(day, true), (Interval{day, day + 23 * kHour}));
  EXPECT_EQ(table.interval_for(day + kHour, false), (Interval{day + kHour, day + 23 * kHour}));
}

TEST(TimetableInterval, WithoutAScheduleADateIsItsDayAndATimeIsItself) {
  ScheduleSpec spec;
  spec.timezone = "Europe/Berlin";
  const Timetable table = table_of(spec);
  const WallUs day = *parse_time("2026-10-25", table.zone());
  EXPECT_EQ(table.interval_for(day, true), (Interval{day, day + 25 * kHour}));
  EXPECT_EQ(table.interval_for(day, false), (Interval{day, day}));
}

TEST(TimetableJitter, IsStableBoundedAndSpread) {
  ScheduleSpec spec = cron_spec("@hourly");
  spec.jitter_us = 5 * kMinute;
  const Timetable table = table_of(spec);
  const Timetable other = *Timetable::build(spec, "other_dag", {});
  std::set<DurationUs> seen;
  for (const Tick& tick : table.ticks_from(at("2026-01-01"), 200)) {
    const DurationUs jitter = table.jitter_of(tick);
    EXPECT_GE(jitter, 0);
    EXPECT_LE(jitter, spec.jitter_us);
    EXPECT_EQ(jitter, table_of(spec).jitter_of(tick));
    EXPECT_NE(jitter, other.jitter_of(tick));
    seen.insert(jitter / kMinute);
  }
  EXPECT_GE(seen.size(), 5U);
  EXPECT_EQ(table.jitter_of(table.ticks_from(at("2026-01-01"), 1)[0]), 254'064'360);  // golden: it must not move
  EXPECT_EQ(table_of(cron_spec("@hourly")).jitter_of({}), 0);
}

TEST(TimetableFaults, F73_NoIntervalIsEmptyOnADstDay) {
  for (const char* cron : {"30 2 * * *", "0 2,3 * * *", "*/30 1-3 * * *", "30 * * * *"}) {
    const Timetable table = table_of(cron_spec(cron, "Europe/Berlin"));
    for (const char* from : {"2026-03-28", "2026-10-24"}) {
      const std::vector<Tick> ticks = table.ticks_from(at(from), 40);
      for (std::size_t i = 0; i < ticks.size(); ++i) {
        ASSERT_LT(ticks[i].data_interval.start, ticks[i].data_interval.end) << cron;
        if (i > 0) {
          ASSERT_EQ(ticks[i].data_interval.start, ticks[i - 1].data_interval.end) << cron;
        }
      }
    }
  }
}

TEST(TimetableFaults, F76_AClockThatStoodIn2098LeavesNothingBehind) {
  ScheduleSpec spec = cron_spec("*/5 * * * *");
  spec.catchup = Catchup::all;
  const Timetable table = table_of(spec);
  const WallUs wrong = at("2098-01-01");
  const WallUs right = at("2026-01-01T00:01");
  EXPECT_EQ(table.next_tick(wrong)->run_after, wrong + 5 * kMinute);
  EXPECT_EQ(text_of(table.next_tick(right)->run_after), "2026-01-01T00:05");
  EXPECT_TRUE(table.missed(wrong, right, 1'000).empty());  // a backward step repeats no tick
  EXPECT_EQ(table.missed(right, right + kHour, 1'000).size(), 12U);
}

TEST(TimetableFaults, F77_TicksOfASuspendAreDueAfterIt) {
  ScheduleSpec spec = cron_spec("@hourly");
  const WallUs asleep = at("2026-01-01T00:30");
  const WallUs awake = asleep + 8 * kHour;
  EXPECT_TRUE(table_of(spec).missed(asleep, awake, 100).empty());
  spec.catchup = Catchup::latest;
  EXPECT_EQ(due(table_of(spec).missed(asleep, awake, 100)), (Texts{"2026-01-01T08:00"}));
  spec.catchup = Catchup::all;
  EXPECT_EQ(table_of(spec).missed(asleep, awake, 100).size(), 8U);
}

TEST(TimetableFaults, F78_NoNumberOfMissedTicksIsTooLarge) {
  ScheduleSpec spec = cron_spec("* * * * *", "Europe/Berlin");
  spec.catchup = Catchup::all;
  const Timetable table = table_of(spec);
  const WallUs since = at("2026-03-20");
  const std::clock_t begin = std::clock();
  const std::vector<Tick> ticks = table.missed(since, since + 30 * kDay, 1'000'000);
  const double ms = 1'000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  ASSERT_EQ(ticks.size(), 43'200U);
  EXPECT_EQ(ticks.front().run_after, since + kMinute);
  EXPECT_EQ(ticks.back().run_after, since + 30 * kDay);
  RecordProperty("ms", std::to_string(ms));
}

TEST(TimetableFaults, F78_PagesOfMissedTicksJoinWithoutAHole) {
  ScheduleSpec spec = cron_spec("*/10 * * * *");
  spec.catchup = Catchup::all;
  spec.catchup_max = 1'000;
  const Timetable table = table_of(spec);
  const WallUs now = at("2026-02-01");
  std::vector<Tick> joined;
  for (WallUs since = at("2025-01-01");;) {
    const std::vector<Tick> page = table.missed(since, now, 64);
    if (page.empty()) break;
    joined.insert(joined.end(), page.begin(), page.end());
    since = page.back().run_after;
  }
  EXPECT_EQ(joined, table.ticks_between(now - 999 * 10 * kMinute, now + 1, 2'000));
  EXPECT_EQ(joined.size(), 1'000U);
}

TEST(TimetableFaults, F79_APollerOfAnyPeriodSeesEachDailyTickOnce) {
  ScheduleSpec spec = cron_spec("0 3 * * *", "America/New_York");
  spec.catchup = Catchup::all;
  const Timetable table = table_of(spec);
  for (const DurationUs period : {7 * kSecond * 1'000, 11 * kHour, 25 * kHour, 3 * kDay + kSecond}) {
    std::vector<Tick> seen;
    const WallUs end = at("2027-01-01");
    WallUs last = at("2026-01-01");
    for (WallUs now = last; now < end + period; now += period) {
      for (const Tick& tick : table.missed(last, std::min(now, end), 1'000)) seen.push_back(tick);
      if (!seen.empty()) last = seen.back().run_after;
    }
    EXPECT_EQ(seen, table.ticks_between(at("2026-01-01") + 1, end + 1, 1'000)) << period;
  }
}

TEST(TimetableFaults, F80_LateRunsDoNotPileUp) {
  ScheduleSpec spec = cron_spec("*/5 * * * *");
  const WallUs paused = at("2026-01-01");
  const WallUs resumed = at("2026-03-01T00:02");
  EXPECT_TRUE(table_of(spec).missed(paused, resumed, 100'000).empty());
  spec.catchup = Catchup::latest;
  EXPECT_EQ(due(table_of(spec).missed(paused, resumed, 100'000)), (Texts{"2026-03-01T00:00"}));
  EXPECT_TRUE(table_of(spec).missed(at("2026-03-01"), resumed, 100'000).empty());
  spec.catchup = Catchup::all;
  spec.catchup_max = 3;
  EXPECT_EQ(due(table_of(spec).missed(paused, resumed, 100'000)),
            (Texts{"2026-02-28T23:50", "2026-02-28T23:55", "2026-03-01T00:00"}));
}

TEST(TimetableMissed, ADagThatNeverRanCatchesUpFromItsStartOnly) {
  ScheduleSpec spec = cron_spec("@daily");
  spec.catchup = Catchup::all;
  EXPECT_TRUE(table_of(spec).missed(kNoTime, at("2026-01-05"), 100).empty());
  spec.start = at("2026-01-02");
  EXPECT_EQ(due(table_of(spec).missed(kNoTime, at("2026-01-05"), 100)),
            (Texts{"2026-01-03T00:00", "2026-01-04T00:00", "2026-01-05T00:00"}));
  spec.catchup = Catchup::latest;
  EXPECT_EQ(due(table_of(spec).missed(kNoTime, at("2026-01-05"), 100)), (Texts{"2026-01-05T00:00"}));
}

TEST(TimetableClock, StepsToStrangeYearsKeepEveryScheduleAlive) {
  const std::vector<ScheduleSpec> specs = {cron_spec("* * * * *"),
                                           cron_spec("@daily", "Europe/Berlin"),
                                           cron_spec("0 0 29 2 *"),
                                           cron_spec("@yearly", "Asia/Tokyo"),
                                           cron_spec("30 2 * * *", "America/New_York"),
                                           cron_spec("0 9 * * MON-FRI", "Europe/London"),
                                           cron_spec("0 */4 * * *"),
                                           cron_spec("0 0 L * *"),
                                           cron_spec("*/10 * * * * *"),
                                           cron_spec("0 0 13 * FRI"),
                                           every_spec(15 * kMinute),
                                           every_spec(kDay)};
  for (const ScheduleSpec& spec : specs) {
    const Timetable table = table_of(spec);
    for (const char* step :
         {"1970-01-01", "2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z", "2098-06-01", "2026-01-01"}) {
      const auto next = table.next_tick(at(step));
      ASSERT_TRUE(next) << step;
      EXPECT_GT(next->run_after, at(step));
      EXPECT_LE(next->run_after, at(step) + 8 * 366 * kDay);
    }
  }
}

}  // namespace
}  // namespace baton::timetable
