// The engine's circuit breakers: what is told to them, what they hold back, and what is written with what.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;

TaskSpec behind(const std::string& breaker, std::int32_t retries = 0) {
  TaskSpec spec = test::run_task();
  spec.breakers.edit() = {breaker};
  spec.retries.edit().max = retries;
  spec.retries.edit().delay_us = kSecond;
  spec.retries.edit().jitter = RetryPolicy::Jitter::none;
  return spec;
}

BreakerSpec door_of(std::int32_t failures) {
  BreakerSpec spec;
  spec.name = "db";
  spec.failures = failures;
  spec.cooldown_us = kMinute;
  spec.max_cooldown_us = kHour;
  return spec;
}

AttemptEnd exits(int code) {
  AttemptEnd end;
  end.outcome = AttemptEnd::Outcome::exited;
  end.exit_code = code;
  end.started = true;
  return end;
}

/// The rows of breakers in one batch.
std::vector<BreakerRow> rows_of(const Batch& batch) {
  std::vector<BreakerRow> out;
  for (const Part& part : batch.parts) out.insert(out.end(), part.service.breakers.begin(), part.service.breakers.end());
  return out;
}

TEST(EngineBreakers, HoldsBackWhatNamesAnOpenOneAndBurnsNoTry) {
  EngineBench bench(DagBuilder().task("a", {}, behind("db", 5)).task("b", {"a"}, behind("db")).build(), 1);
  bench.engine.declare_breaker(door_of(1), "");
  bench.begin();
  bench.settle();
  bench.end(bench.executor.launched.at(0), exits(1));
  bench.settle();
  EXPECT_EQ(bench.engine.breakers().find("db")->state(), BreakerState::open);
  bench.loop.pass(10 * kSecond);
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 1U) << "its backoff is over, the breaker is not";
  EXPECT_EQ(bench.state("a"), TaskState::scheduled);
  EXPECT_EQ(bench.run().at(0).wait, Wait::breaker);
  EXPECT_EQ(bench.engine.admission().live(), 0);
  bench.loop.pass(kMinute);
  bench.settle();
  ASSERT_EQ(bench.executor.launched.size(), 2U) << "the probe";
  EXPECT_EQ(bench.run().at(0).try_number, 2);
  bench.end(bench.executor.launched.at(1), exits(0));
  bench.settle();
  EXPECT_EQ(bench.engine.breakers().find("db")->state(), BreakerState::closed);
  EXPECT_EQ(bench.executor.launched.size(), 3U);
}

TEST(EngineBreakers, LetsAsManyTryAsItSaysAndAStopGivesThePermitBack) {
  EngineBench bench(DagBuilder().task("a", {}, behind("db")).task("b", {}, behind("db")).build(), 4);
  BreakerRow row;
  row.spec = door_of(1);
  row.state = BreakerState::half_open;
  bench.engine.restore_breaker(row);
  bench.begin();
  bench.settle();
  ASSERT_EQ(bench.executor.launched.size(), 1U);
  AttemptEnd stopped;
  stopped.outcome = AttemptEnd::Outcome::lost;
  bench.end(bench.executor.launched.at(0), stopped);
  bench.settle();
  EXPECT_EQ(bench.engine.breakers().find("db")->state(), BreakerState::half_open);
  EXPECT_EQ(bench.executor.launched.size(), 2U) << "one tries it again";
}

TEST(EngineBreakers, APermitIsWrittenWithItsClaimAndAFailureWithItsEnd) {
  EngineBench bench(DagBuilder().task("a", {}, behind("db")).build(), 4);
  BreakerRow row;
  row.spec = door_of(1);
  row.state = BreakerState::half_open;
  bench.engine.restore_breaker(row);
  bench.begin(false);
  bench.settle();
  bench.ready();
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const auto claimed = rows_of(bench.store.offered.front().first);
  ASSERT_EQ(claimed.size(), 1U);
  ASSERT_EQ(claimed[0].probes.size(), 1U);
  EXPECT_EQ(claimed[0].probes[0], bench.run().key_of(0));
  bench.settle();
  bench.end(bench.executor.launched.at(0), exits(1));
  bench.loop.drain();
  ASSERT_FALSE(bench.store.offered.empty());
  const auto ended = rows_of(bench.store.offered.front().first);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].state, BreakerState::open);
  EXPECT_EQ(ended[0].cooldown_us, 2 * kMinute);
}

TEST(EngineBreakers, APersonsChangeStandsInThePartOfItsRequest) {
  EngineBench bench(DagBuilder().task("a", {}, behind("db")).build(), 4);
  bench.engine.declare_breaker(door_of(1), "");
  bench.begin();
  bench.settle();
  EngineRequest request;
  request.audit.push_back({.action = "trip_breaker"});
  bool is_done = false;
  request.done = [&](const PartVerdict& verdict) { is_done = verdict.is_done(); };
  ASSERT_TRUE(bench.engine.change_breaker("db", {BreakerWish::Kind::trip, 0, "why", "ann"}, std::move(request)));
  bench.loop.drain();
  ASSERT_FALSE(bench.store.offered.empty());
  const Part& part = bench.store.offered.front().first.parts.back();
  ASSERT_EQ(part.service.breakers.size(), 1U);
  EXPECT_EQ(part.service.breakers[0].actor, "ann");
  EXPECT_EQ(part.audit.at(0).action, "trip_breaker");
  EXPECT_FALSE(is_done);
  bench.settle();
  EXPECT_TRUE(is_done);
  EXPECT_FALSE(bench.engine.change_breaker("bd", {}, {}));
}

TEST(EngineBreakers, OfBatonYamlGoBeforeThoseOfDagsAndTheFirstDagStays) {
  EngineBench bench(DagBuilder().task("a").build(), 1);
  bench.engine.declare_breaker(door_of(3), "first");
  bench.engine.declare_breaker(door_of(4), "second");
  EXPECT_EQ(bench.engine.breakers().find("db")->spec().failures, 3);
  bench.engine.declare_breaker(door_of(5), "first");
  EXPECT_EQ(bench.engine.breakers().find("db")->spec().failures, 5) << "its file says so now";
  bench.engine.declare_breaker(door_of(8), "first", DeclaredBy::old_version);
  EXPECT_EQ(bench.engine.breakers().find("db")->spec().failures, 5) << "a run of an older version sets nothing back";
  bench.engine.declare_breaker(door_of(6), "");
  bench.engine.declare_breaker(door_of(7), "first");
  EXPECT_EQ(bench.engine.breakers().find("db")->spec().failures, 6);
}

}  // namespace
}  // namespace baton
