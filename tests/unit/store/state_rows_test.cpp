// Values that live on from run to run, results of checks, and what waits for them: as they are written, read and kept.
#include <gtest/gtest.h>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class StateRows : public StoreBench {
 protected:
  StateRows() { open(); }

  static TaskStateRow value(std::int64_t version, std::string json, std::string name = "mark") {
    TaskStateRow row;
    row.dag_id = "etl";
    row.name = std::move(name);
    row.json = std::move(json);
    row.version = version;
    row.at = 20;
    row.actor = "ada";
    return row;
  }
  CommitOutcome put(std::vector<TaskStateRow> rows) {
    Part part;
    part.service.task_states = std::move(rows);
    return commit(std::move(part));
  }
};

TEST_F(StateRows, EachFollowsTheOneBeforeByItsVersion) {
  EXPECT_EQ(put({value(1, "1"), value(2, "2"), value(1, "{}", "other")}), CommitOutcome::durable);
  auto states = reader()->list_task_states("etl").value();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].json, "2");
  EXPECT_EQ(states[0].version, 2);
  EXPECT_EQ(states[0].actor, "ada");
  EXPECT_EQ(put({value(3, "")}), CommitOutcome::durable);
  EXPECT_EQ(reader()->list_task_states("etl").value().size(), 1U);
  EXPECT_FALSE(reader()->task_state("etl", "mark").ok());
  EXPECT_EQ(store_->task_states().value().size(), 2U) << "its version is still known";
  EXPECT_EQ(put({value(4, "4")}), CommitOutcome::durable);
  close();
  open();
  EXPECT_EQ(reader()->task_state("etl", "mark").value().json, "4");
}

TEST_F(StateRows, OneThatFollowsAnotherThanTheOneThatIsThereFencesItsBatch) {
  ASSERT_EQ(put({value(1, "1")}), CommitOutcome::durable);
  EXPECT_EQ(put({value(3, "3")}), CommitOutcome::fenced);
  EXPECT_EQ(store_->task_states().value().at(0).json, "1");
}

TEST_F(StateRows, ASecondFirstOneFencesToo) {
  ASSERT_EQ(put({value(1, "1")}), CommitOutcome::durable);
  EXPECT_EQ(put({value(1, "2")}), CommitOutcome::fenced);
}

TEST_F(StateRows, ResultsOfChecksAreListedNewestFirstAndGoWithTheirRun) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  const auto check = [&](std::int32_t instance, const char* name, CheckState state) {
    CheckRow row;
    row.run_no = run_no;
    row.instance_no = instance;
    row.dag_id = "etl";
    row.task_id = "t" + std::to_string(instance);
    row.name = name;
    row.state = state;
    row.at = 20;
    return row;
  };
  Part part;
  part.service.checks = {check(0, "a", CheckState::failed), check(0, "b", CheckState::passed)};
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  Part again;
  again.service.checks = {check(0, "a", CheckState::passed), check(1, "c", CheckState::warned)};
  ASSERT_EQ(commit(std::move(again)), CommitOutcome::durable);
  const auto names = [&](const CheckQuery& query) {
    std::string out;
    const auto rows = reader()->list_checks(query);
    for (const CheckRow& row : *rows) out += row.name + std::string(to_string(row.state)) + " ";
    return out;
  };
  EXPECT_EQ(names({}), "cwarned apassed bpassed afailed ");
  CheckQuery bad;
  bad.not_passed = true;
  EXPECT_EQ(names(bad), "cwarned afailed ");
  CheckQuery last;
  last.run_no = run_no;
  last.instance_no = 0;
  last.last_try = true;
  EXPECT_EQ(names(last), "apassed ");
  CheckQuery other;
  other.dag_id = "none";
  EXPECT_EQ(names(other), "");
}

TEST_F(StateRows, WhatWaitsForChecksIsReadBackWithItsRun) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  Part part;
  part.service.held_events = {{run_no, 0, 20, false}, {run_no, 1, 20, false}, {run_no, 1, 21, true}};
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  EXPECT_EQ(store_->load_run(run_no).value().held_events, std::vector<InstanceNo>{0});
}

TEST_F(StateRows, ChecksLeaveAloneWhatOthersHoldBack) {
  const auto quarantine = [&](std::string by, std::string only_of) {
    Part part;
    AssetQuarantineRow row{"orders", std::move(by), "why", 5, std::move(only_of)};
    if (row.by.empty()) row.since = kNoTime;
    part.service.quarantines = {row};
    ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  };
  const auto holder = [&] { return reader()->asset_named("orders").value().quarantined.by; };
  quarantine("checks a", "checks a");  // of an asset that nobody has told of yet
  EXPECT_EQ(holder(), "checks a");
  quarantine("checks b", "checks b");
  EXPECT_EQ(holder(), "checks a");
  quarantine("", "checks b");
  EXPECT_EQ(holder(), "checks a");
  quarantine("ada", "");
  EXPECT_EQ(holder(), "ada");
  quarantine("", "checks a");
  EXPECT_EQ(holder(), "ada");
  quarantine("", "");
  EXPECT_EQ(holder(), "");
  quarantine("checks a", "checks a");
  quarantine("", "checks a");
  EXPECT_EQ(holder(), "");
}

}  // namespace
}  // namespace baton
