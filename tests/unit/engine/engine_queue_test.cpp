// Runs that wait to begin, as the engine has them: a row, and nothing else until their turn.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/clear.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::EngineBench;
using test::HandLoader;

std::shared_ptr<const Dag> limited(std::int32_t max_active_runs) {
  DagBuilder builder;
  builder.task("a");
  builder.dag().max_active_runs = max_active_runs;
  return builder.build();
}

RunCreation creation_of(const EngineBench& bench, RunNo run_no) {
  RunCreation out;
  out.dag = bench.dag;
  out.run.run_no = run_no;
  out.run.dag_id = bench.dag->id;
  out.run.run_id = "r" + std::to_string(run_no);
  out.run.queued_at = out.run.run_after = bench.loop.wall_now();
  return out;
}

class EngineQueue : public testing::Test {
 protected:
  explicit EngineQueue(std::int32_t max_active_runs = 1, std::int32_t slots = 200)
      : bench(limited(max_active_runs), slots) {
    bench.engine.load_with(&loader);
    bench.engine.on_waiting_ended([this](const RunRow& row) { ended_waiting.push_back(row.run_no); });
    bench.ready();
  }
  RunCreation creation(RunNo run_no) { return creation_of(bench, run_no); }
  void create(RunCreation wanted) {
    const RunNo run_no = wanted.run.run_no;
    bench.engine.create_run(std::move(wanted), Value{ValueMap{}}, {},
                            [this, run_no](const PartVerdict& how) { verdicts[run_no] = how; });
  }
  void create(RunNo run_no) { create(creation(run_no)); }
  /// As a loader finds a run that waits.
  LoadedRun stored(RunNo run_no) {
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    return {make_run(creation(run_no).run, bench.dag, Value{ValueMap{}}, now, {}), {}};
  }
  /// Run 1 of three has ended, and the second is being loaded.
  void wait_for_second() {
    for (const RunNo run_no : {1, 2, 3}) create(run_no);
    bench.settle();
    end_run(1);
    bench.settle();
  }
  void end_run(RunNo run_no) {
    for (const LaunchSpec& spec : bench.executor.launched) {
      if (spec.key.run_no != run_no) continue;
      AttemptEnd end;
      end.outcome = AttemptEnd::Outcome::exited;
      end.started = true;
      end.exit_code = 0;
      end.ended_at = bench.loop.wall_now();
      return bench.end(spec, end);
    }
    ADD_FAILURE() << "nothing of run " << run_no << " was launched";
  }
  const Batch& offered() { return bench.store.offered.front().first; }

  EngineBench bench;
  HandLoader loader;
  std::map<RunNo, PartVerdict> verdicts;
  std::vector<RunNo> ended_waiting;
};

TEST_F(EngineQueue, ARunThatWaitsIsARowAndNothingElse) {
  create(1);
  bench.settle();
  create(2);
  bench.loop.drain();
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.creations.size(), 1U);
  EXPECT_EQ(part.creations[0].run.state, RunState::queued);
  EXPECT_EQ(part.creations[0].run.begun_at, kNoTime);
  EXPECT_TRUE(part.instances.empty() && part.runs.empty());
  EXPECT_EQ(bench.engine.run(2), nullptr);
  EXPECT_FALSE(verdicts.contains(2)) << "it is not durable yet";
  bench.settle();
  EXPECT_TRUE(verdicts.at(2).is_done());
  EXPECT_EQ(bench.engine.queue().why(2, bench.loop.wall_now()), QueueWait::limit);
  EXPECT_TRUE(loader.wishes.empty()) << "it is not loaded before it may begin";
}

TEST_F(EngineQueue, ItBeginsInOnePartOnceTheEndBeforeItIsDurable) {
  create(1);
  create(2);
  bench.settle();
  end_run(1);
  bench.loop.drain();
  EXPECT_TRUE(loader.wishes.empty()) << "the end is not durable: a crash now would leave two";
  bench.settle();
  ASSERT_EQ(loader.wishes.size(), 1U);
  EXPECT_EQ(loader.wishes[0].first, 2);
  loader.answer(stored(2));
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.new_instances.size(), 1U);
  EXPECT_EQ(part.new_instances[0].state, none);
  ASSERT_EQ(part.instances.size(), 1U) << "its claim is in the same part";
  EXPECT_EQ(part.instances[0].state, queued);
  ASSERT_EQ(part.runs.size(), 1U);
  EXPECT_EQ(part.runs[0].state, RunState::running);
  EXPECT_EQ(part.runs[0].begun_at, bench.loop.wall_now());
  bench.settle();
  EXPECT_EQ(bench.executor.launched.back().key.run_no, 2);
}

TEST_F(EngineQueue, AWaitingRunThatExistsIsToldSoAndGone) {
  create(1);
  bench.settle();
  create(2);
  bench.loop.drain();
  bench.answer({{}, {PartVerdict::Exists::run_id, 7}});
  bench.settle();
  EXPECT_EQ(verdicts.at(2).run_no, 7);
  EXPECT_EQ(bench.engine.queue().waiting(), 0U);
  end_run(1);
  bench.settle();
  EXPECT_TRUE(loader.wishes.empty());
}

TEST_F(EngineQueue, OneThatCannotBeLoadedFailsAndTheNextTakesItsPlace) {
  wait_for_second();
  loader.answer(Error{"version 2 is damaged", ErrorKind::storage});
  ASSERT_EQ(loader.row_wishes.size(), 1U);
  EXPECT_TRUE(bench.engine.queue().is_waiting(2)) << "it holds its place until what becomes of it is written";
  loader.answer_row(creation(2).run);
  bench.loop.drain();
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.runs.size(), 1U);
  EXPECT_EQ(part.runs[0].run_no, 2);
  EXPECT_EQ(part.runs[0].state, RunState::failed);
  EXPECT_EQ(part.runs[0].reason, Reason::spawn);
  EXPECT_EQ(part.runs[0].note, "it cannot begin: version 2 is damaged");
  EXPECT_EQ(part.runs[0].ended_at, bench.loop.wall_now());
  bench.settle();
  EXPECT_EQ(ended_waiting, std::vector<RunNo>{2});
  ASSERT_EQ(loader.wishes.size(), 1U);
  EXPECT_EQ(loader.wishes[0].first, 3);
}

TEST_F(EngineQueue, AStopEndsOneThatCannotBeLoaded) {
  create(1);
  create(2);
  bench.settle();
  ASSERT_TRUE(bench.engine.stop_run(2, Reason::stopped, false));
  loader.answer(Error{"version 2 is damaged", ErrorKind::storage});
  ASSERT_EQ(loader.row_wishes.size(), 1U);
  loader.answer_row(creation(2).run);
  bench.loop.drain();
  ASSERT_EQ(offered().parts.at(1).runs.size(), 1U);
  EXPECT_EQ(offered().parts.at(1).runs[0].reason, Reason::stopped);
  bench.settle();
  EXPECT_EQ(ended_waiting, std::vector<RunNo>{2});
}

TEST_F(EngineQueue, OneWhoseRowCannotBeReadEitherIsLeftAndHoldsNoPlace) {
  wait_for_second();
  loader.answer(Error{"run 2 is damaged", ErrorKind::storage});
  loader.answer_row(Error{"run 2 is damaged", ErrorKind::storage});
  bench.settle();
  EXPECT_TRUE(ended_waiting.empty());
  EXPECT_FALSE(bench.engine.queue().is_waiting(2));
  ASSERT_EQ(loader.wishes.size(), 1U);
  EXPECT_EQ(loader.wishes[0].first, 3);
}

TEST_F(EngineQueue, OneThatWasEndedWhileItsRowWasReadIsNotWrittenAgain) {
  create(1);
  create(2);
  bench.settle();
  end_run(1);
  bench.settle();
  loader.answer(Error{"version 2 is damaged", ErrorKind::storage});
  EXPECT_TRUE(bench.engine.end_waiting(creation(2).run, RunState::failed, Reason::marked, {}));
  bench.settle();
  loader.answer_row(creation(2).run);
  bench.settle();
  EXPECT_EQ(ended_waiting, std::vector<RunNo>{2}) << "once";
}

TEST_F(EngineQueue, AStopEndsItWithoutInstances) {
  create(1);
  create(2);
  bench.settle();
  ASSERT_TRUE(bench.engine.stop_run(2, Reason::stopped, false));
  loader.answer(stored(2));
  bench.loop.drain();
  const Part& part = offered().parts.at(1);
  EXPECT_TRUE(part.new_instances.empty());
  ASSERT_EQ(part.runs.size(), 1U);
  EXPECT_EQ(part.runs[0].state, RunState::failed);
  EXPECT_EQ(part.runs[0].reason, Reason::stopped);
  EXPECT_EQ(part.runs[0].begun_at, kNoTime);
  EXPECT_TRUE(ended_waiting.empty());
  bench.settle();
  EXPECT_EQ(ended_waiting, std::vector<RunNo>{2});
  EXPECT_FALSE(bench.engine.stop_run(2, Reason::stopped, false));
}

TEST_F(EngineQueue, AStopWhileItIsLoadedToBeginEndsItAll) {
  create(1);
  create(2);
  bench.settle();
  end_run(1);
  bench.settle();
  ASSERT_EQ(loader.wishes.size(), 1U);
  bench.engine.stop_run(2, Reason::stopped, false);
  loader.answer(stored(2));  // to begin
  bench.loop.drain();
  loader.answer(stored(2));  // to be stopped
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 2U) << "it had begun, and is being stopped";
  ASSERT_EQ(bench.executor.stopped.size(), 1U);
  EXPECT_EQ(bench.executor.stopped[0].run_no, 2);
}

TEST_F(EngineQueue, AMarkEndsItAsWhatItWasMarked) {
  create(1);
  create(2);
  bench.settle();
  RunRow row = creation(2).run;
  EXPECT_TRUE(bench.engine.end_waiting(row, RunState::success, Reason::marked, {}));
  EXPECT_FALSE(bench.engine.end_waiting(row, RunState::success, Reason::marked, {})) << "it does not wait any more";
  bench.settle();
  end_run(1);
  bench.settle();
  EXPECT_TRUE(loader.wishes.empty());
}

TEST_F(EngineQueue, ARunOfLaterBeginsByATimer) {
  RunCreation later = creation(1);
  later.run.run_after = bench.loop.wall_now() + 3 * kMinute;
  create(std::move(later));
  bench.settle();
  bench.loop.pass(3 * kMinute - 1);
  bench.settle();
  EXPECT_TRUE(loader.wishes.empty());
  EXPECT_TRUE(bench.engine.is_idle());
  bench.loop.pass(1);
  bench.settle();
  EXPECT_EQ(loader.wishes.size(), 1U);
}

/// What a backfill that is cancelled wants of its runs: only what waits is to end.
TEST_F(EngineQueue, WhoIsWithdrawnAndBeginsMeanwhileGoesOn) {
  for (const bool begins : {false, true}) {
    SCOPED_TRACE(begins);
    const RunNo first = begins ? 3 : 1;
    create(first);
    create(first + 1);
    bench.settle();
    ASSERT_TRUE(bench.engine.withdraw_run(first + 1, Reason::stopped));
    ASSERT_EQ(loader.wishes.size(), 1U);
    auto read = std::move(loader.wishes.front().second);
    loader.wishes.pop_front();
    if (begins) {
      end_run(first);
      bench.settle();
      loader.answer(stored(first + 1));  // to begin
      bench.settle();
      ASSERT_NE(bench.engine.run(first + 1), nullptr);
    }
    read(stored(first + 1));
    bench.settle();
    const DagRun* run = bench.engine.run(first + 1);
    ASSERT_EQ(run != nullptr, begins);
    if (begins) {
      EXPECT_EQ(run->stopping, Reason::none);
    }
    if (!begins) {
      EXPECT_FALSE(bench.engine.queue().has(first + 1));
      EXPECT_FALSE(bench.engine.withdraw_run(first, Reason::stopped)) << "it has begun";
      end_run(first);
      bench.settle();
    }
  }
}

TEST_F(EngineQueue, AClearedRunObeysTheLimit) {
  create(1);
  bench.settle();
  DagRun again = stored(9).run;
  again.row.state = RunState::success;
  again.row.begun_at = again.row.started_at = 5;
  again.instances[0].state = failed;
  StepOutcome cleared;
  clear_instances(again, {0}, {bench.loop.wall_now(), bench.loop.mono_now()}, cleared);
  bench.engine.take_run(std::move(again), {}, std::move(cleared), {});
  bench.loop.drain();
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.instances.size(), 1U);
  EXPECT_EQ(part.instances[0].state, none);
  ASSERT_EQ(part.runs.size(), 1U);
  EXPECT_EQ(part.runs[0].state, RunState::queued);
  EXPECT_EQ(part.runs[0].begun_at, 5) << "it has rows";
  bench.settle();
  EXPECT_EQ(bench.engine.run(9), nullptr);
  end_run(1);
  bench.settle();
  ASSERT_EQ(loader.wishes.size(), 1U);
  LoadedRun loaded = stored(9);
  loaded.run.row.begun_at = 5;
  loader.answer(std::move(loaded));
  bench.loop.drain();
  EXPECT_TRUE(offered().parts.at(1).new_instances.empty());
  bench.settle();
  EXPECT_EQ(bench.engine.run(9)->row.state, RunState::running);
}

TEST_F(EngineQueue, ARunOfAnEarlierProcessBeginsWhenItMay) {
  bench.engine.queue_run(creation(4).run);
  bench.engine.queue_run(creation(5).run);
  bench.settle();
  ASSERT_EQ(loader.wishes.size(), 1U) << "of a DAG that nobody knows one at a time";
  loader.answer(stored(4));
  bench.settle();
  EXPECT_NE(bench.engine.run(4), nullptr);
  EXPECT_TRUE(loader.wishes.empty()) << "its version says: one run";
}

TEST_F(EngineQueue, AFrozenServerBeginsAndClaimsNothing) {
  create(1);
  bench.engine.freeze(true);
  bench.settle();
  EXPECT_TRUE(bench.executor.launched.empty());
  create(2);
  bench.settle();
  EXPECT_EQ(bench.engine.queue().why(2, bench.loop.wall_now()), QueueWait::frozen);
  bench.engine.freeze(false);
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 1U);
}

TEST_F(EngineQueue, WhatWaitsForLongIsWrittenWithItsWaitAndTheCrowdByItsHeads) {
  DagBuilder builder("crowd");
  for (int t = 0; t < 150; ++t) builder.task("t" + std::to_string(t));
  builder.dag().max_active_tasks = 1;
  EngineBench crowd(builder.build(), 200);
  crowd.begin();
  crowd.settle();
  crowd.loop.pass(249 * kMillisecond);
  crowd.loop.drain();
  EXPECT_TRUE(crowd.store.offered.empty());
  crowd.loop.pass(252 * kMillisecond);
  crowd.loop.drain();
  ASSERT_EQ(crowd.store.offered.size(), 1U);
  const Part& part = crowd.store.offered.front().first.parts.front();
  EXPECT_EQ(part.instances.size(), 100U);
  for (const TaskRow& row : part.instances) {
    EXPECT_EQ(row.state, scheduled);
    EXPECT_EQ(row.wait, Wait::limit);
  }
  crowd.settle();
  crowd.loop.pass(kMinute);
  EXPECT_TRUE(crowd.store.offered.empty()) << "once";
}

class TwoAtATime : public EngineQueue {
 protected:
  TwoAtATime() : EngineQueue(2) {
    for (RunNo n = 1; n <= 12; ++n) create(n);
    bench.settle();
  }
  std::vector<RunNo> wished() const {
    std::vector<RunNo> out;
    for (const auto& [run_no, done] : loader.wishes) out.push_back(run_no);
    return out;
  }
};

/// Limit 2, ten waiting, both running stopped in one turn.
TEST_F(TwoAtATime, Scenario7BothAreStoppedAtOnceAndTwoBegin) {
  bench.engine.stop_run(1, Reason::stopped, false);
  bench.engine.stop_run(2, Reason::stopped, false);
  bench.settle();
  end_run(1);
  end_run(2);
  bench.settle();
  EXPECT_EQ(wished(), (std::vector<RunNo>{3, 4}));
}

/// One fails while what became of the other is unknown; and one of those that wait is stopped meanwhile.
TEST_F(TwoAtATime, Scenario7OneEndsAnotherIsLostAndOneThatWaitsIsStopped) {
  RunRow third = creation(3).run;
  third.state = RunState::queued;
  ASSERT_TRUE(bench.engine.end_waiting(third, RunState::failed, Reason::stopped, {}));
  end_run(1);
  for (const LaunchSpec& spec : bench.executor.launched) {
    if (spec.key.run_no != 2) continue;
    AttemptEnd lost;
    lost.outcome = AttemptEnd::Outcome::lost;
    lost.ended_at = bench.loop.wall_now();
    bench.end(spec, lost);
    break;
  }
  bench.settle();
  const bool second_lives = bench.engine.run(2) != nullptr;  // a lost attempt is tried again
  EXPECT_EQ(wished(), second_lives ? (std::vector<RunNo>{4}) : (std::vector<RunNo>{4, 5}));
}

class ManyRuns : public EngineQueue {
 protected:
  ManyRuns() : EngineQueue(0) {}
};

TEST_F(ManyRuns, ABatchBeginsABoundedShareOfThem) {
  for (RunNo n = 1; n <= 100; ++n) create(n);
  bench.loop.drain();
  std::size_t begun = 0;
  for (const Part& part : offered().parts) {
    for (const RunCreation& made : part.creations) begun += made.run.begun_at != kNoTime ? 1 : 0;
  }
  EXPECT_EQ(begun, 64U);
  bench.answer({});
  bench.loop.drain();
  EXPECT_EQ(verdicts.size(), 100U) << "all of them are durable";
  EXPECT_TRUE(loader.wishes.empty()) << "what waits for its share alone is not read back";
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 100U);
}

// ── depends_on_past ─────────────────────────────────────────────────────────────────────────────────────────────────

std::shared_ptr<const Dag> looking_back(std::int32_t max_active_runs = 0) {
  DagBuilder builder;
  builder.dag().max_active_runs = max_active_runs;
  builder.task("free");
  TaskSpec bound = test::run_task();
  bound.depends_on_past = true;
  builder.task("bound", {}, bound);
  return builder.build();
}

class EnginePast : public testing::Test {
 protected:
  explicit EnginePast(std::int32_t max_active_runs = 0) : EnginePast(looking_back(max_active_runs)) {}
  explicit EnginePast(std::shared_ptr<const Dag> dag) : bench(std::move(dag), 8) {
    bench.engine.load_with(&loader);
    bench.ready();
  }
  void create(RunNo run_no, WallUs date) {
    RunCreation out = creation_of(bench, run_no);
    out.run.logical_date = date;
    bench.engine.create_run(std::move(out), Value{ValueMap{}}, {}, [](const PartVerdict&) {});
    bench.settle();
  }
  /// What the store says to all that has been asked of it.
  void answer(const Result<std::vector<std::string>>& held) {
    for (const auto& asked : std::exchange(bench.store.past, {})) asked.done(held);
    bench.settle();
  }
  /// What it says to the run of a date alone.
  void answer_of(WallUs date, const std::vector<std::string>& held) {
    for (auto& asked : bench.store.past) {
      if (asked.date == date) std::exchange(asked.done, nullptr)(held);
    }
    std::erase_if(bench.store.past, [](const auto& asked) { return !asked.done; });
    bench.settle();
  }
  TaskState state(RunNo run_no, const char* task) {
    const DagRun* run = bench.engine.run(run_no);
    return run == nullptr ? removed : run->at(*bench.dag->find(task)).state;
  }
  /// Whatever of a run is at the executor ends well.
  void end_all(RunNo run_no) {
    for (const LaunchSpec& spec : std::exchange(bench.executor.launched, {})) {
      if (spec.key.run_no != run_no) {
        bench.executor.launched.push_back(spec);
        continue;
      }
      AttemptEnd end;
      end.outcome = AttemptEnd::Outcome::exited;
      end.started = true;
      end.exit_code = 0;
      end.ended_at = bench.loop.wall_now();
      bench.end(spec, end);
    }
    bench.settle();
  }

  EngineBench bench;
  HandLoader loader;
};

TEST_F(EnginePast, ATaskWaitsUntilItsPastIsKnownToBeWell) {
  create(1, kDay);
  ASSERT_EQ(bench.store.past.size(), 1U);
  EXPECT_EQ(bench.store.past[0].tasks, std::vector<std::string>{"bound"});
  EXPECT_EQ(state(1, "free"), queued);
  EXPECT_EQ(state(1, "bound"), none);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePast, ARunWithoutADateHasNone) {
  create(1, kNoTime);
  EXPECT_TRUE(bench.store.past.empty());
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePast, WhatIsHeldIsLookedAtAgainWhenARunOfTheDagHasEnded) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{"bound"});
  end_all(1);
  EXPECT_EQ(state(1, "bound"), none);
  EXPECT_EQ(state(1, "free"), success);
  create(2, kNoTime);  // another run of the DAG, as if the one before had been cleared
  end_all(2);
  ASSERT_EQ(bench.store.past.size(), 1U);
  answer(std::vector<std::string>{"bound"});
  EXPECT_EQ(state(1, "bound"), none);
  create(3, kNoTime);
  end_all(3);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
  end_all(1);
  EXPECT_EQ(bench.engine.run(1), nullptr) << "it has ended";
}

TEST_F(EnginePast, APastThatCannotBeReadIsAskedForAgain) {
  create(1, kDay);
  answer(Error{"the disk", ErrorKind::storage});
  EXPECT_EQ(state(1, "bound"), none);
  bench.loop.pass(10 * kSecond);
  bench.settle();
  ASSERT_EQ(bench.store.past.size(), 1U);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

/// `bound` comes after `free`, and looks back.
std::shared_ptr<const Dag> looking_back_later() {
  DagBuilder builder;
  builder.task("free");
  TaskSpec bound = test::run_task();
  bound.depends_on_past = true;
  builder.task("bound", {"free"}, bound);
  return builder.build();
}

class EnginePastDoubted : public EnginePast {
 protected:
  EnginePastDoubted() : EnginePast(looking_back_later()) {}
  /// Run 2, of the day before, has ended well, and is cleared.
  void clear_the_day_before() {
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    RunRow before = creation_of(bench, 2).run;
    before.logical_date = kDay;
    DagRun again = make_run(before, bench.dag, Value{ValueMap{}}, now, {});
    again.row.state = RunState::success;
    again.row.begun_at = again.row.started_at = 5;
    for (Instance& instance : again.instances) instance.state = success;
    recount(again);
    StepOutcome cleared;
    clear_instances(again, {0, 1}, now, cleared);
    bench.engine.take_run(std::move(again), {}, std::move(cleared), {});
  }
  /// What a run of this date has asked for last, which is taken out of the store's hands.
  std::optional<test::HandStore::PastAsked> asked_last(WallUs date) {
    std::optional<test::HandStore::PastAsked> last;
    for (auto& asked : bench.store.past) {
      if (asked.date == date) last = std::move(asked);
    }
    std::erase_if(bench.store.past, [&](const auto& asked) { return asked.date == date || !asked.done; });
    return last;
  }
};

TEST_F(EnginePastDoubted, WhatHasNotStartedWaitsForAnEarlierRunThatIsClearedMeanwhile) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{});  // all is well
  clear_the_day_before();
  bench.settle();
  end_all(1);
  EXPECT_EQ(state(1, "free"), success);
  EXPECT_EQ(state(1, "bound"), none);
  answer_of(2 * kDay, {"bound"});
  EXPECT_EQ(state(1, "bound"), none);
  end_all(2);
  answer_of(kDay, {});
  end_all(2);
  EXPECT_EQ(bench.engine.run(2), nullptr);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePastDoubted, WhatHasStartedGoesOn) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{});
  end_all(1);
  ASSERT_EQ(state(1, "bound"), queued);
  clear_the_day_before();
  bench.settle();
  end_all(1);
  EXPECT_EQ(bench.engine.run(1), nullptr) << "it has ended";
}

TEST_F(EnginePastDoubted, AnAnswerFromBeforeTheClearTellsNothing) {
  create(1, 2 * kDay);
  end_all(1);
  auto early = std::exchange(bench.store.past, {});
  ASSERT_EQ(early.size(), 1U);
  clear_the_day_before();
  bench.loop.drain();
  early[0].done(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), none) << "decided, and not durable";
  bench.settle();
  auto late = asked_last(2 * kDay);
  ASSERT_TRUE(late.has_value()) << "it asks anew";
  early[0].done(std::vector<std::string>{});
  bench.settle();
  EXPECT_EQ(state(1, "bound"), none);
  late->done(std::vector<std::string>{});
  bench.settle();
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePastDoubted, NobodyAsksBeforeTheClearIsDurable) {
  create(1, 2 * kDay);
  answer(Error{"the disk", ErrorKind::storage});
  clear_the_day_before();
  bench.loop.drain();  // decided, and on its way to the disk
  bench.loop.pass(10 * kSecond);
  bench.loop.drain();
  EXPECT_FALSE(asked_last(2 * kDay)) << "it would be told what was there before the clear";
  bench.settle();
  EXPECT_TRUE(asked_last(2 * kDay));
}

TEST_F(EnginePastDoubted, ARunOfADateBetweenIsThePastOfALaterOne) {
  create(1, 3 * kDay);
  answer(std::vector<std::string>{});
  create(2, 2 * kDay);
  bench.store.past.clear();
  end_all(1);
  EXPECT_EQ(state(1, "bound"), none);
}

TEST_F(EnginePastDoubted, WhatIsLaterIsNobodysPast) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{});
  create(2, 3 * kDay);
  end_all(1);
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePastDoubted, OfWhatIsGoneAnotherTakesThePlace) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{});
  bench.engine.past_changed(bench.dag->id);
  end_all(1);
  EXPECT_EQ(state(1, "bound"), none);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

class EnginePastOneAtATime : public EnginePast {
 protected:
  EnginePastOneAtATime() : EnginePast(1) {}
  /// A run of the second day whose past is not well, and which has done all else.
  void stand() {
    create(1, 2 * kDay);
    answer(std::vector<std::string>{"bound"});
    end_all(1);
  }
};

TEST_F(EnginePastOneAtATime, AClearedRunGoesBeforeTheOneThatStandsStillForIt) {
  stand();
  const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
  RunRow before = creation_of(bench, 2).run;
  before.logical_date = kDay;
  DagRun again = make_run(before, bench.dag, Value{ValueMap{}}, now, {});
  again.row.state = RunState::failed;
  again.row.begun_at = again.row.started_at = 5;
  again.instances[0].state = success;
  again.instances[1].state = failed;
  recount(again);
  StepOutcome cleared;
  clear_instances(again, {1}, now, cleared);
  bench.engine.take_run(std::move(again), {}, std::move(cleared), {});
  bench.settle();
  ASSERT_NE(bench.engine.run(2), nullptr) << "neither of them would ever end";
  answer_of(2 * kDay, {"bound"});
  answer_of(kDay, {});
  end_all(2);
  EXPECT_EQ(bench.engine.run(2), nullptr);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePastOneAtATime, ARunWithoutADateWaitsForThePlace) {
  stand();
  create(2, kNoTime);
  EXPECT_EQ(bench.engine.run(2), nullptr);
  EXPECT_EQ(bench.engine.queue().why(2, bench.loop.wall_now()), QueueWait::limit);
}

TEST_F(EnginePastOneAtATime, WhatRunsIsNotGoneBefore) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{"bound"});
  EXPECT_EQ(state(1, "free"), queued);
  create(2, kDay);
  EXPECT_EQ(bench.engine.run(2), nullptr) << "`free` of the later one runs";
  end_all(1);
  ASSERT_EQ(loader.wishes.size(), 1U) << "it begins";
  EXPECT_EQ(loader.wishes.front().first, 2);
}

TEST_F(EnginePastOneAtATime, WhoHasGivenWayGoesOnOnceTheOtherHasEnded) {
  stand();
  create(2, kDay);
  bench.engine.past_changed(bench.dag->id);
  answer(std::vector<std::string>{});  // of both: the task has succeeded there, and the run goes on
  EXPECT_EQ(state(1, "bound"), none) << "one at a time";
  EXPECT_EQ(state(2, "bound"), queued);
  end_all(2);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePastOneAtATime, WhoHasGivenWayToARunThatWasNotMadeGoesOn) {
  stand();
  RunCreation again = creation_of(bench, 2);
  again.run.logical_date = kDay;
  bench.engine.create_run(std::move(again), Value{ValueMap{}}, {}, [](const PartVerdict&) {});
  bench.loop.drain();
  ASSERT_NE(bench.engine.run(2), nullptr);
  bench.store.past.clear();
  bench.answer({{}, {PartVerdict::Exists::logical_date, 7}});
  bench.settle();
  EXPECT_EQ(bench.engine.run(2), nullptr);
  ASSERT_FALSE(bench.store.past.empty()) << "it asks again";
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

TEST_F(EnginePast, AnEarlierRunThatWaitsAndIsCalledASuccessLetsItGoOn) {
  create(1, 2 * kDay);
  answer(std::vector<std::string>{"bound"});
  bench.engine.hold_dag(bench.dag->id, true);
  create(2, kDay);
  answer(std::vector<std::string>{"bound"});
  ASSERT_EQ(bench.engine.run(2), nullptr);
  RunRow waiting = creation_of(bench, 2).run;
  waiting.logical_date = kDay;
  waiting.state = RunState::queued;
  ASSERT_TRUE(bench.engine.end_waiting(waiting, RunState::success, Reason::marked, {}));
  bench.settle();
  ASSERT_EQ(bench.store.past.size(), 1U);
  answer(std::vector<std::string>{});
  EXPECT_EQ(state(1, "bound"), queued);
}

std::shared_ptr<const Dag> looking_back_at_the_end() {
  DagBuilder builder;
  TaskSpec first = test::run_task();
  first.setup = true;
  builder.task("first", {}, first);
  TaskSpec last = test::run_task();
  last.teardown = last.depends_on_past = true;
  last.teardown_of.edit() = {"first"};
  builder.task("last", {"first"}, last);
  return builder.build();
}

class EnginePastAtTheEnd : public EnginePast {
 protected:
  EnginePastAtTheEnd() : EnginePast(looking_back_at_the_end()) {}
};

TEST_F(EnginePastAtTheEnd, AStopLetsATeardownGoWhateverItsPast) {
  create(1, kDay);
  answer(std::vector<std::string>{"last"});
  end_all(1);
  EXPECT_EQ(state(1, "last"), none);
  bench.engine.stop_run(1, Reason::stopped, false);
  bench.settle();
  EXPECT_EQ(state(1, "last"), queued);
  end_all(1);
  EXPECT_EQ(bench.engine.run(1), nullptr);
}

TEST_F(EnginePast, AStopEndsWhatWaitsForIt) {
  create(1, kDay);
  answer(std::vector<std::string>{"bound"});
  end_all(1);
  bench.engine.stop_run(1, Reason::stopped, false);
  bench.settle();
  EXPECT_EQ(bench.engine.run(1), nullptr) << "nothing of it waits any more";
}

}  // namespace
}  // namespace baton
