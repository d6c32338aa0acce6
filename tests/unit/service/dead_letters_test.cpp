#include "scheduler/service/dead_letters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

/// Letters and jobs as a store would keep them, so that the service can be started again.
class LetterBench final : public LetterHost {
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
  void redrive(RedriveLetters request, const std::string& latest_of, Actor, OnRedriven done) override {
    latest.insert(latest_of);
    loop_.post([this, request = std::move(request), done = std::move(done)] {
      if (busy > 0) {
        --busy;
        return done(Error{"too many requests are open; try again", ErrorKind::busy});
      }
      if (refused.contains(request.run_no)) return done(Error{"another version", ErrorKind::conflict});
      std::size_t count = 0;
      for (const LetterRef& one : request.letters) {
        DeadLetterRow& letter = letters.at(one.letter_no);
        if (letter.state != LetterState::open) continue;
        letter.state = LetterState::redriven;
        letter.job_no = request.job_no;
        redriven.push_back({one.letter_no, loop_.mono_now()});
        ++count;
      }
      ++requests;
      if (dies_after > 0 && --dies_after == 0) return;  // written, and nobody hears of it
      done(count);
    });
  }
  void write(ServiceRows rows, std::vector<AuditRow> more, std::function<void()> done) override {
    loop_.post([this, rows = std::move(rows), more = std::move(more), done = std::move(done)] {
      for (const BulkJobRow& job : rows.jobs) jobs[job.job_no] = job;
      biggest_batch = std::max(biggest_batch, rows.letter_closings.size());
      for (const LetterClosingRow& closing : rows.letter_closings) {
        for (auto& [number, letter] : letters) {
          if (letter.run_no == closing.run_no && letter.instance_no == closing.instance_no) letter.state = closing.state;
        }
      }
      audit.insert(audit.end(), more.begin(), more.end());
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
  [[nodiscard]] ServiceSnapshot snapshot() const {
    ServiceSnapshot found;
    for (const auto& [number, job] : jobs) {
      found.last_job_no = number;
      if (job.ended_at != kNoTime) continue;
      found.jobs.push_back(job);
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
  std::set<RunNo> refused;
  std::size_t biggest_batch = 0;
  int busy = 0, requests = 0, dies_after = 0;
  bool fails_to_read = false;

 private:
  ManualLoop& loop_;
};

class LetterJobsTest : public testing::Test {
 protected:
  void start() {
    jobs_ = std::make_unique<LetterJobs>(loop_, host_);
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
  void pass(DurationUs span) { loop_.run_to(loop_.wall + span); }
  const BulkJobRow& job(std::int64_t number) { return host_.jobs.at(number); }

  ManualLoop loop_{at("2026-03-01T00:30:00Z")};
  LetterBench host_{loop_};
  std::unique_ptr<LetterJobs> jobs_;
};

/// The part of the scenario that a job answers for: the rate, the order, and what a second outage leaves.
TEST_F(LetterJobsTest, Scenario11FifteenThousandLettersAtFortyASecondEachOnceOldestFirstAndNeverAbove) {
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

TEST_F(LetterJobsTest, AJobGoesOnWhereItWasHoweverOftenTheServerDies) {
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

TEST_F(LetterJobsTest, LettersOfOneRunAreOneRequest) {
  host_.add(400, 200);
  start();
  begin(0);
  pass(kSecond);
  EXPECT_EQ(host_.open(), 0);
  EXPECT_EQ(host_.requests, 2);
}

TEST_F(LetterJobsTest, WhatIsBusyIsTriedAgainAndWhatIsRefusedIsCountedAndStays) {
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

TEST_F(LetterJobsTest, ACancelledJobEndsAndCannotBeCancelledAgain) {
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

TEST_F(LetterJobsTest, DiscardsByTheThousandAndAudits) {
  host_.add(2'500);
  start();
  const std::int64_t number = begin(0, true);
  pass(kMinute);
  EXPECT_EQ(job(number).state, JobState::completed);
  EXPECT_EQ(host_.open(), 0);
  EXPECT_EQ(host_.biggest_batch, LetterJobs::kPageMax);
  EXPECT_EQ(host_.requests, 0);
  EXPECT_EQ(std::ranges::count(host_.audit, "discard_dead_letters", &AuditRow::action), 3);
}

TEST_F(LetterJobsTest, WaitsWhereItCannotReadAndEndsAJobThatNobodyUnderstands) {
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
