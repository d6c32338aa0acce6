#include "scheduler/service/tick_holds.h"
#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

using timetable::Catchup;
using TicksOnTime = ServiceBench;
using TicksHeld = ServiceBench;
using TicksRestarted = ServiceBench;
using TicksOfFiles = ServiceBench;

TEST_F(TicksOnTime, EachTickMakesItsRunWhenItIsDue) {
  start();
  put("etl", cron("0 * * * *"));
  run_to("2026-03-01T00:59:59Z");
  EXPECT_TRUE(host_.runs.empty());
  for (const char* hour : {"2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z", "2026-03-01T03:00:00Z"}) {
    run_to(hour);
    end_all();
  }
  EXPECT_EQ(host_.runs.size(), 3U);
  EXPECT_EQ(host_.dags.at("etl").cursor, at("2026-03-01T03:00:00Z"));
  EXPECT_EQ(host_.dags.at("etl").next_tick, at("2026-03-01T04:00:00Z"));
  EXPECT_TRUE(host_.ticks.empty());
}

TEST_F(TicksOnTime, ADateThatIsTakenIsRecordedAndTheNextOneComes) {
  start();
  put("etl", cron("0 * * * *"));
  host_.dates[{"etl", at("2026-03-01T00:00:00Z")}] = 77;
  run_to("2026-03-01T01:00:00Z");
  EXPECT_TRUE(host_.runs.empty());
  ASSERT_EQ(host_.recorded(TickReason::exists), 1);
  EXPECT_EQ(host_.ticks.begin()->second.run_no, 77);
  run_to("2026-03-01T02:00:00Z");
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(TicksOnTime, AWallTimerIsLookedAtEveryMinuteAndNoMoreOften) {
  start();
  put("etl", cron("0 0 * * *"));
  loop_.fired = 0;
  run_to("2026-03-01T10:30:00Z");
  EXPECT_LE(loop_.fired, 601);
  EXPECT_GE(loop_.fired, 599);
}

TEST_F(TicksOnTime, ManyDagsDueAtOnceAreAllWrittenInOneTurn) {
  start();
  for (int i = 0; i < 1'000; ++i) put("dag" + std::to_string(i), cron("0 1 * * *"));
  run_to("2026-03-01T00:59:59Z");
  loop_.pass(kSecond);
  loop_.timers.extract(loop_.timers.begin()).mapped()();
  EXPECT_EQ(loop_.posted.size(), 1'000U);
  loop_.settle();
  EXPECT_EQ(host_.runs.size(), 1'000U);
}

TEST_F(TicksOnTime, CancelRunningStopsTheRunsBeforeAndNotItsOwn) {
  timetable::ScheduleSpec spec = cron("0 * * * *");
  spec.overlap = timetable::Overlap::cancel_running;
  start();
  put("etl", spec);
  run_to("2026-03-01T01:00:00Z");
  EXPECT_TRUE(host_.stopped.empty());
  run_to("2026-03-01T02:00:00Z");
  EXPECT_EQ(host_.stopped, std::vector<RunNo>{1});
}

TEST_F(TicksOnTime, AShortStepForwardFollowsCatchup) {
  start();
  put("none", cron("*/10 * * * *"), 50);
  put("all", cron("*/10 * * * *", Catchup::all), 50);
  loop_.wall += 55 * kMinute;  // 00:40 to 01:20 are jumped over
  loop_.run_to(at("2026-03-01T01:30:00Z"));
  EXPECT_EQ(host_.recorded(TickReason::catchup), 5);
  EXPECT_EQ(host_.runs.size(), 7U);  // five made up, 01:30 twice
}

TEST_F(TicksOnTime, WhoHasStoppedMakesNoRunsWhateverEnds) {
  start();
  put("etl", cron("*/10 * * * *", Catchup::all));
  run_to("2026-03-01T00:40:00Z");
  loop_.pass(kHour);
  service_->stop();
  end_all();
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(TicksOnTime, AStepBackFiresNothingTwice) {
  start();
  put("etl", cron("0 * * * *"));
  run_to("2026-03-01T01:00:00Z");
  end_all();
  loop_.wall -= 2 * kMinute;
  loop_.run_to(at("2026-03-01T01:59:00Z"));
  EXPECT_EQ(host_.runs.size(), 1U);
  EXPECT_TRUE(host_.ticks.empty());
  loop_.run_to(at("2026-03-01T02:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 2U);
}

TEST_F(TicksOnTime, AClockThatJumpsFarIsNotBelievedForTwoMinutes) {
  start();
  put("etl", cron("0 * * * *"));
  loop_.wall += 10 * kHour;
  loop_.run_to(at("2026-03-01T10:31:00Z"));
  EXPECT_TRUE(service_->gate().is_clock_suspect);
  EXPECT_TRUE(host_.runs.empty());
  loop_.run_to(at("2026-03-01T10:34:30Z"));
  EXPECT_FALSE(service_->gate().is_clock_suspect);
  EXPECT_EQ(host_.recorded(TickReason::clock), 10);
  loop_.run_to(at("2026-03-01T11:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 1U);
  EXPECT_EQ(host_.said.size(), 2U);
}

TEST_F(TicksOnTime, BackFromATimeThatNeverWasTheScheduleLives) {
  start();
  put("etl", cron("0 * * * *"));
  const WallUs right = loop_.wall;
  loop_.wall += 70 * 365 * kDay;
  loop_.run_to(loop_.wall + 5 * kMinute);
  loop_.wall = right + 5 * kMinute;
  loop_.run_to(at("2026-03-01T01:00:00Z"));
  loop_.run_to(at("2026-03-01T02:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 2U);
}

TEST_F(TicksOnTime, BackFromATimeThatNeverWasTheScheduleLivesAlsoAfterARestart) {
  start();
  put("etl", cron("0 0 * * *"));
  const WallUs right = loop_.wall;
  loop_.wall += 70 * 365 * kDay;
  loop_.run_to(loop_.wall + 5 * kMinute);
  loop_.wall = right + 5 * kMinute;
  loop_.run_to(at("2026-03-01T12:00:00Z"));
  die();
  start();  // nothing that is stored is newer than now: nobody is in doubt of the clock
  loop_.run_to(at("2026-03-02T00:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(TicksOnTime, SetBackFromATimeThatNeverWasWhileNobodyWasThereTheScheduleLives) {
  start();
  put("etl", cron("0 * * * *"));
  const WallUs right = loop_.wall;
  loop_.wall += 30 * kDay;
  loop_.run_to(loop_.wall + 5 * kMinute);
  die();
  loop_.wall = right + 10 * kMinute;
  start();  // no run tells that the clock was ahead, the cursor does
  loop_.run_to(at("2026-03-01T01:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(TicksOnTime, BackFromATimeThatNeverWasAFrozenServerGoesOnAsSoonAsItIsThawed) {
  start();
  put("etl", cron("0 * * * *"));
  const WallUs right = loop_.wall;
  loop_.wall += 30 * kDay;
  loop_.run_to(loop_.wall + 5 * kMinute);
  service_->freeze({loop_.wall, "ada"}, "maintenance", {}, ok());
  loop_.settle();
  loop_.wall = right + 5 * kMinute;
  loop_.run_to(at("2026-03-01T00:50:00Z"));
  service_->thaw({}, ok());
  loop_.run_to(at("2026-03-01T01:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 1U);
}

/// Nobody has believed the time, and still it must not be what a DAG waits for.
TEST_F(TicksOnTime, WhoComesWhileTheClockIsInDoubtDoesNotWaitForTheTimeItShowed) {
  start();
  loop_.run_to(at("2026-03-01T00:40:00Z"));
  const WallUs right = loop_.wall;
  loop_.wall += 20 * kHour;
  loop_.run_to(loop_.wall + 90 * kSecond);
  ASSERT_TRUE(service_->gate().is_clock_suspect);
  put("etl", cron("0 * * * *"));
  loop_.settle();
  loop_.wall = right + 90 * kSecond;
  loop_.run_to(at("2026-03-01T01:00:00Z"));
  EXPECT_FALSE(service_->gate().is_clock_suspect);
  loop_.run_to(at("2026-03-01T02:00:00Z"));
  EXPECT_EQ(host_.runs.size(), 2U);
}

TEST_F(TicksHeld, WhoAsksForWhatIsOnItsWayIsToldWhenItIsDurable) {
  start();
  put("etl", cron("0 * * * *"));
  service_->pause("etl", {loop_.wall, "ada"}, {}, ok());
  bool was_told = false;
  service_->pause("etl", {loop_.wall, "eve"}, {}, [&](const Status& how) {
    was_told = true;
    EXPECT_TRUE(how.ok() && host_.dags.at("etl").paused.holds());
  });
  EXPECT_FALSE(was_told) << "the scheduler may die before it is so";
  loop_.settle();
  EXPECT_TRUE(was_told);
  EXPECT_EQ(host_.audit.size(), 1U);
}

// Scenario 3, with the service's own timers.
TEST_F(TicksHeld, PausedPastItsLastTimerThenResumed) {
  start();
  put("etl", cron("0 * * * *", Catchup::latest));
  service_->pause("etl", {loop_.wall, "ada"}, {}, ok());
  loop_.settle();
  EXPECT_TRUE(host_.held.at("etl"));
  EXPECT_EQ(service_->next_wake(), std::nullopt);
  run_to("2026-03-01T05:30:00Z");
  EXPECT_TRUE(host_.runs.empty());
  service_->resume("etl", {}, ok());
  loop_.settle();
  EXPECT_FALSE(host_.held.at("etl"));
  EXPECT_EQ(host_.runs.size(), 1U);
  EXPECT_EQ(host_.recorded(TickReason::paused), 4);
  run_to("2026-03-01T06:00:00Z");
  EXPECT_EQ(host_.runs.size(), 2U);
  EXPECT_EQ(host_.audit.size(), 2U);
}

TEST_F(TicksHeld, FrozenThenThawed) {
  start();
  put("none", cron("0 * * * *"));
  put("all", cron("0 * * * *", Catchup::all), 10);
  service_->freeze({loop_.wall, "ada"}, "the warehouse moves", {}, ok());
  run_to("2026-03-01T04:30:00Z");
  EXPECT_TRUE(host_.runs.empty());
  EXPECT_TRUE(host_.frozen);
  service_->thaw({}, ok());
  loop_.settle();
  EXPECT_FALSE(host_.frozen);
  EXPECT_EQ(host_.runs.size(), 4U);
  EXPECT_EQ(host_.recorded(TickReason::frozen), 4);
  run_to("2026-03-01T05:00:00Z");
  EXPECT_EQ(host_.runs.size(), 6U);
}

TEST_F(TicksHeld, ADrainingDagWhoseLastRunEndsBecomesPaused) {
  start();
  put("etl", cron("0 * * * *", Catchup::all));
  run_to("2026-03-01T01:00:00Z");
  service_->drain("etl", {loop_.wall, "ada"}, {}, ok());
  run_to("2026-03-01T03:30:00Z");
  EXPECT_EQ(gate_of(*service_->dag("etl"), {}), DagGate::draining);
  end(1);
  EXPECT_EQ(gate_of(*service_->dag("etl"), {}), DagGate::paused);
  EXPECT_EQ(host_.dags.at("etl").paused.by, "ada");
  run_to("2026-03-01T05:30:00Z");
  service_->resume("etl", {}, ok());
  loop_.settle();
  EXPECT_EQ(host_.recorded(TickReason::drained), 2);  // 02:00 and 03:00; 04:00 and 05:00 are caught up
  EXPECT_EQ(host_.runs.size(), 2U);
  EXPECT_EQ(host_.recorded(TickReason::waiting), 1);
}

TEST_F(TicksHeld, RunsThatFailInARowPauseTheDagAndSaySo) {
  start();
  put("etl", cron("0 * * * *"));
  for (int hour = 1; hour <= 3; ++hour) {
    loop_.run_to(at("2026-03-01T00:00:00Z") + hour * kHour);
    ASSERT_EQ(host_.runs.size(), static_cast<std::size_t>(hour));
    end(hour, RunState::failed, 3);
  }
  EXPECT_EQ(host_.dags.at("etl").paused.by, kPausedByFailures);
  EXPECT_EQ(host_.dags.at("etl").failed_in_row, 3);
  ASSERT_EQ(host_.said.size(), 1U);
  EXPECT_NE(host_.said[0].find("3 runs have failed in a row"), std::string::npos);
  EXPECT_EQ(host_.audit.size(), 1U);
  run_to("2026-03-01T05:30:00Z");
  service_->resume("etl", {}, ok());
  loop_.settle();
  EXPECT_EQ(host_.recorded(TickReason::failures), 2);
  EXPECT_EQ(host_.dags.at("etl").failed_in_row, 0);
}

TEST_F(TicksHeld, WhatIsAskedForIsAuditedWithWhoAndWhy) {
  start();
  put("etl", cron("0 * * * *"));
  TickHolds holds(loop_, *service_);
  const Actor ada{"ada", "10.0.0.7", "api"};
  holds.hold(HoldDag{"etl", HoldDag::Wish::pause, "a bad deploy"}, ada, ok());
  holds.hold(HoldDag{"etl", HoldDag::Wish::pause, "again"}, ada, ok());  // holds already: nothing is written
  holds.hold(HoldDag{"etl", HoldDag::Wish::resume, ""}, ada, ok());
  holds.hold(HoldServer{true, "the warehouse moves"}, ada, ok());
  holds.hold(HoldServer{false, ""}, ada, ok());
  loop_.settle();
  ASSERT_EQ(host_.audit.size(), 4U);
  const char* actions[] = {"pause", "resume", "freeze", "thaw"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(host_.audit[i].action, actions[i]);
    EXPECT_EQ(host_.audit[i].actor, "ada");
  }
  EXPECT_EQ(host_.audit[0].dag_id, "etl");
  EXPECT_NE(host_.audit[0].extra_json.find("a bad deploy"), std::string::npos);
  Status refused = Unit{};
  holds.hold(HoldServer{true, ""}, ada, [&](const Status& status) { refused = status; });
  EXPECT_FALSE(refused.ok());
}

TEST_F(TicksHeld, ADagThatIsNotThereCannotBePaused) {
  start();
  Status answer = Unit{};
  service_->pause("etl", {1, "ada"}, {}, [&](const Status& status) { answer = status; });
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
}

// Scenario 4, across a server that is down.
TEST_F(TicksRestarted, OneLiveOneWaitingTheRestRecorded) {
  start();
  put("etl", cron("*/10 * * * *"));
  run_to("2026-03-01T01:30:00Z");
  EXPECT_EQ(host_.runs.size(), 2U);
  EXPECT_EQ(host_.recorded(TickReason::overlap), 4);
  die();
  loop_.pass(kHour + 5 * kMinute);
  start();
  EXPECT_EQ(host_.schedules_read, 1);
  EXPECT_EQ(host_.runs.size(), 2U);
  EXPECT_EQ(host_.recorded(TickReason::catchup), 6);
  end(1);
  run_to("2026-03-01T02:40:00Z");
  EXPECT_EQ(host_.runs.size(), 3U);
  EXPECT_EQ(host_.runs.at(3).first.tick.logical_date, at("2026-03-01T02:30:00Z"));
}

TEST_F(TicksRestarted, NothingIsReadUntilItIsDue) {
  start();
  put("daily", cron("0 0 * * *"));
  put("hourly", cron("0 * * * *"));
  die();
  start();
  EXPECT_EQ(host_.schedules_read, 0);
  run_to("2026-03-01T01:00:00Z");
  EXPECT_EQ(host_.schedules_read, 1);
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(TicksRestarted, WhatWaitsToBeCaughtUpGoesOnAfterwards) {
  start();
  put("etl", cron("0 * * * *", Catchup::all));
  die();
  loop_.pass(5 * kHour);
  start();
  EXPECT_EQ(host_.recorded(TickReason::waiting), 4);
  die();
  start();
  EXPECT_EQ(host_.runs.size(), 1U);
  for (RunNo run = 1; run <= 4; ++run) end(run);
  EXPECT_EQ(host_.runs.size(), 5U);
  EXPECT_EQ(host_.recorded(TickReason::waiting), 0);
}

TEST_F(TicksRestarted, ADeathAtAnyStepLosesAndDoublesNothing) {
  for (int steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    loop_.wall = at("2026-03-01T00:30:00Z");
    host_.~RowHost();
    new (&host_) RowHost(loop_);
    start();
    put("etl", cron("0 * * * *", Catchup::all), 3);
    die();
    loop_.pass(20 * kHour);
    service_ = std::make_unique<TicksService>(loop_, host_);
    service_->start(host_.snapshot());
    loop_.timers.extract(loop_.timers.begin()).mapped()();
    for (int i = 0; i < steps && !loop_.posted.empty(); ++i) {
      const auto f = std::move(loop_.posted.front());
      loop_.posted.pop_front();
      f();
    }
    die();
    start();
    while (host_.recorded(TickReason::waiting) > 0) end_all();
    EXPECT_EQ(host_.runs.size(), 20U);
    EXPECT_TRUE(host_.ticks.empty());
    die();
  }
}

TEST_F(TicksOfFiles, AnEditStartsTheClockAnewAndAFileThatIsSavedAsItWasDoesNot) {
  start();
  put("etl", cron("0 9 * * *"));
  run_to("2026-03-01T12:00:00Z");
  EXPECT_EQ(host_.runs.size(), 1U);
  put("etl", cron("0 9 * * *"));
  EXPECT_EQ(host_.dags.at("etl").schedule_since, at("2026-03-01T00:30:00Z"));
  put("etl", cron("10 9 * * *", Catchup::all));
  EXPECT_EQ(host_.dags.at("etl").schedule_since, loop_.wall);
  EXPECT_EQ(host_.dags.at("etl").next_tick, at("2026-03-02T09:10:00Z"));
  run_to("2026-03-02T09:09:00Z");
  EXPECT_EQ(host_.runs.size(), 1U);
  run_to("2026-03-02T09:10:00Z");
  EXPECT_EQ(host_.runs.size(), 2U);
}

TEST_F(TicksOfFiles, AnEditWhileNobodyWasThereEndsTheOldScheduleInRecords) {
  start();
  put("etl", cron("0 * * * *", Catchup::all));
  die();
  loop_.pass(4 * kHour);
  service_ = std::make_unique<TicksService>(loop_, host_);
  service_->start(host_.snapshot());
  put("etl", cron("15 * * * *", Catchup::all));  // the folder is read before the first look
  EXPECT_EQ(host_.runs.size(), 0U);
  EXPECT_EQ(host_.recorded(TickReason::catchup), 4);
  EXPECT_EQ(host_.dags.at("etl").next_tick, at("2026-03-01T05:15:00Z"));
}

TEST_F(TicksOfFiles, ADagWithoutAFileHasNoTicksUntilItIsBack) {
  start();
  put("etl", cron("0 * * * *", Catchup::all));
  service_->lose_dag("etl", "its file is gone", {});
  loop_.settle();
  EXPECT_TRUE(host_.dags.at("etl").stale.holds());
  run_to("2026-03-01T05:30:00Z");
  put("etl", cron("0 * * * *", Catchup::all));
  EXPECT_FALSE(host_.dags.at("etl").stale.holds());
  EXPECT_TRUE(host_.runs.empty());
  run_to("2026-03-01T06:00:00Z");
  EXPECT_EQ(host_.runs.size(), 1U);
  EXPECT_TRUE(host_.ticks.empty());
}

TEST_F(TicksOfFiles, WhatWasDueWhileItWasPausedIsRecordedBeforeItsFileIsGone) {
  start();
  put("etl", cron("0 * * * *"));
  service_->pause("etl", {loop_.wall, "ada"}, {}, ok());
  run_to("2026-03-01T03:30:00Z");
  service_->lose_dag("etl", "its file is gone", {});
  loop_.settle();
  EXPECT_TRUE(host_.dags.at("etl").stale.holds());
  EXPECT_EQ(host_.recorded(TickReason::paused), 3);
}

/// The row of the file must not go first: who found it gone after a crash would not know that a DAG has lost it.
TEST_F(TicksOfFiles, ALossIsToldOnceItIsDurableAlsoWhileARunIsOnItsWay) {
  start();
  put("etl", cron("0 * * * *"));
  run_to("2026-03-01T00:59:59Z");
  loop_.pass(kSecond);
  loop_.timers.extract(loop_.timers.begin()).mapped()();  // the run of 01:00 is on its way
  bool was_told = false;
  service_->lose_dag("etl", "its file is gone", {}, [&] {
    was_told = true;
    EXPECT_TRUE(host_.dags.at("etl").stale.holds());
  });
  EXPECT_FALSE(was_told);
  loop_.settle();
  EXPECT_TRUE(was_told);
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(TicksOfFiles, ManyTicksThatNobodyAskedForBeginPausedAndSaySo) {
  timetable::ScheduleSpec spec = cron("0 * * * *", Catchup::all);
  spec.start = at("2026-02-01T00:00:00Z");
  start();
  put("etl", spec, 1'000);
  EXPECT_EQ(host_.dags.at("etl").paused.by, kPausedByCatchup);
  EXPECT_EQ(host_.said.size(), 1U);
  EXPECT_TRUE(host_.runs.empty());
  service_->resume("etl", {}, ok());
  loop_.settle();
  EXPECT_EQ(host_.runs.size(), 28U * 24);
}

}  // namespace
}  // namespace baton
