// Which runs retention finds, which of them somebody still needs, and what a deletion takes and leaves.
#include <gtest/gtest.h>

#include "scheduler/store/old_runs_source.h"
#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class OldRuns : public StoreBench {
 protected:
  void SetUp() override { open(); }
  RunNo ended(const std::string& run_id, WallUs at, RunState state = RunState::success) {
    const RunNo run_no = create(etl, run_id);
    end_run(run_no, state, at);
    return run_no;
  }
  RunNo dated(const std::string& run_id, WallUs date, std::vector<WallUs> inner = {}) {
    Part batch;
    const RunNo run_no = store_->next_run_no();
    batch.creations.push_back(sample::creation(run_no, etl, run_id));
    batch.creations[0].run.logical_date = date;
    batch.creations[0].inner_dates = std::move(inner);
    EXPECT_TRUE(verdict(std::move(batch)).is_done());
    return run_no;
  }
  std::vector<OldRun> find(const KeepRule& rule, std::int64_t limit = 100) {
    auto source = SqliteOldRuns::open(folder_->path());
    auto page = source.value()->find(rule, {}, limit);
    EXPECT_TRUE(page.ok());
    return page->runs;
  }
  static std::vector<RunNo> numbers(const std::vector<OldRun>& runs, bool is_needed = false) {
    std::vector<RunNo> out;
    for (const OldRun& run : runs) {
      if (run.is_needed == is_needed) out.push_back(run.run_no);
    }
    return out;
  }
  void delete_run(const OldRun& run) {
    Part part;
    part.service.deletions.push_back({run.run_no, run.dag_id + "/" + run.run_id, 99, run.ended_at});
    EXPECT_EQ(commit(std::move(part)), CommitOutcome::durable);
  }

  std::shared_ptr<const Dag> etl = sample::dag("etl", 2);
};

TEST_F(OldRuns, ThoseThatEndedFirstComeFirstPageByPage) {
  const RunNo late = ended("late", 30);
  const RunNo early = ended("early", 10, RunState::failed);
  const RunNo middle = ended("middle", 20);
  create(etl, "live");
  EXPECT_EQ(numbers(find({"", 30, 0})), (std::vector{early, middle}));
  EXPECT_EQ(numbers(find({"", 31, 0})), (std::vector{early, middle, late}));
  EXPECT_EQ(numbers(find({"etl", 21, 0})), (std::vector{early, middle}));
  EXPECT_TRUE(find({"other", 100, 0}).empty());
  auto source = SqliteOldRuns::open(folder_->path()).value();
  const OldRunPage first = source->find({"", 100, 0}, {}, 2).value();
  EXPECT_FALSE(first.is_last);
  const OldRunPage second = source->find({"", 100, 0}, first.next, 2).value();
  EXPECT_EQ(numbers(second.runs), std::vector{late});
  EXPECT_TRUE(second.is_last);
}

TEST_F(OldRuns, TheNewestOfADagStay) {
  std::vector<RunNo> all;
  for (int i = 0; i < 5; ++i) all.push_back(ended("r" + std::to_string(i), 10 + i));
  EXPECT_EQ(numbers(find({"etl", kNoTime, 2})), (std::vector{all[0], all[1], all[2]}));
  EXPECT_TRUE(find({"etl", kNoTime, 5}).empty());
  EXPECT_TRUE(find({"etl", kNoTime, 9}).empty());
  auto source = SqliteOldRuns::open(folder_->path()).value();
  EXPECT_EQ(source->dags_over(4).value(), std::vector<std::string>{"etl"});
  EXPECT_TRUE(source->dags_over(5).value().empty());
}

TEST_F(OldRuns, WithOpenHooksARunHasNotEnded) {
  const RunNo run_no = ended("r", 10);
  Part batch;
  batch.runs.push_back(store_->load_run(run_no).value().run);
  batch.runs[0].hooks_open = true;
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_TRUE(find({"", 100, 0}).empty());
  delete_run({run_no, "etl", "r", 10});
  EXPECT_TRUE(store_->load_run(run_no).ok());
}

TEST_F(OldRuns, ABackfillThatIsNotThroughNeedsItsRuns) {
  const RunNo run_no = ended("r", 10);
  Part batch;
  BackfillRow backfill;
  backfill.backfill_no = 1;
  backfill.dag_id = "etl";
  backfill.from = backfill.to = backfill.created_at = 5;
  batch.service.backfills.push_back(backfill);
  batch.service.intervals.push_back({1, 0, 5, run_no});
  ASSERT_EQ(commit(batch), CommitOutcome::durable);
  EXPECT_EQ(numbers(find({"", 100, 0}), true), std::vector{run_no});
  batch.service.backfills[0].completed_at = 50;
  ASSERT_EQ(commit(batch), CommitOutcome::durable);
  EXPECT_EQ(numbers(find({"", 100, 0})), std::vector{run_no});
}

TEST_F(OldRuns, ARunThatHasNotEndedNeedsTheOneOfTheDateBefore) {
  const RunNo first = dated("first", 100);
  const RunNo chunk = dated("chunk", 200, {300});
  const RunNo waits = dated("waits", 400);
  for (const RunNo run_no : {first, chunk}) end_run(run_no, RunState::success, 10);
  EXPECT_EQ(numbers(find({"", 100, 0})), std::vector{first});
  EXPECT_EQ(numbers(find({"", 100, 0}), true), std::vector{chunk});
  end_run(waits, RunState::failed, 11);
  EXPECT_EQ(numbers(find({"", 100, 0})), (std::vector{first, chunk, waits}));
}

TEST_F(OldRuns, ARunThatHasEndedAnewSinceItWasChosenStays) {
  const RunNo run_no = ended("r", 10);
  const OldRun chosen = find({"", 100, 0}).at(0);
  end_run(run_no, RunState::failed, 50);
  delete_run(chosen);
  EXPECT_TRUE(store_->load_run(run_no).ok());
  delete_run(find({"", 100, 0}).at(0));
  EXPECT_EQ(store_->load_run(run_no).error().kind, ErrorKind::not_found);
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM tombstone WHERE object = 'etl/r'"), 1);
}

TEST_F(OldRuns, AQueuedRunKeepsItsVersionAndOthersGo) {
  const RunNo old = ended("old", 10);
  etl = sample::dag("etl", 3);
  Part waiting;
  waiting.creations.push_back(sample::creation(store_->next_run_no(), etl, "waits"));
  waiting.creations[0].run.begun_at = kNoTime;
  const RunNo waits = waiting.creations[0].run.run_no;
  ASSERT_EQ(commit(std::move(waiting)), CommitOutcome::durable);
  etl = sample::dag("etl", 4);
  const RunNo newest = ended("newest", 11);
  EXPECT_EQ(store_->prune_versions("etl").value(), 0);
  delete_run({old, "etl", "old", 10});
  delete_run({newest, "etl", "newest", 11});
  EXPECT_EQ(store_->prune_versions("etl").value(), 1);
  EXPECT_EQ(store_->prune_versions("etl").value(), 0);
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM dag_version"), 2) << "the queued run's, and the newest";
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM dag_task"), 3 + 4);
  EXPECT_TRUE(store_->load_run(waits).ok());
  create(sample::dag("etl", 2), "again");  // a version that is gone comes again with the next run that has it
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM dag_version"), 3);
}

TEST_F(OldRuns, AStandingTellsWhetherAFolderIsAnybodys) {
  const RunNo run_no = ended("r", 10);
  const RunNo live = create(etl, "live");
  auto source = SqliteOldRuns::open(folder_->path()).value();
  EXPECT_TRUE(source->standing(run_no).value().has_ended);
  EXPECT_EQ(source->standing(run_no).value().ended_at, 10);
  EXPECT_TRUE(source->standing(live).value().has_row);
  EXPECT_FALSE(source->standing(live).value().has_ended);
  EXPECT_FALSE(source->standing(99).value().has_row);
}

TEST_F(OldRuns, TheAuditGoesAsABeginningEvenAfterAClockThatWentBack) {
  Part batch;
  for (const WallUs at : {1, 2, 90, 3, 91}) batch.audit.push_back({at, "ada", "clear", "etl", "r", "t0", -1, "{}"});
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_EQ(store_->prune_service_some({.history_before = 50}).value(), 2);
  EXPECT_EQ(store_->prune_service_some({.history_before = 50}).value(), 0);
  EXPECT_EQ(meddle(database(), "SELECT min(at) FROM audit"), 3) << "it stands behind one that stays";
  EXPECT_EQ(store_->prune_service_some({}).value(), 0);
}

TEST_F(OldRuns, ADagGoesWithAllItsRowsOnceNothingOfItIsLeft) {
  const RunNo run_no = ended("r", 10);
  const auto other = create(sample::dag("other", 1), "r");
  const auto go = [&](const std::string& dag_id) {
    Part part;
    part.service.dag_deletions.push_back({dag_id, 99});
    EXPECT_EQ(commit(std::move(part)), CommitOutcome::durable);
  };
  const auto dags = [&] { return meddle(database(), "SELECT count(*) FROM dag"); };
  go("etl");
  EXPECT_EQ(dags(), 2) << "it has a run";
  delete_run({run_no, "etl", "r", 10});
  meddle(database(), "UPDATE dag SET file_no = 7 WHERE dag_id = 'etl'");
  go("etl");
  EXPECT_EQ(dags(), 2) << "its file is there";
  meddle(database(), "UPDATE dag SET file_no = NULL WHERE dag_id = 'etl';"
                     "INSERT INTO tick_record SELECT dag_no,1,1,1,1,NULL,5,1 FROM dag;"
                     "INSERT INTO dag_tag SELECT dag_no,'x' FROM dag;"
                     "INSERT INTO dag_favorite SELECT dag_no,1,'ada' FROM dag;"
                     "INSERT INTO task_duration SELECT dag_no,'t0',1,1 FROM dag");
  go("etl");
  go("nobody");
  EXPECT_EQ(dags(), 1);
  for (const char* table : {"dag_version", "dag_tag", "dag_favorite", "tick_record", "task_duration", "dag_run"}) {
    EXPECT_EQ(meddle(database(), std::string("SELECT count(*) FROM ") + table), 1) << table;
  }
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM run_count WHERE dag_no NOT IN (SELECT dag_no FROM dag)"), 0);
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM tombstone WHERE kind = 1 AND object = 'etl'"), 1);
  EXPECT_TRUE(store_->load_run(other).ok());
  create(sample::dag("etl", 2), "again");
  EXPECT_EQ(dags(), 2);
}

/// What nobody sees any more takes its time on the disk; another run is not touched by its parts.
TEST_F(OldRuns, ARunThatGoesInPartsIsGoneForWhoLooksAndLeavesNothingInTheEnd) {
  const RunNo run_no = ended("large", 10);
  const RunNo other = ended("other", 11);
  Part gone;
  gone.service.deletions.push_back({run_no, "etl/large", 99, kNoTime, true});
  EXPECT_EQ(commit(std::move(gone)), CommitOutcome::durable);
  const auto rows = [&](const std::string& table, RunNo of) {
    return meddle(database(), "SELECT count(*) FROM " + table + " WHERE run_no = " + std::to_string(of));
  };
  EXPECT_EQ(rows("dag_run", run_no), 0);
  EXPECT_EQ(rows("task_instance", run_no), 2);
  EXPECT_FALSE(reader()->run(run_no).ok());
  InstanceQuery all;
  EXPECT_EQ(reader()->list_instances(all).value().total, 2) << "those of the other run";
  for (const RunRestRow& rest : {RunRestRow{run_no, 1, false}, RunRestRow{other, 100, true}}) {
    Part part;
    part.service.rests.push_back(rest);
    EXPECT_EQ(commit(std::move(part)), CommitOutcome::durable);
  }
  EXPECT_EQ(rows("task_instance", run_no), 1);
  EXPECT_EQ(rows("task_instance", other), 2) << "it is whole";
  for (int again = 0; again < 2; ++again) {
    Part last;
    last.service.rests.push_back({run_no, 1'001, true});
    EXPECT_EQ(commit(std::move(last)), CommitOutcome::durable);
  }
  for (const char* table : {"task_instance", "task_try", "mapped_item", "task_store", "doomed_run"}) {
    EXPECT_EQ(rows(table, run_no), 0) << table;
  }
}

}  // namespace
}  // namespace baton
