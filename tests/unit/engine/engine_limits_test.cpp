// The engine's rates and retry budgets: what is held back, and what wakes it.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

TaskSpec in_pool(std::int32_t retries = 0) {
  TaskSpec spec = test::run_task();
  spec.pools.edit() = {{"api", 1}};
  spec.retries.edit().max = retries;
  spec.retries.edit().delay_us = kSecond;
  spec.retries.edit().jitter = RetryPolicy::Jitter::none;
  return spec;
}

TEST(EngineLimits, ARateLetsOneStartAfterTheOtherWithoutAnyEvent) {
  test::EngineBench bench(test::DagBuilder().task("a", {}, in_pool()).task("b", {}, in_pool()).build(), 4);
  bench.engine.set_pool({"api", 9, {1, kMinute}});
  bench.begin();
  bench.settle();
  EXPECT_TRUE(bench.executor.launched.empty()) << "it begins used up: the scheduler before may just have started one";
  EXPECT_EQ(bench.run().at(0).wait, Wait::rate);
  EXPECT_EQ(bench.engine.admission().live(), 0);
  bench.loop.pass(kMinute - 1);
  bench.settle();
  EXPECT_TRUE(bench.executor.launched.empty());
  bench.loop.pass(1);
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 1U);
  bench.loop.pass(kMinute);
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 2U);
}

TEST(EngineLimits, ARateHasFilledSinceTheLastRunEnded) {
  const auto first_start = [](WallUs ago, bool is_known = true) {
    test::EngineBench bench(test::DagBuilder().task("a", {}, in_pool()).build(), 4);
    if (is_known) bench.engine.idle_since(ago < 0 ? kNoTime : bench.loop.wall_now() - ago);
    bench.engine.set_pool({"api", 9, {5, kHour}});
    bench.begin();
    bench.settle();
    DurationUs waited = 0;
    for (; bench.executor.launched.empty() && waited < kDay; waited += kMinute, bench.settle()) bench.loop.pass(kMinute);
    return waited;
  };
  EXPECT_EQ(first_start(-1), 0) << "nothing has ever run";
  EXPECT_EQ(first_start(12 * kMinute), 0);
  EXPECT_EQ(first_start(10 * kMinute), 2 * kMinute);
  EXPECT_EQ(first_start(0), 12 * kMinute);
  EXPECT_EQ(first_start(0, false), 12 * kMinute);
}

TEST(EngineLimits, ARateThatIsTakenAwayLetsThroughAtOnce) {
  test::EngineBench bench(test::DagBuilder().task("a", {}, in_pool()).build(), 4);
  bench.engine.set_pool({"api", 9, {1, kHour}});
  bench.begin();
  bench.settle();
  bench.engine.set_pool({"api", 9});
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 1U);
}

TEST(EngineLimits, RetriesBeyondTheBudgetWaitForTheMinuteAndThenStart) {
  test::DagBuilder dag;
  for (int t = 0; t < 12; ++t) dag.task("t" + std::to_string(t), {}, in_pool(1));
  test::EngineBench bench(dag.build(), 20);
  bench.engine.set_pool({"api", 20, {}, 200'000});
  bench.begin();
  bench.settle();
  ASSERT_EQ(bench.executor.launched.size(), 12U);
  AttemptEnd fails;
  fails.outcome = AttemptEnd::Outcome::exited;
  fails.exit_code = 1;
  fails.started = true;
  for (std::size_t n = 0; n < 12; ++n) bench.end(bench.executor.launched.at(n), fails);
  bench.settle();
  bench.loop.pass(2 * kSecond);
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 22U) << "ten of twelve";
  bench.loop.pass(2 * kMinute);
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 24U);
}

}  // namespace
}  // namespace baton
