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
using test::HandLoader;

class ControlConformance : public testing::Test {
 protected:
  explicit ControlConformance(std::shared_ptr<const Dag> dag = DagBuilder().task("a").build())
      : bench(std::move(dag), 1), control(bench.loop, bench.engine, loader, {4, 2}) {
    bench.ready();
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
    row.begun_at = 1;
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    loaded.run = make_run(row, bench.dag, Value{ValueMap{}}, now, std::vector<TaskState>(bench.dag->tasks.size(), failed));
    return loaded;
  }
  /// One whose scheduler died while `a` ran.
  LoadedRun interrupted_run(RunNo run_no) {
    LoadedRun loaded = failed_run(run_no);
    loaded.run.row.state = RunState::running;
    loaded.run.instances[0].state = running;
    loaded.run.instances[0].epoch = 1;
    loaded.run.ensure_activity(0);
    recount(loaded.run);
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

class PausesOfControl : public ControlConformance {
 protected:
  PausesOfControl() : ControlConformance(DagBuilder().task("a").task("b", {"a"}).build()) {
    ask(trigger(1));
    bench.settle();
  }
  void end_a() { bench.end(bench.executor.launched.at(0), test::exited(0)); }
  [[nodiscard]] bool has_begun_b() const { return bench.executor.launched.size() > 1; }
};

TEST_F(PausesOfControl, APauseCountsAtOnceAndIsOverOnceThatIsDurable) {
  const auto k = ask(PauseRun{1, true, "the warehouse moves"});
  bench.loop.drain();
  EXPECT_TRUE(bench.engine.run(1)->row.paused.holds()) << "nothing starts from here on";
  EXPECT_FALSE(answers[k].has_value());
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.audit.size(), 1U);
  EXPECT_EQ(part.audit[0].action, "pause_run");
  ASSERT_EQ(part.service.run_holds.size(), 1U) << "the change is in the part of its audit";
  EXPECT_EQ(part.service.run_holds[0].paused.by, "ada");
  bench.settle();
  EXPECT_TRUE(answers[k]->ok());
  end_a();
  bench.settle();
  EXPECT_FALSE(has_begun_b());

  const auto on = ask(PauseRun{1, false, ""});
  bench.loop.drain();
  EXPECT_FALSE(has_begun_b()) << "a crash would take back that it is over";
  EXPECT_FALSE(answers[on].has_value());
  bench.settle();
  EXPECT_TRUE(answers[on]->ok());
  EXPECT_TRUE(has_begun_b());
}

TEST_F(PausesOfControl, WhatIsSoAlreadyIsAnsweredBehindWhatIsOnItsWayAndWrittenOnce) {
  const auto first = ask(PauseRun{1, true, ""});
  const auto again = ask(PauseRun{1, true, ""});
  bench.loop.drain();
  EXPECT_FALSE(answers[again].has_value()) << "the pause is not durable yet";
  std::size_t audits = 0;
  for (const Part& part : offered().parts) audits += part.audit.size();
  EXPECT_EQ(audits, 1U);
  bench.settle();
  EXPECT_TRUE(answers[first]->value().has_changed);
  EXPECT_FALSE(answers[again]->value().has_changed);
}

TEST_F(PausesOfControl, WhoPausesItAgainBeforeItsGoingOnIsDurableKeepsItPaused) {
  ask(PauseRun{1, true, ""});
  bench.settle();
  end_a();
  bench.settle();
  ask(PauseRun{1, false, ""});
  const auto anew = ask(PauseRun{1, true, ""});
  bench.settle();
  EXPECT_TRUE(answers[anew]->value().has_changed);
  EXPECT_TRUE(bench.engine.run(1)->row.paused.holds());
  EXPECT_FALSE(has_begun_b());
}

TEST_F(PausesOfControl, ARunThatEndsIsPausedNoMore) {
  end_a();
  bench.settle();
  ask(PauseRun{1, true, ""});
  bench.settle();
  bench.end(bench.executor.launched.at(1), test::exited(0));
  bench.loop.drain();
  const auto& holds = offered().parts.at(0).service.run_holds;
  ASSERT_EQ(holds.size(), 1U) << "in the part of its end";
  EXPECT_FALSE(holds[0].paused.holds());
}

TEST_F(PausesOfControl, ARunThatIsStoppedIsPausedNoMore) {
  ask(PauseRun{1, true, ""});
  bench.settle();
  ask(StopRun{1, false, ""});
  bench.loop.drain();
  std::vector<RunHoldRow> holds;
  for (const Part& part : offered().parts) {
    if (!part.runs.empty()) holds = part.service.run_holds;
  }
  ASSERT_EQ(holds.size(), 1U) << "in the part of its stop";
  EXPECT_FALSE(holds[0].paused.holds());
}

class PausesOfARunWithATeardown : public ControlConformance {
 protected:
  PausesOfARunWithATeardown()
      : ControlConformance(
            DagBuilder().task("a").task("b", {"a"}).task("drop", {"a", "b"}, test::teardown_task({"a"})).build()) {}

  /// a has ended, b runs, and the run is paused: the teardown is what is still due.
  void pause_before_the_teardown() {
    ask(trigger(1));
    bench.settle();
    bench.end(bench.executor.launched.at(0), test::exited(0));
    bench.settle();
    ask(PauseRun{1, true, ""});
    bench.settle();
  }
};

TEST_F(PausesOfARunWithATeardown, WhatIsDueOfARunThatStopsRunsWhoeverPausedItBefore) {
  pause_before_the_teardown();
  ask(StopRun{1, false, ""});
  bench.settle();
  bench.end(bench.executor.launched.at(1), test::exited(0));
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 3U) << "what a has set up would stay for ever";
}

TEST_F(PausesOfARunWithATeardown, WhatWaitsAtThePauseWhenTheRunIsStoppedRunsToo) {
  pause_before_the_teardown();
  bench.end(bench.executor.launched.at(1), test::exited(0));
  bench.settle();
  ASSERT_EQ(bench.executor.launched.size(), 2U) << "it is paused";
  ask(StopRun{1, false, ""});
  bench.settle();
  EXPECT_EQ(bench.executor.launched.size(), 3U) << "it would wait until somebody unpauses a run that stops";
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

TEST_F(ControlConformance, ARetryOfWhatHasSucceededDoesNothingAndSaysSo) {
  LoadedRun loaded = failed_run(1);
  for (Instance& instance : loaded.run.instances) instance.state = success;
  loaded.run.row.state = RunState::success;
  const auto k = ask(RetryRun{1, std::nullopt, ""});
  bench.settle();
  answer_loader(std::move(loaded));
  bench.loop.drain();
  ASSERT_TRUE(answers[k]->ok());
  EXPECT_FALSE(answers[k]->value().has_changed);
  EXPECT_EQ(answers[k]->value().state, RunState::success);
  EXPECT_TRUE(bench.store.offered.empty()) << "nothing is written, no audit either";
}

TEST_F(ControlConformance, WhatAnotherProcessHasLeftIsNotTakenFromUnderIt) {
  const auto k = ask(ResumeRun{1, ""});
  const auto retry = ask(RetryRun{1, std::nullopt, ""});
  bench.settle();
  answer_loader(interrupted_run(1));
  EXPECT_EQ(kind(k), ErrorKind::conflict);
  EXPECT_EQ(kind(retry), ErrorKind::conflict);
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

class HandKeys final : public KeyFinder {
 public:
  void find(IdempotencyKey key, OnFound done) override { wishes.emplace_back(std::move(key), std::move(done)); }
  /// Answers the oldest question with what `rows` hold.
  void answer() {
    auto [key, done] = std::move(wishes.front());
    wishes.pop_front();
    for (const IdempotencyRow& row : rows) {
      if (row.key == key.key) return done(std::optional<IdempotencyRow>(row));
    }
    done(std::optional<IdempotencyRow>());
  }
  std::deque<std::pair<IdempotencyKey, OnFound>> wishes;
  std::vector<IdempotencyRow> rows;  ///< what is durable
};

class Keys : public ControlConformance {
 protected:
  std::size_t ask_with(const std::string& key, Request request, const std::string& body = "body") {
    const std::size_t k = answers.size();
    answers.emplace_back();
    const Status taken = keyed.ask(std::move(request), {"ada", "", "api"},
                                   IdempotencyKey{"ada", "POST /runs", key, body, 201},
                                   [this, k](const Result<Answer>& how) { answers[k] = how; });
    if (!taken) answers[k] = taken.error();
    bench.loop.drain();
    return k;
  }
  /// What the batch at hand would keep.
  void keep_what_is_offered() {
    for (const Part& part : offered().parts) {
      keys.rows.insert(keys.rows.end(), part.idempotency.begin(), part.idempotency.end());
    }
  }
  HandKeys keys;
  Control keyed{bench.loop, bench.engine, loader, {}, {nullptr, &keys}};
};

TEST_F(Keys, TheKeyIsInThePartOfTheChange) {
  ask_with("k", trigger(1));
  EXPECT_TRUE(bench.store.offered.empty()) << "it is looked up first";
  keys.answer();
  bench.loop.drain();
  const Part& part = offered().parts.at(1);
  ASSERT_EQ(part.idempotency.size(), 1U);
  EXPECT_EQ(part.creations.size(), 1U);
  EXPECT_EQ(part.idempotency[0].status, 201);
  EXPECT_EQ(part.idempotency[0].object, "run/1");
}

TEST_F(Keys, ARepetitionIsAnsweredWithWhatWasMadeThenAlsoAfterACrashBeforeTheAnswer) {
  ask_with("k", trigger(1));
  keys.answer();
  bench.loop.drain();
  keep_what_is_offered();  // it is durable, and nobody was told
  Control after_restart(bench.loop, bench.engine, loader, {}, {nullptr, &keys});
  std::optional<Result<Answer>> told;
  ASSERT_TRUE(after_restart.ask(trigger(2), {"ada", "", "api"}, IdempotencyKey{"ada", "POST /runs", "k", "body", 201},
                                [&](const Result<Answer>& how) { told = how; }).ok());
  bench.loop.drain();
  keys.answer();
  ASSERT_TRUE(told.has_value() && told->ok());
  EXPECT_EQ((*told)->run_no, 1);
  EXPECT_EQ((*told)->repeated_status, 201);
  EXPECT_FALSE((*told)->has_changed);
  EXPECT_EQ(bench.engine.run(2), nullptr);
}

TEST_F(Keys, TheSameKeyWithAnotherBodyIsInvalid) {
  ask_with("k", trigger(1));
  const auto meanwhile = ask_with("k", trigger(2), "another body");
  EXPECT_EQ(kind(meanwhile), ErrorKind::conflict) << "whose it is nobody knows before one of them is durable";
  keys.answer();
  bench.loop.drain();
  keep_what_is_offered();
  bench.settle();
  const auto later = ask_with("k", trigger(2), "another body");
  keys.answer();
  EXPECT_EQ(kind(later), ErrorKind::invalid);
  EXPECT_EQ(bench.engine.run(2), nullptr);
}

TEST_F(Keys, WhatIsUnderWayIsAConflictAndLaterAnswered) {
  const auto first = ask_with("k", trigger(1));
  const auto again = ask_with("k", trigger(2));
  EXPECT_EQ(kind(again), ErrorKind::conflict);
  keys.answer();
  bench.loop.drain();
  EXPECT_EQ(kind(ask_with("k", trigger(2))), ErrorKind::conflict) << "it is not durable yet";
  keep_what_is_offered();
  bench.settle();
  EXPECT_TRUE(answers[first]->ok());
  const auto later = ask_with("k", trigger(2));
  keys.answer();
  EXPECT_EQ(answers[later]->value().run_no, 1);
}

TEST_F(Keys, WhatIsRefusedLeavesNoKey) {
  const auto k = ask_with("k", StopRun{9, false, ""});
  keys.answer();
  bench.loop.drain();
  answer_loader(Error{"there is no run 9", ErrorKind::not_found});
  EXPECT_EQ(kind(k), ErrorKind::not_found);
  EXPECT_TRUE(bench.store.offered.empty());
  ask_with("k", StopRun{9, false, ""});
  EXPECT_EQ(keys.wishes.size(), 1U) << "it is decided anew";
}

TEST_F(Keys, WhoKeepsNoneRefusesThem) {
  std::optional<Result<Answer>> told;
  ASSERT_TRUE(control.ask(trigger(1), {"ada", "", "api"}, IdempotencyKey{"ada", "POST /runs", "k", "body", 201},
                          [&](const Result<Answer>& how) { told = how; }).ok());
  bench.loop.drain();
  EXPECT_EQ(told->error().kind, ErrorKind::unavailable);
}

/// What a process is started for is decided before any worker has spoken.
class AtTheStart : public testing::Test {
 protected:
  AtTheStart() : bench(DagBuilder().task("a").task("b", {"a"}).build(), 1) {}

  LoadedRun interrupted_run() {
    LoadedRun loaded;
    loaded.run = make_run(row(), bench.dag, Value{ValueMap{}}, {bench.loop.wall_now(), bench.loop.mono_now()}, {});
    loaded.run.instances[0].state = running;
    loaded.run.instances[0].epoch = 1;
    loaded.run.ensure_activity(0);
    recount(loaded.run);
    return loaded;
  }
  [[nodiscard]] RunRow row() const {
    RunRow out;
    out.run_no = 1;
    out.dag_id = bench.dag->id;
    out.run_id = "r1";
    out.state = RunState::running;
    out.begun_at = 1;
    return out;
  }
  void start(Request request, std::optional<LoadedRun> run) {
    control.decide_at_start(std::move(request), {"ada", "", "cli"}, std::move(run),
                            [this](const Result<Answer>& how) { answer = how; });
  }
  [[nodiscard]] std::vector<std::string> audited() const {
    std::vector<std::string> out;
    for (const Part& part : bench.store.offered.front().first.parts) {
      for (const AuditRow& row : part.audit) out.push_back(row.actor + " " + row.action);
    }
    return out;
  }

  EngineBench bench;
  HandLoader loader;
  std::vector<bool> wanted;
  Status may_go_on = Unit{};
  Control control{bench.loop, bench.engine, loader, {},
                  {[this](const Dag&, const std::vector<bool>& tasks) {
                     wanted = tasks;
                     return may_go_on;
                   }}};
  std::optional<Result<Answer>> answer;
};

TEST_F(AtTheStart, AResumeAdoptsWhatLivesAndIsAudited) {
  start(ResumeRun{1, ""}, interrupted_run());
  ASSERT_NE(bench.engine.run(1), nullptr) << "decided before it returns";
  EXPECT_EQ(bench.engine.queue().runs(), std::vector<RunNo>{1});
  bench.ready({bench.engine.run(1)->key_of(0)});
  bench.loop.drain();
  EXPECT_EQ(audited(), std::vector<std::string>{"ada resume"});
  EXPECT_FALSE(answer.has_value());
  bench.settle();
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(bench.engine.run(1)->at(0).state, running) << "it goes on";
}

TEST_F(AtTheStart, WhatIsRefusedIsToldAtOnceAndTakesNothing) {
  may_go_on = Error{"a secret is missing"};
  start(ResumeRun{1, ""}, interrupted_run());
  EXPECT_EQ(answer->error().kind, ErrorKind::invalid);
  EXPECT_EQ(wanted, (std::vector<bool>{true, true}));
  EXPECT_EQ(bench.engine.run(1), nullptr);
  EXPECT_TRUE(bench.engine.queue().is_empty());
}

TEST_F(AtTheStart, AStopAdoptsTheRunAndEndsItWhateverATaskLacks) {
  may_go_on = Error{"a secret is missing"};
  start(StopRun{1, false, "no longer wanted"}, interrupted_run());
  bench.ready({});
  bench.loop.drain();
  EXPECT_EQ(audited(), std::vector<std::string>{"ada stop"});
  bench.settle();
  EXPECT_TRUE(answer->ok());
}

TEST_F(AtTheStart, ARetryOfAnInterruptedRunSparesWhatLives) {
  LoadedRun loaded = interrupted_run();
  loaded.run.instances[1].state = failed;
  recount(loaded.run);
  start(RetryRun{1, std::nullopt, ""}, std::move(loaded));
  EXPECT_EQ(bench.engine.run(1)->at(0).state, running);
  EXPECT_EQ(bench.engine.run(1)->at(1).state, none);
}

TEST_F(AtTheStart, WhatHasEndedIsResumedByNothing) {
  LoadedRun loaded = interrupted_run();
  for (Instance& instance : loaded.run.instances) instance.state = failed;
  loaded.run.row.state = RunState::failed;
  start(ResumeRun{1, ""}, std::move(loaded));
  ASSERT_TRUE(answer->ok());
  EXPECT_FALSE(answer->value().has_changed);
  EXPECT_EQ(answer->value().state, RunState::failed);
}

std::shared_ptr<const Dag> wants_five_of_a_pool() {
  TaskSpec spec = test::run_task();
  spec.pools.edit().push_back({"gpu", 5});
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
  for (const std::size_t k : {fresh, retry}) {
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

TEST_F(ControlConformance, RunsThatRetentionHasChosenGoInOnePartButThoseThatSomebodyWants) {
  ask(trigger(1));  // with the engine
  bench.settle();
  ask(RetryRun{.run_no = 2});  // on its way from the disk
  bench.loop.drain();
  std::optional<std::vector<RunNo>> gone;
  AuditRow audit;
  audit.action = "prune";
  control.retire({{1, "d/r1", 5, 4}, {2, "d/r2", 5, 4}, {3, "d/r3", 5, 4}, {4, "d/r4", 5, 4}}, audit,
                 [&](const std::vector<RunNo>& those) { gone = those; });
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = offered().parts.back();
  ASSERT_EQ(part.service.deletions.size(), 2U);
  EXPECT_EQ(part.service.deletions[0].run_no, 3);
  EXPECT_EQ(part.service.deletions[0].ended_at, 4);
  ASSERT_EQ(part.audit.size(), 1U);
  const auto late = ask(RetryRun{.run_no = 3});
  bench.loop.drain();
  EXPECT_EQ(kind(late), ErrorKind::not_found) << "it is going";
  EXPECT_FALSE(gone.has_value()) << "it is not durable yet";
  bench.settle();
  EXPECT_EQ(gone, (std::vector<RunNo>{3, 4}));
  ask(RetryRun{.run_no = 3});
  bench.loop.drain();
  EXPECT_EQ(loader.wishes.back().first, 3) << "asked of the disk, which knows it no more";
}

class ControlOfThoseWhoLookBack : public ControlConformance {
 protected:
  ControlOfThoseWhoLookBack() : ControlConformance(looking_back()) { bench.engine.load_with(&loader); }
  static std::shared_ptr<const Dag> looking_back() {
    TaskSpec spec = test::run_task();
    spec.depends_on_past = true;
    return DagBuilder().task("a", {}, spec).build();
  }
  /// Run 1 waits for its past.
  void stand() {
    TriggerRun wanted = trigger(1);
    wanted.creation.run.logical_date = kHour;
    ask(std::move(wanted));
    bench.settle();
    ASSERT_EQ(bench.store.past.size(), 1U);
    bench.store.past.front().done(std::vector<std::string>{"a"});
    bench.store.past.clear();
    bench.settle();
  }
};

TEST_F(ControlOfThoseWhoLookBack, WhoWaitsForARunThatIsDeletedLooksOnceMore) {
  stand();
  ask(DeleteRun{.run_no = 7});
  bench.settle();
  answer_loader(failed_run(7));
  bench.loop.drain();
  EXPECT_TRUE(bench.store.past.empty()) << "it is not durable yet";
  bench.settle();
  EXPECT_EQ(bench.store.past.size(), 1U);
}

TEST_F(ControlOfThoseWhoLookBack, SoItDoesWhereRetentionTakesThatRun) {
  stand();
  control.retire({{7, bench.dag->id + "/r7", 5, 4}}, {}, [](const std::vector<RunNo>&) {});
  bench.settle();
  EXPECT_EQ(bench.store.past.size(), 1U);
}

TEST_F(ControlConformance, WhereEveryRunIsWantedNothingIsWritten) {
  ask(trigger(1));
  bench.settle();
  std::optional<std::vector<RunNo>> gone;
  control.retire({{1, "d/r1", 5, 4}}, {}, [&](const std::vector<RunNo>& those) { gone = those; });
  EXPECT_FALSE(gone.has_value()) << "not from within the call";
  bench.settle();
  EXPECT_EQ(gone, std::vector<RunNo>{});
  EXPECT_TRUE(bench.store.offered.empty());
}

TEST_F(ControlConformance, PoolsOfTheSettingsGoBeforeThoseOfDagsAndBehindAPersons) {
  Dag dag;
  dag.pools = {{"door", 1}, {"own", 2}};
  const auto slots = [&](const char* pool) { return bench.engine.admission().capacity(pool).value_or(-1); };
  control.declare_pools({{"door", 3}});
  control.know_pools(dag);
  EXPECT_EQ(slots("door"), 3);
  EXPECT_EQ(slots("own"), 2);
  control.declare_pools({{"door", 4}});
  EXPECT_EQ(slots("door"), 4);
  control.set_pool("door", 9);
  control.declare_pools({{"door", 5}});
  EXPECT_EQ(slots("door"), 9);
}

TEST_F(ControlConformance, OfSeveralDagsTheFirstThatNamesAPoolStays) {
  Dag first, second;
  first.id = "first";
  first.pools = {{"own", 2, {10, kSecond}, 200'000}};
  second.id = "second";
  second.pools = {{"own", 7}};
  const auto pool = [&] { return bench.engine.admission().spec_of("own"); };
  control.know_pools(first);
  control.know_pools(second);
  EXPECT_EQ(pool(), first.pools.front());
  first.pools.front().slots = 3;  // a run of another version
  control.know_pools(first);
  EXPECT_EQ(pool()->slots, 2) << "an old run that is tried again takes no slots back";
  control.know_pools(first, DeclaredBy::file);
  EXPECT_EQ(pool(), first.pools.front());
}

TEST_F(ControlConformance, WhatAPersonTakesBackIsAsFilesSay) {
  const auto pool = [&](const char* name) { return bench.engine.admission().spec_of(name); };
  const PoolSpec declared{"door", 3, {10, kSecond}, 200'000};
  control.declare_pools({declared});
  const auto write = [&](const std::string& name, bool is_gone) {
    PoolRow row;
    row.name = name;
    row.slots = 9;
    row.rate = "5/m";
    row.is_gone = is_gone;
    WriteRecords what;
    what.object = "pool/" + name;
    what.rows.pools.push_back(row);
    ask(std::move(what));
    bench.settle();
  };
  write("door", false);
  EXPECT_EQ(pool("door"), (PoolSpec{"door", 9, {5, kMinute}, 200'000})) << "the budget is said by files alone";
  write("door", true);
  EXPECT_EQ(pool("door"), declared);
  write("new", false);
  EXPECT_TRUE(pool("new").has_value());
  write("new", true);
  EXPECT_EQ(pool("new"), std::nullopt) << "who wants it fails aloud";
}

}  // namespace
}  // namespace baton
