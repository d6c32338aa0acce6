// The shell around the core: what is durable before what has effect, what a reconnect means, what is held.
#include "scheduler/engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "scheduler/engine/clear.h"
#include "scheduler/engine/recovery.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::EngineBench;
using test::exited;

std::shared_ptr<const Dag> one_task() { return DagBuilder().task("a").build(); }

std::shared_ptr<const Dag> one_task_with_a_retry() {
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(1);
  spec.retries.edit().delay_us = kMinute;
  return DagBuilder().task("a", {}, spec).build();
}

TEST(Engine, IsNotIdleWhileATurnIsStillToCome) {
  EngineBench b(one_task());
  EXPECT_TRUE(b.engine.is_idle());
  b.begin();
  b.settle();
  EXPECT_TRUE(b.engine.is_idle());
  EXPECT_TRUE(b.engine.stop_run(1, Reason::stopped, false));
  EXPECT_FALSE(b.engine.is_idle());
  b.settle();
  EXPECT_TRUE(b.engine.is_idle());
}

TEST(Engine, LaunchesNothingBeforeItsClaimIsDurable) {  // F-01
  EngineBench b(one_task());
  b.begin();
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);
  EXPECT_EQ(b.store.offered[0].first.parts.back().instances.back().state, queued);
  EXPECT_TRUE(b.executor.launched.empty());
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 1U);
}

TEST(Engine, PreparesWhatHasASlotWhileItsClaimIsWritten) {
  EngineBench b(DagBuilder().task("a").task("b").task("c").build(), 2);
  b.begin();
  b.loop.drain();
  EXPECT_EQ(b.executor.prepared.size(), 2U);
  EXPECT_TRUE(b.executor.launched.empty());
  b.settle();
  EXPECT_TRUE(b.executor.prepared.empty());
  EXPECT_EQ(b.executor.launched.size(), 2U);
}

TEST(Engine, WritesTheEndOfWhatCouldNotStartAfterItsClaim) {
  EngineBench b(one_task());
  b.begin();
  b.loop.drain();
  ASSERT_EQ(b.executor.prepared.size(), 1U);
  AttemptEnd end;
  end.key = b.executor.prepared.begin()->first;
  end.outcome = AttemptEnd::Outcome::spawn_failed;
  b.engine.attempt_ended(end);
  b.loop.drain();
  EXPECT_EQ(b.state("a"), queued);
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 0U) << "it is not released after its end";
  EXPECT_EQ(b.executor.acknowledged, std::vector<AttemptKey>{end.key});
}

TEST(Engine, WithdrawsWhatIsPreparedForARunThatIsRefused) {
  EngineBench b(one_task());
  b.begin();
  b.loop.drain();
  ASSERT_EQ(b.executor.prepared.size(), 1U);
  const AttemptKey key = b.executor.prepared.begin()->first;
  b.answer({{}, {PartVerdict::Exists::run_id, 7}});
  b.settle();
  EXPECT_EQ(b.executor.stopped, std::vector<AttemptKey>{key});
  EXPECT_TRUE(b.executor.launched.empty());
  EXPECT_EQ(b.engine.admission().live(), 0);
}

TEST(Engine, DoesNotStartWhatIsClearedBeforeItsClaimIsDurable) {
  EngineBench b(DagBuilder().task("x").task("a").task("b", {"a"}).build());
  b.begin();
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 2U);
  b.end(b.executor.launched[0], exited(0));
  b.loop.drain();  // is being written
  b.end(b.executor.launched[1], exited(0));
  b.loop.drain();
  ASSERT_EQ(b.state("b"), queued);
  const AttemptKey key = b.run().key_of(*b.dag->find("b"));
  EXPECT_TRUE(b.engine.change_run(1, Cleared{select_from(b.run(), *b.dag->find("a"))}, {}));
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);
  b.settle();  // the claim and the clear, with one commit
  EXPECT_EQ(b.executor.stopped, std::vector<AttemptKey>{key});
  for (const LaunchSpec& spec : b.executor.launched) EXPECT_NE(spec.key, key);
  EXPECT_TRUE(b.executor.prepared.contains(key));
}

/// Asks for a run; what its creation came to is added to `verdicts`.
void ask_for_run(EngineBench& b, RunNo run_no, std::vector<PartVerdict>& verdicts) {
  RunCreation creation;
  creation.dag = b.dag;
  creation.run.run_no = run_no;
  creation.run.dag_id = b.dag->id;
  creation.run.run_id = "r" + std::to_string(run_no);
  b.engine.create_run(std::move(creation), Value{ValueMap{}}, {},
                      [&](const PartVerdict& verdict) { verdicts.push_back(verdict); });
}

TEST(Engine, CreatesManyRunsWithOneCommitAndTellsEachItsOwnVerdict) {
  EngineBench b(one_task(), 8);
  b.ready();
  std::vector<PartVerdict> verdicts;
  for (RunNo n = 1; n <= 3; ++n) ask_for_run(b, n, verdicts);
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);
  EXPECT_EQ(b.store.offered[0].first.parts.size(), 4U) << "the engine's, and one for each run";
  EXPECT_EQ(b.store.offered[0].first.parts[2].instances.size(), 1U) << "all rows of a run are in its part";
  const PartVerdict exists{PartVerdict::Exists::run_id, 77};
  b.answer({{}, {}, exists, {}});
  b.settle();
  EXPECT_EQ(verdicts, (std::vector<PartVerdict>{{}, exists, {}}));
  EXPECT_EQ(b.engine.run(2), nullptr);
  EXPECT_EQ(b.executor.launched.size(), 2U);
  EXPECT_EQ(b.executor.stopped.size(), 1U);
  EXPECT_EQ(b.engine.admission().live(), 2);
}

TEST(Engine, WritesNothingOfAStruckRunWithTheNextBatch) {
  EngineBench b(one_task(), 8);
  b.ready();
  std::vector<PartVerdict> verdicts;
  ask_for_run(b, 1, verdicts);
  b.loop.drain();
  b.engine.stop_run(1, Reason::stopped, true);  // rows of it gather while its creation is being written
  ask_for_run(b, 2, verdicts);
  b.answer({{}, {PartVerdict::Exists::logical_date, 7}});
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);
  for (const Part& part : b.store.offered[0].first.parts) {
    for (const TaskRow& row : part.instances) EXPECT_EQ(row.run_no, 2);
    for (const RunRow& row : part.runs) EXPECT_EQ(row.run_no, 2);
  }
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 1U);
}

TEST(Engine, EndsWhenAnotherProcessHasTakenOver) {
  EngineBench b(one_task());
  std::string why;
  b.engine.on_fatal([&](const Fatal& fatal) { why = fatal.message; });
  b.begin();
  b.loop.drain();
  auto done = std::move(b.store.offered.front().second);
  b.store.offered.pop_front();
  done({CommitOutcome::fenced, 0, {}});
  b.settle();
  EXPECT_NE(why.find("another process"), std::string::npos);
  EXPECT_TRUE(b.executor.launched.empty());
}

TEST(Engine, AcknowledgesNoEndBeforeItIsDurable) {
  EngineBench b(one_task());
  b.begin();
  b.settle();
  b.end(b.executor.launched[0], exited(0));
  b.loop.drain();
  EXPECT_TRUE(b.executor.acknowledged.empty());
  b.settle();
  EXPECT_EQ(b.executor.acknowledged.size(), 1U);
}

TEST(Engine, LeavesTheEndsOfAnotherRunToWhoGoesOnWithIt) {
  EngineBench b(one_task());
  b.engine.leave_runs({7});
  b.begin();
  b.settle();
  AttemptEnd end = exited(0);
  end.key = {7, 0, kUnmapped, 1};
  b.engine.attempt_ended(end);
  b.settle();
  EXPECT_TRUE(b.executor.acknowledged.empty());
  end.key.run_no = 8;  // of a run that has finished, or was never written
  b.engine.attempt_ended(end);
  b.settle();
  EXPECT_EQ(b.executor.acknowledged, std::vector<AttemptKey>{end.key});
}

TEST(Engine, StartsNothingAgainForAsLongAsItsExecutorIsSilent) {  // F-16
  EngineBench b(one_task());
  b.begin();
  b.settle();
  b.gone();
  b.loop.pass(kDay);
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 1U);
  EXPECT_EQ(b.state("a"), queued);
  b.ready({b.executor.launched[0].key});  // it ran all the time
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 1U);
}

TEST(Engine, StartsAgainWhatAReconnectDoesNotName) {  // F-22
  EngineBench b(one_task());
  b.begin();
  b.settle();
  b.gone();
  b.ready();
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 2U);
  EXPECT_EQ(b.executor.launched[1].key.epoch, 2);
}

TEST(Engine, ReleasesAgainWhatAReconnectNames) {  // what was adopted may be held before its start
  EngineBench b(one_task());
  b.begin();
  b.settle();
  const AttemptKey key = b.executor.launched[0].key;
  b.gone();
  b.executor.released.clear();
  b.ready({key});
  EXPECT_EQ(b.executor.released, std::vector{key});
}

TEST(Engine, ReleasesNothingAfterAReconnectWhoseClaimIsNotDurable) {
  EngineBench b(one_task());
  b.begin();
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);
  const AttemptKey key = b.run().key_of(0);
  b.gone();
  b.ready({key});
  EXPECT_TRUE(b.executor.released.empty());
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 1U);
}

std::shared_ptr<const Dag> five_tasks() {
  return test::DagBuilder().task("a").task("b").task("c").task("d").task("e").build();
}

TEST(Engine, GivesNoWorkerMoreThanItsSlots) {
  EngineBench b(five_tasks(), 2);
  const WorkerRef other = std::make_shared<const Worker>(Worker{"remote", "far", "there"});
  b.engine.worker_capacity(other, 1, {}, "");
  b.engine.worker_ready(other, {});
  b.begin();
  b.settle();
  std::map<std::string, int> launched;
  for (const LaunchSpec& spec : b.executor.launched) ++launched[spec.worker->name];
  EXPECT_EQ(launched, (std::map<std::string, int>{{"1", 2}, {"far", 1}}));
  EXPECT_EQ(b.engine.admission().live(), 3);
}

TEST(Engine, LosesOfOneWorkerWhatThatOneDoesNotName) {
  EngineBench b(five_tasks(), 2);
  const WorkerRef other = std::make_shared<const Worker>(Worker{"remote", "far", "there"});
  b.engine.worker_capacity(other, 2, {}, "");
  b.engine.worker_ready(other, {});
  b.begin();
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 4U);
  b.gone();
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 4U) << "what the silent one holds takes no slot of the other, and frees none";
  b.engine.worker_ready(b.worker, {});
  b.settle();
  std::map<std::string, int> again;
  for (std::size_t k = 4; k < b.executor.launched.size(); ++k) ++again[b.executor.launched[k].worker->name];
  EXPECT_EQ(again, (std::map<std::string, int>{{"1", 2}}));
}

TEST(Engine, WritesWhoHasAnAttemptWithItsClaimAndItsEnd) {
  EngineBench b(one_task());
  b.begin();
  b.loop.drain();
  const TaskRow& claim = b.store.offered[0].first.parts[1].instances.back();
  EXPECT_EQ(claim.executor + "/" + claim.worker + "/" + claim.host, "local/1/here");
  b.settle();
  const LaunchSpec spec = b.executor.launched[0];
  b.engine.attempt_accepted(spec.key, b.worker, "job 7");
  b.engine.attempt_started(spec.key, b.worker, 4711, b.loop.wall_now());
  b.settle();
  AttemptEnd end = exited(1);
  end.log_tail = "no such table\xff\n";
  b.end(spec, end);
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U) << "neither was worth a commit of its own";
  const Part& part = b.store.offered[0].first.parts[0];
  ASSERT_EQ(part.tries.size(), 1U);
  const TryRow& row = part.tries[0];
  EXPECT_EQ(row.executor + "/" + row.worker + "/" + row.host + "/" + row.handle, "local/1/here/job 7");
  EXPECT_EQ(row.pid, 4711);
  EXPECT_EQ(row.log_tail, "no such table\xEF\xBF\xBD\n");
  EXPECT_EQ(part.instances[0].handle, "job 7");
}

TEST(Engine, PassesOverTheNumberOfAClaimThatWasNeverWritten) {  // the scheduler before died between the two
  EngineBench b(one_task());
  b.begin(false);
  AttemptEnd early = test::ended(AttemptEnd::Outcome::spawn_failed);
  early.key = b.run().key_of(0);
  early.key.epoch = 1;
  b.engine.attempt_ended(early);
  b.ready();
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 1U);
  EXPECT_EQ(b.executor.launched[0].key.epoch, 2);
  EXPECT_EQ(b.run().at(0).try_number, 1);
}

TEST(Engine, AfterARestoreAttemptsGetNumbersAboveAllThatWereGiven) {
  EngineBench b(one_task());
  b.store.above = 1'000'000;
  b.begin();
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 1U);
  EXPECT_EQ(b.executor.launched[0].key.epoch, 1'000'001);
}

// The worker launches nothing of an instance of which an attempt still dies, but for that attempt itself.
TEST(Engine, AfterARestoreWhatStillDiesGivesItsNumberToTheNextAttempt) {
  EngineBench b(one_task());
  b.store.above = 1'000'000;
  b.begin(false);
  AttemptKey later = b.run().key_of(0);
  later.epoch = 2;
  b.ready({later});
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 1U);
  EXPECT_EQ(b.executor.launched[0].key.epoch, 2);
  AttemptEnd lost = test::ended(AttemptEnd::Outcome::lost);
  b.end(b.executor.launched[0], lost);
  b.settle();
  b.loop.pass(kMinute);
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 2U) << "the loss cost no try";
  EXPECT_EQ(b.executor.launched[1].key.epoch, 1'000'001);
}

TEST(Engine, FreesTheSlotOfWhatAStopEnds) {  // F-48
  EngineBench b(one_task());
  b.begin();
  b.settle();
  EXPECT_EQ(b.engine.admission().live(), 1);
  b.engine.stop_run(1, Reason::stopped, false);
  b.settle();
  ASSERT_EQ(b.executor.stopped.size(), 1U);
  b.end(b.executor.launched[0], test::ended(AttemptEnd::Outcome::stopped));
  EXPECT_EQ(b.engine.admission().live(), 0);
}

TEST(Engine, GivesEveryTryALogOfItsOwnAlsoAfterAClear) {  // F-82
  EngineBench b(one_task_with_a_retry());
  b.begin();
  b.settle();
  b.end(b.executor.launched[0], exited(1));
  b.settle();
  b.loop.pass(kMinute);
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 2U);
  b.end(b.executor.launched[1], exited(1));
  DagRun ended = b.run();
  b.settle();

  EngineBench again(b.dag);
  StepOutcome cleared;
  clear_instances(ended, select_failed(ended), {again.loop.wall_now(), again.loop.mono_now()}, cleared);
  again.engine.adopt_run(std::move(ended), {}, std::move(cleared), {});
  again.ready();
  again.settle();
  ASSERT_EQ(again.executor.launched.size(), 1U);
  const std::set<std::string> logs = {b.executor.launched[0].log_path, b.executor.launched[1].log_path,
                                      again.executor.launched[0].log_path};
  EXPECT_EQ(logs.size(), 3U);
}

/// Run 1 as a dead scheduler left it: `a` in `state`, with epoch 1.
DagRun left_behind(const EngineBench& b, TaskState state, DurationUs wakes_in) {
  RunSnapshot snapshot;
  snapshot.run.run_no = 1;
  snapshot.run.dag_id = b.dag->id;
  snapshot.run.run_id = "manual__test";
  snapshot.run.state = RunState::running;
  snapshot.run.queued_at = snapshot.run.begun_at = snapshot.run.started_at = b.loop.wall_now();
  TaskRow& row = snapshot.instances.emplace_back();
  row.run_no = 1;
  row.state = state;
  row.epoch = row.try_number = 1;
  row.queued_at = b.loop.wall_now();
  if (wakes_in > 0) row.wake_at = b.loop.wall_now() + wakes_in;
  auto run = restore_run(snapshot, b.dag, {b.loop.wall_now(), b.loop.mono_now()});
  EXPECT_TRUE(run.ok());
  return std::move(run).value();
}

/// The disk is full while a run ends, and meanwhile a person says that it ended otherwise.
TEST(Engine, TellsNoEndOfARunWhileAnotherOneIsOnItsWay) {
  EngineBench b(one_task());
  std::vector<RunState> told;
  b.engine.on_finished([&](const DagRun& run) { told.push_back(run.row.state); });
  b.begin();
  b.settle();
  b.end(b.executor.launched.at(0), exited(1));
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);  // with the failure
  b.engine.change_run(1, Marked{{0}, success}, {});
  b.answer({});
  EXPECT_TRUE(told.empty());
  b.loop.drain();
  ASSERT_EQ(b.store.offered.size(), 1U);
  std::vector<RunState> written;
  for (const Part& part : b.store.offered.front().first.parts) {
    for (const RunRow& row : part.runs) written.push_back(row.state);
  }
  EXPECT_EQ(written, std::vector{RunState::success});
  b.settle();
  EXPECT_EQ(told, std::vector{RunState::success});
}

TEST(Recovery, WakesWhoSleptWithTheTimeThatStandsInItsRow) {  // F-33
  EngineBench b(one_task_with_a_retry());
  b.engine.adopt_run(left_behind(b, up_for_retry, kMinute), {}, {}, {});
  b.ready();
  b.loop.pass(kMinute - kSecond);
  b.settle();
  EXPECT_TRUE(b.executor.launched.empty());
  b.loop.pass(2 * kSecond);
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 1U);
  EXPECT_EQ(b.executor.launched[0].key.epoch, 2);
}

TEST(Recovery, MakesNobodySleepLongerThanItsDelayWhenTheClockWasSetBack) {
  EngineBench b(one_task_with_a_retry());
  b.engine.adopt_run(left_behind(b, up_for_retry, 3 * kHour), {}, {}, {});
  b.ready();
  b.loop.pass(kMinute);
  b.settle();
  EXPECT_EQ(b.executor.launched.size(), 1U);
}

TEST(Recovery, TakesAClaimForALaunchThatMayLive) {  // F-37
  EngineBench b(one_task());
  b.engine.adopt_run(left_behind(b, queued, 0), {}, {}, {});
  EXPECT_EQ(b.engine.admission().live(), 1);
  b.settle();
  EXPECT_TRUE(b.executor.launched.empty());
  b.ready({b.run().key_of(0)});
  b.settle();
  EXPECT_TRUE(b.executor.launched.empty());
  EXPECT_EQ(b.state("a"), queued);
}

TEST(Recovery, CountsNoTimeOfBeforeItsRunWasRetried) {
  EngineBench b(one_task());
  RunSnapshot snapshot;
  snapshot.run = left_behind(b, none, 0).row;
  TaskRow& row = snapshot.instances.emplace_back();
  row.run_no = 1;
  row.state = scheduled;
  row.times_json = WaitTimes{}.to_json(b.loop.wall_now());
  b.loop.pass(kMinute);
  const Moment later{b.loop.wall_now(), b.loop.mono_now()};
  DagRun run = *restore_run(snapshot, b.dag, later);
  EXPECT_EQ(run.activity(0)->times.total_us(), kMinute);
  StepOutcome out;
  clear_instances(run, select_failed(run), later, out);
  ASSERT_EQ(out.dirty, std::vector<InstanceNo>{0});
  snapshot = {.run = run.row, .instances = {row_of(run, 0)}};
  run = *restore_run(snapshot, b.dag, later);
  EXPECT_EQ(run.activity(0)->times.total_us(), 0);
}

TEST(Recovery, CountsWhatRanOnWhileNobodyWasThereAsRunning) {
  EngineBench b(one_task());
  const WallUs started = b.loop.wall_now();
  RunSnapshot snapshot;
  snapshot.run = left_behind(b, running, 0).row;
  TaskRow& row = snapshot.instances.emplace_back();
  row.run_no = 1;
  row.state = running;
  row.epoch = row.try_number = 1;
  row.queued_at = row.started_at = started;
  b.loop.pass(kMinute);
  const Moment adopted{b.loop.wall_now(), b.loop.mono_now()};
  DagRun run = *restore_run(snapshot, b.dag, adopted);
  AttemptEnd end;
  end.key = run.key_of(0);
  end.outcome = AttemptEnd::Outcome::exited;
  end.exit_code = 0;
  end.ended_at = started + 20 * kSecond;
  StepOutcome out;
  DagRun succeeds = run;
  advance(succeeds, AttemptEnded{0, end, false}, adopted, {}, out);
  EXPECT_EQ(row_of(succeeds, 0).state, success);
  EXPECT_EQ(row_of(succeeds, 0).ended_at, end.ended_at);
  ASSERT_EQ(out.tries.size(), 1U);
  EXPECT_EQ(WaitTimes::from_json(out.tries[0].times_json).total_us(), 20 * kSecond);
  EXPECT_EQ(out.tries[0].times_json.find("offline"), std::string::npos);

  end.outcome = AttemptEnd::Outcome::lost;
  end.ended_at = kNoTime;
  out.clear();
  advance(run, AttemptEnded{0, end, false}, adopted, {}, out);
  ASSERT_EQ(out.tries.size(), 1U);
  EXPECT_NE(out.tries[0].times_json.find("offline"), std::string::npos) << "nobody knows that it ran on";
}

TEST(Recovery, StartsAClaimAgainThatNoWorkerKnows) {
  EngineBench b(one_task());
  b.engine.adopt_run(left_behind(b, queued, 0), {}, {}, {});
  b.ready();
  b.settle();
  ASSERT_EQ(b.executor.launched.size(), 1U);
  EXPECT_EQ(b.executor.launched[0].key.epoch, 2);
  EXPECT_EQ(b.run().at(0).losses, 0);
}

}  // namespace
}  // namespace baton
