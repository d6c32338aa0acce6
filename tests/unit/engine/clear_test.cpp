// A clear: what of a run becomes as if it had not run, and what is made from it then.
#include "scheduler/engine/clear.h"

#include <gtest/gtest.h>

#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::exited;
using test::RunDriver;

/// t has an instance for each success of u.
std::shared_ptr<const Dag> over_the_successes() {
  TaskSpec t = test::mapped_task(0);
  t.trigger_rule = TriggerRule::all_done;
  t.mapping.edit().literal_items.reset();
  t.mapping.edit().items = test::expression("tasks.u.filter(x, x.state == 'success').map(x, x.item)");
  return DagBuilder().task("u", {}, test::mapped_task(3)).task("t", {"u"}, t).build();
}

TEST(Clear, OfAnyInstanceOfAnUpstreamMakesWhatIsMappedOverItExpandAnew) {
  for (std::int32_t fails = 0; fails < 3; ++fails) {
    RunDriver d(over_the_successes());
    d.begin();
    for (std::int32_t k = 0; k < 3; ++k) d.run_to(d.run().instance_of(0, k), exited(k == fails ? 1 : 0));
    ASSERT_EQ(d.run().progress(1).count, 2);
    for (std::int32_t k = 0; k < 2; ++k) d.run_to(d.run().instance_of(1, k), exited(0));
    d.step(Cleared{select_failed(d.run())});
    d.run_to(d.run().instance_of(0, fails), exited(0));
    EXPECT_EQ(d.run().progress(1).count, 3) << fails;
    EXPECT_EQ(d.run().at(d.run().instance_of(1, 2)).state, scheduled);
  }
}

TEST(Clear, OfATaskThatIsMappedWithNothingAboveItKeepsItsItems) {
  RunDriver d(over_the_successes());
  d.begin();
  for (std::int32_t k = 0; k < 3; ++k) d.run_to(d.run().instance_of(0, k), exited(0));
  for (std::int32_t k = 0; k < 3; ++k) d.run_to(d.run().instance_of(1, k), exited(k == 1 ? 1 : 0));
  d.step(Cleared{select_from(d.run(), 1)});
  EXPECT_EQ(d.run().progress(1).count, 3);
  EXPECT_TRUE(d.run().progress(1).expanded);
}

/// t has an instance for each of the items that u writes.
std::shared_ptr<const Dag> over_the_outputs() {
  TaskSpec t = test::mapped_task(0);
  t.mapping.edit().literal_items.reset();
  t.mapping.edit().items = test::expression("tasks.u.outputs.list");
  return DagBuilder().task("u").task("t", {"u"}, t).task("end", {"t"}).build();
}

void write_items(RunDriver& d, const char* list) {
  d.run_to(d.no("u"), exited(0, std::string(R"({"list":)") + list + "}"));
}

TEST(Clear, OfAPartOfAFanOutTogetherWithWhatGivesItsItemsTakesTheWhole) {
  RunDriver d(over_the_outputs());
  d.begin();
  write_items(d, "[1,2]");
  for (const char* t : {"t[0]", "t[1]", "end"}) d.run_to(d.no(t), exited(0));
  ASSERT_EQ(d.run().row.state, RunState::success);
  d.step(Cleared{{d.no("u"), d.no("t[0]")}});
  write_items(d, "[1,2,3]");
  ASSERT_EQ(d.run().progress(1).count, 3) << "the third item is somebody's data";
  for (const char* t : {"t[0]", "t[1]", "t[2]"}) EXPECT_EQ(d.state(t), scheduled) << t;
  EXPECT_EQ(d.state("end"), success) << "nobody has cleared it";
}

TEST(Clear, OfAPartOfAFanOutWhoseItemsAreMadeAnewMeanwhileOrAreOthersByNowTakesTheWhole) {
  for (const bool has_ended : {false, true}) {
    RunDriver d(over_the_outputs());
    d.begin();
    write_items(d, "[1,2]");
    for (const char* t : {"t[0]", "t[1]", "end"}) d.run_to(d.no(t), exited(0));
    d.step(Cleared{{d.no("u")}});
    if (has_ended) write_items(d, "[1,2,3]");
    d.step(Cleared{{d.no("t[1]")}});
    if (!has_ended) write_items(d, "[1,2,3]");
    EXPECT_EQ(d.run().progress(1).count, 3) << has_ended;
    EXPECT_EQ(d.state("t[0]"), scheduled) << has_ended;
  }
}

TEST(Clear, OfWhatGivesTheItemsOfAFanOutThatRunsTakesTheWhole) {
  RunDriver d(over_the_outputs());
  d.begin();
  write_items(d, "[1,2]");
  d.run_to(d.no("t[0]"), exited(0));
  const InstanceNo lives = d.no("t[1]");
  d.admit(lives);
  d.start(lives);
  d.step(Cleared{{d.no("u")}});
  d.end(lives, test::ended(AttemptEnd::Outcome::stopped));
  write_items(d, "[1,2,3]");
  EXPECT_EQ(d.run().progress(1).count, 3);
  EXPECT_EQ(d.state("t[0]"), scheduled);
}

TEST(Clear, OfAPartOfAFanOutWhoseItemsStayLeavesTheOthers) {
  RunDriver d(over_the_outputs());
  d.begin();
  write_items(d, "[1,2]");
  for (const char* t : {"t[0]", "t[1]", "end"}) d.run_to(d.no(t), exited(0));
  d.step(Cleared{{d.no("t[1]")}});
  EXPECT_EQ(d.state("t[0]"), success);
  EXPECT_EQ(d.state("t[1]"), scheduled);
}

TEST(Clear, WhatIsLiveIsStoppedAndItsSuccessIsATryAndNothingMore) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).build());
  d.begin();
  d.run_to(0, exited(0));
  d.admit(1);
  d.start(1);
  d.step(Cleared{select_from(d.run(), 0)});
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.state("b"), running);
  EXPECT_EQ(d.at("b").reason, Reason::cleared);
  EXPECT_EQ(d.commands(Command::Kind::stop), 1U);
  EXPECT_EQ(d.commands(Command::Kind::time_limit), 1U);
  EXPECT_EQ(d.out().dirty.size(), 2U);
  d.end(1, exited(0));
  EXPECT_EQ(d.state("b"), none);  // it waits for a: INV-07
  ASSERT_EQ(d.out().tries.size(), 1U);
  EXPECT_EQ(d.out().tries[0].reason, Reason::cleared);
  d.run_to(0, exited(0));
  EXPECT_EQ(d.state("b"), scheduled);
  d.run_to(1, exited(0));
  EXPECT_EQ(d.run().row.state, RunState::success);
  EXPECT_EQ(d.at("b").epoch, 2);
}

TEST(Clear, WhoseUpstreamsEndWhileItDiesIsJudgedWhenItsTreeIsGone) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).build());
  d.begin();
  d.run_to(0, exited(0));
  d.admit(1);
  d.start(1);
  d.step(Cleared{select_from(d.run(), 0)});
  d.run_to(0, exited(0));
  EXPECT_EQ(d.state("b"), running);
  d.end(1, test::ended(AttemptEnd::Outcome::stopped));
  EXPECT_EQ(d.state("b"), scheduled);
}

TEST(Clear, AMappedTaskThatIsLiveExpandsAnewOnceNothingOfItLives) {
  RunDriver d(over_the_successes());
  d.begin();
  d.run_to(d.no("u[0]"), exited(1));
  for (const char* u : {"u[1]", "u[2]"}) d.run_to(d.no(u), exited(0));
  d.run_to(d.no("t[0]"), exited(0));
  d.admit(d.no("t[1]"));
  d.start(d.no("t[1]"));
  d.step(Cleared{select_failed(d.run())});
  EXPECT_EQ(d.at("t[1]").reason, Reason::replaced);
  d.run_to(d.no("u[0]"), exited(0));
  EXPECT_EQ(d.state("t[0]"), none);
  const InstanceNo old = d.no("t[1]");
  d.end(old, test::ended(AttemptEnd::Outcome::stopped));
  EXPECT_EQ(d.run().at(old).state, removed);
  EXPECT_EQ(d.run().progress(1).count, 3);
  EXPECT_EQ(d.state("t[1]"), scheduled);
  EXPECT_EQ(d.at("t[1]").epoch, 1);  // above the one that it replaces
}

TEST(Clear, OfARunThatHasEndedOpensItWithItsHooksToCome) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).hook(Hook::on_failure).build());
  d.begin();
  d.run_to(0, exited(1));
  d.run_to(d.no("on_failure"), exited(0));
  ASSERT_TRUE(d.run().is_finished());
  d.step(Cleared{select_failed(d.run())});
  EXPECT_EQ(d.run().row.state, RunState::running);
  EXPECT_EQ(d.run().row.started_at, d.now().wall);
  EXPECT_EQ(d.state("a"), scheduled);
  EXPECT_EQ(d.state("b"), none);
  EXPECT_EQ(d.state("on_failure"), none);
}

TEST(Mark, SuccessOfAFailureClearsWhatItLeftUpstreamFailed) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).task("c", {"b"}).build());
  d.begin();
  d.run_to(0, exited(1));
  ASSERT_EQ(d.run().row.state, RunState::failed);
  d.step(Marked{{0}, success});
  EXPECT_EQ(d.state("a"), success);
  EXPECT_EQ(d.at("a").reason, Reason::marked);
  EXPECT_EQ(d.state("b"), scheduled);
  EXPECT_EQ(d.state("c"), none);
  EXPECT_EQ(d.run().row.state, RunState::running);
}

TEST(Mark, OfARunThatLivesSaysFromWhenOnWaitsWhatItMakesWaitAgain) {
  RunDriver d(DagBuilder().task("a").task("b", {"a"}).task("c", {"b"}).task("long").build());
  d.begin();
  d.run_to(0, exited(1));
  ASSERT_EQ(d.state("c"), upstream_failed);
  d.pass(kMinute);
  d.step(Marked{{0}, success});
  ASSERT_EQ(d.state("c"), none);  // a restart would count its time from the start of the run
  EXPECT_EQ(WaitTimes::summed_to(row_of(d.run(), d.no("c")).times_json), d.now().wall);
}

TEST(Mark, ThatChangesNoOutcomeLeavesAnEndedRunAsItIs) {
  RunDriver d(DagBuilder().task("a").task("b").build());
  d.begin();
  d.run_to(0, exited(1));
  d.run_to(1, exited(1));
  d.step(Marked{{0}, success});
  EXPECT_EQ(d.run().row.state, RunState::failed);
  EXPECT_TRUE(d.run().is_finished());
  d.step(Marked{{1}, success});
  EXPECT_EQ(d.run().row.state, RunState::success);
}

TEST(Mark, OfWhatIsLiveComesOnceItsTreeIsGoneWhateverItsEnd) {
  for (const TaskState to : {success, failed}) {
    RunDriver d(DagBuilder().task("a").build());
    d.begin();
    d.admit(0);
    d.start(0);
    d.step(Marked{{0}, to});
    EXPECT_EQ(d.state("a"), running);
    EXPECT_EQ(d.commands(Command::Kind::stop), 1U);
    d.end(0, exited(to == success ? 1 : 0));
    EXPECT_EQ(d.state("a"), to);
    EXPECT_EQ(d.at("a").reason, Reason::marked);
  }
}

TEST(Mark, OfARunEndsItWithItsDueTeardowns) {
  for (const RunState to : {RunState::success, RunState::failed}) {
    RunDriver d(DagBuilder()
                    .task("s")
                    .task("w", {"s"})
                    .task("x", {"w"})
                    .task("down", {"s", "w"}, test::teardown_task({"s"}))
                    .build());
    d.begin();
    d.run_to(0, exited(0));
    d.admit(1);
    d.start(1);
    d.step(RunMarked{to});
    EXPECT_EQ(d.state("x"), to == RunState::success ? success : skipped);
    d.end(1, exited(0));
    EXPECT_EQ(d.state("w"), to == RunState::success ? success : failed);
    EXPECT_EQ(d.state("down"), scheduled);
    d.run_to(d.no("down"), exited(0));
    EXPECT_EQ(d.run().row.state, to);
    EXPECT_EQ(d.run().row.reason, Reason::marked);
  }
}

}  // namespace
}  // namespace baton
