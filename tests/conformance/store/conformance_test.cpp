#include <gtest/gtest.h>

#include <optional>

#include "scheduler/store/sqlite_store.h"
#include "tests/conformance/store/backend.h"
#include "tests/sim/doors.h"

namespace baton {
namespace {

class OnDisk : public Backend {
 public:
  std::unique_ptr<Store> open(Loop& loop) override {
    auto opened = SqliteStore::open_for_writing(folder_.path(), loop, options_);
    if (!opened) ADD_FAILURE() << opened.error().message;
    return std::move(opened).value();
  }

 protected:
  StoreOptions options_;

 private:
  sample::Folder folder_;
};

class OnDiskInline : public OnDisk {
 public:
  OnDiskInline() { options_.inline_writer = true; }
};

class SqliteInMemory : public Backend {
 public:
  std::unique_ptr<Store> open(Loop& loop) override { return std::move(SqliteStore::open_in_memory(loop)).value(); }
  [[nodiscard]] bool survives_closing() const override { return false; }
};

template <typename Kind>
std::unique_ptr<Backend> make() {
  return std::make_unique<Kind>();
}

class StoreConformance : public testing::TestWithParam<BackendKind> {
 protected:
  StoreConformance() : backend_(GetParam().make()), store_(backend_->open(loop_)) {}

  CommitOutcome commit(Batch batch) { return answer_to(std::move(batch)).outcome; }
  CommitDone answer_to(Batch batch) {
    std::optional<CommitDone> answer;
    const auto done = [&](const CommitDone& how) { answer = how; };
    now_ = !now_;  // both ways promise the same
    now_ ? store_->commit_now(std::move(batch), done) : store_->commit(std::move(batch), done);
    EXPECT_FALSE(answer.has_value()) << "done came from within commit()";
    backend_->run_until(loop_, [&] { return answer.has_value(); });
    return *answer;
  }
  RunNo create(const std::shared_ptr<const Dag>& dag, const std::string& run_id) {
    Part batch;
    const RunNo run_no = store_->next_run_no();
    batch.creations.push_back(sample::creation(run_no, dag, run_id));
    EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
    return run_no;
  }
  Part creation(const std::shared_ptr<const Dag>& dag, const std::string& run_id) {
    Part part;
    part.creations.push_back(sample::creation(store_->next_run_no(), dag, run_id));
    return part;
  }
  static Part change_of(RunNo run_no) {
    Part part;
    part.instances.push_back(sample::instance(run_no, 0, TaskState::queued, 1));
    return part;
  }
  static PartVerdict exists(PartVerdict::Exists what, RunNo run_no) { return {what, run_no}; }
  CommitOutcome change(const TaskRow& row) {
    Part batch;
    batch.instances.push_back(row);
    return commit(std::move(batch));
  }
  RunSnapshot load(RunNo run_no) {
    auto loaded = store_->load_run(run_no);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    return std::move(loaded).value();
  }
  std::optional<CacheRow> cached(const std::string& key, const std::string& spec_hash, WallUs now) {
    std::optional<std::optional<CacheRow>> answer;
    store_->find_cached("etl", "t0", key, spec_hash, now,
                        [&](std::optional<CacheRow> row) { answer = std::move(row); });
    EXPECT_FALSE(answer.has_value()) << "done came from within find_cached()";
    backend_->run_until(loop_, [&] { return answer.has_value(); });
    return *answer;
  }
  void reopen() {
    store_.reset();
    store_ = backend_->open(loop_);
  }

  TestLoop loop_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Store> store_;
  bool now_ = false;
};

#define SKIP_UNLESS_IT_SURVIVES() \
  if (!backend_->survives_closing()) GTEST_SKIP() << "this store dies with its process"

TEST_P(StoreConformance, ACreatedRunIsLoadedWithAllItsRows) {
  const auto dag = sample::dag("etl", 3, true);
  Part batch;
  auto creation = sample::creation(store_->next_run_no(), dag, "manual__1");
  creation.run.logical_date = 42;
  creation.run.note = "a note";
  creation.run.options_json = R"({"tasks":["t0"]})";
  creation.initial_states = {TaskState::none, TaskState::none, TaskState::removed};
  batch.creations.push_back(creation);
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);

  const auto loaded = load(creation.run.run_no);
  EXPECT_EQ(loaded.run.dag_id, "etl");
  EXPECT_EQ(loaded.run.run_id, "manual__1");
  EXPECT_EQ(loaded.run.dag_version, dag->version);
  EXPECT_EQ(loaded.run.logical_date, 42);
  EXPECT_EQ(loaded.run.interval_start, kNoTime);
  EXPECT_EQ(loaded.run.conf_json, R"({"n":1})");
  EXPECT_EQ(loaded.run.note, "a note");
  EXPECT_EQ(loaded.run.options_json, R"({"tasks":["t0"]})");
  EXPECT_EQ(loaded.run.triggered_by, "cli");
  EXPECT_GT(loaded.run.seq, 0);
  EXPECT_EQ(loaded.run.counts[static_cast<std::size_t>(TaskState::none)], 2);
  EXPECT_EQ(loaded.run.counts[static_cast<std::size_t>(TaskState::removed)], 1);
  EXPECT_EQ(loaded.version.number, 1);
  EXPECT_EQ(loaded.version.source, "id: etl\n");
  ASSERT_EQ(loaded.instances.size(), 3U);
  EXPECT_EQ(loaded.instances[1].task_no, 1);
  EXPECT_EQ(loaded.instances[1].map_index, kUnmapped);
  EXPECT_EQ(loaded.instances[2].map_index, kUnmapped);  // mapped, and not expanded
  EXPECT_EQ(loaded.instances[2].state, TaskState::removed);
}

TEST_P(StoreConformance, EveryColumnOfAnInstanceComesBack) {
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  TaskRow row = sample::instance(run_no, 0, TaskState::success, 3);
  row.reason = Reason::cached;
  row.try_number = 4;
  row.failures = 5;
  row.losses = 6;
  row.scheduled_at = 7;
  row.queued_at = 8;
  row.started_at = 9;
  row.ended_at = 10;
  row.wake_at = 11;
  row.first_look_at = 12;
  row.pid = 13;
  row.outputs_json = R"({"rows":14})";
  row.note = "fine";
  row.times_json = R"({"upstream":15})";
  ASSERT_EQ(change(row), CommitOutcome::durable);
  const TaskRow back = load(run_no).instances.at(0);
  EXPECT_EQ(std::tie(back.state, back.reason, back.epoch, back.try_number, back.failures, back.losses),
            std::tie(row.state, row.reason, row.epoch, row.try_number, row.failures, row.losses));
  EXPECT_EQ(
      std::tie(back.scheduled_at, back.queued_at, back.started_at, back.ended_at, back.wake_at, back.first_look_at),
      std::tie(row.scheduled_at, row.queued_at, row.started_at, row.ended_at, row.wake_at, row.first_look_at));
  EXPECT_EQ(std::tie(back.pid, back.outputs_json, back.note, back.times_json),
            std::tie(row.pid, row.outputs_json, row.note, row.times_json));
}

TEST_P(StoreConformance, WhatIsDurableIsThereAfterReopening) {
  SKIP_UNLESS_IT_SURVIVES();
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  ASSERT_EQ(change(sample::instance(run_no, 1, TaskState::queued, 1)), CommitOutcome::durable);
  const std::string id = store_->store_id();
  reopen();
  EXPECT_EQ(store_->store_id(), id);
  EXPECT_EQ(load(run_no).instances.at(1).state, TaskState::queued);
  EXPECT_EQ(store_->unfinished_runs().value(), std::vector<RunNo>{run_no});
}

TEST_P(StoreConformance, RunNumbersRiseAcrossOpenings) {
  const RunNo first = create(sample::dag("etl", 1), "a");
  EXPECT_GT(store_->next_run_no(), first);
  if (!backend_->survives_closing()) return;
  reopen();
  EXPECT_GT(store_->next_run_no(), first);
}

TEST_P(StoreConformance, OutcomesComeInTheOrderOfTheCommits) {
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  std::vector<int> order;
  for (int i = 1; i <= 50; ++i) {
    Part batch;
    batch.instances.push_back(sample::instance(run_no, 0, TaskState::queued, i));
    const auto done = [&order, i](const CommitDone& how) {
      EXPECT_EQ(how.outcome, CommitOutcome::durable);
      order.push_back(i);
    };
    i % 3 == 0 ? store_->commit_now(std::move(batch), done) : store_->commit(std::move(batch), done);
  }
  backend_->run_until(loop_, [&] { return order.size() == 50; });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(load(run_no).instances.at(0).epoch, 50);
}

TEST_P(StoreConformance, ASecondRunWithTheSameIdIsStruck) {
  const auto dag = sample::dag("etl", 1);
  const RunNo first = create(dag, "r");
  const CommitDone answer = answer_to(creation(dag, "r"));
  EXPECT_EQ(answer.outcome, CommitOutcome::durable);
  EXPECT_EQ(answer.parts, std::vector{exists(PartVerdict::Exists::run_id, first)});
  create(sample::dag("other", 1), "r");  // the id is the DAG's own
}

TEST_P(StoreConformance, ASecondRunOfTheSameLogicalDateIsStruck) {
  const auto dag = sample::dag("etl", 1);
  Part first = creation(dag, "a");
  Part second = creation(dag, "b");
  first.creations[0].run.logical_date = second.creations[0].run.logical_date = 1000;
  EXPECT_EQ(answer_to(first).parts, std::vector<PartVerdict>(1));
  EXPECT_EQ(answer_to(second).parts,
            std::vector{exists(PartVerdict::Exists::logical_date, first.creations[0].run.run_no)});
  create(dag, "c");
  create(dag, "d");  // null dates never collide
}

TEST_P(StoreConformance, AStruckPartLeavesNoTraceAndItsNeighboursStand) {
  const auto dag = sample::dag("etl", 1);
  const RunNo taken = create(dag, "taken");
  Batch batch;
  batch.parts = {change_of(taken), creation(dag, "before"), creation(dag, "fresh"), creation(dag, "taken"),
                 creation(dag, "before"), creation(dag, "after")};
  // The third writes a run before it meets one that is there; the fifth meets one of this very batch.
  batch.parts[2].creations.push_back(creation(dag, "taken").creations[0]);
  const auto number = [&](std::size_t k) { return batch.parts[k].creations[0].run.run_no; };
  const CommitDone answer = answer_to(batch);
  const PartVerdict struck = exists(PartVerdict::Exists::run_id, taken);
  EXPECT_EQ(answer.outcome, CommitOutcome::durable);
  EXPECT_EQ(answer.parts,
            (std::vector<PartVerdict>{{}, {}, struck, struck, exists(PartVerdict::Exists::run_id, number(1)), {}}));
  EXPECT_EQ(store_->unfinished_runs().value(), (std::vector<RunNo>{taken, number(1), number(5)}));
  EXPECT_EQ(store_->load_run(number(2)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(load(taken).instances.at(0).epoch, 1);
  EXPECT_EQ(load(number(5)).run.seq, answer.seq);
}

TEST_P(StoreConformance, WhatBelongsToAStruckCreationGoesWithIt) {
  const auto dag = sample::dag("etl", 1);
  create(dag, "r");
  Part again = creation(dag, "r");
  again.instances.push_back(sample::instance(again.creations[0].run.run_no, 0, TaskState::queued, 1));
  again.audit.push_back({1, "ada", "trigger", "etl", "r", "", -1, "{}"});
  EXPECT_FALSE(answer_to(again).parts[0].is_done());
}

TEST_P(StoreConformance, AKeyThatIsThereStrikesThePart) {
  const auto dag = sample::dag("etl", 1);
  const RunNo there = create(dag, "r");
  Part first = change_of(there);
  first.idempotency.push_back({"ada", "POST /runs", "k1", "hash", 200, "etl/r", 5});
  Batch batch;
  batch.parts = {first, creation(dag, "again")};
  batch.parts[1].idempotency = first.idempotency;  // of another part of this very batch
  const PartVerdict struck = exists(PartVerdict::Exists::idempotency_key, 0);
  EXPECT_EQ(answer_to(batch).parts, (std::vector{PartVerdict{}, struck}));
  Part other = creation(dag, "later");
  other.idempotency = first.idempotency;
  EXPECT_EQ(answer_to(other).parts, std::vector{struck});
  other.idempotency[0].key = "k2";
  EXPECT_EQ(answer_to(other).parts, std::vector<PartVerdict>(1));
}

TEST_P(StoreConformance, EachDateThatARunCoversBelongsToItAlone) {
  const auto dag = sample::dag("etl", 1);
  Part first = creation(dag, "a");
  first.creations[0].inner_dates = {10, 20};
  ASSERT_EQ(commit(first), CommitOutcome::durable);
  Part second = creation(dag, "b");
  second.creations[0].run.logical_date = 20;
  EXPECT_EQ(answer_to(second).parts,
            std::vector{exists(PartVerdict::Exists::logical_date, first.creations[0].run.run_no)});
}

TEST_P(StoreConformance, ARunGoesOnWithAnotherVersion) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  auto newer = std::make_shared<Dag>(*sample::dag("etl", 2));
  newer->version = "newer";
  Part part;
  part.reversions.push_back(sample::creation(run_no, newer, "r"));
  ASSERT_EQ(commit(part), CommitOutcome::durable);
  const RunSnapshot loaded = load(run_no);
  EXPECT_EQ(loaded.run.dag_version, "newer");
  EXPECT_EQ(loaded.version.version, "newer");
  EXPECT_EQ(loaded.version.number, 2);
  part.reversions[0].run.run_no = run_no + 9;
  EXPECT_EQ(commit(part), CommitOutcome::fenced);
}

TEST_P(StoreConformance, ANumberOfARunIsTakenOnce) {
  const auto dag = sample::dag("etl", 1);
  Part first = creation(dag, "a");
  Part second = creation(dag, "b");
  second.creations[0].run.run_no = first.creations[0].run.run_no;
  ASSERT_EQ(commit(first), CommitOutcome::durable);
  EXPECT_EQ(commit(second), CommitOutcome::fenced);
}

TEST_P(StoreConformance, SeqRisesWithEveryTransaction) {
  const auto dag = sample::dag("etl", 1);
  const std::int64_t first = answer_to(creation(dag, "a")).seq;
  EXPECT_GT(answer_to(creation(dag, "b")).seq, first);
}

TEST_P(StoreConformance, AFencedBatchIsFencedWholeAndItsNeighboursStand) {
  const auto dag = sample::dag("etl", 1);
  const RunNo there = create(dag, "there");
  std::vector<CommitOutcome> outcomes;
  const auto offer = [&](Batch batch) {
    store_->commit(std::move(batch), [&](const CommitDone& how) { outcomes.push_back(how.outcome); });
  };
  Batch fenced;
  fenced.parts = {creation(dag, "half"), change_of(there + 100)};
  offer(creation(dag, "before"));
  offer(fenced);
  offer(change_of(there));
  backend_->run_until(loop_, [&] { return outcomes.size() == 3; });
  EXPECT_EQ(outcomes, (std::vector{CommitOutcome::durable, CommitOutcome::fenced, CommitOutcome::durable}));
  EXPECT_FALSE(store_->load_run(fenced.parts[0].creations[0].run.run_no).ok());
}

TEST_P(StoreConformance, AnUpdateOfARowThatIsMissingFences) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  EXPECT_EQ(change(sample::instance(run_no, 7, TaskState::queued, 1)), CommitOutcome::fenced);
  EXPECT_EQ(change(sample::instance(run_no + 9, 0, TaskState::queued, 1)), CommitOutcome::fenced);
  Part batch;
  batch.runs.push_back(sample::creation(run_no + 9, sample::dag("etl", 2), "r").run);
  EXPECT_EQ(commit(std::move(batch)), CommitOutcome::fenced);
}

TEST_P(StoreConformance, AnEpochNeverGoesBackwards) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  ASSERT_EQ(change(sample::instance(run_no, 0, TaskState::queued, 2)), CommitOutcome::durable);
  Part batch;
  batch.instances.push_back(sample::instance(run_no, 1, TaskState::queued, 1));
  batch.instances.push_back(sample::instance(run_no, 0, TaskState::success, 1));
  EXPECT_EQ(commit(std::move(batch)), CommitOutcome::fenced);
  const auto loaded = load(run_no);
  EXPECT_EQ(loaded.instances[0].state, TaskState::queued);
  EXPECT_EQ(loaded.instances[1].state, TaskState::none) << "half of a fenced batch was kept";
  EXPECT_EQ(change(sample::instance(run_no, 0, TaskState::running, 2)), CommitOutcome::durable);
}

TEST_P(StoreConformance, ATryIsWrittenOnce) {
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  const TaskRow row = sample::instance(run_no, 0, TaskState::success, 1);
  Part batch;
  batch.instances.push_back(row);
  batch.tries.push_back(sample::attempt(row));
  Part again = batch;
  EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_EQ(commit(std::move(again)), CommitOutcome::fenced);
}

TEST_P(StoreConformance, MappedInstancesExpandWithTheirItems) {
  const RunNo run_no = create(sample::dag("etl", 2, true), "r");
  Part batch;
  TaskRow first = sample::instance(run_no, 1, TaskState::scheduled);
  first.map_index = 0;
  first.map_key = "a";
  first.item_json = "\"x\"";
  batch.instances.push_back(first);
  for (int i = 1; i <= 3; ++i) {
    TaskRow row = sample::instance(run_no, 1 + i, TaskState::scheduled);
    row.task_no = 1;
    row.map_index = i;
    row.map_key = "key" + std::to_string(i);
    row.item_json = std::to_string(i);
    batch.new_instances.push_back(row);
  }
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto loaded = load(run_no);
  ASSERT_EQ(loaded.instances.size(), 5U);
  EXPECT_EQ(loaded.instances[1].map_key, "a");
  EXPECT_EQ(loaded.instances[1].item_json, "\"x\"");
  EXPECT_EQ(loaded.instances[4].map_index, 3);
  EXPECT_EQ(loaded.instances[4].map_key, "key3");

  Part twice;
  twice.new_instances.push_back(loaded.instances[4]);
  EXPECT_EQ(commit(std::move(twice)), CommitOutcome::fenced);
}

TEST_P(StoreConformance, AnItemGoesWithTheInstanceThatAClearHasRemoved) {
  const RunNo run_no = create(sample::dag("etl", 2, true), "r");
  TaskRow row = sample::instance(run_no, 1, TaskState::scheduled);
  row.map_index = 0;
  row.item_json = "7";
  ASSERT_EQ(change(row), CommitOutcome::durable);
  ASSERT_EQ(load(run_no).instances[1].item_json, "7");
  row.map_index = kUnmapped;
  row.item_json.clear();
  row.has_no_item = true;
  ASSERT_EQ(change(row), CommitOutcome::durable);
  row.map_index = 0;  // where an item had stayed behind, it would be seen again
  row.has_no_item = false;
  ASSERT_EQ(change(row), CommitOutcome::durable);
  EXPECT_EQ(load(run_no).instances[1].item_json, "");
}

TEST_P(StoreConformance, AFinishedRunIsNotUnfinished) {
  const auto dag = sample::dag("etl", 1);
  const RunNo run_no = create(dag, "r");
  Part batch;
  RunRow run = load(run_no).run;
  run.state = RunState::failed;
  run.reason = Reason::upstream_failed;
  run.ended_at = 99;
  run.counts = {};
  run.counts[static_cast<std::size_t>(TaskState::failed)] = 1;
  batch.runs.push_back(run);
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_TRUE(store_->unfinished_runs().value().empty());
  const auto loaded = load(run_no);
  EXPECT_EQ(loaded.run.state, RunState::failed);
  EXPECT_EQ(loaded.run.ended_at, 99);
  EXPECT_EQ(loaded.run.counts, run.counts);
  EXPECT_GT(loaded.run.seq, run.seq);
}

TEST_P(StoreConformance, ARunThatWaitsIsARowAloneUntilItBegins) {
  const auto dag = sample::dag("etl", 3);
  Part made = creation(dag, "waits");
  RunRow& row = made.creations[0].run;
  row.begun_at = kNoTime;
  ASSERT_EQ(commit(made), CommitOutcome::durable);
  const RunNo live = create(dag, "lives");
  {
    const RunSnapshot waiting = load(row.run_no);
    EXPECT_EQ(waiting.run.begun_at, kNoTime);
    EXPECT_EQ(waiting.run.counts, StateCounts{});
    EXPECT_EQ(waiting.version.version, dag->version);
    EXPECT_TRUE(waiting.instances.empty());
  }
  EXPECT_EQ(store_->unfinished_runs().value(), (std::vector<RunNo>{row.run_no, live}));

  Part begins;
  RunRow begun = row;
  begun.state = RunState::running;
  begun.begun_at = begun.started_at = 77;
  for (InstanceNo i = 0; i < 3; ++i) begins.new_instances.push_back(sample::instance(row.run_no, i, TaskState::none));
  begins.instances.push_back(sample::instance(row.run_no, 0, TaskState::queued, 1));  // its claim, in the same part
  begins.runs.push_back(begun);
  ASSERT_EQ(commit(begins), CommitOutcome::durable);
  const RunSnapshot loaded = load(row.run_no);
  EXPECT_EQ(loaded.run.begun_at, 77);
  ASSERT_EQ(loaded.instances.size(), 3U);
  EXPECT_EQ(loaded.instances[0].state, TaskState::queued);
  EXPECT_EQ(loaded.instances[2].state, TaskState::none);
  EXPECT_EQ(commit(begins), CommitOutcome::fenced) << "it begins once";
}

TEST_P(StoreConformance, WhatWaitsToBeginIsReadAsRows) {
  const auto dag = sample::dag("etl", 2);
  Part lives = creation(dag, "lives");
  lives.creations[0].run.state = RunState::running;
  ASSERT_EQ(commit(std::move(lives)), CommitOutcome::durable);
  std::vector<RunNo> queued;
  for (const char* id : {"a", "b", "c"}) {
    Part made = creation(dag, id);
    RunRow& row = made.creations[0].run;
    row.state = RunState::queued;
    row.begun_at = kNoTime;
    row.type = RunType::backfill;
    row.logical_date = 1'000 + row.run_no;
    queued.push_back(row.run_no);
    ASSERT_EQ(commit(std::move(made)), CommitOutcome::durable);
  }
  RunRow gone = load(queued[1]).run;
  gone.state = RunState::failed;
  gone.ended_at = 5;
  Part ends;
  ends.runs.push_back(gone);
  ASSERT_EQ(commit(std::move(ends)), CommitOutcome::durable) << "one that waits ends without instances";
  std::vector<RunNo> told;
  const Status read = store_->waiting_runs([&](RunNo run_no, const Result<RunRow>& row) {
    told.push_back(run_no);
    ASSERT_TRUE(row.ok());
    EXPECT_EQ(row->dag_id, "etl");
    EXPECT_EQ(row->type, RunType::backfill);
    EXPECT_EQ(row->logical_date, 1'000 + run_no);
  });
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(told, (std::vector<RunNo>{queued[0], queued[2]}));
}

TEST_P(StoreConformance, LiveRunsAreReadInOneScanAsEachIsAlone) {
  const auto dag = sample::dag("etl", 2, true);
  const auto other = sample::dag("other", 3);
  std::vector<RunNo> live;
  for (const auto& of : {dag, other, dag}) {
    Part made = creation(of, "r" + std::to_string(live.size()));
    made.creations[0].run.state = RunState::running;
    live.push_back(made.creations[0].run.run_no);
    ASSERT_EQ(commit(std::move(made)), CommitOutcome::durable);
  }
  const RunNo waits = create(dag, "waits");  // queued: no part of this
  Part expands;
  TaskRow item = sample::instance(live[2], 1, TaskState::scheduled);
  item.map_index = 0;
  item.map_key = "a";
  item.item_json = "1";
  expands.instances.push_back(item);
  item.instance_no = 2;
  item.map_index = 1;
  item.item_json = "2";
  expands.new_instances.push_back(item);
  ASSERT_EQ(commit(std::move(expands)), CommitOutcome::durable);
  Part ends;  // its hooks have not ended
  RunRow ended = load(live[1]).run;
  ended.state = RunState::success;
  ended.hooks_open = true;
  ends.runs.push_back(ended);
  ASSERT_EQ(commit(std::move(ends)), CommitOutcome::durable);

  std::vector<RunNo> told;
  const Status all = store_->live_runs([&](RunNo run_no, const Status& read, const RunSnapshot& run) {
    ASSERT_TRUE(read.ok());
    told.push_back(run_no);
    EXPECT_EQ(run.run.run_no, run_no);
    EXPECT_EQ(run.version.version, run_no == live[1] ? other->version : dag->version);
    EXPECT_EQ(run.instances.size(), run_no == live[0] ? 2U : 3U);
    if (run_no == live[2]) {
      EXPECT_EQ(run.instances.at(2).item_json, "2");
    }
  });
  EXPECT_TRUE(all.ok());
  EXPECT_EQ(told, live);
  EXPECT_EQ(load(waits).run.state, RunState::queued);
}

TEST_P(StoreConformance, ACacheEntryIsFoundByAllOfItsKeyUntilItExpires) {
  Part batch;
  batch.cache.push_back({"etl", "t0", "k", "spec", R"({"n":1})", 100, 200, 1, 0});
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  ASSERT_TRUE(cached("k", "spec", 150).has_value());
  EXPECT_EQ(cached("k", "spec", 150)->outputs_json, R"({"n":1})");
  EXPECT_FALSE(cached("k", "spec", 200).has_value());
  EXPECT_FALSE(cached("k", "other", 150).has_value());
  EXPECT_FALSE(cached("other", "spec", 150).has_value());

  Part newer;
  newer.cache.push_back({"etl", "t0", "k", "spec", R"({"n":2})", 150, kNoTime, 2, 0});
  ASSERT_EQ(commit(std::move(newer)), CommitOutcome::durable);
  EXPECT_EQ(cached("k", "spec", 1'000'000)->outputs_json, R"({"n":2})");
}

TEST_P(StoreConformance, ABreakerIsReadAsItWasWrittenLast) {
  BreakerRow row;
  row.spec.name = "warehouse";
  row.spec.failures = 5;
  row.spec.consecutive = 3;
  row.spec.rate = 0.25;
  row.spec.window_us = 7 * kMinute;
  row.spec.cooldown_us = 3 * kMinute;
  row.spec.max_cooldown_us = kHour;
  row.spec.probes = 2;
  row.spec.count = {{FailureClass::Kind::exit, 75}, {FailureClass::Kind::timeout, 0}};
  row.spec.description = "of the \"lake\"";
  row.declared_by = "etl";
  row.state = BreakerState::half_open;
  row.since = 100;
  row.cooldown_us = 6 * kMinute;
  row.in_row = 4;
  row.window = {{10, 3, 2}, {20, 1, 1}};
  row.probes = {{1, 2, kUnmapped, 3}, {4, 5, 6, 7}};
  row.cause = "its cooldown has passed";
  row.updated_at = 100;
  Part first;
  first.service.breakers = {row};
  first.service.breakers[0].state = BreakerState::open;
  first.service.breakers[0].until = 90;
  first.service.breaker_events.push_back({"warehouse", 50, BreakerState::closed, BreakerState::open, "why", "ann"});
  ASSERT_EQ(commit(std::move(first)), CommitOutcome::durable);
  EXPECT_EQ(store_->breakers().value().at(0).until, 90);
  Part second;
  second.service.breakers = {row};
  ASSERT_EQ(commit(std::move(second)), CommitOutcome::durable);
  const auto found = store_->breakers().value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(sim::difference(found[0], row), "");
  EXPECT_EQ(found[0].until, kNoTime);
}

TEST_P(StoreConformance, MeanDurationsWeighRecentOnesMore) {
  Part batch;
  for (int i = 0; i < 20; ++i) batch.durations.push_back({"etl", "t0", 100});
  batch.durations.push_back({"etl", "t1", 7});
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_EQ(store_->mean_durations("etl").value().at("t0"), 100);
  EXPECT_EQ(store_->mean_durations("etl").value().at("t1"), 7);
  Part slower;
  slower.durations.push_back({"etl", "t0", 900});
  ASSERT_EQ(commit(std::move(slower)), CommitOutcome::durable);
  EXPECT_EQ(store_->mean_durations("etl").value().at("t0"), 200);
  EXPECT_TRUE(store_->mean_durations("unknown").value().empty());
}

TEST_P(StoreConformance, TheLeaderThatCameBeforeIsFenced) {
  SKIP_UNLESS_IT_SURVIVES();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  const auto newer = backend_->open(loop_);
  EXPECT_GT(newer->leader_epoch(), store_->leader_epoch());
  EXPECT_EQ(change(sample::instance(run_no, 0, TaskState::queued, 1)), CommitOutcome::fenced);
  EXPECT_EQ(newer->load_run(run_no).value().instances.at(0).state, TaskState::none);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         testing::Values(BackendKind{"OnDisk", make<OnDisk>},
                                         BackendKind{"OnDiskInline", make<OnDiskInline>},
                                         BackendKind{"SqliteInMemory", make<SqliteInMemory>},
                                         BackendKind{"Simulated", make_simulated}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace baton
