// Dead letters in the store: unique, closed once, kept with their runs; and the outbox, of which nothing is told twice.
#include <gtest/gtest.h>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class DeadLetterRows : public StoreBench {
 protected:
  DeadLetterRow letter(RunNo run_no, InstanceNo instance_no, Epoch epoch, WallUs failed_at = 5) {
    DeadLetterRow row;
    row.run_no = run_no;
    row.instance_no = instance_no;
    row.epoch = epoch;
    row.task_id = "t" + std::to_string(instance_no);
    row.reason = Reason::timeout;
    row.failed_at = failed_at;
    return row;
  }
  void put(DeadLetterRow row) {
    Part part;
    part.service.letters.push_back(std::move(row));
    ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  }
  void close_letter(RunNo run_no, InstanceNo instance_no, Epoch epoch, LetterState state, std::int64_t job_no = 0) {
    Part part;
    part.service.letter_closings.push_back({run_no, instance_no, epoch, state, 9, "ada", job_no});
    ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  }
  std::vector<DeadLetterRow> all() {
    std::vector<DeadLetterRow> out;
    LetterPage page = reader()->list_letters({}).value();
    for (const LetterView& one : page.rows) out.push_back(one.row);
    return out;
  }
};

TEST_F(DeadLetterRows, AreOneForEachTryAndTheNewerTakesThePlaceOfTheOlder) {
  open();
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  put(letter(run_no, 0, 1));
  put(letter(run_no, 0, 1));
  ASSERT_EQ(all().size(), 1U);
  EXPECT_EQ(all()[0].dag_id, "etl");
  EXPECT_EQ(all()[0].run_id, "r");
  EXPECT_EQ(all()[0].version_number, 1);
  put(letter(run_no, 0, 2, 7));
  put(letter(run_no, 1, 1));
  ASSERT_EQ(all().size(), 3U);
  EXPECT_EQ(all()[0].state, LetterState::superseded);
  EXPECT_EQ(all()[1].state, LetterState::open);
  LetterQuery query;
  query.filter.states = {LetterState::open};
  query.filter.dag_ids = {"etl"};
  query.filter.task_ids = {"t1"};
  query.filter.reasons = {Reason::timeout};
  EXPECT_EQ(reader()->list_letters(query).value().total, 1);
  query.filter.dag_ids = {"other"};
  EXPECT_EQ(reader()->list_letters(query).value().total, 0);
}

TEST_F(DeadLetterRows, AreClosedOnceAndOpenAgainWhereTheyFailWithoutATry) {
  open();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  put(letter(run_no, 0, 1));
  close_letter(run_no, 0, 2, LetterState::redriven, 3);
  EXPECT_EQ(all()[0].state, LetterState::open) << "that was another try";
  close_letter(run_no, 0, 1, LetterState::redriven, 3);
  close_letter(run_no, 0, 0, LetterState::discarded);
  EXPECT_EQ(all()[0].state, LetterState::redriven);
  EXPECT_EQ(all()[0].closed_by, "ada");
  EXPECT_EQ(all()[0].job_no, 3);
  put(letter(run_no, 0, 1));
  EXPECT_EQ(all()[0].state, LetterState::redriven) << "the same end, written again";
  put(letter(run_no, 0, 1, 6));
  EXPECT_EQ(all()[0].state, LetterState::open);
  close_letter(run_no, 0, 1, LetterState::redriven, 3);
  put(letter(run_no, 0, 1, 2));
  EXPECT_EQ(all()[0].state, LetterState::open) << "the clock was set back before it failed again";
}

TEST_F(DeadLetterRows, KeepTheirRunAndVersionFromRetentionWhileTheyAreOpen) {
  open();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  put(letter(run_no, 0, 1));
  end_run(run_no, RunState::failed, 5);
  PruneRule rule;
  rule.ended_before = 10;
  EXPECT_EQ(store_->prune(rule).value().runs, 0);
  Part retired;
  retired.service.deletions.push_back({run_no, "etl/r", 9, 5});
  ASSERT_EQ(commit(std::move(retired)), CommitOutcome::durable);
  EXPECT_EQ(all().size(), 1U) << "retention leaves it";
  close_letter(run_no, 0, 1, LetterState::discarded);
  EXPECT_EQ(store_->prune(rule).value().runs, 1);
  EXPECT_TRUE(all().empty()) << "it goes with its run";
}

TEST_F(DeadLetterRows, GoWithARunThatAPersonDeletes) {
  open();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  put(letter(run_no, 0, 1));
  end_run(run_no, RunState::failed, 5);
  Part deleted;
  deleted.service.deletions.push_back({run_no, "etl/r", 9});
  ASSERT_EQ(commit(std::move(deleted)), CommitOutcome::durable);
  EXPECT_TRUE(all().empty());
  const RunNo next = create(sample::dag("etl", 1), "s");
  put(letter(next, 0, 1));
  EXPECT_EQ(all()[0].letter_no, 2) << "a number is never given twice";
}

TEST_F(DeadLetterRows, AJobIsFoundAgainWithWhatItHasDone) {
  open();
  const RunNo run_no = create(sample::dag("etl", 3), "r");
  BulkJobRow job;
  job.job_no = 4;
  job.kind = "redrive_dead_letters";
  job.actor = "ada";
  job.filter_json = "{}";
  job.total = 3;
  job.created_at = 1;
  Part part;
  part.service.jobs.push_back(job);
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  for (const InstanceNo i : {0, 1}) {
    put(letter(run_no, i, 1));
    close_letter(run_no, i, 1, LetterState::redriven, 4);
  }
  const ServiceSnapshot found = store_->load_service().value();
  ASSERT_EQ(found.jobs.size(), 1U);
  EXPECT_EQ(found.jobs[0].done, 2);
  EXPECT_EQ(found.last_job_no, 4);
  job.ended_at = 9;
  job.state = JobState::cancelled;
  Part ended;
  ended.service.jobs.push_back(job);
  ASSERT_EQ(commit(std::move(ended)), CommitOutcome::durable);
  EXPECT_TRUE(store_->load_service().value().jobs.empty());
  EXPECT_EQ(reader()->job(4).value().state, static_cast<std::int64_t>(JobState::cancelled));
  EXPECT_EQ(reader()->job(5).error().kind, ErrorKind::not_found);
}

TEST_F(DeadLetterRows, NothingIsToldTwiceAndEachTargetHasItsOwnWay) {
  open();
  OutboxRow row{"run_failed", "etl/r", "1", "{}", 5, {"webhook:ops", "slack:team"}};
  for (int k = 0; k < 2; ++k) {
    Part part;
    part.service.outbox.push_back(row);
    ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
    row.targets.emplace_back("webhook:late");
  }
  ASSERT_EQ(reader()->list_deliveries({}).value().rows.size(), 2U);
  Part told;
  told.service.deliveries.push_back({1, "slack:team", kNoTime, 8, 1, ""});
  told.service.deliveries.push_back({1, "webhook:ops", 99, kNoTime, 2, "it hangs"});
  ASSERT_EQ(commit(std::move(told)), CommitOutcome::durable);
  const auto all = reader()->list_deliveries({}).value();
  for (const DeliveryView& one : all.rows) {
    EXPECT_EQ(one.row.delivered_at, one.row.target == "slack:team" ? 8 : kNoTime);
    EXPECT_EQ(one.row.error, one.row.target == "slack:team" ? "" : "it hangs");
  }
  EXPECT_EQ(meddle(database(), "SELECT due_at FROM outbox"), 99);
}

}  // namespace
}  // namespace baton
