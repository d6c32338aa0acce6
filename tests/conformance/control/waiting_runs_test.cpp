// What may be asked of a run that waits to begin: it has a row and nothing else.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "scheduler/control/control.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;
using test::HandLoader;

std::shared_ptr<const Dag> one_at_a_time() {
  DagBuilder builder;
  builder.task("a");
  builder.dag().max_active_runs = 1;
  return builder.build();
}

class NoKeys final : public KeyFinder {
 public:
  explicit NoKeys(Loop& loop) : loop_(loop) {}
  void find(IdempotencyKey, OnFound done) override {
    loop_.post([done = std::move(done)] { done(std::optional<IdempotencyRow>()); });
  }

 private:
  Loop& loop_;
};

/// Run 1 runs, run 2 waits for its place.
class WaitingRun : public testing::Test {
 protected:
  WaitingRun() : bench(one_at_a_time(), 1), keys(bench.loop), control(bench.loop, bench.engine, loader, {}, {{}, &keys}) {
    bench.engine.load_with(&loader);
    bench.ready();
    ask(trigger(1));
    bench.settle();
    ask(trigger(2));
    bench.settle();
  }
  TriggerRun trigger(RunNo run_no) const {
    TriggerRun request;
    request.creation.dag = bench.dag;
    request.creation.run.run_no = run_no;
    request.creation.run.dag_id = bench.dag->id;
    request.creation.run.run_id = "r" + std::to_string(run_no);
    request.params = Value{ValueMap{}};
    return request;
  }
  std::size_t ask(Request request, std::optional<IdempotencyKey> key = std::nullopt) {
    const std::size_t k = answers.size();
    answers.emplace_back();
    const Status taken = control.ask(std::move(request), {"ada", "", "api"}, std::move(key),
                                     [this, k](const Result<Answer>& how) { answers[k] = how; });
    if (!taken) answers[k] = taken.error();
    bench.loop.drain();
    return k;
  }
  LoadedRun stored(RunNo run_no, RunState state) {
    RunRow row = trigger(run_no).creation.run;
    row.state = state;
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    return {make_run(row, bench.dag, Value{ValueMap{}}, now, {}), {}};
  }
  void answer_loader(RunState state) {
    auto [run_no, done] = std::move(loader.wishes.front());
    loader.wishes.pop_front();
    done(stored(run_no, state));
    bench.loop.drain();
  }
  [[nodiscard]] std::optional<ErrorKind> kind(std::size_t k) const {
    if (!answers[k] || answers[k]->ok()) return std::nullopt;
    return answers[k]->error().kind;
  }
  const Part& part() { return bench.store.offered.front().first.parts.at(1); }

  EngineBench bench;
  HandLoader loader;
  NoKeys keys;
  Control control;
  std::vector<std::optional<Result<Answer>>> answers;
};

TEST_F(WaitingRun, AMarkEndsItWithoutItsHavingBegun) {
  const auto k = ask(MarkRun{2, RunState::success, "done by hand"});
  answer_loader(RunState::queued);
  ASSERT_EQ(bench.store.offered.size(), 1U);
  ASSERT_EQ(part().runs.size(), 1U);
  EXPECT_EQ(part().runs[0].state, RunState::success);
  EXPECT_EQ(part().runs[0].reason, Reason::marked);
  EXPECT_EQ(part().runs[0].begun_at, kNoTime);
  ASSERT_EQ(part().audit.size(), 1U);
  EXPECT_EQ(part().audit[0].action, "mark_run_success");
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_FALSE(bench.engine.queue().is_waiting(2));
}

TEST_F(WaitingRun, AClearAMarkAndARetryOfItsTasksAreConflicts) {
  ClearTasks clear;
  clear.run_no = 2;
  MarkTasks mark;
  mark.run_no = 2;
  mark.tasks = {{"a", std::nullopt}};
  mark.state = TaskState::success;
  RetryRun retry;
  retry.run_no = 2;
  for (const Request& request : {Request(clear), Request(mark), Request(retry)}) {
    const auto k = ask(request);
    answer_loader(RunState::queued);
    EXPECT_EQ(kind(k), ErrorKind::conflict);
  }
  EXPECT_TRUE(bench.engine.queue().is_waiting(2));
}

TEST_F(WaitingRun, WhoComesBehindAChangeMeetsWhatItMadeOfTheRun) {
  const auto stop = ask(StopRun{2, false, ""});
  RetryRun again;
  again.run_no = 2;
  const auto retry = ask(again);
  answer_loader(RunState::queued);
  EXPECT_TRUE(loader.wishes.empty()) << "the stop is not durable yet: what is stored is old";
  bench.settle();
  EXPECT_TRUE(answers[stop]->ok());
  ASSERT_EQ(loader.wishes.size(), 1U) << "it is read anew";
  answer_loader(RunState::failed);
  bench.settle();
  ASSERT_TRUE(answers[retry]->ok()) << answers[retry]->error().message;
  EXPECT_TRUE(bench.engine.queue().is_waiting(2));
}

/// S13: its version is damaged, say. It is not to wait for ever, and who stops it is not told of the disk.
TEST_F(WaitingRun, AStopEndsItAlsoWhereNothingButItsRowCanBeRead) {
  const auto stop = ask(StopRun{2, false, "no use"}, IdempotencyKey{"ada", "POST :cancel", "k", "body", 200});
  loader.answer(Error{"its version is damaged", ErrorKind::storage});
  bench.loop.drain();
  ASSERT_EQ(loader.row_wishes.size(), 1U);
  RunRow row = trigger(2).creation.run;
  row.state = RunState::queued;
  loader.answer_row(row);
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  ASSERT_EQ(part().runs.size(), 1U);
  EXPECT_EQ(part().runs[0].state, RunState::failed);
  EXPECT_EQ(part().runs[0].reason, Reason::stopped);
  EXPECT_NE(part().runs[0].note.find("damaged"), std::string::npos);
  ASSERT_EQ(part().audit.size(), 1U);
  EXPECT_EQ(part().idempotency.size(), 1U);
  bench.settle();
  EXPECT_TRUE(answers[stop]->ok());
  EXPECT_FALSE(bench.engine.queue().is_waiting(2));
}

TEST_F(WaitingRun, AStopOfWhatHasNoRowEitherSaysWhy) {
  const auto stop = ask(StopRun{2, false, ""});
  loader.answer(Error{"its version is damaged", ErrorKind::storage});
  bench.loop.drain();
  loader.answer_row(Error{"its row is damaged", ErrorKind::storage});
  bench.loop.drain();
  EXPECT_EQ(kind(stop), ErrorKind::storage);
  EXPECT_TRUE(bench.engine.queue().is_waiting(2));
}

TEST_F(WaitingRun, ItsKeyIsInThePartOfItsRow) {
  ask(trigger(3), IdempotencyKey{"ada", "POST /runs", "k", "body", 201});
  ASSERT_EQ(bench.store.offered.size(), 1U);
  ASSERT_EQ(part().creations.size(), 1U);
  EXPECT_EQ(part().creations[0].run.state, RunState::queued);
  ASSERT_EQ(part().idempotency.size(), 1U);
  EXPECT_EQ(part().idempotency[0].object, "run/3");
  EXPECT_EQ(part().audit.size(), 1U);
}

TEST_F(WaitingRun, WhatATickWritesIsInThePartOfItsRow) {
  TriggerRun tick = trigger(3);
  ServiceRows rows;
  rows.cursors.push_back({bench.dag->id, 5, 6});
  bench.engine.create_run(std::move(tick.creation), Value{ValueMap{}}, {}, EngineRequest{{}, nullptr, std::move(rows)});
  bench.loop.drain();
  ASSERT_EQ(part().creations.size(), 1U);
  EXPECT_EQ(part().service.cursors.size(), 1U);
}

}  // namespace
}  // namespace baton
