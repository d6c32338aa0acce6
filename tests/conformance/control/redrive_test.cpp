// A dead letter is tried again at most once, while its task is failed, and not after somebody has let it go.
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "scheduler/control/control.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;

class Redrive : public testing::Test {
 protected:
  Redrive()
      : bench(DagBuilder().task("a").task("b", {"a"}).build(), 1), control(bench.loop, bench.engine, loader, {8, 8}) {
    bench.ready();
  }

  void ask(Request request) {
    const std::size_t k = answers.size();
    answers.emplace_back();
    ASSERT_TRUE(control.ask(std::move(request), {"ada", "10.0.0.7", "api"},
                            [this, k](const Result<Answer>& how) { answers[k] = how; }));
  }
  void redrive(Epoch epoch) {
    RedriveLetters request;
    request.run_no = 1;
    request.letters = {{9, 0, epoch}};
    ask(std::move(request));
  }
  void discard(Epoch epoch) {
    WriteRecords request;
    request.rows.letter_closings.push_back({1, 0, epoch, LetterState::discarded, 1, "ada", 0});
    request.audit.action = "discard_dead_letter";
    ask(std::move(request));
  }
  [[nodiscard]] std::size_t redriven(std::size_t k) const {
    return answers.at(k) && answers[k]->ok() ? (*answers[k])->letters : 999;
  }
  /// Run 1 as a reader finds it: ended, `a` failed at its third attempt, and a letter open that is of `letter`.
  LoadedRun ended(Epoch letter) {
    LoadedRun loaded;
    RunRow row;
    row.run_no = 1;
    row.dag_id = bench.dag->id;
    row.run_id = "r1";
    row.state = RunState::failed;
    row.begun_at = 1;
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    loaded.run = make_run(row, bench.dag, Value{ValueMap{}}, now, {TaskState::failed, TaskState::upstream_failed});
    loaded.run.at(0).epoch = 3;
    loaded.run.at(0).reason = Reason::stopped;
    loaded.run.open_letters = {{0, letter}};
    return loaded;
  }

  EngineBench bench;
  test::HandLoader loader;
  Control control;
  std::vector<std::optional<Result<Answer>>> answers;
};

TEST_F(Redrive, OfALetterOfAnEarlierTryWhoseTaskWasStoppedSince) {
  redrive(1);
  bench.loop.drain();
  loader.answer(ended(1));
  bench.settle();
  EXPECT_EQ(redriven(0), 1U);
  EXPECT_EQ(bench.executor.launched.size(), 1U);
}

TEST_F(Redrive, OfOneThatAnotherHasTakenThePlaceOfDoesNothing) {
  redrive(1);
  bench.loop.drain();
  loader.answer(ended(2));
  bench.settle();
  EXPECT_EQ(redriven(0), 0U);
  EXPECT_TRUE(bench.executor.launched.empty());
}

TEST_F(Redrive, TwiceAtOnceIsCarriedOutOnce) {
  redrive(1);
  redrive(1);
  bench.loop.drain();
  loader.answer(ended(1));
  bench.settle();
  EXPECT_EQ(redriven(0), 1U);
  EXPECT_EQ(redriven(1), 0U);
}

TEST_F(Redrive, OnceMoreAfterItsTryWasStoppedDoesNothing) {
  redrive(1);
  bench.loop.drain();
  loader.answer(ended(1));
  bench.settle();
  ask(StopRun{1, false, ""});
  bench.settle();
  AttemptEnd stopped;
  stopped.outcome = AttemptEnd::Outcome::stopped;
  stopped.started = true;
  bench.loop.drain();
  redrive(1);
  bench.end(bench.executor.launched.back(), stopped);
  bench.loop.drain();
  redrive(1);
  bench.settle();
  EXPECT_EQ(redriven(2), 0U);
  EXPECT_EQ(redriven(3), 0U);
}

TEST_F(Redrive, OfWhatIsLetGoWhileItsRunIsReadDoesNothing) {
  redrive(1);
  bench.loop.drain();
  discard(1);
  bench.settle();
  ASSERT_TRUE(answers[1] && answers[1]->ok()) << "it was told that it is let go";
  loader.answer(ended(1));
  bench.settle();
  EXPECT_EQ(redriven(0), 0U);
  EXPECT_TRUE(bench.executor.launched.empty());
}

TEST_F(Redrive, OfWhatIsBeingLetGoDoesNothing) {
  discard(1);
  redrive(1);
  bench.loop.drain();
  loader.answer(ended(1));
  bench.loop.drain();
  EXPECT_EQ(redriven(1), 0U) << "before the discard is durable";
  bench.settle();
  ASSERT_TRUE(answers[0] && answers[0]->ok());
}

}  // namespace
}  // namespace baton
