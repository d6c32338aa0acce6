// The parts of the engine's shell: what is due, whose turn it is, what an executor holds, which timers live.
#include <gtest/gtest.h>

#include "scheduler/engine/attempt_ledger.h"
#include "scheduler/engine/live_runs.h"
#include "scheduler/engine/look_ahead.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using Keys = std::vector<AttemptKey>;

DagRun run_of(RunNo run_no) {
  RunRow row;
  row.run_no = run_no;
  row.state = RunState::running;
  return make_run(row, test::DagBuilder().task("a").build(), Value{ValueMap{}}, {}, {});
}

std::vector<RunNo> numbers(const Part& part) {
  std::vector<RunNo> out;
  for (const RunRow& row : part.runs) out.push_back(row.run_no);
  return out;
}

TEST(LiveRuns, WritesWhatIsDueOnceAndNothingElse) {
  test::HandLoop loop;
  LiveRuns runs(loop);
  for (RunNo n = 1; n <= 3; ++n) runs.add(run_of(n), {});
  runs.note_due(*runs.find(3));
  runs.note_due(*runs.find(1));
  runs.note_due(*runs.find(3));
  Pending next(1);
  EXPECT_FALSE(runs.take_due(next));
  EXPECT_EQ(numbers(next.engine_part()), (std::vector<RunNo>{3, 1}));
  EXPECT_FALSE(runs.has_due());
}

TEST(LiveRuns, WritesARunWhereItsRequestHasOpenedAPart) {
  test::HandLoop loop;
  LiveRuns runs(loop);
  LiveRun& live = runs.add(run_of(1), {});
  Pending next(5);
  live.part = next.part_for_request(live.part);
  EXPECT_EQ(next.part_for_request(live.part).part, live.part.part) << "one part a run";
  runs.note_due(live);
  runs.take_due(next);
  EXPECT_EQ(numbers(next.batch.parts[1]), std::vector<RunNo>{1});
  Pending later(6);  // the part was of that batch alone
  runs.note_due(live);
  runs.take_due(later);
  EXPECT_EQ(numbers(later.engine_part()), std::vector<RunNo>{1});
}

TEST(LiveRuns, HasNothingLazyLeftOfWhatAnotherBatchWrote) {
  test::HandLoop loop;
  LiveRuns runs(loop);
  LiveRun& live = runs.add(run_of(1), {});
  runs.note_counts(live);
  EXPECT_TRUE(runs.has_lazy());
  runs.note_due(live);
  Pending next(1);
  runs.take_due(next);
  EXPECT_FALSE(runs.has_lazy());
  runs.note_counts(live);
  EXPECT_TRUE(runs.has_lazy()) << "it is listed again";
}

TEST(LiveRuns, TakesNothingOfARunThatIsGone) {
  test::HandLoop loop;
  LiveRuns runs(loop);
  LiveRun& live = runs.add(run_of(1), {});
  runs.note_due(live);
  runs.note_running(live, 0);
  runs.note_more(live);
  runs.erase(1);
  Pending next(1);
  EXPECT_FALSE(runs.has_lazy());
  EXPECT_FALSE(runs.has_due());
  runs.take_lazy(next, 0, 0);
  EXPECT_TRUE(next.batch.empty());
  EXPECT_EQ(runs.take_more(), nullptr);
}

TEST(LiveRuns, LetsRunsTakeTurns) {  // the last one to come must not keep the others from their shares
  test::HandLoop loop;
  LiveRuns runs(loop);
  for (RunNo n = 1; n <= 3; ++n) runs.note_more(runs.add(run_of(n), {}));
  std::vector<RunNo> order;
  for (int k = 0; k < 6; ++k) {
    LiveRun* live = runs.take_more();
    order.push_back(live->run.row.run_no);
    runs.note_more(*live);
    runs.note_more(*live);  // and nobody stands there twice
  }
  EXPECT_EQ(order, (std::vector<RunNo>{1, 2, 3, 1, 2, 3}));
}

TEST(RunTimers, EndWithTheirRun) {
  test::HandLoop loop;
  int fired = 0;
  {
    RunTimers timers(loop);
    timers.set(0, loop.mono_now() + 10, [&] { ++fired; });
    timers.set(1, loop.mono_now() + 10, [&] { ++fired; });
    timers.set(1, loop.mono_now() + 20, [&] { ++fired; });  // in place of the one before
    timers.set_limit(loop.mono_now() + 20, [&] { ++fired; });
    EXPECT_EQ(loop.timers(), 3U);
    loop.pass(10);
    EXPECT_EQ(fired, 1);
  }
  EXPECT_EQ(loop.timers(), 0U);
  loop.pass(100);
  EXPECT_EQ(fired, 1);
}

WorkerRef worker_named(const std::string& name) {
  return std::make_shared<const Worker>(Worker{"local", name, "here"});
}

TEST(AttemptLedger, KeepsAnEndThatComesBeforeItsClaimIsDurable) {
  AttemptLedger ledger;
  const AttemptKey key{1, 0, kUnmapped, 1};
  AttemptEnd end;
  end.key = key;
  EXPECT_FALSE(ledger.keep_early_end(end)) << "nothing is prepared";
  ledger.prepare(key, ledger.workers().number_of(nullptr));
  EXPECT_FALSE(ledger.has_started_some());
  EXPECT_TRUE(ledger.keep_early_end(end));
  EXPECT_TRUE(ledger.claimed(key).has_value());
  EXPECT_TRUE(ledger.has_started_some());
  EXPECT_FALSE(ledger.end(key)) << "it is of this process";
  EXPECT_EQ(ledger.held(), 0);
}

TEST(AttemptLedger, TellsWhatIsMissingOfThisAndOfAnEarlierProcess) {
  AttemptLedger ledger;
  const AttemptKey mine{1, 0, kUnmapped, 1};
  const AttemptKey theirs{1, 1, kUnmapped, 1};
  const WorkerNo here = ledger.workers().number_of(worker_named("1"));
  const WorkerNo there = ledger.workers().number_of(worker_named("2"));
  ledger.claim(mine, here);
  EXPECT_TRUE(ledger.missing(here, {}).empty()) << "nobody has heard of it";
  ledger.launch(mine);
  ledger.recover(theirs, there);
  EXPECT_EQ(ledger.held(), 1);
  EXPECT_EQ(ledger.missing(here, {}), Keys{mine});
  EXPECT_EQ(ledger.missing(there, {}), Keys{theirs}) << "each worker answers for its own";
  EXPECT_TRUE(ledger.missing(there, {theirs}).empty());
  EXPECT_EQ(ledger.never_named("local"), Keys{theirs});
  EXPECT_TRUE(ledger.never_named("remote").empty());
  ledger.adopt(theirs, here);
  EXPECT_TRUE(ledger.never_named("local").empty());
  EXPECT_EQ(ledger.missing(here, {}), (Keys{mine, theirs})) << "it is with who named it";
  EXPECT_FALSE(ledger.end(theirs));
}

TEST(WorkerSlots, EachWorkerHasItsOwn) {
  WorkerSlots workers;
  const WorkerNo a = workers.number_of(worker_named("1"));
  const WorkerNo b = workers.number_of(worker_named("2"));
  EXPECT_EQ(workers.number_of(worker_named("2")), b) << "the names are the worker";
  EXPECT_EQ(workers.next(), std::nullopt) << "nobody is ready";
  workers.set_slots(a, 2);
  workers.set_slots(b, 3);
  workers.set_ready(a, true);
  EXPECT_EQ(workers.next(), std::optional(a));
  workers.set_ready(b, true);
  EXPECT_EQ(workers.capacity(), 5);
  std::vector<WorkerNo> given;
  for (int k = 0; k < 5; ++k) {
    given.push_back(*workers.next());
    workers.hold(given.back());
  }
  EXPECT_EQ(given, (std::vector<WorkerNo>{b, a, b, a, b}));
  EXPECT_EQ(workers.free(a), 0);
  workers.set_ready(b, false);
  EXPECT_EQ(workers.capacity(), 5) << "what the silent one holds takes no slot of the other";
  workers.release(b);
  EXPECT_EQ(workers.capacity(), 4);
  EXPECT_EQ(workers.next(), std::optional(a)) << "where another one waits for a slot";
  workers.set_ready(b, true);
  EXPECT_EQ(workers.next(), std::optional(b));
}

TEST(AttemptLedger, GivesAUsedNumberOnceWhateverTheEpochOfTheKey) {
  AttemptLedger ledger;
  ledger.note_used({1, 0, kUnmapped, 4});
  ledger.note_used({1, 0, kUnmapped, 2});
  EXPECT_EQ(ledger.take_used({1, 0, kUnmapped, 1}), std::optional<Epoch>(4));
  EXPECT_EQ(ledger.take_used({1, 0, kUnmapped, 1}), std::nullopt);
  ledger.note_used({2, 0, kUnmapped, 1});
  ledger.forget(2);
  EXPECT_EQ(ledger.take_used({2, 0, kUnmapped, 0}), std::nullopt);
}

TEST(LookAhead, ClaimsTwentyMillisecondsOfWork) {
  LookAhead ahead(100);
  EXPECT_EQ(ahead.ahead(4), 0) << "nothing is known yet";
  ahead.learn(2 * kMillisecond);
  EXPECT_EQ(ahead.ahead(4), 40);
  for (int k = 0; k < 100; ++k) ahead.learn(10);
  EXPECT_EQ(ahead.ahead(4), 100);
  for (int k = 0; k < 100; ++k) ahead.learn(kMinute);
  EXPECT_EQ(ahead.ahead(4), 0);
}

TEST(Engine, LeavesNoTimerOfARunThatHasEnded) {
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(1);
  spec.retries.edit().delay_us = kHour;
  test::EngineBench b(test::DagBuilder().task("a", {}, spec).build());
  b.begin();
  b.settle();
  b.end(b.executor.launched[0], test::exited(1));
  b.settle();
  EXPECT_GE(b.loop.timers(), 1U);
  b.engine.stop_run(1, Reason::stopped, false);
  b.settle();
  b.loop.pass(kSecond);
  b.settle();
  EXPECT_EQ(b.engine.run(1), nullptr);
  EXPECT_EQ(b.loop.timers(), 0U);
}

}  // namespace
}  // namespace baton
