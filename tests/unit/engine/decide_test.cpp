// One run from begin to end: upstreams, conditions, setups and teardowns, fail_fast, stops, hooks, cache.
#include "scheduler/engine/decide.h"

#include <gtest/gtest.h>

#include <set>

#include "scheduler/engine/cache_key.h"
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

TaskSpec with_rule(TriggerRule rule) {
  TaskSpec spec = test::run_task();
  spec.trigger_rule = rule;
  return spec;
}

TaskSpec with_condition(std::string_view condition) {
  TaskSpec spec = test::run_task();
  spec.condition = test::expression(condition);
  return spec;
}

TEST(Run, BeginsWithWhatHasNoUpstreams) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).task("c", {}, test::noop_task()).task("d", {"c"}).build());
  d.begin();
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.state("b"), none);
  EXPECT_EQ(d.state("c"), success);
  EXPECT_EQ(d.state("d"), scheduled);
  EXPECT_EQ(d.commands(Command::Kind::offer), 2U);
}

TEST(Run, WithoutTasksSucceedsAtOnce) {
  RunDriver d(DagBuilder().build());
  d.begin();
  EXPECT_EQ(d.run().row.state, RunState::success);
  EXPECT_EQ(d.commands(Command::Kind::finished), 1U);
}

TEST(Run, OfNoopsAloneNeedsNoExecutor) {
  RunDriver d(DagBuilder()
                  .task("a", {}, test::noop_task())
                  .task("b", {"a"}, test::noop_task())
                  .task("c", {"a", "b"}, test::noop_task())
                  .build());
  d.begin();
  EXPECT_EQ(d.run().row.state, RunState::success);
  EXPECT_EQ(d.out().dirty.size(), 3U);
}

TEST(Run, WhatIsLeftOutCountsAsSkippedAndDoesNotRun) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).task("c").build(), {}, {none, none, removed});
  d.begin();
  EXPECT_EQ(d.state("c"), removed);
  EXPECT_EQ(d.at("c").reason, Reason::not_selected);
  d.run_to(0, exited(0));
  d.run_to(1, exited(0));
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Run, AFailureLeavesWhatFollowsUpstreamFailedAndFailsTheRun) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).task("c", {"b"}).build());
  d.begin();
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("b"), upstream_failed);
  EXPECT_EQ(d.state("c"), upstream_failed);
  EXPECT_EQ(d.at("c").reason, Reason::trigger_rule);
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

TEST(Run, ACleanupWithAllDoneDoesNotTurnAFailedRunGreen) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}, with_rule(TriggerRule::all_done)).build());
  d.begin();
  d.run_to(0, exited(1));
  d.run_to(1, exited(0));
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

TEST(Run, AnAllowedFailureDoesNotFailTheRunNorDoesWhatItLeavesBehind) {
  TaskSpec spec = test::run_task();
  spec.allow_failure = true;
  RunDriver d(DagBuilder().task("a", {}, spec).task("b", {"a"}).build());
  d.begin();
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("b"), upstream_failed);
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Run, ALaunchThatFailsIsAFailureWithoutATry) {
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(3);
  RunDriver d(DagBuilder().task("a", {}, spec).build());
  d.begin();
  d.step(LaunchFailed{0, Reason::secret, "there is no secret \"x\""});
  EXPECT_EQ(d.state("a"), failed);
  EXPECT_EQ(d.at("a").reason, Reason::secret);
  EXPECT_EQ(d.at("a").try_number, 0);
  EXPECT_TRUE(d.out().tries.empty());
  d.step(LaunchFailed{0, Reason::secret, ""});
  EXPECT_EQ(d.commands(Command::Kind::finished), 0U);
}

// --- if -------------------------------------------------------------------------------------------------------------

TEST(Condition, FalseSkipsAndWhatFollowsGoesByItsRule) {
  RunDriver d(DagBuilder()
                  .task("a", {}, with_condition("params.go"))
                  .task("b", {"a"})
                  .task("c", {"a"}, with_rule(TriggerRule::none_failed))
                  .build(),
              {}, {}, ValueMap{{"go", false}});
  d.begin();
  EXPECT_EQ(d.state("a"), skipped);
  EXPECT_EQ(d.at("a").reason, Reason::condition);
  EXPECT_EQ(d.state("b"), skipped);
  EXPECT_EQ(d.state("c"), scheduled);
}

TEST(Condition, TrueRuns) {
  RunDriver d(DagBuilder().task("a", {}, with_condition("params.go")).build(), {}, {}, ValueMap{{"go", true}});
  d.begin();
  EXPECT_EQ(d.state("a"), scheduled);
}

TEST(Condition, ThatCannotBeEvaluatedOrIsNoBoolFailsWithoutARetry) {
  for (const char* condition : {"1 / 0 == 1", "params.go", "'yes'"}) {
    TaskSpec spec = with_condition(condition);
    spec.retries = test::constant_retries(3);
    RunDriver d(DagBuilder().task("a", {}, spec).build(), {}, {}, ValueMap{});
    d.begin();
    EXPECT_EQ(d.state("a"), failed) << condition;
    EXPECT_EQ(d.at("a").reason, Reason::expression) << condition;
  }
}

TEST(Condition, IsLookedAtOnceTheRuleSaysRunAndNotBefore) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}, with_condition("tasks.a.outputs.n > 1")).build());
  d.begin();
  EXPECT_EQ(d.state("b"), none);
  d.run_to(0, exited(0, R"({"n": 2})"));
  EXPECT_EQ(d.state("b"), scheduled);
}

// --- setup and teardown ---------------------------------------------------------------------------------------------

std::shared_ptr<const Dag> with_teardown() {
  return DagBuilder()
      .task("setup")
      .task("work", {"setup"})
      .task("down", {"setup", "work"}, test::teardown_task({"setup"}))
      .build();
}

TEST(Teardown, RunsOnceAllBetweenHasEndedWhateverItsEnd) {
  for (const int code : {0, 1, 99}) {
    RunDriver d(with_teardown());
    d.begin();
    d.run_to(0, exited(0));
    EXPECT_EQ(d.state("down"), none);
    d.run_to(1, exited(code));
    EXPECT_EQ(d.state("down"), scheduled) << code;
    d.run_to(2, exited(0));
    EXPECT_EQ(d.run().row.state, code == 1 ? RunState::failed : RunState::success) << code;
  }
}

TEST(Teardown, DoesNotRunWhenItsSetupDidNotSucceed) {
  RunDriver failing(with_teardown());
  failing.begin();
  failing.run_to(0, exited(1));
  EXPECT_EQ(failing.state("down"), upstream_failed);
  RunDriver skipping(with_teardown());
  skipping.begin();
  skipping.run_to(0, exited(99));
  EXPECT_EQ(skipping.state("down"), skipped);
}

TEST(Teardown, OneSetupThatSucceededIsEnough) {
  RunDriver d(DagBuilder().task("s1").task("s2").task("down", {"s1", "s2"}, test::teardown_task({"s1", "s2"})).build());
  d.begin();
  d.run_to(0, exited(1));
  d.run_to(1, exited(0));
  EXPECT_EQ(d.state("down"), scheduled);
}

TEST(Teardown, ItsFailureFailsTheRunOnlyWhenAsked) {
  for (const bool asked : {false, true}) {
    TaskSpec spec = test::teardown_task({"setup"});
    spec.teardown_fails_run = asked;
    RunDriver d(DagBuilder().task("setup").task("down", {"setup"}, spec).build());
    d.begin();
    d.run_to(0, exited(0));
    d.run_to(1, exited(1));
    EXPECT_EQ(d.run().row.state, asked ? RunState::failed : RunState::success);
  }
}

// --- fail_fast ------------------------------------------------------------------------------------------------------

TEST(FailFast, StopsWhatRunsSkipsWhatHasNotStartedAndStillTearsDown) {
  DagBuilder builder;
  builder.task("setup")
      .task("bad")
      .task("long")
      .task("later", {"long"})
      .task("down", {"setup", "long"}, test::teardown_task({"setup"}));
  builder.dag().fail_fast = true;
  RunDriver d(builder.build());
  d.begin();
  d.run_to(0, exited(0));
  d.admit(2);
  d.start(2);
  d.run_to(1, exited(1));
  EXPECT_EQ(d.state("later"), skipped);
  EXPECT_EQ(d.at("later").reason, Reason::fail_fast);
  EXPECT_EQ(d.state("long"), running);
  EXPECT_EQ(d.at("long").wait, Wait::stopping);
  ASSERT_EQ(d.commands(Command::Kind::stop), 1U);
  EXPECT_FALSE(d.out().commands.front().kill_now);
  d.end(2, ended(Outcome::stopped));
  EXPECT_EQ(d.state("long"), failed);
  EXPECT_EQ(d.at("long").reason, Reason::fail_fast);
  EXPECT_EQ(d.state("down"), scheduled);
  d.run_to(4, exited(0));
  EXPECT_EQ(d.run().row.state, RunState::failed);
  EXPECT_EQ(d.run().row.reason, Reason::fail_fast);
  EXPECT_EQ(d.run().row.note, "task \"bad\" failed (exit_code)");
}

TEST(FailFast, DoesNotBeginWithAFailureThatDoesNotCountOrWillBeRetried) {
  TaskSpec allowed = test::run_task();
  allowed.allow_failure = true;
  TaskSpec retried = test::run_task();
  retried.retries = test::constant_retries(1);
  DagBuilder builder;
  builder.task("a", {}, allowed).task("b", {}, retried).task("c");
  builder.dag().fail_fast = true;
  RunDriver d(builder.build());
  d.begin();
  d.run_to(0, exited(1));
  d.run_to(1, exited(1));
  EXPECT_EQ(d.state("c"), scheduled);
  EXPECT_EQ(d.run().stopping, Reason::none);
}

// --- stop and kill --------------------------------------------------------------------------------------------------

TEST(Stop, StopsWhatRunsAndSkipsTheRest) {
  TaskSpec retried = test::run_task();
  retried.retries = test::constant_retries(3);
  RunDriver d(DagBuilder().task("live").task("backoff", {}, retried).task("ready").task("later", {"ready"}).build());
  d.begin();
  d.admit(0);
  d.start(0);
  d.run_to(1, exited(1));
  d.stop();
  EXPECT_EQ(d.state("live"), running);
  EXPECT_EQ(d.state("backoff"), failed);
  EXPECT_EQ(d.state("ready"), skipped);
  EXPECT_EQ(d.state("later"), skipped);
  EXPECT_EQ(d.at("later").reason, Reason::stopped);
  d.end(0, ended(Outcome::stopped));
  EXPECT_EQ(d.state("live"), failed);
  EXPECT_EQ(d.at("live").reason, Reason::stopped);
  EXPECT_EQ(d.at("live").failures, 0);
  EXPECT_EQ(d.run().row.state, RunState::failed);
  EXPECT_EQ(d.run().row.reason, Reason::stopped);
}

TEST(Stop, NothingThatWasStoppedStartsAgain) {
  for (const Outcome outcome : {Outcome::stopped, Outcome::signaled, Outcome::lost, Outcome::timed_out}) {
    TaskSpec retried = test::run_task();
    retried.retries = test::constant_retries(3);
    RunDriver d(DagBuilder().task("a", {}, retried).build());
    d.begin();
    d.admit(0);
    d.stop();
    d.end(0, ended(outcome));
    EXPECT_EQ(d.state("a"), failed) << static_cast<int>(outcome);
    EXPECT_EQ(d.at("a").reason, Reason::stopped);
  }
}

TEST(Stop, AClaimThatIsTakenBackBeforeItStartedIsSkipped) {
  for (const bool started : {false, true}) {
    RunDriver d(DagBuilder().task("a").build());
    d.begin();
    d.admit(0);
    d.stop();
    AttemptEnd end = ended(Outcome::stopped);
    end.started = started;
    d.end(0, end);
    EXPECT_EQ(d.state("a"), started ? failed : skipped);
    EXPECT_EQ(d.at("a").reason, Reason::stopped);
    EXPECT_EQ(d.run().row.state, RunState::failed);
  }
}

TEST(Stop, WhatFailedBeforeIsNotCalledSkipped) {
  TaskSpec retried = test::run_task();
  retried.retries = test::constant_retries(3);
  RunDriver d(DagBuilder().task("a", {}, retried).build());
  d.begin();
  d.run_to(0, exited(1));
  d.timer(0);
  d.admit(0);
  d.stop();
  AttemptEnd end = ended(Outcome::stopped);
  end.started = false;
  d.end(0, end);
  EXPECT_EQ(d.state("a"), failed);
}

TEST(Stop, WhatSucceedsAllTheSameIsASuccess) {
  RunDriver d(DagBuilder().task("a").build());
  d.begin();
  d.admit(0);
  d.start(0);
  d.stop();
  d.end(0, exited(0));
  EXPECT_EQ(d.state("a"), success);
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Stop, BadOutputsOfWhatEndsAllTheSameAreNotRetried) {
  TaskSpec spec = test::run_task();
  spec.outputs.edit() = {{"n", OutputSpec::Type::integer}};
  spec.retries = test::constant_retries(3);
  RunDriver d(DagBuilder().task("a", {}, spec).build());
  d.begin();
  d.admit(d.no("a"));
  d.start(d.no("a"));
  d.stop();
  d.end(d.no("a"), exited(0, R"({"n":"none"})"));
  EXPECT_EQ(d.state("a"), failed);
  EXPECT_EQ(d.at("a").reason, Reason::outputs);
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

TEST(Stop, IsAskedForOnceAndAKillEachTime) {
  RunDriver d(DagBuilder().task("a").build());
  d.begin();
  d.admit(0);
  d.start(0);
  d.stop();
  EXPECT_EQ(d.commands(Command::Kind::stop), 1U);
  d.stop();
  EXPECT_EQ(d.commands(Command::Kind::stop), 0U);
  d.stop(Reason::stopped, true);
  ASSERT_EQ(d.commands(Command::Kind::stop), 1U);
  EXPECT_TRUE(d.out().commands.front().kill_now);
}

TEST(Stop, SparesATeardownThatIsDueRunsOrWaitsForItsNextTry) {
  TaskSpec down = test::teardown_task({"setup"});
  down.retries = test::constant_retries(2);
  RunDriver d(DagBuilder().task("setup").task("down", {"setup"}, down).build());
  d.begin();
  d.run_to(0, exited(0));
  d.stop();
  EXPECT_EQ(d.state("down"), scheduled);
  d.admit(1);
  d.start(1);
  d.stop();
  EXPECT_EQ(d.commands(Command::Kind::stop), 0U);
  d.end(1, exited(1));
  d.stop();
  EXPECT_EQ(d.state("down"), up_for_retry);
  d.timer(1);
  d.run_to(1, exited(0));
  EXPECT_EQ(d.state("down"), success);
  EXPECT_EQ(d.run().row.state, RunState::success);  // nothing was cut off
}

TEST(Stop, AKillEndsTeardownsToo) {
  RunDriver d(DagBuilder()
                  .task("setup")
                  .task("work", {"setup"})
                  .task("down", {"setup", "work"}, test::teardown_task({"setup"}))
                  .task("down2", {"down", "setup"}, test::teardown_task({"setup"}))
                  .build());
  d.begin();
  d.run_to(0, exited(0));
  d.run_to(1, exited(0));
  d.admit(2);
  d.start(2);
  d.stop(Reason::stopped, true);
  EXPECT_EQ(d.commands(Command::Kind::stop), 1U);
  EXPECT_EQ(d.state("down2"), skipped);
  d.end(2, ended(Outcome::stopped));
  EXPECT_EQ(d.state("down"), failed);
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

TEST(Stop, AKillThatFollowsATimeoutOfTheRunCountsWhatItCutsOff) {
  RunDriver d(DagBuilder().task("setup").task("down", {"setup"}, test::teardown_task({"setup"})).build());
  d.begin();
  d.run_to(0, exited(0));
  d.stop(Reason::run_timeout, false);
  EXPECT_EQ(d.state("down"), scheduled);
  d.stop(Reason::stopped, true);
  EXPECT_EQ(d.state("down"), skipped);
  EXPECT_EQ(d.run().row.state, RunState::failed);
  EXPECT_EQ(d.run().row.reason, Reason::run_timeout);
}

TEST(Stop, OfARunThatHasEndedChangesNothing) {
  RunDriver d(DagBuilder().task("a").build());
  d.begin();
  d.run_to(0, exited(0));
  d.stop(Reason::stopped, true);
  EXPECT_EQ(d.run().row.state, RunState::success);
  EXPECT_TRUE(d.out().dirty.empty());
}

TEST(Stop, NothingIsAdmittedThatWasSkipped) {
  RunDriver d(DagBuilder().task("a").build());
  d.begin();
  d.stop();
  d.admit(0);
  EXPECT_EQ(d.state("a"), skipped);
  EXPECT_EQ(d.at("a").epoch, 0);
}

// --- hooks ----------------------------------------------------------------------------------------------------------

std::shared_ptr<const Dag> with_hooks() {
  return DagBuilder().task("a").hook(Hook::on_success).hook(Hook::on_failure).hook(Hook::on_finish).build();
}

TEST(Hooks, RunAfterTheRunHasItsOutcomeAndTheRunWaitsForThem) {
  RunDriver d(with_hooks());
  d.begin();
  EXPECT_EQ(d.state("on_finish"), none);
  d.run_to(0, exited(0));
  EXPECT_EQ(d.run().row.state, RunState::success);
  EXPECT_FALSE(d.run().is_finished());
  EXPECT_EQ(d.state("on_success"), scheduled);
  EXPECT_EQ(d.state("on_failure"), skipped);
  EXPECT_EQ(d.state("on_finish"), scheduled);
  d.run_to(d.no("on_success"), exited(0));
  d.run_to(d.no("on_finish"), exited(1));
  EXPECT_TRUE(d.run().is_finished());
  EXPECT_EQ(d.run().row.state, RunState::success);  // outside the outcome
  EXPECT_EQ(d.commands(Command::Kind::finished), 1U);
}

TEST(Hooks, OfAFailedRunAreOnFailureAndOnFinish) {
  RunDriver d(with_hooks());
  d.begin();
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("on_success"), skipped);
  EXPECT_EQ(d.state("on_failure"), scheduled);
  EXPECT_EQ(d.state("on_finish"), scheduled);
}

TEST(Hooks, OnFailureBeginsOnceAfterTheLastTryAndNotAgainAfterARecovery) {  // F-67
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(1);
  RunDriver d(DagBuilder().task("a", {}, spec).hook(Hook::on_failure).build());
  d.begin();
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("a"), up_for_retry);
  EXPECT_EQ(d.state("on_failure"), none);
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("on_failure"), scheduled);
  d.run_to(d.no("on_failure"), exited(1));
  EXPECT_TRUE(d.run().is_finished());
  d.begin();
  EXPECT_EQ(d.state("on_failure"), failed);
  EXPECT_EQ(d.at("on_failure").epoch, 1);
}

TEST(Hooks, RunAfterAStopAndNotAfterAKill) {
  RunDriver stopped_run(with_hooks());
  stopped_run.begin();
  stopped_run.stop();
  EXPECT_EQ(stopped_run.state("on_failure"), scheduled);
  RunDriver killed(with_hooks());
  killed.begin();
  killed.stop(Reason::stopped, true);
  EXPECT_EQ(killed.state("on_failure"), skipped);
  EXPECT_TRUE(killed.run().is_finished());
}

TEST(Hooks, AreStoppedByAStopThatComesWhileTheyRun) {
  RunDriver d(with_hooks());
  d.begin();
  d.run_to(0, exited(0));
  d.admit(d.no("on_success"));
  d.start(d.no("on_success"));
  d.stop();
  EXPECT_EQ(d.commands(Command::Kind::stop), 1U);
  EXPECT_EQ(d.state("on_finish"), skipped);
  d.end(d.no("on_success"), ended(Outcome::stopped));
  EXPECT_TRUE(d.run().is_finished());
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Hooks, DoNotBeginFailFastAndAreRetried) {
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(1);
  DagBuilder builder;
  builder.task("a").hook(Hook::on_finish, spec);
  builder.dag().fail_fast = true;
  RunDriver d(builder.build());
  d.begin();
  d.run_to(0, exited(0));
  d.run_to(1, exited(1));
  EXPECT_EQ(d.state("on_finish"), up_for_retry);
  d.timer(1);
  d.run_to(1, exited(1));
  EXPECT_EQ(d.run().stopping, Reason::none);
  EXPECT_TRUE(d.run().is_finished());
}

// --- cache ----------------------------------------------------------------------------------------------------------

TaskSpec cached_task() {
  TaskSpec spec = test::run_task();
  spec.cache = Cache{test::expression("key-${{ params.day }}"), kHour, true};
  spec.outputs.edit() = {{"n", OutputSpec::Type::integer}};
  return spec;
}

RunDriver asked_cache() {
  RunDriver d(DagBuilder().task("a", {}, cached_task()).build(), {}, {}, ValueMap{{"day", "monday"}});
  d.begin();
  return d;
}

TEST(CacheAnswer, IsAskedForBeforeSlots) {
  RunDriver d = asked_cache();
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.at("a").wait, Wait::commit);
  EXPECT_EQ(d.commands(Command::Kind::offer), 0U);
  ASSERT_EQ(d.commands(Command::Kind::find_cached), 1U);
  EXPECT_EQ(d.out().commands[0].text, "key-monday");
}

/// The keys that task 0 asks for in two runs that differ in `region` alone.
std::pair<std::string, std::string> keys_of_two_regions(const TaskSpec& spec) {
  const auto key = [&](const char* region) {
    RunDriver d(DagBuilder().task("a", {}, spec).build(), {}, {}, ValueMap{{"day", "monday"}, {"region", region}});
    d.begin();
    return d.out().commands.at(0).text;
  };
  return {key("us"), key("eu")};
}

TEST(CacheAnswer, DependsOnAllThatReachesTheTaskUnlessTheKeyAloneIsToDecide) {
  const Text region = test::expression("r-${{ params.region }}");
  std::vector<TaskSpec> specs(4, cached_task());
  specs[0].env.edit().push_back({"R", region, ""});
  specs[1].kind = TaskKind::exec;
  specs[1].argv.edit() = {region};
  specs[2].stdin_text = region;
  specs[3].cwd = region;
  for (TaskSpec& spec : specs) {
    const auto [us, eu] = keys_of_two_regions(spec);
    EXPECT_EQ(us, eu);
    spec.cache.edit().key_only = false;
    const auto [own_us, own_eu] = keys_of_two_regions(spec);
    EXPECT_NE(own_us, own_eu);
    EXPECT_EQ(own_us, keys_of_two_regions(spec).first);
  }
  TaskSpec plain = cached_task();
  EXPECT_EQ(keys_of_two_regions(plain).first, keys_of_two_regions(plain).second);
  plain.cache.edit().key_only = false;
  EXPECT_NE(keys_of_two_regions(plain).first, keys_of_two_regions(plain).second) << "it may read $BATON_PARAMS";
}

TEST(CacheAnswer, IsAnInstancesOwn) {
  TaskSpec spec = test::mapped_task(3);
  spec.cache = Cache{Text{"v1", nullptr}, kHour, false};
  RunDriver d(DagBuilder().task("m", {}, spec).build());
  d.begin();
  std::set<std::string> keys;
  for (const Command& c : d.out().commands) {
    if (c.kind == Command::Kind::find_cached) keys.insert(c.text);
  }
  EXPECT_EQ(keys.size(), 3U);
}

TEST(CacheAnswer, DependsOnTheIntervalWhereTheTaskSpeaksOfIt) {
  const auto key = [](const char* script, WallUs start) {
    TaskSpec spec = cached_task();
    spec.cache = Cache{Text{"k", nullptr}, kHour, false};
    spec.script.source = script;
    RunDriver d(DagBuilder().task("a", {}, spec).build());
    DagRun run = d.run();
    run.row.interval_start = run.row.logical_date = start;
    return *cache_key(run, 0, "");
  };
  EXPECT_EQ(key("make", 0), key("make", kDay)) << "else a daily run would never be found again";
  for (const char* script : {"make $BATON_INTERVAL_START", "echo ${BATON_LOGICAL_DATE}"}) {
    EXPECT_NE(key(script, 0), key(script, kDay)) << script;
    EXPECT_EQ(key(script, kDay), key(script, kDay)) << script;
  }
}

TEST(CacheAnswer, AHitIsASuccessWithoutATry) {
  RunDriver d = asked_cache();
  d.step(CacheAnswered{0, R"({"n":4})"});
  EXPECT_EQ(d.state("a"), success);
  EXPECT_EQ(d.at("a").reason, Reason::cached);
  EXPECT_EQ(d.at("a").try_number, 0);
  EXPECT_EQ(*d.run().outputs.at(0).find("n"), Value{4});
  EXPECT_TRUE(d.out().cache.empty());
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(CacheAnswer, AMissRunsAndTheSuccessIsKept) {
  RunDriver d = asked_cache();
  d.step(CacheAnswered{0, std::nullopt});
  EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
  d.run_to(0, exited(0, R"({"n":5})"));
  ASSERT_EQ(d.out().cache.size(), 1U);
  const CacheRow& row = d.out().cache[0];
  EXPECT_EQ(row.key, "key-monday");
  EXPECT_EQ(row.outputs_json, R"({"n":5})");
  EXPECT_EQ(row.expires_at, d.now().wall + kHour);
  EXPECT_EQ(row.spec_hash, cache_spec_hash(*d.run().dag, 0));
}

TEST(CacheAnswer, ThatDoesNotFitWhatIsDeclaredNowIsAMiss) {
  RunDriver d = asked_cache();
  d.step(CacheAnswered{0, R"({"n":"four"})"});
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
}

TEST(CacheAnswer, ThatComesAfterAStopChangesNothing) {
  RunDriver d = asked_cache();
  d.stop();
  d.step(CacheAnswered{0, R"({"n":4})"});
  EXPECT_EQ(d.state("a"), skipped);
}

TEST(CacheAnswer, IsNotAskedForOnARetry) {
  TaskSpec spec = cached_task();
  spec.retries = test::constant_retries(1);
  RunDriver d(DagBuilder().task("a", {}, spec).build(), {}, {}, ValueMap{{"day", "monday"}});
  d.begin();
  d.step(CacheAnswered{0, std::nullopt});
  d.run_to(0, exited(1));
  d.timer(0);
  EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
  EXPECT_EQ(d.commands(Command::Kind::find_cached), 0U);
}

TEST(CacheAnswer, AKeyThatCannotBeEvaluatedFails) {
  RunDriver d(DagBuilder().task("a", {}, cached_task()).build(), {}, {}, ValueMap{});
  d.begin();
  EXPECT_EQ(d.state("a"), failed);
  EXPECT_EQ(d.at("a").reason, Reason::expression);
}

// --- a cache key that hashes files ----------------------------------------------------------------------------------

RunDriver hashing(std::int32_t retries = 0) {
  TaskSpec spec = cached_task();
  spec.retries = test::constant_retries(retries);
  spec.cache.edit().key = test::expression("k-${{ hashFiles('*.csv') }}");
  spec.cache.edit().key_only = true;
  RunDriver d(DagBuilder().task("a", {}, spec).build());
  d.begin();
  return d;
}

TEST(CacheKeyOfFiles, IsHashedByAnAttemptThatIsNoTry) {
  RunDriver d = hashing();
  EXPECT_EQ(d.at("a").reason, Reason::cache_key);
  EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
  d.run_to(0, exited(0, R"({"hash": "abc"})"));
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.at("a").wait, Wait::commit);
  EXPECT_EQ(d.at("a").epoch, 1);
  EXPECT_EQ(d.at("a").try_number, 0);
  EXPECT_TRUE(d.out().tries.empty());
  EXPECT_EQ(d.commands(Command::Kind::offer), 0U);
  ASSERT_EQ(d.commands(Command::Kind::find_cached), 1U);
  EXPECT_EQ(d.out().commands[0].text, "k-abc");
  d.step(CacheAnswered{0, std::nullopt});
  d.run_to(0, exited(0, R"({"n": 1})"));
  EXPECT_EQ(d.state("a"), success);
  EXPECT_EQ(d.at("a").try_number, 1);
  ASSERT_EQ(d.out().cache.size(), 1U);
  EXPECT_EQ(d.out().cache[0].key, "k-abc");
}

TEST(CacheKeyOfFiles, ThatCannotBeHashedFailsTheTask) {
  for (const AttemptEnd& end : {exited(1), exited(99), exited(0, "{}"), exited(0), ended(Outcome::timed_out)}) {
    RunDriver d = hashing(3);
    d.run_to(0, end);
    EXPECT_EQ(d.state("a"), failed) << end.exit_code;
    EXPECT_EQ(d.at("a").reason, Reason::expression);
  }
}

TEST(CacheKeyOfFiles, OfNoFilesAtAllIsAnAnswerToo) {
  TaskSpec spec = cached_task();
  spec.cache.edit().key = test::expression("${{ hashFiles('nothing/*.csv') }}");
  RunDriver d(DagBuilder().task("a", {}, spec).build());
  d.begin();
  d.run_to(0, exited(0, R"({"hash": ""})"));
  ASSERT_EQ(d.commands(Command::Kind::find_cached), 1U);
  EXPECT_EQ(d.commands(Command::Kind::offer), 0U);
  d.step(CacheAnswered{0, std::nullopt});
  d.run_to(0, exited(0, R"({"n": 1})"));
  EXPECT_EQ(d.state("a"), success);
  EXPECT_EQ(d.out().cache.size(), 1U);
}

TEST(CacheKeyOfFiles, ALostHashIsTakenAgain) {
  RunDriver d = hashing();
  d.run_to(0, ended(Outcome::lost));
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.at("a").reason, Reason::cache_key);
  EXPECT_EQ(d.commands(Command::Kind::offer), 1U);
  d.run_to(0, exited(0, R"({"hash": "abc"})"));
  EXPECT_EQ(d.at("a").try_number, 0);
  EXPECT_EQ(d.commands(Command::Kind::find_cached), 1U);
}

TEST(CacheKeyOfFiles, NothingFollowsTheHashInARunThatWasStopped) {
  RunDriver d = hashing();
  d.admit(0);
  d.start(0);
  d.stop();
  d.end(0, exited(0, R"({"hash": "abc"})"));
  EXPECT_EQ(d.state("a"), failed);
  EXPECT_EQ(d.at("a").reason, Reason::stopped);
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

TEST(CacheSpecHash, TellsApartWhatATaskDoesAndNothingElse) {
  const auto hash = [](const std::function<void(TaskSpec&)>& with, std::vector<EnvEntry> env = {}) {
    TaskSpec spec = cached_task();
    with(spec);
    DagBuilder builder;
    builder.dag().env = std::move(env);
    return cache_spec_hash(*builder.task("a", {}, spec).build(), 0);
  };
  const std::string plain = hash([](TaskSpec&) {});
  EXPECT_EQ(plain.size(), 64U);
  EXPECT_EQ(plain, hash([](TaskSpec& s) { s.retries.edit().max = 5; }));
  EXPECT_EQ(plain, hash([](TaskSpec& s) { s.description.edit() = "other"; }));
  EXPECT_NE(plain, hash([](TaskSpec& s) { s.script.source = "false"; }));
  EXPECT_NE(plain, hash([](TaskSpec& s) { s.shell.edit() = {"bash"}; }));
  EXPECT_NE(plain, hash([](TaskSpec& s) { s.cwd.edit().source = "/tmp"; }));
  EXPECT_NE(plain, hash([](TaskSpec& s) { s.outputs.edit()[0].type = OutputSpec::Type::any; }));
  EXPECT_NE(plain, hash([](TaskSpec& s) { s.env.edit().push_back({"A", {"1", nullptr}, ""}); }));
  EXPECT_NE(plain, hash([](TaskSpec&) {}, {{"A", {"1", nullptr}, ""}}));
  EXPECT_NE(hash([](TaskSpec& s) {
              s.argv.edit() = {{"ab", nullptr}, {"c", nullptr}};
            }),
            hash([](TaskSpec& s) {
              s.argv.edit() = {{"a", nullptr}, {"bc", nullptr}};
            }));
}

}  // namespace
}  // namespace baton
