// What depends_on_past asks of the store: which tasks are not done in the run of the date before.
#include <gtest/gtest.h>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

using Tasks = std::vector<std::string>;

class Past : public StoreBench {
 protected:
  void SetUp() override { open(); }
  RunNo dated(const std::string& run_id, WallUs date, bool has_begun = true) {
    Part batch;
    const RunNo run_no = store_->next_run_no();
    batch.creations.push_back(sample::creation(run_no, etl, run_id));
    batch.creations[0].run.logical_date = date;
    if (!has_begun) {
      batch.creations[0].run.state = RunState::queued;
      batch.creations[0].run.begun_at = kNoTime;
    }
    EXPECT_TRUE(verdict(std::move(batch)).is_done());
    return run_no;
  }
  void ends(RunNo run_no, TaskNo t, TaskState state) {
    change(sample::instance(run_no, t, TaskState::queued, 1));
    TaskRow row = sample::instance(run_no, t, state, 1);
    change(row);
  }
  Tasks held(WallUs date, Tasks tasks = {"t0", "t1"}, const std::string& dag_id = "etl") {
    std::optional<Result<Tasks>> answer;
    store_->find_past(dag_id, date, std::move(tasks), [&](Result<Tasks> found) { answer = std::move(found); });
    EXPECT_FALSE(answer.has_value()) << "done came from within the call";
    loop_.run_until([&] { return answer.has_value(); });
    EXPECT_TRUE(answer->ok());
    return **answer;
  }

  std::shared_ptr<const Dag> etl = sample::dag("etl", 2);
};

TEST_F(Past, WhatIsNotDoneIsHeldAndNothingBeforeTheFirstDate) {
  EXPECT_TRUE(held(20).empty());
  const RunNo first = dated("first", 10);
  EXPECT_TRUE(held(10).empty()) << "it is no past of its own";
  EXPECT_EQ(held(11), (Tasks{"t0", "t1"}));
  ends(first, 0, TaskState::success);
  ends(first, 1, TaskState::failed);
  EXPECT_EQ(held(11), Tasks{"t1"});
  EXPECT_TRUE(held(11, {"t0"}).empty());
  EXPECT_TRUE(held(11, {"new"}).empty()) << "a task that the run before does not know";
  EXPECT_TRUE(held(11, {"t1"}, "other").empty());
}

TEST_F(Past, ASkippedTaskIsDoneAndTheLastDateCounts) {
  const RunNo first = dated("first", 10);
  ends(first, 0, TaskState::failed);
  const RunNo second = dated("second", 20);
  ends(second, 0, TaskState::skipped);
  EXPECT_TRUE(held(30, {"t0"}).empty());
  EXPECT_EQ(held(20, {"t0"}), Tasks{"t0"});
}

TEST_F(Past, ARunThatNeverBeganHasDoneNothing) {
  const RunNo run_no = dated("first", 10, false);
  EXPECT_EQ(held(11), (Tasks{"t0", "t1"}));
  end_run(run_no, RunState::failed, 15);
  EXPECT_EQ(held(11), (Tasks{"t0", "t1"}));
  end_run(run_no, RunState::success, 16);
  EXPECT_TRUE(held(11).empty()) << "a person has said so";
}

}  // namespace
}  // namespace baton
