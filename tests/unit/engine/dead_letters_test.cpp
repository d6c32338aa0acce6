// What leaves a dead letter, what closes one, and that both are written with the end that they tell of.
#include "scheduler/engine/dead_letters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;

AttemptEnd ends_with(int code) {
  AttemptEnd end;
  end.outcome = AttemptEnd::Outcome::exited;
  end.exit_code = code;
  end.started = true;
  return end;
}

/// Of all batches since the last look, part by part as they were offered.
struct Written {
  std::vector<DeadLetterRow> letters;
  std::vector<LetterClosingRow> closings;
  std::vector<TaskRow> instances;  ///< of parts that have either
};

class DeadLetters : public testing::Test {
 protected:
  /// Lets everything become durable and keeps what was written.
  Written look(EngineBench& bench) {
    Written out;
    bench.loop.drain();
    while (!bench.store.offered.empty()) {
      for (const Part& part : bench.store.offered.front().first.parts) {
        const auto& service = part.service;
        out.letters.insert(out.letters.end(), service.letters.begin(), service.letters.end());
        out.closings.insert(out.closings.end(), service.letter_closings.begin(), service.letter_closings.end());
        const bool has_either = !service.letters.empty() || !service.letter_closings.empty();
        if (has_either) out.instances.insert(out.instances.end(), part.instances.begin(), part.instances.end());
      }
      bench.answer({});
      bench.loop.drain();
    }
    return out;
  }
  Written end(EngineBench& bench, int code) {
    bench.end(bench.executor.launched.back(), ends_with(code));
    return look(bench);
  }
  static TaskSpec task(std::int32_t retries = 0, bool is_kept = true) {
    TaskSpec spec = test::run_task();
    spec.retries.edit().max = retries;
    spec.retries.edit().delay_us = kSecond;
    spec.retries.edit().jitter = RetryPolicy::Jitter::none;
    spec.dead_letter = is_kept;
    return spec;
  }
};

TEST_F(DeadLetters, TheLastTryAloneLeavesOneWithItsEnd) {
  EngineBench bench(DagBuilder().task("a", {}, task(1)).task("b", {"a"}, task()).build(), 1);
  bench.begin();
  look(bench);
  EXPECT_TRUE(end(bench, 3).letters.empty()) << "it is tried again";
  bench.loop.pass(10 * kSecond);
  look(bench);
  const Written last = end(bench, 75);
  ASSERT_EQ(last.letters.size(), 1U) << "b never had a try";
  const DeadLetterRow& letter = last.letters[0];
  EXPECT_EQ(letter.task_id, "a");
  EXPECT_EQ(letter.try_number, 2);
  EXPECT_EQ(letter.epoch, bench.executor.launched.back().key.epoch);
  EXPECT_EQ(letter.reason, Reason::exit_code);
  EXPECT_EQ(letter.exit_code, 75);
  EXPECT_NE(letter.failed_at, kNoTime);
  ASSERT_FALSE(last.instances.empty());
  EXPECT_EQ(last.instances[0].state, TaskState::failed) << "in the part of its end";
}

TEST_F(DeadLetters, WhoWantsNoneGetsNone) {
  EngineBench bench(DagBuilder().task("a", {}, task(0, false)).build(), 1);
  bench.begin();
  look(bench);
  EXPECT_TRUE(end(bench, 1).letters.empty());
}

TEST_F(DeadLetters, APersonWhoStopsLeavesNone) {
  EngineBench bench(DagBuilder().task("a", {}, task()).build(), 1);
  bench.begin();
  look(bench);
  bench.engine.stop_run(1, Reason::stopped, false);
  look(bench);
  AttemptEnd stopped;
  stopped.outcome = AttemptEnd::Outcome::stopped;
  stopped.started = true;
  bench.end(bench.executor.launched.back(), stopped);
  EXPECT_TRUE(look(bench).letters.empty());
}

TEST_F(DeadLetters, ALaterSuccessClosesItAndAFirstSuccessAsksNothing) {
  EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {}, task()).task("c", {}, task()).build(), 3);
  bench.begin();
  look(bench);
  const LaunchSpec a = bench.executor.launched.at(0);
  const LaunchSpec b = bench.executor.launched.at(1);
  bench.end(a, ends_with(1));
  EXPECT_EQ(look(bench).letters.size(), 1U);
  bench.end(b, ends_with(0));
  EXPECT_TRUE(look(bench).closings.empty()) << "b, the first time";
  bench.engine.change_run(1, Cleared{{0}}, {});
  look(bench);
  EXPECT_TRUE(end(bench, 0).closings.size() == 1U) << "a, the second time";
}

TEST_F(DeadLetters, OneStaysOpenWhenWhatWasTriedSinceIsStopped) {
  EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {}, task()).build(), 2);
  bench.begin();
  look(bench);
  bench.end(bench.executor.launched.at(0), ends_with(1));
  look(bench);
  const Epoch left = bench.run().open_letters.at(0);
  bench.engine.change_run(1, Cleared{{0}}, {});
  look(bench);
  const LaunchSpec again = bench.executor.launched.back();
  bench.engine.change_run(1, Marked{{0}, TaskState::failed}, {});
  look(bench);
  AttemptEnd stopped;
  stopped.outcome = AttemptEnd::Outcome::stopped;
  stopped.started = true;
  bench.end(again, stopped);
  const Written marked = look(bench);
  EXPECT_TRUE(marked.letters.empty() && marked.closings.empty());
  EXPECT_EQ(bench.run().at(0).state, TaskState::failed);
  ASSERT_GT(bench.run().at(0).epoch, left);
  EXPECT_EQ(bench.run().open_letters.at(0), left) << "the work is still undone";
}

TEST_F(DeadLetters, OneOfALaterFailureTakesThePlaceOfTheEarlier) {
  EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {}, task()).build(), 2);
  bench.begin();
  look(bench);
  bench.end(bench.executor.launched.at(0), ends_with(1));
  look(bench);
  bench.engine.change_run(1, Cleared{{0}}, {});
  look(bench);
  ASSERT_EQ(end(bench, 1).letters.size(), 1U);
  EXPECT_EQ(bench.run().open_letters.at(0), bench.executor.launched.back().key.epoch);
}

TEST_F(DeadLetters, OneThatIsLetGoIsSoForItsRunAtOnce) {
  EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {}, task()).build(), 2);
  bench.begin();
  look(bench);
  bench.end(bench.executor.launched.at(0), ends_with(1));
  look(bench);
  const Epoch epoch = bench.run().open_letters.at(0);
  EngineRequest other;
  other.service.letter_closings.push_back({1, 0, static_cast<Epoch>(epoch + 1), LetterState::discarded, 1, "ada", 0});
  bench.engine.write(std::move(other));
  EXPECT_TRUE(bench.run().open_letters.contains(0)) << "that was another one";
  EngineRequest discard;
  discard.service.letter_closings.push_back({1, 0, epoch, LetterState::discarded, 1, "ada", 0});
  bench.engine.write(std::move(discard));
  EXPECT_TRUE(bench.run().open_letters.empty()) << "before it is durable";
}

/// Its letter is open again under the number that it had: what was let go was the earlier failure.
TEST_F(DeadLetters, OneThatIsLeftAnewIsWrittenBehindTheDiscard) {
  TaskSpec spec = task();
  spec.env.edit().push_back({.name = "KEY", .value = {}, .secret = "that nobody has"});
  EngineBench bench(DagBuilder().task("a", {}, spec).task("b", {}, task()).build(), 2);
  bench.begin();
  look(bench);
  EngineRequest discard;
  discard.service.letter_closings.push_back({1, 0, 0, LetterState::discarded, 1, "ada", 0});
  bench.engine.write(std::move(discard));
  bench.engine.change_run(1, Cleared{{0}}, {});
  bench.loop.drain();
  std::vector<Part> parts = bench.store.offered.front().first.parts;
  const auto has = [](const auto& rows) { return [rows](const Part& part) { return !(part.service.*rows).empty(); }; };
  const auto closed = std::ranges::find_if(parts, has(&ServiceRows::letter_closings));
  const auto left = std::ranges::find_if(parts, has(&ServiceRows::letters));
  ASSERT_NE(closed, parts.end());
  ASSERT_NE(left, parts.end());
  EXPECT_LT(closed, left);
  EXPECT_TRUE(bench.run().open_letters.contains(0));
}

TEST_F(DeadLetters, AFirstAttemptOfWhatWasClearedClosesThatOfAFailureWithoutAny) {
  EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {}, task()).build(), 2);
  bench.begin();
  look(bench);
  const LaunchSpec b = bench.executor.launched.at(1);
  bench.end(bench.executor.launched.at(0), ends_with(1));
  look(bench);
  bench.engine.change_run(1, Cleared{{0}}, {});
  look(bench);
  bench.end(b, ends_with(0));
  EXPECT_TRUE(look(bench).closings.empty()) << "b has left none";
  EXPECT_EQ(end(bench, 0).closings.size(), 1U) << "a has";
}

TEST_F(DeadLetters, AMarkClosesIt) {
  EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {}, task()).build(), 2);
  bench.begin();
  look(bench);
  bench.end(bench.executor.launched.at(0), ends_with(1));
  look(bench);
  bench.engine.change_run(1, Marked{{0}, TaskState::success}, {});
  const Written marked = look(bench);
  ASSERT_EQ(marked.closings.size(), 1U);
  EXPECT_EQ(marked.closings[0].state, LetterState::resolved);
  EXPECT_TRUE(marked.letters.empty());
}

/// One without a try of its own: what it needs could not be had.
TEST_F(DeadLetters, OneThatWasNeverLaunchedIsClosedToo) {
  const auto fails_unlaunched = [](EngineBench& bench) {
    EXPECT_EQ(bench.engine.run(1)->at(0).epoch, 0);
    EXPECT_EQ(bench.engine.run(1)->at(0).state, TaskState::failed);
  };
  TaskSpec spec = task();
  spec.env.edit().push_back({.name = "KEY", .value = {}, .secret = "that nobody has"});
  {
    EngineBench bench(DagBuilder().task("a", {}, spec).task("b", {}, task()).build(), 2);
    bench.begin();
    EXPECT_EQ(look(bench).letters.size(), 1U);
    fails_unlaunched(bench);
    bench.engine.change_run(1, Marked{{0}, TaskState::success}, {});
    const Written marked = look(bench);
    ASSERT_EQ(marked.closings.size(), 1U);
    EXPECT_EQ(marked.closings[0].state, LetterState::resolved);
  }
  {
    EngineBench bench(DagBuilder().task("a", {}, task()).task("b", {"a"}, spec).task("c", {}, task()).build(), 2);
    bench.begin();
    look(bench);
    bench.end(bench.executor.launched.at(0), ends_with(0));
    EXPECT_EQ(look(bench).letters.size(), 1U) << "b";
    bench.engine.change_run(1, Cleared{{0, 1}}, {});
    look(bench);
    const Written again = end(bench, 1);
    ASSERT_EQ(again.closings.size(), 1U) << "b is upstream_failed and cannot be tried again by itself";
    EXPECT_EQ(again.closings[0].state, LetterState::superseded);
  }
}

}  // namespace
}  // namespace baton
