// What becomes of a task instance when an attempt has ended, and what the run keeps of it.
#include <gtest/gtest.h>

#include "scheduler/engine/attempt_verdict.h"
#include "scheduler/engine/retry.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using Outcome = AttemptEnd::Outcome;
using test::DagBuilder;
using test::ended;
using test::exited;
using test::RunDriver;

std::shared_ptr<const Dag> one_task(TaskSpec spec) {
  return DagBuilder().task("t", {}, std::move(spec)).build();
}

TaskSpec with_retries(std::int32_t max) {
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(max);
  return spec;
}

/// A run of the one task `t`, begun.
RunDriver begun(TaskSpec spec = test::run_task(), CoreSettings settings = {}) {
  RunDriver d(one_task(std::move(spec)), settings);
  d.begin();
  return d;
}

TEST(Attempt, ExitZeroIsSuccess) {
  RunDriver d = begun();
  d.run_to(0, exited(0));
  EXPECT_EQ(d.state("t"), success);
  EXPECT_EQ(d.run().row.state, RunState::success);
  EXPECT_EQ(d.run().row.reason, Reason::none);
  EXPECT_EQ(d.at("t").epoch, 1);
  EXPECT_EQ(d.at("t").try_number, 1);
  EXPECT_EQ(d.commands(Command::Kind::finished), 1U);
}

TEST(Attempt, OutputsBeyondWhatARunMayKeepInMemoryFailTheirTask) {
  TaskSpec spec = test::mapped_task(3);
  spec.outputs.edit() = {{"x", OutputSpec::Type::string}};
  RunDriver d(one_task(spec), {.outputs_max_bytes = 5000});
  d.begin();
  const std::string output = R"({"x":")" + std::string(2000, 'a') + "\"}";
  for (const char* name : {"t[0]", "t[1]"}) d.run_to(d.no(name), exited(0, output));
  EXPECT_EQ(d.state("t[1]"), success);
  d.run_to(d.no("t[2]"), exited(0, output));
  EXPECT_EQ(d.state("t[2]"), failed);
  EXPECT_EQ(d.at("t[2]").reason, Reason::outputs);
}

TEST(Attempt, EveryOtherEndFailsWithItsReason) {
  AttemptEnd oom = ended(Outcome::signaled);
  oom.signal = 9;
  oom.oom_killed = true;
  const std::vector<std::pair<AttemptEnd, Reason>> ends = {
      {exited(1), Reason::exit_code},
      {exited(75), Reason::exit_code},
      {exited(126), Reason::exit_code},
      {ended(Outcome::signaled), Reason::signal},
      {oom, Reason::oom},
      {ended(Outcome::timed_out), Reason::timeout},
      {ended(Outcome::heartbeat_lost), Reason::heartbeat},
      {ended(Outcome::spawn_failed), Reason::spawn},
  };
  for (const auto& [end, reason] : ends) {
    RunDriver d = begun();
    d.run_to(0, end);
    EXPECT_EQ(d.state("t"), failed);
    EXPECT_EQ(d.at("t").reason, reason) << to_string(reason);
    EXPECT_EQ(d.at("t").failures, 1);
    EXPECT_EQ(d.at("t").losses, 0);
    EXPECT_EQ(d.run().row.state, RunState::failed);
    EXPECT_EQ(d.run().row.reason, Reason::upstream_failed);
    EXPECT_EQ(d.run().row.note, "task \"t\" failed (" + std::string(to_string(reason)) + ")");
  }
}

TEST(Attempt, Exit99IsSkippedAndNeverRetried) {
  RunDriver d = begun(with_retries(3));
  d.run_to(0, exited(99));
  EXPECT_EQ(d.state("t"), skipped);
  EXPECT_EQ(d.at("t").reason, Reason::exit_skip);
  EXPECT_EQ(d.at("t").failures, 0);
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Attempt, AFailureWaitsForItsDelayAndTriesAgain) {
  RunDriver d = begun(with_retries(2));
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("t"), up_for_retry);
  EXPECT_EQ(d.at("t").wait, Wait::backoff);
  EXPECT_EQ(d.run().activity(0)->wake_at, d.now().wall + kSecond);
  ASSERT_EQ(d.commands(Command::Kind::timer), 1U);
  EXPECT_EQ(d.out().commands.back().wake_at, d.now().wall + kSecond);
  d.timer(0);
  EXPECT_EQ(d.state("t"), scheduled);
  EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("t"), up_for_retry);
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_EQ(d.at("t").try_number, 3);
  EXPECT_EQ(d.at("t").epoch, 3);
  EXPECT_EQ(d.at("t").failures, 3);
}

TEST(Attempt, TheDelayIsThatOfThePolicyAndTheInstance) {
  TaskSpec spec = test::run_task();
  spec.retries.edit().max = 1;
  spec.retries.edit().delay_us = 100 * kSecond;
  RunDriver d = begun(spec);
  d.run_to(0, exited(1));
  const auto seed = retry_seed("manual__test", "t", kUnmapped, 1);
  EXPECT_EQ(d.run().activity(0)->wake_at, d.now().wall + retry_delay_us(spec.retries, 1, seed));
}

TEST(Attempt, ATimerOfAnEarlierWaitIsStale) {
  RunDriver d = begun(with_retries(2));
  d.run_to(0, exited(1));
  const WallUs first = d.run().activity(0)->wake_at;
  d.timer(0);
  d.run_to(0, exited(1));
  ASSERT_EQ(d.state("t"), up_for_retry);
  d.step(TimerDue{0, first});
  EXPECT_EQ(d.state("t"), up_for_retry);
}

TEST(Attempt, AReportOfAnEarlierEpochChangesNothing) {
  RunDriver d = begun(with_retries(1));
  d.run_to(0, exited(1));
  d.timer(0);
  d.admit(0);
  d.start(0);
  d.end_of_epoch(0, exited(0), 1);
  EXPECT_EQ(d.state("t"), running);
  EXPECT_TRUE(d.out().tries.empty());
  d.end_of_epoch(0, exited(0), 3);
  EXPECT_EQ(d.state("t"), running);
  d.end(0, exited(0));
  EXPECT_EQ(d.state("t"), success);
}

TEST(Attempt, ARepeatedReportChangesNothing) {
  RunDriver d = begun(with_retries(1));
  d.run_to(0, exited(1));
  d.end(0, exited(1));
  EXPECT_EQ(d.state("t"), up_for_retry);
  EXPECT_EQ(d.at("t").failures, 1);
  d.timer(0);
  d.end_of_epoch(0, exited(0), 1);
  EXPECT_EQ(d.state("t"), scheduled);
}

TEST(Attempt, TheEndMayComeBeforeTheStart) {
  RunDriver d = begun();
  d.admit(0);
  d.end(0, exited(0));
  EXPECT_EQ(d.state("t"), success);
  d.step(AttemptStarted{0, 1, d.now().wall});
  EXPECT_EQ(d.state("t"), success);
}

// --- losses ---------------------------------------------------------------------------------------------------------

TEST(Loss, StartsAgainAtOnceWithinTheBudgetAndBurnsNoRetry) {
  RunDriver d = begun(with_retries(0), {.losses_max = 2});
  for (int loss = 1; loss <= 2; ++loss) {
    d.run_to(0, ended(Outcome::lost));
    EXPECT_EQ(d.state("t"), scheduled);
    EXPECT_EQ(d.at("t").losses, loss);
    EXPECT_EQ(d.at("t").failures, 0);
    EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
  }
  d.run_to(0, ended(Outcome::lost));
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_EQ(d.at("t").reason, Reason::lost);
  EXPECT_EQ(d.at("t").losses, 2);
  EXPECT_EQ(d.at("t").try_number, 3);
}

TEST(Loss, BeyondTheBudgetIsHeldAgainstTheRetries) {
  RunDriver d = begun(with_retries(1), {.losses_max = 0});
  d.run_to(0, ended(Outcome::lost));
  EXPECT_EQ(d.state("t"), up_for_retry);
  d.timer(0);
  d.run_to(0, ended(Outcome::lost));
  EXPECT_EQ(d.state("t"), failed);
}

TEST(Loss, WhatEndsWithItsSchedulerIsNotCounted) {
  RunDriver d = begun(with_retries(0), {.losses_max = 0});
  for (int n = 0; n < 5; ++n) {
    d.admit(0);
    d.start(0);
    d.end(0, ended(Outcome::lost), false);
    EXPECT_EQ(d.state("t"), scheduled);
  }
  d.admit(0);
  d.end(0, ended(Outcome::stopped));  // a worker that lost its scheduler stops what it runs
  EXPECT_EQ(d.state("t"), scheduled);
  EXPECT_EQ(d.at("t").losses, 0);
  EXPECT_EQ(d.at("t").try_number, 6);
}

// --- outputs --------------------------------------------------------------------------------------------------------

TEST(AttemptOutputs, AreKeptWithTheSuccess) {
  TaskSpec spec = test::run_task();
  spec.outputs.edit() = {{"rows", OutputSpec::Type::integer}};
  RunDriver d = begun(spec);
  d.run_to(0, exited(0, R"({"rows": 7})"));
  EXPECT_EQ(d.state("t"), success);
  EXPECT_EQ(*d.run().outputs.at(0).find("rows"), Value{7});
  EXPECT_EQ(row_of(d.run(), 0).outputs_json, R"({"rows":7})");
}

TEST(AttemptOutputs, ThatAreWrongFailTheTry) {
  TaskSpec spec = with_retries(1);
  spec.outputs.edit() = {{"rows", OutputSpec::Type::integer}};
  RunDriver d = begun(spec);
  d.run_to(0, exited(0, R"({"rows": "many"})"));
  EXPECT_EQ(d.state("t"), up_for_retry);
  EXPECT_EQ(d.at("t").reason, Reason::outputs);
  d.timer(0);
  AttemptEnd large = exited(0);
  large.output_too_large = true;
  d.run_to(0, large);
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_EQ(d.at("t").reason, Reason::outputs);
  EXPECT_TRUE(d.run().outputs.empty());
}

TEST(AttemptOutputs, AreReadAfterExitZeroOnly) {
  RunDriver d = begun();
  d.run_to(0, exited(1, R"({"rows": 7})"));
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_TRUE(d.run().outputs.empty());
}

TEST(AttemptOutputs, ThatAreNotDeclaredAreKeptWithANote) {
  TaskSpec spec = test::run_task();
  spec.outputs.edit() = {{"rows", OutputSpec::Type::integer}};
  RunDriver d = begun(spec);
  d.run_to(0, exited(0, R"({"rows": 7, "extra": 1})"));
  EXPECT_EQ(d.state("t"), success);
  EXPECT_NE(row_of(d.run(), 0).note.find("extra"), std::string::npos);
}

TEST(AttemptOutputs, WhatTheExecutorRemarksStandsInTheNote) {
  RunDriver d = begun(test::run_task());
  AttemptEnd end = exited(0);
  end.note = "limits are not enforced";
  d.run_to(0, end);
  EXPECT_EQ(d.state("t"), success);
  EXPECT_EQ(row_of(d.run(), 0).note, "limits are not enforced");

  RunDriver failing = begun(test::run_task());
  end = exited(3);
  end.note = "limits are not enforced";
  failing.run_to(0, end);
  EXPECT_EQ(row_of(failing.run(), 0).note, "exit code 3; limits are not enforced");
}

// --- sensors --------------------------------------------------------------------------------------------------------

TEST(Sensor, LooksAgainUntilItIsMetAndItsLooksAreNoTries) {
  RunDriver d = begun(test::sensor_task());
  for (int look = 1; look <= 3; ++look) {
    d.run_to(0, exited(look));
    EXPECT_EQ(d.state("t"), up_for_reschedule);
    EXPECT_EQ(d.at("t").wait, Wait::sensor);
    EXPECT_EQ(d.at("t").epoch, look);
    EXPECT_EQ(d.at("t").try_number, 1);
    EXPECT_EQ(d.run().activity(0)->wake_at, d.now().wall + 60 * kSecond);
    EXPECT_TRUE(d.out().tries.empty());
    d.timer(0);
  }
  d.run_to(0, exited(0));
  EXPECT_EQ(d.state("t"), success);
  EXPECT_EQ(d.at("t").epoch, 4);
  EXPECT_EQ(d.at("t").try_number, 1);
  EXPECT_EQ(d.at("t").failures, 0);
  EXPECT_EQ(d.out().tries.size(), 1U);
  EXPECT_TRUE(d.out().durations.empty());
}

TEST(Sensor, Exit99SkipsIt) {
  RunDriver d = begun(test::sensor_task());
  d.run_to(0, exited(99));
  EXPECT_EQ(d.state("t"), skipped);
}

TEST(Sensor, ThatCannotLookFails) {
  for (const AttemptEnd& end : {exited(126), exited(127), ended(Outcome::signaled), ended(Outcome::spawn_failed)}) {
    RunDriver d = begun(test::sensor_task());
    d.run_to(0, end);
    EXPECT_EQ(d.state("t"), failed) << end.exit_code;
  }
}

TEST(Sensor, ThatFailsTriesAgainWithATimeoutOfItsOwn) {
  TaskSpec spec = test::sensor_task();
  spec.retries = test::constant_retries(1);
  spec.timeout_us = 5 * kMinute;
  RunDriver d = begun(spec);
  d.run_to(0, exited(1));
  d.timer(0);
  d.run_to(0, exited(127));
  EXPECT_EQ(d.state("t"), up_for_retry);
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.at("t").try_number, 2);
  EXPECT_GT(d.run().activity(0)->first_look_at, d.now().wall - kSecond);
}

TEST(Sensor, ItsTimeoutCountsFromTheFirstLook) {
  TaskSpec spec = test::sensor_task();
  spec.timeout_us = 150 * kSecond;
  RunDriver d = begun(spec);
  d.pass(kHour);  // what it waited before the first look does not count
  d.run_to(0, exited(1));
  const WallUs first = d.run().activity(0)->first_look_at;
  d.timer(0);
  d.run_to(0, exited(1));
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.run().activity(0)->wake_at, first + 150 * kSecond);  // not a whole minute any more
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_EQ(d.at("t").reason, Reason::timeout);
  EXPECT_EQ(d.at("t").epoch, 4);
}

TEST(Sensor, AClockThatIsSetMovesNoTimeout) {
  TaskSpec spec = test::sensor_task();
  spec.timeout_us = 150 * kSecond;
  RunDriver d = begun(spec);
  d.run_to(0, exited(1));
  for (const DurationUs by : {10 * kDay, -20 * kDay}) {
    d.timer(0);
    d.step_wall(by);
    d.run_to(0, exited(1));
    ASSERT_EQ(d.state("t"), up_for_reschedule);
  }
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.at("t").reason, Reason::timeout);
}

TEST(Sensor, IsMetEvenByALookThatOutlastsTheTimeout) {
  TaskSpec spec = test::sensor_task();
  spec.timeout_us = kSecond;
  RunDriver d = begun(spec);
  d.admit(0);
  d.start(0);
  d.pass(kMinute);
  d.end(0, exited(0));
  EXPECT_EQ(d.state("t"), success);
}

TEST(Sensor, LooksForAWeekByDefault) {
  EXPECT_EQ(sensor_deadline(test::sensor_task(), 1000), 1000 + 7 * kDay);
}

TEST(Sensor, ALostLookIsLookedAgainAndCounted) {
  RunDriver d = begun(test::sensor_task(), {.losses_max = 1});
  d.run_to(0, exited(1));
  d.timer(0);
  d.run_to(0, ended(Outcome::lost));
  EXPECT_EQ(d.state("t"), scheduled);
  EXPECT_EQ(d.at("t").losses, 1);
  d.run_to(0, ended(Outcome::lost));
  EXPECT_EQ(d.state("t"), failed);
}

TaskSpec time_sensor(std::string at) {
  TaskSpec spec = test::sensor_task();
  spec.sensor.edit().kind = Sensor::Kind::time;
  spec.sensor.edit().time = {std::move(at), nullptr};
  return spec;
}

TEST(TimeSensor, WaitsByATimerAloneAndSucceeds) {
  RunDriver d = begun(time_sensor("2026-01-01T13:00:00Z"));  // the driver's day begins at noon
  EXPECT_EQ(d.state("t"), up_for_reschedule);
  EXPECT_EQ(d.at("t").wait, Wait::sensor);
  EXPECT_EQ(d.commands(Command::Kind::timer), 1U);
  EXPECT_EQ(d.commands(Command::Kind::offer), 0U);
  d.timer(0);
  EXPECT_EQ(d.state("t"), success);
  EXPECT_EQ(d.at("t").epoch, 0);
  EXPECT_EQ(d.at("t").try_number, 0);
}

TEST(TimeSensor, OfATimeThatHasPassedIsMetAtOnce) {
  EXPECT_EQ(begun(time_sensor("2026-01-01T11:00:00Z")).state("t"), success);
}

TEST(TimeSensor, BeyondItsTimeoutFailsThen) {
  TaskSpec spec = time_sensor("2026-01-01T13:00:00Z");
  spec.timeout_us = kMinute;
  RunDriver d = begun(spec);
  const WallUs began = d.now().wall;
  EXPECT_EQ(d.run().activity(0)->wake_at, began + kMinute);
  d.timer(0);
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_EQ(d.at("t").reason, Reason::timeout);
}

TEST(TimeSensor, WithoutATimeFails) {
  RunDriver d = begun(time_sensor("soon"));
  EXPECT_EQ(d.state("t"), failed);
  EXPECT_EQ(d.at("t").reason, Reason::expression);
}

// --- what is kept of a try ------------------------------------------------------------------------------------------

TEST(TryRows, HoldHowTheTryEnded) {
  RunDriver d = begun(with_retries(1));
  d.step(Admitted{0, R"({"argv":["x"]})"});
  d.start(0);
  AttemptEnd end = ended(Outcome::signaled);
  end.started_at = d.now().wall;
  end.ended_at = d.now().wall;
  end.pid = 99;
  end.user_us = 5;
  end.sys_us = 6;
  end.max_rss_bytes = 7;
  end.log_bytes = 8;
  d.end(0, end);
  ASSERT_EQ(d.out().tries.size(), 1U);
  const TryRow& row = d.out().tries[0];
  EXPECT_EQ(row.epoch, 1);
  EXPECT_EQ(row.try_number, 1);
  EXPECT_EQ(row.state, up_for_retry);
  EXPECT_EQ(row.reason, Reason::signal);
  EXPECT_EQ(row.exit_code, -1);
  EXPECT_EQ(row.signal, 11);
  EXPECT_EQ(row.pid, 99);
  EXPECT_EQ(row.user_us + row.sys_us + row.max_rss_bytes + row.log_bytes, 26);
  EXPECT_EQ(row.ended_at, end.ended_at);
  EXPECT_EQ(row.rendered_json, R"({"argv":["x"]})");
  EXPECT_NE(row.queued_at, kNoTime);
}

TEST(TryRows, ALostTryIsUpForRetry) {
  RunDriver d = begun();
  d.run_to(0, ended(Outcome::lost));
  ASSERT_EQ(d.out().tries.size(), 1U);
  EXPECT_EQ(d.out().tries[0].state, up_for_retry);
  EXPECT_EQ(d.out().tries[0].reason, Reason::lost);
}

TEST(TryRows, ASuccessGivesItsRunTimeToTheMean) {
  RunDriver d = begun();
  AttemptEnd end = exited(0);
  end.run_us = 1234;
  d.run_to(0, end);
  ASSERT_EQ(d.out().durations.size(), 1U);
  EXPECT_EQ(d.out().durations[0].run_us, 1234);
  EXPECT_EQ(d.out().durations[0].task_id, "t");
}

// --- times ----------------------------------------------------------------------------------------------------------

TEST(Times, EverySpanGoesToWhatTheInstanceWaitedFor) {
  TaskSpec spec = with_retries(1);
  RunDriver d(DagBuilder().task("a").task("t", {"a"}, spec).build());
  d.begin();
  d.pass(10 * kSecond);
  d.run_to(0, exited(0));
  const WallUs ready_at = d.now().wall;
  d.pass(5 * kSecond - kMillisecond);
  d.admit(1);
  d.pass(kSecond - kMillisecond);
  d.step(Launched{1, true});
  d.pass(2 * kSecond - kMillisecond);
  d.step(AttemptStarted{1, 1, d.now().wall});
  d.pass(7 * kSecond - 2 * kMillisecond);
  d.end(1, exited(1));
  const std::string times = d.out().tries.at(0).times_json;
  EXPECT_EQ(ready_at + 15 * kSecond, d.now().wall + kMillisecond);
  EXPECT_EQ(times, R"({"upstream":10005000,"slots":6999000,"commit":1000000,"running":7000000})");
  d.timer(1);
  d.run_to(1, exited(0));
  const auto last = WaitTimes::from_json(d.out().tries.at(0).times_json);
  EXPECT_GE(last.of(Wait::backoff), kSecond);
  EXPECT_EQ(last.of(Wait::upstream), 0);
}

TEST(Times, AnEndThatIsHeardOfLateCountsFromWhenItHappened) {
  RunDriver d = begun();
  d.admit(0);
  d.start(0);
  AttemptEnd end = exited(0);
  end.ended_at = d.run().activity(0)->started_at + kSecond;
  d.pass(10 * kSecond);
  d.end(0, end);
  EXPECT_EQ(WaitTimes::from_json(d.out().tries.at(0).times_json).of(Wait::running), kSecond);
  EXPECT_EQ(row_of(d.run(), 0).ended_at, end.ended_at);
}

TEST(Times, AWorkersClockThatIsWrongMakesNoTimeNegative) {
  for (const DurationUs skew : {-kDay, kDay}) {
    RunDriver d = begun(with_retries(1));
    d.admit(0);
    d.start(0);
    AttemptEnd end = exited(1);
    end.ended_at = d.now().wall + skew;
    d.end(0, end);
    EXPECT_EQ(d.state("t"), up_for_retry);
    EXPECT_EQ(d.broken(), "");
  }
}

}  // namespace
}  // namespace baton
