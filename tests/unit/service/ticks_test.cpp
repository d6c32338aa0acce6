// Ticks by scenario: what each comes to, and that each ends once.
#include "tests/unit/service/ticking.h"

namespace baton {
namespace {

using testing::Test;
using timetable::Catchup;
using timetable::Overlap;
using Dates = std::vector<std::string>;

TEST(Ticks, ARunIsMadeWhenItsIntervalEnds) {
  Ticking dag(cron("0 * * * *"), at("2026-03-01T10:30:00Z"));
  EXPECT_EQ(dag.wake(), at("2026-03-01T11:00:00Z"));
  dag.look("2026-03-01T10:59:59Z");
  EXPECT_TRUE(dag.runs.empty());
  dag.look("2026-03-01T11:00:00Z");
  EXPECT_EQ(dag.run_dates(), Dates{"2026-03-01T10:00"});
  dag.look("2026-03-01T11:00:01Z");
  EXPECT_EQ(dag.runs.size(), 1U);
  EXPECT_EQ(dag.wake(), at("2026-03-01T12:00:00Z"));
  dag.check();
}

// Scenario 1: an hourly DAG becomes a daily one, whose first date has a run already.
TEST(TickScenarios, HourlyEditedToDailyOntoADateThatHasARun) {
  Ticking dag(cron("0 * * * *"), at("2026-03-01T00:00:00Z"));
  for (WallUs now = at("2026-03-01T01:00:00Z"); now <= at("2026-03-01T15:00:00Z"); now += kHour) {
    dag.look(now);
    dag.end_all();
  }
  EXPECT_EQ(dag.runs.size(), 15U);
  dag.edit(cron("0 0 * * *"), at("2026-03-01T15:30:00Z"));
  dag.look("2026-03-02T00:00:00Z");  // its date 2026-03-01T00:00 is that of the first hourly run
  EXPECT_EQ(dag.runs.size(), 15U);
  EXPECT_EQ(dag.recorded(TickReason::exists), 1);
  EXPECT_EQ(dag.records.at(at("2026-03-02T00:00:00Z")).run_no, 7);
  dag.look("2026-03-03T00:00:00Z");
  EXPECT_EQ(dag.run_dates().back(), "2026-03-02T00:00");
  dag.check();
}

// Scenario 2: an edit at noon moves 09:00 to 09:10; nothing comes before tomorrow, and ending or clearing old runs
// moves nothing.
TEST(TickScenarios, AnEditAtNoonFiresNothingBeforeTomorrow) {
  for (const Catchup catchup : {Catchup::none, Catchup::latest, Catchup::all}) {
    Ticking dag(cron("0 9 * * *", catchup), at("2026-03-01T08:00:00Z"));
    dag.look("2026-03-01T09:00:00Z");
    dag.end_all();
    dag.edit(cron("10 9 * * *", catchup), at("2026-03-01T12:00:00Z"));
    EXPECT_EQ(dag.wake(), at("2026-03-02T09:10:00Z"));
    dag.runs.begin()->second.is_open = true;  // cleared: it lives again
    dag.look("2026-03-01T20:00:00Z");
    dag.end_all();
    dag.restart(at("2026-03-02T09:09:59Z"));
    EXPECT_EQ(dag.runs.size(), 1U);
    dag.look("2026-03-02T09:10:00Z");
    EXPECT_EQ(dag.runs.size(), 2U);
    dag.check();
  }
}

TEST(TickScenarios, WhatWaitsToBeCaughtUpIsGivenUpByAnEdit) {
  Ticking dag(cron("0 * * * *", Catchup::all), at("2026-03-01T00:00:00Z"));
  dag.restart(at("2026-03-01T10:30:00Z"));
  EXPECT_EQ(dag.runs.size(), 1U);
  EXPECT_EQ(dag.recorded(TickReason::waiting), 9);
  dag.edit(cron("30 * * * *", Catchup::all), at("2026-03-01T10:45:00Z"));
  EXPECT_EQ(dag.recorded(TickReason::waiting), 0);
  EXPECT_EQ(dag.recorded(TickReason::catchup), 9);
  dag.end_all();
  dag.look("2026-03-01T11:00:00Z");
  EXPECT_EQ(dag.runs.size(), 1U);
  dag.look("2026-03-01T11:30:00Z");
  EXPECT_EQ(dag.runs.size(), 2U);
  dag.check();
}

// Scenario 3: held until the last timer has passed, then not any more: the next tick is on time, those missed follow
// `catchup`.
TEST(TickScenarios, HeldUntilTheLastTimerHasPassedThenNotAnyMore) {
  for (const TickReason why : {TickReason::paused, TickReason::frozen, TickReason::failures, TickReason::clock}) {
    for (const Catchup catchup : {Catchup::none, Catchup::latest, Catchup::all}) {
      SCOPED_TRACE(static_cast<int>(why));
      Ticking dag(cron("0 * * * *", catchup), at("2026-03-01T00:10:00Z"), 20);
      dag.hold(at("2026-03-01T00:30:00Z"), why);
      dag.look("2026-03-01T07:00:00Z");
      EXPECT_TRUE(dag.runs.empty());
      dag.go_on(at("2026-03-01T10:30:00Z"));
      const std::size_t made_up = catchup == Catchup::none ? 0 : catchup == Catchup::latest ? 1 : 10;
      EXPECT_EQ(dag.runs.size(), made_up);
      EXPECT_EQ(dag.recorded(why), static_cast<std::int64_t>(10 - made_up));
      EXPECT_EQ(dag.wake(), at("2026-03-01T11:00:00Z"));
      dag.look("2026-03-01T11:00:00Z");
      EXPECT_EQ(dag.runs.size(), made_up + 1);
      EXPECT_EQ(dag.run_dates().back(), "2026-03-01T10:00");
      dag.check();
    }
  }
}

TEST(TickScenarios, WhatADrainLeftOutIsNeverMadeUp) {
  Ticking dag(cron("0 * * * *", Catchup::all), at("2026-03-01T00:10:00Z"));
  dag.hold(at("2026-03-01T00:30:00Z"), TickReason::drained);
  dag.go_on(at("2026-03-01T05:30:00Z"));
  EXPECT_TRUE(dag.runs.empty());
  EXPECT_EQ(dag.recorded(TickReason::drained), 5);
  dag.look("2026-03-01T06:00:00Z");
  EXPECT_EQ(dag.runs.size(), 1U);
  dag.check();
}

TEST(TickScenarios, AfterARestartMissedTicksFollowCatchup) {
  for (const Catchup catchup : {Catchup::none, Catchup::latest, Catchup::all}) {
    Ticking dag(cron("0 * * * *", catchup), at("2026-03-01T00:10:00Z"));
    dag.restart(at("2026-03-01T04:20:00Z"));
    for (int i = 0; i < 10; ++i) {
      dag.end_all();
      dag.look("2026-03-01T04:30:00Z");
    }
    const std::size_t made_up = catchup == Catchup::none ? 0 : catchup == Catchup::latest ? 1 : 4;
    EXPECT_EQ(dag.runs.size(), made_up);
    EXPECT_EQ(dag.recorded(TickReason::catchup), static_cast<std::int64_t>(4 - made_up));
    EXPECT_EQ(dag.recorded(TickReason::waiting), 0);
    dag.check();
  }
}

TEST(TickScenarios, ACalendarsDaysAreRecordedAndTheNextOneIsOnTime) {
  timetable::ScheduleSpec spec = cron("0 6 * * *");
  spec.calendar.only = {"business_days"};
  Ticking dag(spec, at("2026-03-05T12:00:00Z"));  // a Thursday
  for (WallUs now = at("2026-03-06T06:00:00Z"); now <= at("2026-03-10T06:00:00Z"); now += kDay) {
    dag.look(now);
    dag.end_all();
  }
  EXPECT_EQ(dag.run_dates(), (Dates{"2026-03-05T06:00", "2026-03-06T06:00", "2026-03-09T06:00"}));
  EXPECT_EQ(dag.records.size(), 1U);
  EXPECT_EQ(dag.recorded(TickReason::calendar), 2);
  dag.check();
}

TEST(TickScenarios, ABlackoutMakesNoRunsWhateverCatchupSays) {
  const timetable::ScheduleSpec spec = cron("0 * * * *", Catchup::all);
  const TickSchedule schedule =
      *tick_schedule(spec, "dag", {}, 5, {{at("2026-03-01T02:00:00Z"), at("2026-03-01T04:00:00Z")}});
  TickState state = first_sight(schedule, at("2026-03-01T00:30:00Z")).state;
  miss(state, {at("2026-03-01T05:30:00Z"), TickReason::catchup, true});
  const TickPlan plan = plan_ticks(schedule, state, {at("2026-03-01T05:30:00Z"), 0});
  std::int64_t dark = 0, waiting = 0;
  for (const TickRange& range : plan.records) {
    dark += range.reason == TickReason::blackout ? range.ticks : 0;
    waiting += range.reason == TickReason::waiting ? range.ticks : 0;
  }
  EXPECT_EQ(dark, 2);
  EXPECT_EQ(waiting, 2);  // 01:00 makes its run at once
  ASSERT_TRUE(plan.run);
  EXPECT_EQ(plan.run->run_after, at("2026-03-01T01:00:00Z"));
}

// Scenario 4: runs longer than the period, the waiting one held, the server down across ticks: one live, one waiting,
// the rest recorded.
TEST(TickScenarios, QueueIsOneLiveAndOneWaiting) {
  Ticking dag(cron("*/10 * * * *"), at("2026-03-01T00:00:00Z"));
  for (WallUs now = at("2026-03-01T00:10:00Z"); now <= at("2026-03-01T01:00:00Z"); now += 10 * kMinute) dag.look(now);
  EXPECT_EQ(dag.run_dates(), (Dates{"2026-03-01T00:00", "2026-03-01T00:10"}));
  EXPECT_EQ(dag.recorded(TickReason::overlap), 4);
  EXPECT_EQ(dag.records.size(), 1U);
  dag.restart(at("2026-03-01T02:05:00Z"));
  EXPECT_EQ(dag.runs.size(), 2U);
  EXPECT_EQ(dag.recorded(TickReason::catchup), 6);
  dag.end_oldest();
  dag.look("2026-03-01T02:10:00Z");
  EXPECT_EQ(dag.run_dates().back(), "2026-03-01T02:00");
  dag.check();
}

TEST(TickScenarios, SkipRecordsAndCancelRunningStops) {
  timetable::ScheduleSpec spec = cron("0 * * * *");
  spec.overlap = Overlap::skip;
  Ticking skips(spec, at("2026-03-01T00:30:00Z"));
  skips.look("2026-03-01T01:00:00Z");
  skips.look("2026-03-01T02:00:00Z");
  EXPECT_EQ(skips.runs.size(), 1U);
  EXPECT_EQ(skips.recorded(TickReason::overlap), 1);
  skips.check();
  spec.overlap = Overlap::cancel_running;
  Ticking cancels(spec, at("2026-03-01T00:30:00Z"));
  cancels.look("2026-03-01T01:00:00Z");
  EXPECT_EQ(cancels.cancelled, 0);
  cancels.look("2026-03-01T02:00:00Z");
  EXPECT_EQ(cancels.cancelled, 1);
  EXPECT_EQ(cancels.open(), 1);
  cancels.check();
}

TEST(TickScenarios, WhatIsCaughtUpStaysBehindTheCursorUntilThereIsRoom) {
  Ticking dag(cron("0 * * * *", Catchup::all), at("2026-03-01T00:30:00Z"));
  dag.restart(at("2026-03-01T05:30:00Z"));  // 01:00 to 05:00 were missed
  EXPECT_EQ(dag.runs.size(), 1U);
  EXPECT_EQ(dag.recorded(TickReason::waiting), 4);
  dag.look("2026-03-01T06:00:00Z");  // the one that waits
  dag.look("2026-03-01T07:00:00Z");
  EXPECT_EQ(dag.runs.size(), 2U);
  EXPECT_EQ(dag.recorded(TickReason::overlap), 1);
  EXPECT_EQ(dag.recorded(TickReason::waiting), 4);
  for (int i = 0; i < 12; ++i) {
    dag.end_oldest();
    dag.look("2026-03-01T07:30:00Z");
  }
  EXPECT_EQ(dag.runs.size(), 6U);
  EXPECT_EQ(dag.recorded(TickReason::waiting), 0);
  dag.check();
}

TEST(Ticks, AtFirstSightItStartsAtItsStart) {
  timetable::ScheduleSpec spec = cron("0 0 * * *", Catchup::all);
  spec.start = at("2026-01-01T00:00:00Z");
  Ticking dag(spec, at("2026-01-06T12:00:00Z"), 100);
  EXPECT_FALSE(dag.begins_paused);
  dag.look("2026-01-06T12:00:00Z");
  EXPECT_EQ(dag.runs.size(), 5U);
  EXPECT_EQ(dag.run_dates().front(), "2026-01-01T00:00");
  dag.check();
}

TEST(Ticks, ManyTicksThatNobodyAskedForBeginPaused) {
  timetable::ScheduleSpec spec = cron("0 * * * *", Catchup::all);
  spec.start = at("2026-01-01T00:00:00Z");
  Ticking dag(spec, at("2026-01-20T00:00:00Z"), 1'000);
  EXPECT_TRUE(dag.begins_paused);
  dag.look("2026-01-20T00:30:00Z");
  EXPECT_TRUE(dag.runs.empty());
  dag.go_on(at("2026-01-20T01:30:00Z"));  // now somebody has
  EXPECT_EQ(dag.runs.size(), 19U * 24 + 1);
  dag.check();
  spec.catchup_max = 3;
  Ticking few(spec, at("2026-01-20T00:00:00Z"), 1'000);
  EXPECT_FALSE(few.begins_paused);
  few.look("2026-01-20T00:30:00Z");
  EXPECT_EQ(few.runs.size(), 3U);
  few.check();
}

TEST(Ticks, AYearOfAMinutelyScheduleIsReadInPages) {
  for (const Catchup catchup : {Catchup::none, Catchup::latest, Catchup::all}) {
    timetable::ScheduleSpec spec = cron("* * * * *", catchup);
    spec.catchup_max = 50;
    Ticking dag(spec, at("2026-01-01T00:00:30Z"), 1'000);
    dag.restart(at("2026-02-01T00:00:30Z"));
    const std::size_t made_up = catchup == Catchup::none ? 0 : catchup == Catchup::latest ? 1 : 50;
    EXPECT_EQ(dag.runs.size(), made_up);
    EXPECT_EQ(dag.recorded(TickReason::catchup), static_cast<std::int64_t>(31 * 24 * 60 - made_up));
    EXPECT_EQ(dag.records.size(), 1U);
    dag.check();
  }
}

TEST(Ticks, JitterDelaysTheRunAndLosesNothing) {
  timetable::ScheduleSpec spec = cron("0 * * * *");
  spec.jitter_us = 20 * kMinute;
  Ticking dag(spec, at("2026-03-01T00:30:00Z"), 50);
  for (WallUs now = at("2026-03-01T00:30:00Z"); now <= at("2026-03-02T00:30:00Z"); now += kMinute) dag.look(now);
  EXPECT_EQ(dag.runs.size(), 24U);
  dag.check();
}

TEST(Ticks, ARestartBetweenATickAndItsJitterMissesNothing) {
  timetable::ScheduleSpec spec = cron("0 * * * *");
  spec.jitter_us = 20 * kMinute;
  Ticking dag(spec, at("2026-03-01T00:30:00Z"), 50);
  for (WallUs now = at("2026-03-01T00:30:00Z"); now <= at("2026-03-02T00:30:00Z"); now += kMinute) dag.restart(now - 1);
  EXPECT_EQ(dag.runs.size() + static_cast<std::size_t>(dag.recorded(TickReason::catchup)), 24U);
  dag.check();
}

TEST(Ticks, OnlyWhatMovesTheTicksIsAnEdit) {
  timetable::ScheduleSpec spec = cron("0 9 * * *");
  const std::vector<timetable::Calendar> none;
  const std::string hash = schedule_hash(spec, none);
  timetable::ScheduleSpec other = spec;
  other.catchup = Catchup::all;
  other.overlap = Overlap::skip;
  other.jitter_us = kMinute;
  EXPECT_EQ(schedule_hash(other, none), hash);
  other.timezone = "Europe/Berlin";
  EXPECT_NE(schedule_hash(other, none), hash);
  other = spec;
  other.calendar.exclude = {"holidays"};
  const auto holidays = timetable::make_calendar("holidays", {20'000});
  const auto more = timetable::make_calendar("holidays", {20'000, 20'001});
  EXPECT_NE(schedule_hash(other, {holidays}), hash);
  EXPECT_NE(schedule_hash(other, {holidays}), schedule_hash(other, {more}));
}

TEST(Ticks, WhatWaitsOfATimeThatHasNotComeIsTakenBack) {
  timetable::ScheduleSpec spec = cron("0 0 * * *", Catchup::all);
  Ticking dag(spec, at("2026-03-01T12:00:00Z"));
  dag.look("2026-03-02T00:00:00Z");          // a run that lasts: what comes waits
  dag.restart(at("2026-03-10T12:00:00Z"));
  ASSERT_EQ(dag.recorded(TickReason::waiting), 8);
  dag.set_back(at("2026-03-04T12:00:00Z"));
  EXPECT_EQ(dag.recorded(TickReason::waiting), 2);
  dag.end_all();
  dag.look("2026-03-04T13:00:00Z");
  dag.end_all();
  dag.look("2026-03-04T14:00:00Z");
  dag.end_all();
  dag.look("2026-03-04T15:00:00Z");
  EXPECT_EQ(dag.run_dates().back(), "2026-03-03T00:00") << "a run of what has not come";
  EXPECT_EQ(dag.wake(), at("2026-03-05T00:00:00Z"));
}

TEST(Ticks, AClockThatWasFarAheadLeavesNoScheduleDead) {
  Ticking dag(cron("0 0 * * *"), at("2026-03-01T12:00:00Z"));
  dag.look("2026-03-02T00:00:00Z");
  dag.end_all();
  dag.restart(at("2098-01-01T12:00:00Z"));
  dag.set_back(at("2026-03-02T12:00:00Z"));
  EXPECT_EQ(dag.wake(), at("2026-03-03T00:00:00Z"));
  EXPECT_TRUE(dag.records.empty()) << "of a time that has not come";
  dag.look("2026-03-03T00:00:00Z");
  EXPECT_EQ(dag.run_dates().back(), "2026-03-02T00:00");
}

// Six years of seconds are 190 million missed ticks; walking through them took minutes, and no tick was on time.
TEST(Ticks, YearsOfMissedTicksAreCountedNotWalked) {
  timetable::ScheduleSpec spec;
  spec.entries.push_back({"", kSecond, ""});
  spec.start = at("2020-01-01T00:00:00Z");
  const WallUs now = at("2026-01-01T00:00:00Z");
  const std::int64_t missed = (now - spec.start) / kSecond;
  for (const Catchup catchup : {Catchup::none, Catchup::latest, Catchup::all}) {
    spec.catchup = catchup;
    spec.catchup_max = catchup == Catchup::all ? 30 : 0;
    Ticking dag(spec, now);
    dag.look(now);
    EXPECT_LT(dag.plans, 40);
    const std::int64_t made_up = catchup == Catchup::none ? 0 : catchup == Catchup::latest ? 1 : 30;
    EXPECT_EQ(dag.recorded(TickReason::catchup), missed - made_up);
    EXPECT_EQ(dag.recorded(TickReason::waiting) + static_cast<std::int64_t>(dag.runs.size()), made_up);
    EXPECT_EQ(dag.wake(), now + kSecond);
  }
}

TEST(Ticks, APauseOfYearsIsCountedToo) {
  Ticking dag(cron("* * * * *", Catchup::latest), at("2020-01-01T00:00:30Z"));
  dag.hold(at("2020-01-01T00:01:30Z"), TickReason::paused);
  dag.end_all();
  dag.go_on(at("2026-01-01T00:00:30Z"));
  EXPECT_EQ(dag.run_dates(), (Dates{"2020-01-01T00:00", "2025-12-31T23:59"}));
  EXPECT_LT(dag.plans, 10);
  dag.hold(at("2026-01-02T00:00:30Z"), TickReason::paused);
  dag.edit(cron("*/2 * * * *"), at("2030-01-01T00:00:30Z"));
  EXPECT_LT(dag.plans, 1'600);  // a day of minutes that made runs or records one by one
  EXPECT_EQ(dag.recorded(TickReason::paused), 3'156'478 + 2'102'400);
}

}  // namespace
}  // namespace baton
