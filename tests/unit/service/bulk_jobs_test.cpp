#include "scheduler/service/bulk_jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

/// Letters and jobs as a store would keep them, so that the service can be started again.
class LetterBench final : public JobHost {
 public:
  explicit LetterBench(ManualLoop& loop) : loop_(loop) {}

  void find(LetterQuery query, OnPage done) override {
    loop_.post([this, query = std::move(query), done = std::move(done)] {
      if (fails_to_read) return done(Error{"the disk is gone", ErrorKind::storage});
      LetterPage page;
      for (const auto& [number, letter] : letters) {
        const bool is_chosen = number >= query.filter.number_min &&
                               (query.filter.number_max == 0 || number <= query.filter.number_max) &&
                               letter.state == LetterState::open;
        if (is_chosen && std::ssize(page.rows) < query.page.limit) page.rows.push_back({letter, "", ""});
      }
      done(page);
    });
  }
  void find_runs(RunQuery query, OnRuns done) override {
    loop_.post([this, query = std::move(query), done = std::move(done)] {
      RunPage page;
      for (const auto& [number, run] : runs) {
        const bool is_chosen = number >= query.filter.number_min && number <= query.filter.number_max;
        if (is_chosen && std::ssize(page.rows) < query.page.limit) page.rows.push_back({run});
      }
      done(page);
    });
  }
  void change(JobChange what, const std::string& latest_of, Actor, std::optional<IdempotencyKey> key,
              OnChanged done) override {
    latest.insert(latest_of);
    loop_.post([this, what = std::move(what), key = std::move(key), done = std::move(done)] {
      if (busy > 0) {
        --busy;
        return done(Error{"too many requests are open; try again", ErrorKind::busy});
      }
      const RunNo run_no = std::visit([](const auto& one) { return one.run_no; }, what);
      if (refused.contains(run_no)) return done(Error{"another version", ErrorKind::conflict});
      const auto* letters_of = std::get_if<RedriveLetters>(&what);
      const std::size_t count = letters_of != nullptr ? redrive(*letters_of) : change_run(what, run_no, key);
      ++requests;
      if (dies_after > 0 && --dies_after == 0) return;  // written, and nobody hears of it
      done(count);
    });
  }
  std::size_t redrive(const RedriveLetters& request) {
    std::size_t count = 0;
    for (const LetterRef& one : request.letters) {
      DeadLetterRow& letter = letters.at(one.letter_no);
      if (letter.state != LetterState::open) continue;
      letter.state = LetterState::redriven;
      letter.job_no = request.job_no;
      redriven.push_back({one.letter_no, loop_.mono_now()});
      ++count;
    }
    return count;
  }
  std::size_t change_run(const JobChange& what, RunNo run_no, const std::optional<IdempotencyKey>& key) {
    EXPECT_TRUE(key.has_value());
    if (!keys.insert(key->key).second) return 0;
    changed.emplace_back(what.index(), run_no);
    return 1;
  }
  void retire(std::vector<RunDeletionRow> rows, AuditRow, ServiceRows more, OnGone done) override {
    loop_.post([this, rows = std::move(rows), more = std::move(more), done = std::move(done)] {
      std::vector<RunNo> gone;
      std::int64_t instances = 0;
      for (const RunDeletionRow& row : rows) {
        if (refused.contains(row.run_no)) continue;
        if (!row.is_in_parts) instances += runs.at(row.run_no).counts[0];
        gone.push_back(row.run_no);
        ++deleted[row.run_no];
        runs.erase(row.run_no);
      }
      biggest_deletion = std::max(biggest_deletion, instances);
      for (const BulkJobRow& job : more.jobs) jobs[job.job_no] = job;
      if (dies_after > 0 && --dies_after == 0) return;
      done(gone);
    });
  }
  void runs_gone(const std::vector<RunNo>& gone) override { files_gone.insert(gone.begin(), gone.end()); }
  void write(ServiceRows rows, std::vector<AuditRow> more, std::function<void()> done) override {
    loop_.post([this, rows = std::move(rows), more = std::move(more), done = std::move(done)] {
      for (const BulkJobRow& job : rows.jobs) jobs[job.job_no] = job;
      rests.insert(rests.end(), rows.rests.begin(), rows.rests.end());
      biggest_batch = std::max(biggest_batch, rows.letter_closings.size());
      for (const LetterClosingRow& closing : rows.letter_closings) {
        for (auto& [number, letter] : letters) {
          if (letter.run_no == closing.run_no && letter.instance_no == closing.instance_no) letter.state = closing.state;
        }
      }
      audit.insert(audit.end(), more.begin(), more.end());
      if (!rows.rests.empty() && dies_after > 0 && --dies_after == 0) return;
      done();
    });
  }
  void say(const std::string& line) override { said.push_back(line); }

  void add(std::int64_t count, InstanceNo of_each_run = 1) {
    for (std::int64_t k = 0; k < count; ++k) {
      DeadLetterRow letter;
      letter.letter_no = std::ssize(letters) + 1;
      letter.run_no = 1 + (letter.letter_no - 1) / of_each_run;
      letter.instance_no = static_cast<InstanceNo>((letter.letter_no - 1) % of_each_run);
      letter.epoch = 1;
      letter.dag_id = "d";
      letters[letter.letter_no] = letter;
    }
  }
  void add_runs(std::int64_t count, std::int32_t instances, RunState state = RunState::failed) {
    for (std::int64_t k = 0; k < count; ++k) {
      RunRow run;
      run.run_no = runs.empty() ? 1 : runs.rbegin()->first + 1;
      run.dag_id = "d";
      run.run_id = "r" + std::to_string(run.run_no);
      run.state = state;
      run.counts[0] = instances;
      runs[run.run_no] = run;
    }
  }
  [[nodiscard]] ServiceSnapshot snapshot() const {
    ServiceSnapshot found;
    for (const auto& [number, job] : jobs) {
      found.last_job_no = number;
      if (job.ended_at != kNoTime) continue;
      found.jobs.push_back(job);
      if (job.kind == "clear_runs") {
        found.jobs.back().done = std::ranges::count_if(
            keys, [number = number](const std::string& key) { return key.starts_with(std::to_string(number) + "/"); });
      }
      if (!job.kind.ends_with("_dead_letters")) continue;
      const auto is_of_it = [number = number](const auto& one) { return one.second.job_no == number; };
      found.jobs.back().done = std::ranges::count_if(letters, is_of_it);
    }
    return found;
  }
  [[nodiscard]] std::int64_t open() const {
    return std::ranges::count_if(letters, [](const auto& one) { return one.second.state == LetterState::open; });
  }

  std::map<std::int64_t, DeadLetterRow> letters;
  std::map<std::int64_t, BulkJobRow> jobs;
  std::vector<std::pair<std::int64_t, MonoUs>> redriven;
  std::vector<AuditRow> audit;
  std::vector<std::string> said;
  std::set<std::string> latest;
  std::map<RunNo, RunRow> runs;
  std::vector<std::pair<std::size_t, RunNo>> changed;  ///< the kind of change
  std::set<std::string> keys;
  std::map<RunNo, int> deleted;
  std::vector<RunRestRow> rests;
  std::set<RunNo> files_gone;
  std::int64_t biggest_deletion = 0;
  std::set<RunNo> refused;
  std::size_t biggest_batch = 0;
  int busy = 0, requests = 0, dies_after = 0;
  bool fails_to_read = false;

 private:
  ManualLoop& loop_;
};

class BulkJobsTest : public testing::Test {
 protected:
  void start() {
    jobs_ = std::make_unique<BulkJobs>(loop_, host_);
    jobs_->start(host_.snapshot());
  }
  void die() {
    jobs_.reset();
    loop_.posted.clear();
    loop_.timers.clear();
  }
  std::int64_t begin(double per_second, bool discards = false) {
    LetterJobAsk ask;
    ask.discards = discards;
    ask.per_second = per_second;
    ask.filter.number_max = std::ssize(host_.letters);
    std::int64_t made = 0;
    jobs_->create(ask, host_.open(), {"ada", "", "api"}, [&](const Result<std::int64_t>& job) { made = job ? *job : -1; });
    while (made == 0) {
      const auto f = std::move(loop_.posted.front());
      loop_.posted.pop_front();
      f();
    }
    return made;
  }
  std::int64_t begin_runs(RunJobAction action, double per_second = 0) {
    RunJobAsk ask;
    ask.action = action;
    ask.per_second = per_second;
    ask.filter.number_max = host_.runs.rbegin()->first;
    std::int64_t made = 0;
    jobs_->create(ask, std::ssize(host_.runs), {"ada", "", "api"},
                  [&](const Result<std::int64_t>& job) { made = job ? *job : -1; });
    while (made == 0) {
      const auto f = std::move(loop_.posted.front());
      loop_.posted.pop_front();
      f();
    }
    return made;
  }
  void pass(DurationUs span) { loop_.run_to(loop_.wall + span); }
  const BulkJobRow& job(std::int64_t number) { return host_.jobs.at(number); }

  ManualLoop loop_{at("2026-03-01T00:30:00Z")};
  LetterBench host_{loop_};
  std::unique_ptr<BulkJobs> jobs_;
};

/// The part of the scenario that a job answers for: the rate, the order, and what a second outage leaves.
TEST_F(BulkJobsTest, Scenario11FifteenThousandLettersAtFortyASecondEachOnceOldestFirstAndNeverAbove) {
  host_.add(15'000, 3);
  start();
  const std::int64_t number = begin(40);
  EXPECT_EQ(job(number).total, 15'000);
  host_.add(10);  // of a second outage: they have failed again, and are nothing of this job
  pass(15'000 / 40 * kSecond + kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(job(number).done, 15'000);
  EXPECT_EQ(host_.open(), 10);
  ASSERT_EQ(host_.redriven.size(), 15'000U);
  for (std::size_t k = 0; k < host_.redriven.size(); ++k) {
    ASSERT_EQ(host_.redriven[k].first, static_cast<std::int64_t>(k) + 1) << "oldest first";
    const bool has_window = k >= 50;  // a second's and the burst's
    if (has_window) {
      ASSERT_GE(host_.redriven[k].second - host_.redriven[k - 50].second, kSecond) << k;
    }
  }
  EXPECT_LT(host_.redriven.back().second - host_.redriven.front().second, 380 * kSecond);
}

TEST_F(BulkJobsTest, AJobGoesOnWhereItWasHoweverOftenTheServerDies) {
  host_.add(3'000);
  start();
  const std::int64_t number = begin(0);
  for (const int when : {7, 1, 450, 1, 1}) {
    host_.dies_after = when;
    pass(kSecond);
    die();
    host_.dies_after = 0;
    start();
  }
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(job(number).done, 3'000);
  std::set<std::int64_t> once;
  for (const auto& [letter, when] : host_.redriven) EXPECT_TRUE(once.insert(letter).second) << letter;
  EXPECT_EQ(once.size(), 3'000U);
}

TEST_F(BulkJobsTest, LettersOfOneRunAreOneRequest) {
  host_.add(400, 200);
  start();
  begin(0);
  pass(kSecond);
  EXPECT_EQ(host_.open(), 0);
  EXPECT_EQ(host_.requests, 2);
}

TEST_F(BulkJobsTest, WhatIsBusyIsTriedAgainAndWhatIsRefusedIsCountedAndStays) {
  host_.add(30);
  host_.busy = 5;
  host_.refused = {7, 8};
  start();
  const std::int64_t number = begin(0);
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(job(number).done, 28);
  EXPECT_EQ(job(number).failed, 2);
  EXPECT_NE(job(number).note.find("another version"), std::string::npos);
  EXPECT_EQ(host_.open(), 2);
}

TEST_F(BulkJobsTest, ACancelledJobEndsAndCannotBeCancelledAgain) {
  host_.add(1'000);
  start();
  const std::int64_t number = begin(10);
  pass(5 * kSecond);
  bool is_done = false;
  jobs_->cancel(number, {"ada", "", "api"}, [&](const Status& how) { is_done = how.ok(); });
  pass(kMinute);
  EXPECT_TRUE(is_done);
  EXPECT_EQ(job(number).state, JobState::cancelled);
  EXPECT_NE(job(number).ended_at, kNoTime);
  EXPECT_GT(host_.open(), 900);
  EXPECT_EQ(jobs_->open_count(), 0U);
  jobs_->cancel(number, {"ada", "", "api"}, [](const Status& how) { EXPECT_EQ(how.error().kind, ErrorKind::not_found); });
}

TEST_F(BulkJobsTest, DiscardsByTheThousandAndAudits) {
  host_.add(2'500);
  start();
  const std::int64_t number = begin(0, true);
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(host_.open(), 0);
  EXPECT_EQ(host_.biggest_batch, BulkJobs::kPageMax);
  EXPECT_EQ(host_.requests, 0);
  EXPECT_EQ(std::ranges::count(host_.audit, "discard_dead_letters", &AuditRow::action), 3);
}

TEST_F(BulkJobsTest, WaitsWhereItCannotReadAndEndsAJobThatNobodyUnderstands) {
  host_.add(3);
  host_.fails_to_read = true;
  start();
  const std::int64_t number = begin(0);
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::running);
  EXPECT_FALSE(host_.said.empty());
  host_.fails_to_read = false;
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  host_.jobs[9] = {};
  host_.jobs[9].job_no = 9;
  host_.jobs[9].filter_json = R"({"reasons":["of the future"]})";
  die();
  start();
  pass(kSecond);
  EXPECT_EQ(job(9).state, JobState::cancelled);
}

// ── runs ──

TEST_F(BulkJobsTest, EachRunIsChangedOnceHoweverOftenTheServerDies) {
  host_.add_runs(2'500, 3);
  start();
  const std::int64_t number = begin_runs(RunJobAction::clear);
  host_.add_runs(5, 3);  // that come later are nothing of it
  for (const int when : {7, 1, 450, 1, 1}) {
    host_.dies_after = when;
    pass(kSecond);
    die();
    host_.dies_after = 0;
    start();
  }
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(job(number).done, 2'500);
  EXPECT_EQ(host_.changed.size(), 2'500U);
  EXPECT_EQ(host_.changed.back().second, 2'500);
}

TEST_F(BulkJobsTest, WhatIsAskedOfARunIsWhatTheJobSays) {
  const auto kind = [](RunJobAction action) { return change_of_run({action, {}, 0, false, "why"}, 7); };
  EXPECT_EQ(std::get<ClearTasks>(kind(RunJobAction::clear)).run_no, 7);
  EXPECT_EQ(std::get<RetryRun>(kind(RunJobAction::retry)).why, "why");
  EXPECT_FALSE(std::get<StopRun>(kind(RunJobAction::cancel)).kill);
  EXPECT_EQ(std::get<MarkRun>(kind(RunJobAction::mark_success)).state, RunState::success);
  EXPECT_EQ(std::get<MarkRun>(kind(RunJobAction::mark_failed)).state, RunState::failed);
}

TEST_F(BulkJobsTest, RunsGoInLimitedPartsEachOnceAndCountedExactly) {
  host_.add_runs(1'500, 200);
  host_.refused = {4};
  start();
  const std::int64_t number = begin_runs(RunJobAction::remove);
  for (const int when : {1, 3, 1}) {
    host_.dies_after = when;
    pass(kSecond);
    die();
    host_.dies_after = 0;
    start();
  }
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(host_.deleted.size(), 1'499U);
  EXPECT_TRUE(std::ranges::all_of(host_.deleted, [](const auto& one) { return one.second == 1; }));
  EXPECT_LE(host_.biggest_deletion, 5'000);
  EXPECT_EQ(host_.runs.size(), 1U);
}

TEST_F(BulkJobsTest, WhatHasNotEndedStaysAndIsSaid) {
  host_.add_runs(2, 1);
  host_.add_runs(1, 1, RunState::running);
  start();
  const std::int64_t number = begin_runs(RunJobAction::remove);
  pass(kMinute);
  EXPECT_EQ(job(number).done, 2);
  EXPECT_EQ(job(number).failed, 1);
  EXPECT_NE(job(number).note.find("d/r3"), std::string::npos);
  EXPECT_EQ(host_.files_gone, (std::set<RunNo>{1, 2}));
}

TEST_F(BulkJobsTest, ALargeRunIsGoneAtOnceAndItsInstancesFollowByAJobOfTheirOwnOverKills) {
  host_.add_runs(1, 4'500);
  start();
  const std::int64_t number = begin_runs(RunJobAction::remove);
  for (const int when : {1, 2, 1}) {
    host_.dies_after = when;
    pass(kSecond);
    die();
    host_.dies_after = 0;
    start();
  }
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  ASSERT_EQ(host_.jobs.size(), 2U);
  const BulkJobRow& rest = host_.jobs.rbegin()->second;
  EXPECT_EQ(rest.kind, kRunRestKind);
  EXPECT_EQ(rest.state, JobState::completed);
  EXPECT_EQ(rest.done, 4'500);
  ASSERT_EQ(host_.rests.size(), 5U) << "no part twice: the job goes on at its row";
  EXPECT_EQ(host_.rests[0].up_to, 1'000);
  EXPECT_TRUE(host_.rests[4].is_last);
  jobs_->begin(rest);
  EXPECT_EQ(jobs_->open_count(), 0U);
}

TEST(RunJobJson, IsReadBackAsItWas) {
  RunJobAsk ask;
  ask.action = RunJobAction::mark_failed;
  ask.takes_latest = true;
  ask.per_second = 0.5;
  ask.why = "it is \"back\"";
  ask.filter.dag_ids = {"a", "b"};
  ask.filter.run_ids = {"r"};
  ask.filter.run_id.parts = {"2026"};
  ask.filter.states = {RunState::failed};
  ask.filter.types = {RunType::backfill};
  ask.filter.labels = {{"team", "x"}, {"urgent", std::nullopt}};
  ask.filter.number_max = 9;
  ask.filter.run_after = {5, 6};
  ask.filter.ended_at = {7, kNoTime};
  const auto read = run_job_from_json(job_json(ask));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(job_json(*read), job_json(ask));
  EXPECT_EQ(kind_of(*read), "mark_failed_runs");
  EXPECT_EQ(run_job_from_json("[]").error().kind, ErrorKind::storage);
  EXPECT_FALSE(run_job_from_json(R"({"action":"of the future","number_max":3})").ok());
  EXPECT_FALSE(run_job_from_json(R"({"action":"delete","number_max":3,"states":["of the future"]})").ok());
}

TEST(LetterJobJson, IsReadBackAsItWas) {
  LetterJobAsk ask;
  ask.discards = true;
  ask.takes_latest = true;
  ask.per_second = 0.5;
  ask.why = "it is \"back\"";
  ask.filter.dag_ids = {"a", "b"};
  ask.filter.task_ids = {"t"};
  ask.filter.reasons = {Reason::timeout};
  ask.filter.numbers = {3, 4};
  ask.filter.run_no = 7;
  ask.filter.number_max = 9;
  ask.filter.failed_at = {5, 6};
  const auto read = job_from_json(job_json(ask));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(job_json(*read), job_json(ask));
  EXPECT_EQ(read->filter.states, std::vector<LetterState>{LetterState::open});
  EXPECT_EQ(job_from_json("[]").error().kind, ErrorKind::storage);
}

TEST(LetterJobRate, IsANumberASecondAMinuteOrAnHour) {
  EXPECT_EQ(*parse_job_rate("40/s"), 40);
  EXPECT_EQ(*parse_job_rate("90/m"), 1.5);
  EXPECT_EQ(*parse_job_rate("3600/h"), 1);
  for (const char* bad : {"", "40", "/s", "0/s", "-1/s", "4/d", "x/s", "4/ss", "1e9/s", "nan/s"}) {
    EXPECT_FALSE(parse_job_rate(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace baton
