// What Control promises of every request: decided once, in order, written with who asked, answered when durable.
#include "scheduler/control/control.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::EngineBench;

/// Gives what it is told to give, when it is told to.
class HandLoader final : public RunLoader {
 public:
  void load(RunNo run_no, Moment, OnLoaded done) override { wishes.emplace_back(run_no, std::move(done)); }
  std::deque<std::pair<RunNo, OnLoaded>> wishes;
};

class ControlConformance : public testing::Test {
 protected:
  explicit ControlConformance(std::shared_ptr<const Dag> dag = DagBuilder().task("a").build())
      : bench(std::move(dag), 1), control(bench.loop, bench.engine, loader, {4, 2}) {
    bench.engine.executor_ready({});
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
  /// Asks, and returns where the answer will stand.
  std::size_t ask(Request request) {
    const std::size_t k = answers.size();
    answers.emplace_back();
    const Status taken = control.ask(std::move(request), {"ada", "10.0.0.7", "api"},
                                     [this, k](const Result<Answer>& how) { answers[k] = how; });
    if (!taken) answers[k] = taken.error();
    return k;
  }
  [[nodiscard]] std::optional<ErrorKind> kind(std::size_t k) const {
    if (!answers[k] || answers[k]->ok()) return std::nullopt;
    return answers[k]->error().kind;
  }
  /// A run of the bench's Dag that has ended with `a` failed, as a reader finds it.
  LoadedRun failed_run(RunNo run_no) {
    LoadedRun loaded;
    RunRow row = trigger(run_no).creation.run;
    row.state = RunState::failed;
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    loaded.run = make_run(row, bench.dag, Value{ValueMap{}}, now, std::vector<TaskState>(bench.dag->tasks.size(), failed));
    return loaded;
  }
  void answer_loader(Result<LoadedRun> with) {
    auto done = std::move(loader.wishes.front().second);
    loader.wishes.pop_front();
    done(std::move(with));
  }
  [[nodiscard]] const Batch& offered() const { return bench.store.offered.front().first; }

  EngineBench bench;
  HandLoader loader;
  Control control;
  std::vector<std::optional<Result<Answer>>> answers;
};

TEST_F(ControlConformance, ARunIsMadeWithItsAuditInOnePartAndToldWhenDurable) {
  const auto k = ask(trigger(1));
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = offered().parts.at(1);
  EXPECT_EQ(part.creations.size(), 1U);
  ASSERT_EQ(part.audit.size(), 1U);
  EXPECT_EQ(part.audit[0].actor, "ada");
  EXPECT_EQ(part.audit[0].action, "trigger");
  EXPECT_EQ(part.audit[0].run_id, "r1");
  EXPECT_FALSE(answers[k].has_value()) << "it is not durable yet";
  bench.settle();
  ASSERT_TRUE(answers[k].has_value());
  EXPECT_EQ(answers[k]->value().run_no, 1);
}

TEST_F(ControlConformance, ARunThatExistsIsAConflictAndLeavesNothing) {
  const auto k = ask(trigger(1));
  const auto other = ask(trigger(2));
  bench.loop.drain();
  bench.answer({{}, {PartVerdict::Exists::run_id, 7}});
  bench.settle();
  EXPECT_EQ(kind(k), ErrorKind::conflict);
  EXPECT_NE(answers[k]->error().message.find("r1"), std::string::npos);
  EXPECT_TRUE(answers[other]->ok()) << "the other one does not notice";
  EXPECT_EQ(bench.engine.run(1), nullptr);
}

TEST_F(ControlConformance, AStopIsWrittenWithWhoAndWhyAndToldWhenDurable) {
  ask(trigger(1));
  bench.settle();
  const auto k = ask(StopRun{1, false, "wrong data"});
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.audit.size(), 1U);
  EXPECT_EQ(part.audit[0].action, "stop");
  EXPECT_NE(part.audit[0].extra_json.find("wrong data"), std::string::npos);
  ASSERT_EQ(part.runs.size(), 1U) << "the change is in the part of its audit";
  EXPECT_EQ(part.runs[0].reason, Reason::stopped);
  EXPECT_FALSE(answers[k].has_value());
  EXPECT_TRUE(bench.executor.stopped.empty()) << "nor has it had effect";
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_EQ(bench.executor.stopped.size(), 1U);
}

TEST_F(ControlConformance, AStopOfARunThatIsStruckIsTold) {
  ask(trigger(1));
  bench.loop.drain();
  const auto k = ask(StopRun{1, false, ""});
  bench.loop.drain();
  bench.answer({{}, {PartVerdict::Exists::run_id, 7}});
  bench.loop.drain();
  for (const auto& [batch, done] : bench.store.offered) {
    for (const Part& part : batch.parts) EXPECT_TRUE(part.audit.empty()) << "an audit of what never was";
  }
  bench.settle();
  EXPECT_EQ(kind(k), ErrorKind::not_found);
}

TEST_F(ControlConformance, WhatIsNotThereIsNotFound) {
  const auto k = ask(StopRun{9, false, ""});
  bench.settle();
  ASSERT_EQ(loader.wishes.size(), 1U);
  EXPECT_FALSE(answers[k].has_value());
  answer_loader(Error{"there is no run 9", ErrorKind::not_found});
  EXPECT_EQ(kind(k), ErrorKind::not_found);
}

TEST_F(ControlConformance, AnEndedRunIsNotStopped) {
  const auto k = ask(StopRun{1, false, ""});
  bench.settle();
  answer_loader(failed_run(1));
  bench.settle();
  EXPECT_EQ(kind(k), ErrorKind::conflict);
  EXPECT_EQ(bench.engine.run(1), nullptr) << "what nobody changes does not stay in memory";
}

TEST_F(ControlConformance, ARetryBringsAFinishedRunBackToLife) {
  const auto k = ask(RetryRun{1, std::nullopt, ""});
  bench.settle();
  answer_loader(failed_run(1));
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.audit.size(), 1U);
  EXPECT_EQ(part.audit[0].action, "retry");
  EXPECT_FALSE(part.instances.empty()) << "what is cleared is in the part of its audit";
  EXPECT_FALSE(answers[k].has_value());
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_EQ(bench.executor.launched.size(), 1U);
}

TEST_F(ControlConformance, RequestsForARunThatIsBeingLoadedKeepTheirOrder) {
  const auto retry = ask(RetryRun{1, std::nullopt, ""});
  const auto stop = ask(StopRun{1, false, ""});
  bench.settle();
  EXPECT_EQ(loader.wishes.size(), 1U) << "it is read once";
  answer_loader(failed_run(1));
  bench.settle();
  EXPECT_TRUE(answers[retry]->ok());
  EXPECT_TRUE(answers[stop]->ok()) << "it stops the run that the retry has brought back";
  EXPECT_EQ(bench.executor.stopped.size() + (bench.engine.run(1) == nullptr ? 1U : 0U), 1U);
}

TEST_F(ControlConformance, AFullMailboxIsBusy) {
  for (int n = 0; n < 2; ++n) ask(StopRun{1, false, ""});
  const auto k = ask(StopRun{1, false, ""});
  bench.loop.drain();
  EXPECT_EQ(kind(k), ErrorKind::busy);
}

TEST_F(ControlConformance, TooManyOpenRequestsAreBusyAndAnswersMakeRoom) {
  for (RunNo n = 1; n <= 4; ++n) ask(trigger(n));
  const auto k = ask(trigger(5));
  EXPECT_EQ(kind(k), ErrorKind::busy) << "at once, and from the caller's thread";
  bench.settle();
  EXPECT_TRUE(answers[0]->ok());
  const auto again = ask(trigger(5));
  bench.settle();
  EXPECT_TRUE(answers[again]->ok());
}

TEST_F(ControlConformance, NothingIsAnsweredAfterItIsGone) {
  auto other = std::make_unique<Control>(bench.loop, bench.engine, loader);
  bool told = false;
  const auto on_answer = [&](const Result<Answer>&) { told = true; };
  EXPECT_TRUE(other->ask(trigger(1), {"ada", "", "cli"}, on_answer).ok());
  bench.loop.drain();
  EXPECT_TRUE(other->ask(StopRun{9, false, ""}, {"ada", "", "cli"}, on_answer).ok());
  other.reset();
  bench.settle();
  EXPECT_FALSE(told);
}

std::shared_ptr<const Dag> wants_five_of_a_pool() {
  TaskSpec spec = test::run_task();
  spec.pools.push_back({"gpu", 5});
  return DagBuilder().task("a", {}, spec).build();
}

class PoolsOfControl : public ControlConformance {
 protected:
  PoolsOfControl() : ControlConformance(wants_five_of_a_pool()) {}
};

TEST_F(PoolsOfControl, WhoWantsMoreThanAPoolHasIsRefusedWithTheNumbers) {
  bench.engine.set_pool("gpu", 3);
  const auto fresh = ask(trigger(2));
  const auto retry = ask(RetryRun{1, std::nullopt, ""});
  bench.settle();
  answer_loader(failed_run(1));
  bench.settle();
  for (const auto k : {fresh, retry}) {
    EXPECT_EQ(kind(k), ErrorKind::invalid);
    EXPECT_NE(answers[k]->error().message.find("wants 5 of pool \"gpu\", which has 3"), std::string::npos);
  }
  bench.engine.set_pool("gpu", 5);
  const auto later = ask(trigger(3));
  bench.settle();
  EXPECT_TRUE(answers[later]->ok());
}

TEST_F(PoolsOfControl, APoolThatIsGoneIsNamed) {
  const auto k = ask(trigger(1));
  bench.settle();
  EXPECT_EQ(kind(k), ErrorKind::invalid);
  EXPECT_NE(answers[k]->error().message.find("does not exist"), std::string::npos);
}

class ChangesOfControl : public ControlConformance {
 protected:
  ChangesOfControl()
      : ControlConformance(DagBuilder().task("a").task("b", {"a"}).hook(Hook::on_failure).build()) {}
  /// Run 1 with `a` running.
  void begin() {
    ask(trigger(1));
    bench.settle();
    ASSERT_EQ(bench.executor.launched.size(), 1U);
  }
  [[nodiscard]] std::vector<std::string> touched(std::size_t k) const {
    std::vector<std::string> out;
    for (const TouchedInstance& i : answers[k]->value().instances) {
      out.push_back(i.task_id + " " + std::string(to_string(i.state)));
    }
    return out;
  }
  [[nodiscard]] const Part& part() const { return offered().parts.at(1); }
};

TEST_F(ChangesOfControl, AClearOfALiveRunStopsWhatLivesOnceItIsDurable) {
  begin();
  const auto k = ask(ClearTasks{.run_no = 1, .tasks = {{"a", {}}}, .why = "bad input"});
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  ASSERT_EQ(part().audit.size(), 1U);
  EXPECT_EQ(part().audit[0].action, "clear");
  EXPECT_EQ(part().audit[0].task_id, "a");
  ASSERT_EQ(part().instances.size(), 1U) << "a restart must know that it is cleared";
  EXPECT_EQ(part().instances[0].reason, Reason::cleared);
  EXPECT_TRUE(bench.executor.stopped.empty());
  EXPECT_FALSE(answers[k].has_value());
  bench.settle();
  EXPECT_EQ(touched(k), std::vector<std::string>{"a queued"});
  ASSERT_EQ(bench.executor.stopped.size(), 1U);
  bench.end(bench.executor.launched[0], test::exited(0));
  bench.settle();
  ASSERT_EQ(bench.executor.launched.size(), 2U) << "it starts again, and its success was none";
  EXPECT_EQ(bench.executor.launched[1].key.epoch, 2);
  EXPECT_EQ(bench.state("b"), none);
}

TEST_F(ChangesOfControl, ADryRunTellsWhatWouldBeClearedAndChangesNothing) {
  const auto live = ask(ClearTasks{.run_no = 2, .dry_run = true});
  bench.settle();
  answer_loader(failed_run(2));
  bench.settle();
  EXPECT_EQ(touched(live), (std::vector<std::string>{"a failed", "b failed"}));
  EXPECT_TRUE(bench.store.offered.empty());
  EXPECT_EQ(bench.engine.run(2), nullptr);
}

TEST_F(ChangesOfControl, AClearOfAFinishedRunTakesWhatIsNamedAndWhatFollows) {
  const auto k = ask(ClearTasks{.run_no = 1, .tasks = {{"b", {}}}});
  const auto all = ask(ClearTasks{.run_no = 1, .tasks = {{"a", {}}}, .include_downstream = false, .only_failed = true});
  bench.settle();
  answer_loader(failed_run(1));
  bench.settle();
  EXPECT_EQ(touched(k), std::vector<std::string>{"b failed"});
  EXPECT_EQ(touched(all), std::vector<std::string>{"a failed"}) << "the second finds the run alive";
  EXPECT_EQ(bench.run().row.state, RunState::running);
}

TEST_F(ChangesOfControl, AClearThatFindsNothingChangesNothing) {
  begin();
  const auto failed_only = ask(ClearTasks{.run_no = 1, .only_failed = true});
  const auto nobody = ask(ClearTasks{.run_no = 1, .tasks = {{"nobody", {}}}});
  const auto index = ask(ClearTasks{.run_no = 1, .tasks = {{"a", 3}}});
  bench.loop.drain();
  EXPECT_TRUE(touched(failed_only).empty());
  EXPECT_EQ(kind(nobody), ErrorKind::not_found);
  EXPECT_EQ(kind(index), ErrorKind::not_found);
  EXPECT_TRUE(bench.store.offered.empty());
}

TEST_F(ChangesOfControl, ARetryOfALiveRunTakesWhatFailed) {
  begin();
  bench.end(bench.executor.launched[0], test::exited(1));
  bench.settle();
  ASSERT_EQ(bench.run().row.state, RunState::failed);
  ASSERT_EQ(bench.executor.launched.size(), 2U) << "its hook runs";
  const auto k = ask(RetryRun{1, std::nullopt, ""});
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_EQ(bench.run().row.state, RunState::running);
  EXPECT_EQ(bench.executor.stopped.size(), 1U) << "the hook of an outcome that is none any more";
  EXPECT_NE(bench.engine.run(1), nullptr);
}

TEST_F(ChangesOfControl, AMarkOfWhatLivesComesOnceItHasEnded) {
  begin();
  const auto k = ask(MarkTasks{.run_no = 1, .tasks = {{"a", {}}}, .state = success});
  bench.settle();
  EXPECT_EQ(touched(k), std::vector<std::string>{"a queued"});
  EXPECT_EQ(bench.state("a"), queued);
  bench.end(bench.executor.launched[0], test::exited(1));
  bench.settle();
  EXPECT_EQ(bench.state("a"), success);
  EXPECT_EQ(bench.state("b"), queued);
}

TEST_F(ChangesOfControl, AMarkOfAFinishedRunLetsWhatFollowsRunOrLeavesItAsItIs) {
  LoadedRun loaded = failed_run(1);
  loaded.run.at(1).state = upstream_failed;
  recount(loaded.run);
  const auto same = ask(MarkTasks{.run_no = 1, .tasks = {{"a", {}}}, .state = failed});
  bench.settle();
  answer_loader(loaded);
  bench.settle();
  EXPECT_TRUE(touched(same).empty());
  EXPECT_EQ(bench.engine.run(1), nullptr);
  const auto k = ask(MarkTasks{.run_no = 1, .tasks = {{"a", {}}}, .state = success});
  bench.settle();
  answer_loader(loaded);
  bench.loop.drain();
  ASSERT_EQ(part().audit.size(), 1U);
  EXPECT_EQ(part().audit[0].action, "mark_success");
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_EQ(bench.state("b"), queued);
}

TEST_F(ChangesOfControl, WhatNobodyCanSayIsInvalid) {
  begin();
  const auto state = ask(MarkTasks{.run_no = 1, .tasks = {{"a", {}}}, .state = skipped});
  const auto task = ask(MarkTasks{.run_no = 1});
  const auto run = ask(MarkRun{.run_no = 1, .state = RunState::running});
  bench.loop.drain();
  for (const auto k : {state, task, run}) EXPECT_EQ(kind(k), ErrorKind::invalid);
}

TEST_F(ChangesOfControl, AMarkOfALiveRunEndsIt) {
  begin();
  const auto k = ask(MarkRun{.run_no = 1, .state = RunState::success});
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_EQ(bench.state("b"), success);
  bench.end(bench.executor.launched[0], test::ended(AttemptEnd::Outcome::stopped));
  bench.settle();
  EXPECT_EQ(bench.engine.run(1), nullptr) << "it has ended, and its hooks with it";
}

TEST_F(ChangesOfControl, AMarkOfAFinishedRunChangesItsOutcomeAlone) {
  const auto k = ask(MarkRun{.run_no = 1, .state = RunState::success});
  bench.settle();
  answer_loader(failed_run(1));
  bench.loop.drain();
  ASSERT_EQ(part().runs.size(), 1U);
  EXPECT_EQ(part().runs[0].state, RunState::success);
  EXPECT_EQ(part().runs[0].reason, Reason::marked);
  EXPECT_TRUE(part().instances.empty());
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  EXPECT_EQ(bench.engine.run(1), nullptr);
}

TEST_F(ChangesOfControl, ARunThatIsElsewhereIsAConflict) {
  LoadedRun interrupted = failed_run(1);
  interrupted.run.row.state = RunState::running;
  const auto clear = ask(ClearTasks{.run_no = 1});
  const auto mark = ask(MarkRun{.run_no = 1});
  bench.settle();
  answer_loader(std::move(interrupted));
  bench.settle();
  for (const auto k : {clear, mark}) EXPECT_EQ(kind(k), ErrorKind::conflict);
}

}  // namespace
}  // namespace baton
