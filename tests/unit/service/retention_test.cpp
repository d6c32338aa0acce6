// What retention lets go, in which steps, and how it is carried out beside others.
#include "scheduler/service/retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scheduler/service/retention_plan.h"
#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

constexpr WallUs kNow = 400 * kDay;

OldRun old_run(RunNo run_no, std::int64_t rows = 1) { return {run_no, "d", "r" + std::to_string(run_no), kDay, rows}; }

TEST(RetentionPlan, WhatOnlyMattersForAWhileGoesWhateverTheSettingsSay) {
  const OldRows none = old_rows_of({}, kNow);
  EXPECT_EQ(none.history_before, kNoTime);
  EXPECT_EQ(none.keys_before, kNow - kDay);
  EXPECT_EQ(none.access_before, kNow - 7 * kDay);
  EXPECT_EQ(none.tombstones_before, kNow - 7 * kDay);
  EXPECT_EQ(old_rows_of({.runs_us = 90 * kDay}, kNow).history_before, kNow - 90 * kDay);
  EXPECT_EQ(old_rows_of({.runs_per_dag = 10}, kNow).history_before, kNow - 365 * kDay);
  EXPECT_EQ(old_rows_of({.logs_us = kDay}, kNow).history_before, kNoTime);
}

TEST(RetentionPlan, APartHasFewRowsAndARunIsNeverDivided) {
  std::vector<OldRun> found;
  for (RunNo i = 1; i <= 10; ++i) found.push_back(old_run(i, 96));
  found.push_back(old_run(11, 10'000));
  found.push_back(old_run(12, 1));
  found.push_back(old_run(13, 1));
  found.back().is_needed = true;
  std::vector<std::size_t> sizes;
  for (const auto& part : parts_of(found)) sizes.push_back(part.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{5, 5, 1, 1}));
  found.assign(200, old_run(1, 0));
  for (const auto& part : parts_of(found)) EXPECT_LE(part.size(), 64U);
  EXPECT_TRUE(parts_of({}).empty());
}

TEST(RetentionPlan, AFolderGoesWithItsRunOrItsLogsBefore) {
  const FolderFacts ended{5, true, true, 10};
  EXPECT_EQ(fate_of(ended, 9, 11), FolderFate::logs_go);
  EXPECT_EQ(fate_of(ended, 9, 10), FolderFate::stays);
  EXPECT_EQ(fate_of(ended, 9, kNoTime), FolderFate::stays);
  EXPECT_EQ(fate_of({5, true, false, 10}, 9, 11), FolderFate::stays) << "its hooks are open";
  EXPECT_EQ(fate_of({5, false}, 9, kNoTime), FolderFate::all_go);
  EXPECT_EQ(fate_of({9, false}, 9, kNoTime), FolderFate::all_go);
  EXPECT_EQ(fate_of({10, false}, 9, 11), FolderFate::stays) << "its row may be on its way";
}

/// A store of runs that have ended, by number.
class KeptRuns final : public RetentionHost {
 public:
  explicit KeptRuns(ManualLoop& loop) : loop_(loop) {}

  void find_dags_over(std::int64_t most, OnDags done) override {
    crowded_asked = most;
    loop_.post([this, done = std::move(done)] { done(crowded); });
  }
  void find_old(const KeepRule& rule, const OldRunPlace& after, OnOld done) override {
    rules.push_back(rule);
    loop_.post([this, after, done = std::move(done)] {
      if (!error.empty()) return done(Error{error, ErrorKind::storage});
      OldRunPage page;
      for (const OldRun& run : runs) {
        if (run.run_no <= after.run_no) continue;
        if (page.runs.size() == page_size) {
          page.is_last = false;
          break;
        }
        page.runs.push_back(run);
        page.next = {run.ended_at, run.run_no};
      }
      done(page);
    });
  }
  void retire(const std::vector<OldRun>& part, const Actor& by, OnGone done) override {
    actors.push_back(by.name);
    loop_.post([this, part, done = std::move(done)] {
      std::vector<RunNo> gone;
      for (const OldRun& run : part) {
        if (run.run_no == wanted_again) continue;
        gone.push_back(run.run_no);
        std::erase_if(runs, [&](const OldRun& one) { return one.run_no == run.run_no; });
      }
      retired_at.push_back(loop_.mono);
      done(gone);
    });
  }
  void prune_rows(const OldRows& rows, OnCount done) override {
    pruned = rows;
    loop_.post([this, done = std::move(done)] {
      const bool had_some = rows_left > 0;
      rows_left -= 250;
      done(std::int64_t{had_some ? 250 : 0});
    });
  }
  void prune_versions(const std::set<std::string>& dag_ids, OnCount done) override {
    versions_of = dag_ids;
    loop_.post([done = std::move(done)] { done(std::int64_t{2}); });
  }
  void remove_folders(const std::vector<RunNo>& gone) override {
    for (const RunNo run_no : gone) folders_removed.push_back(run_no);
  }
  void sweep_folders(WallUs logs_before, OnCount done) override {
    sweeps.push_back(logs_before);
    loop_.post([done = std::move(done)] { done(std::int64_t{0}); });
  }
  void begin_deletion(const std::string& dag_id, const Actor&, OnDone done) override {
    begun.push_back(dag_id);
    loop_.post([done = std::move(done)] { done(Unit{}); });
  }
  void count_runs(const std::string&, OnCount done) override {
    loop_.post([this, done = std::move(done)] { done(std::ssize(runs)); });
  }
  void end_deletion(const std::string& dag_id, bool is_empty, const Actor& by, OnDone done) override {
    ended.push_back(dag_id + (is_empty ? " goes, by " : " stays, by ") + by.name);
    loop_.post([done = std::move(done)] { done(Unit{}); });
  }
  void say(const std::string& line) override { said.push_back(line); }

  std::vector<std::string> begun, ended;
  std::vector<OldRun> runs;
  std::vector<std::string> crowded;
  std::size_t page_size = 200;
  RunNo wanted_again = 0;
  std::int64_t rows_left = 0, crowded_asked = 0;
  std::string error;
  std::vector<KeepRule> rules;
  std::vector<std::string> actors, said;
  std::vector<MonoUs> retired_at;
  std::vector<RunNo> folders_removed;
  std::set<std::string> versions_of;
  std::vector<WallUs> sweeps;
  OldRows pruned;

 private:
  ManualLoop& loop_;
};

class RetentionTest : public testing::Test {
 protected:
  void let_pass(DurationUs span) { loop.run_to(loop.wall + span); }

  ManualLoop loop{kNow};
  KeptRuns host{loop};
  RetentionService service{loop, host};
};

TEST_F(RetentionTest, OldRunsGoPageByPageInSmallPartsWithARestBetween) {
  for (RunNo i = 1; i <= 450; ++i) host.runs.push_back(old_run(i, 20));
  host.rows_left = 600;
  service.start({.runs_us = 90 * kDay});
  let_pass(4 * kSecond);
  EXPECT_EQ(host.runs.size(), 450U) << "a server has better things to do when it starts";
  let_pass(10 * kSecond);
  EXPECT_TRUE(host.runs.empty());
  EXPECT_EQ(host.folders_removed.size(), 450U);
  EXPECT_EQ(host.rules.size(), 3U);
  EXPECT_EQ(host.rules.front().ended_before, kNow + 5 * kSecond - 90 * kDay);
  EXPECT_TRUE(std::is_sorted(host.retired_at.begin(), host.retired_at.end()));
  for (std::size_t i = 1; i < host.retired_at.size(); ++i) EXPECT_GT(host.retired_at[i], host.retired_at[i - 1]);
  EXPECT_EQ(host.versions_of, std::set<std::string>{"d"});
  const RetentionJob& job = service.status().jobs.back();
  EXPECT_EQ(job.removed.runs, 450);
  EXPECT_EQ(job.removed.rows, 750);
  EXPECT_EQ(job.by, "retention");
}

TEST_F(RetentionTest, ANumberOfRunsLooksOnlyAtDagsThatHaveMore) {
  host.crowded = {"a", "b"};
  service.start({.runs_per_dag = 1000});
  let_pass(10 * kSecond);
  EXPECT_EQ(host.crowded_asked, 1000);
  EXPECT_EQ(host.rules, (std::vector<KeepRule>{{"a", kNoTime, 1000}, {"b", kNoTime, 1000}}));
}

TEST_F(RetentionTest, WithoutSettingsNoRunGoesAndShortLivedRowsDo) {
  host.runs.push_back(old_run(1));
  service.start({});
  let_pass(3 * kMinute);
  EXPECT_TRUE(host.rules.empty());
  EXPECT_EQ(host.pruned.keys_before, host.pruned.tombstones_before + 6 * kDay);
  EXPECT_EQ(host.pruned.history_before, kNoTime);
  EXPECT_EQ(host.sweeps, std::vector<WallUs>{kNoTime}) << "folders are looked through once an hour";
}

TEST_F(RetentionTest, ARunThatSomebodyWantsAgainStaysAndKeepsItsFolders) {
  host.runs = {old_run(1), old_run(2), old_run(3)};
  host.wanted_again = 2;
  service.start({.runs_us = kDay});
  let_pass(10 * kSecond);
  EXPECT_EQ(host.folders_removed, (std::vector<RunNo>{1, 3}));
}

TEST_F(RetentionTest, WhatAPersonAsksForIsAJobOfItsOwn) {
  host.runs = {old_run(1)};
  service.start({});
  const std::int64_t job = service.prune({"d", kNow - kDay, 0}, {"ada", "", "api"});
  EXPECT_TRUE(host.rules.empty()) << "not from within the call";
  let_pass(kSecond);
  ASSERT_FALSE(service.status().jobs.empty());
  EXPECT_EQ(service.status().jobs.back().job, job);
  EXPECT_EQ(service.status().jobs.back().removed.runs, 1);
  EXPECT_EQ(host.actors, std::vector<std::string>{"ada"});
  EXPECT_TRUE(host.sweeps.empty());
  EXPECT_EQ(host.pruned.history_before, kNoTime) << "of one DAG: the history of others stays";
}

TEST_F(RetentionTest, NewSettingsActWithinSeconds) {
  host.runs = {old_run(1)};
  service.start({});
  let_pass(20 * kSecond);
  EXPECT_EQ(host.runs.size(), 1U);
  service.set({.runs_us = kDay, .logs_us = kDay});
  let_pass(3 * kSecond);
  EXPECT_TRUE(host.runs.empty());
  EXPECT_EQ(host.sweeps.size(), 2U);
}

TEST_F(RetentionTest, AnErrorIsSaidOnceAndTheNextPassBeginsAnew) {
  host.runs = {old_run(1)};
  host.error = "the disk is gone";
  service.start({.runs_us = kDay});
  let_pass(5 * kMinute);
  EXPECT_EQ(host.said, std::vector<std::string>{"retention: the disk is gone"});
  EXPECT_EQ(service.status().jobs.back().error, "the disk is gone");
  host.error.clear();
  let_pass(2 * kMinute);
  EXPECT_TRUE(host.runs.empty());
}

TEST_F(RetentionTest, NothingIsDeletedAfterTheEnd) {
  host.runs = {old_run(1)};
  service.start({.runs_us = kDay});
  let_pass(4 * kSecond);
  service.stop();
  let_pass(kHour);
  EXPECT_EQ(host.runs.size(), 1U);
}

TEST_F(RetentionTest, ADagGoesOnceAllItsRunsAreGone) {
  host.runs = {old_run(1), old_run(2)};
  service.start({});
  int told = 0;
  service.delete_dag("d", {"ada", "", "api"}, [&](const Status& done) { told += done.ok() ? 1 : 0; });
  EXPECT_EQ(told, 0) << "it is not durable yet";
  service.delete_dag("e", {"bob", "", "api"}, [&](const Status&) { ++told; });
  let_pass(kSecond);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(host.begun, (std::vector<std::string>{"d", "e"}));
  EXPECT_EQ(host.ended, (std::vector<std::string>{"d goes, by ada", "e goes, by bob"}));
  EXPECT_EQ(host.folders_removed, (std::vector<RunNo>{1, 2}));
  EXPECT_EQ(host.rules.front(), (KeepRule{"d", kNoTime, 0}));
}

TEST_F(RetentionTest, ARunThatIsWantedAgainKeepsItsDag) {
  host.runs = {old_run(1), old_run(2)};
  host.wanted_again = 2;
  service.start({});
  service.delete_dag("d", {"ada", "", "api"}, [](const Status&) {});
  let_pass(kSecond);
  EXPECT_EQ(host.ended, std::vector<std::string>{"d stays, by ada"});
  EXPECT_EQ(service.status().jobs.back().error, "1 run is still there");
}

TEST_F(RetentionTest, ADeletionThatWasBegunGoesOnAfterARestart) {
  host.runs = {old_run(1)};
  service.start({}, {{"d", "ada"}});
  let_pass(10 * kSecond);
  EXPECT_TRUE(host.begun.empty());
  EXPECT_EQ(host.ended, std::vector<std::string>{"d goes, by ada"});
}

}  // namespace
}  // namespace baton
