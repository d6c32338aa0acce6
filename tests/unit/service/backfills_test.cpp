#include "scheduler/service/backfills.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

constexpr DurationUs kDay = 24 * kHour;

/// Runs by their dates, and rows as a store would keep them, so that the service can be started again.
class RangeHost final : public BackfillHost {
 public:
  explicit RangeHost(ManualLoop& loop) : loop_(&loop) {}

  struct Run {
    WallUs date = kNoTime;
    RunState state = RunState::running;
    Reason reason = Reason::none;
    int begun = 1;
  };

  Result<BackfilledDag> dag(const std::string& dag_id) override {
    if (dag_id != "d") return Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
    return BackfilledDag{"v", goes_on};
  }
  void find_schedule(const std::string&, const std::string&, const std::string&, OnSource done) override {
    loop_->post([this, done = std::move(done)] { done(schedule); });
  }
  void find_dates(const std::string&, WallUs from, WallUs to, OnDates done) override {
    loop_->post([this, from, to, done = std::move(done)] {
      std::vector<CoveredDate> found;
      for (const auto& [date, run_no] : dates) {
        const Run& run = runs.at(run_no);
        const CoveredDate one{date, {run_no, run.state, run.reason == Reason::stopped, backfill_of(run_no)}};
        if (date >= from && date <= to) found.push_back(one);
      }
      done(found);
    });
  }
  RunNo make_run(const BackfillRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) override {
    const RunNo run_no = ++last_run;
    for (BackfillIntervalRow& interval : rows.intervals) interval.run_no = run_no;
    loop_->post([this, run, run_no, rows = std::move(rows), done = std::move(done)] {
      const auto [at, is_new] = dates.emplace(run.piece.logical_date, run_no);
      if (!is_new) return done({PartVerdict::Exists::logical_date, at->second});
      for (const WallUs inner : run.piece.inner_dates) dates.emplace(inner, run_no);
      runs[run_no] = {run.piece.logical_date};
      keep(rows);
      done({});
    });
    return run_no;
  }
  void clear_run(RunNo run_no, const std::string&, std::function<ServiceRows()> rows,
                 std::function<void(const Status&)> done) override {
    loop_->post([this, run_no, rows = std::move(rows), done = std::move(done)] {  // it had to be loaded
      loop_->post([this, run_no, written = rows(), done] {
        clear(run_no);
        keep(written);
        done(Unit{});
      });
    });
  }
  [[nodiscard]] bool waits(RunNo run_no) override {
    return waiting.contains(run_no) && std::ranges::find(stopped, run_no) == stopped.end();
  }
  void stop_waiting(RunNo run_no) override {
    stopped.push_back(run_no);
    loop_->post([this, run_no] { told_ended(run_no); });
  }
  void write(ServiceRows rows, std::vector<AuditRow>, std::function<void()> done) override {
    loop_->post([this, rows = std::move(rows), done = std::move(done)] {
      keep(rows);
      done();
    });
  }
  void lift_limit(const std::string&) override {}
  void say(const std::string& line) override { said.push_back(line); }

  void clear(RunNo run_no) {
    runs.at(run_no).state = RunState::running;
    runs.at(run_no).reason = Reason::none;
    ++runs.at(run_no).begun;
  }
  /// The last one that has made it, or has had it run again.
  [[nodiscard]] std::int64_t backfill_of(RunNo run_no) const {
    std::int64_t last = 0;
    for (const auto& [key, row] : intervals) {
      if (row.run_no == run_no && row.skip == BackfillSkip::none) last = row.backfill_no;
    }
    return last;
  }
  [[nodiscard]] std::vector<RunNo> open() const {
    std::vector<RunNo> out;
    for (const auto& [run_no, run] : runs) {
      if (!is_final(run.state)) out.push_back(run_no);
    }
    return out;
  }
  /// As load_service() would find it.
  [[nodiscard]] ServiceSnapshot snapshot() const {
    ServiceSnapshot found;
    for (const auto& [number, row] : backfills) {
      found.last_backfill_no = number;
      if (row.completed_at == kNoTime) found.backfills.push_back(row);
    }
    for (const auto& [key, row] : intervals) {
      const bool is_open = row.skip == BackfillSkip::none && runs.contains(row.run_no) &&
                           !is_final(runs.at(row.run_no).state) && backfills.at(key.first).completed_at == kNoTime;
      if (is_open) found.open_intervals.push_back(row);
    }
    return found;
  }

  std::shared_ptr<const BackfillSource> schedule;
  std::map<WallUs, RunNo> dates;
  std::map<RunNo, Run> runs;
  std::map<std::int64_t, BackfillRow> backfills;
  std::map<std::pair<std::int64_t, std::int64_t>, BackfillIntervalRow> intervals;
  std::set<RunNo> waiting;  ///< to begin
  std::vector<RunNo> stopped;
  std::function<void(RunNo)> told_ended = [](RunNo) {};
  std::vector<std::string> said;
  bool goes_on = true;
  RunNo last_run = 0;

 private:
  void keep(const ServiceRows& rows) {
    for (const BackfillRow& row : rows.backfills) backfills[row.backfill_no] = row;
    for (const BackfillIntervalRow& row : rows.intervals) intervals[{row.backfill_no, row.ordinal}] = row;
  }
  ManualLoop* loop_;
};

class BackfillsTest : public testing::Test {
 protected:
  BackfillsTest() {
    host.schedule = daily;
    start();
  }
  static std::shared_ptr<const BackfillSource> scheduled(const std::string& cron) {
    timetable::ScheduleSpec spec;
    spec.entries.push_back({.cron = cron});
    return std::make_shared<const BackfillSource>(tick_schedule(spec, "d", {}, 0)->ticks);
  }
  void start() {
    service = std::make_unique<Backfills>(loop, host);
    host.told_ended = [this](RunNo run_no) { service->run_ended(run_no); };
    service->start(host.snapshot());
    loop.settle();
  }
  /// What it has not written is gone.
  void die() {
    service.reset();
    loop.posted.clear();
  }
  BackfillAsk days(int count, std::int32_t max_active_runs = 3) {
    BackfillAsk ask;
    ask.dag_id = "d";
    ask.wish.from = first;
    ask.wish.to = first + (count - 1) * kDay;
    ask.max_active_runs = max_active_runs;
    return ask;
  }
  Result<std::int64_t> create(const BackfillAsk& ask) {
    Result<std::int64_t> out = Error{"not told"};
    service->create(ask, "ada", {}, [&out](const Result<std::int64_t>& made) { out = made; });
    loop.settle();
    return out;
  }
  void end(RunNo run_no, RunState state = RunState::success) {
    host.runs.at(run_no).state = state;
    service->run_ended(run_no);
    loop.settle();
  }
  void end_all() {
    for (int turns = 0; !host.open().empty() && turns < 10'000; ++turns) end(host.open().front());
  }
  /// Each date has one run, and `dates` of them.
  void expect_one_run_each(std::size_t dates) {
    EXPECT_EQ(host.dates.size(), dates);
    std::map<WallUs, int> by_date;
    for (const auto& [run_no, run] : host.runs) ++by_date[run.date];
    for (const auto& [date, count] : by_date) EXPECT_EQ(count, 1) << date;
  }

  const WallUs first = at("2026-01-01T00:00:00Z");
  const std::shared_ptr<const BackfillSource> daily = scheduled("0 0 * * *");
  const std::shared_ptr<const BackfillSource> twice_a_day = scheduled("0 0,12 * * *");
  ManualLoop loop{at("2026-03-01T00:30:00Z")};
  RangeHost host{loop};
  std::unique_ptr<Backfills> service;
};

TEST_F(BackfillsTest, AsManyRunsAsItsLimitAndTheNextAsOneEnds) {
  ASSERT_TRUE(create(days(10)).ok());
  EXPECT_EQ(host.open(), (std::vector<RunNo>{1, 2, 3}));
  end(2);
  EXPECT_EQ(host.open(), (std::vector<RunNo>{1, 3, 4}));
  end_all();
  expect_one_run_each(10);
  EXPECT_EQ(host.backfills.at(1).state, BackfillState::completed);
  EXPECT_EQ(host.backfills.at(1).completed_at, loop.wall);
  EXPECT_EQ(service->open_count(), 0U);
}

TEST_F(BackfillsTest, ThoseWithRunsArePassedOverAndRecorded) {
  for (int day = 0; day < 10; day += 2) {
    host.runs[100 + day] = {first + day * kDay, RunState::success};
    host.dates[first + day * kDay] = 100 + day;
  }
  ASSERT_TRUE(create(days(10)).ok());
  end_all();
  expect_one_run_each(10);
  EXPECT_EQ(host.intervals.size(), 10U);
  EXPECT_EQ((host.intervals.at({1, 0}).skip), BackfillSkip::exists);
  EXPECT_EQ((host.intervals.at({1, 1}).skip), BackfillSkip::none);
}

TEST_F(BackfillsTest, PausedItMakesNoneAndResumedItGoesOn) {
  ASSERT_TRUE(create(days(10)).ok());
  service->pause(1, {}, [](const Status& done) { EXPECT_TRUE(done.ok()); });
  loop.settle();
  end(1);
  EXPECT_EQ(host.open(), (std::vector<RunNo>{2, 3}));
  die();
  start();
  EXPECT_EQ(host.open(), (std::vector<RunNo>{2, 3})) << "it is paused over a restart";
  service->resume(1, {}, [](const Status& done) { EXPECT_TRUE(done.ok()); });
  loop.settle();
  EXPECT_EQ(host.open(), (std::vector<RunNo>{2, 3, 4}));
}

TEST_F(BackfillsTest, APauseHoldsThatComesWhileAResumeIsOnItsWay) {
  ASSERT_TRUE(create(days(10)).ok());
  const auto told = [](const Status& done) { EXPECT_TRUE(done.ok()); };
  service->pause(1, {}, told);
  loop.settle();
  service->resume(1, {}, told);
  service->pause(1, {}, told);
  loop.settle();
  end(1);
  EXPECT_EQ(host.open(), (std::vector<RunNo>{2, 3}));
  EXPECT_EQ(host.backfills.at(1).state, BackfillState::paused);
}

TEST_F(BackfillsTest, WhoAsksForWhatIsSoHearsOfItWhenThatIsDurable) {
  ASSERT_TRUE(create(days(10)).ok());
  bool is_told = false;
  service->pause(1, {}, [](const Status&) {});
  service->pause(1, {}, [&](const Status& done) { is_told = done.ok(); });
  EXPECT_FALSE(is_told);
  loop.settle();
  EXPECT_TRUE(is_told);
}

TEST_F(BackfillsTest, ItIsCancelledWhenWhatWaitedOfItHasEnded) {
  ASSERT_TRUE(create(days(10)).ok());
  host.waiting = {2};
  host.told_ended = [](RunNo) {};
  bool is_told = false;
  service->cancel(1, {}, [&](const Status& done) { is_told = done.ok(); });
  host.stopped.clear();  // it waits still
  loop.settle();
  EXPECT_FALSE(is_told);
  EXPECT_EQ(host.backfills.at(1).state, BackfillState::running) << "who dies here has one that still runs";
  host.waiting.clear();
  end(2, RunState::failed);
  EXPECT_TRUE(is_told);
  EXPECT_EQ(host.backfills.at(1).state, BackfillState::cancelled);
  EXPECT_EQ(host.open(), (std::vector<RunNo>{1, 3})) << "and none is made in its place";
}

TEST_F(BackfillsTest, WhatSomebodyHasMendedMeanwhileIsNotDoneAgain) {
  for (int day = 0; day < 3; ++day) {
    host.runs[100 + day] = {first + day * kDay, RunState::failed};
    host.dates[first + day * kDay] = 100 + day;
  }
  BackfillAsk ask = days(3, 1);
  ask.wish.reprocess = Reprocess::failed;
  ASSERT_TRUE(create(ask).ok());
  EXPECT_EQ(host.runs.at(100).begun, 2);
  host.runs.at(101).state = RunState::success;
  end(100);
  EXPECT_EQ(host.runs.at(101).begun, 1);
  EXPECT_EQ(host.runs.at(102).begun, 2);
  EXPECT_EQ((host.intervals.at({1, 1}).skip), BackfillSkip::exists);
}

TEST_F(BackfillsTest, WhatWasBegunOfAPieceIsNotDoneOnceMoreAfterADeath) {
  host.runs[100] = {first + kDay, RunState::success};
  host.dates[first + kDay] = 100;
  BackfillAsk ask = days(2, 1);
  ask.wish.intervals_per_run = 2;
  ask.wish.reprocess = Reprocess::completed;
  ASSERT_TRUE(create(ask).ok());
  EXPECT_EQ(host.open(), (std::vector<RunNo>{1})) << "the other date has to wait";
  host.runs.at(1).state = RunState::success;
  die();
  start();
  EXPECT_EQ(host.runs.at(1).begun, 1);
  EXPECT_EQ(host.runs.at(100).begun, 2);
  EXPECT_EQ((host.intervals.at({1, 0}).skip), BackfillSkip::none);
  EXPECT_EQ((host.intervals.at({1, 0}).run_no), 1);
}

/// Daily, and then every twelve hours: dates that it has done lie in pieces that are still to come.
TEST_F(BackfillsTest, WithAnotherScheduleItDoesNothingOfItsOwnAgain) {
  for (const bool dies : {false, true}) {
    host = RangeHost(loop);
    host.schedule = daily;
    start();
    for (int day = 0; day < 6; ++day) {
      host.runs[1000 + day] = {first + day * kDay, RunState::success};
      host.dates[first + day * kDay] = 1000 + day;
    }
    BackfillAsk ask = days(300, 1);
    ask.wish.to = first + 58 * kDay;
    ask.wish.reprocess = Reprocess::completed;
    ASSERT_TRUE(create(ask).ok());
    for (int n = 0; n < 5; ++n) end(host.open().front());
    host.schedule = twice_a_day;
    if (dies) {
      die();
      start();
    }
    end_all();
    for (const auto& [run_no, run] : host.runs) {
      EXPECT_EQ(run.begun, run_no < 1000 ? 1 : 2) << run_no << ", died: " << dies;
    }
    EXPECT_EQ(host.backfills.at(1).state, BackfillState::completed);
  }
}

TEST_F(BackfillsTest, ARunThatIsRefusedOnItsWayWritesOverNeitherAPauseNorACancel) {
  const auto take_second = [&] {  // its own tick does
    host.runs[100] = {first + kDay, RunState::running};
    host.dates[first + kDay] = 100;
  };
  for (const bool is_cancel : {false, true}) {
    host = RangeHost(loop);
    host.schedule = daily;
    start();
    ASSERT_TRUE(create(days(3, 1)).ok());
    host.runs.at(1).state = RunState::success;
    service->run_ended(1);
    loop.posted.front()();  // the next one is on its way
    loop.posted.pop_front();
    ASSERT_EQ(host.last_run, 2);
    take_second();
    const auto told = [](const Status& done) { EXPECT_TRUE(done.ok()); };
    is_cancel ? service->cancel(1, {}, told) : service->pause(1, {}, told);
    loop.settle();
    EXPECT_EQ(host.backfills.at(1).state, is_cancel ? BackfillState::cancelled : BackfillState::paused);
    EXPECT_EQ((host.intervals.at({1, 1}).run_no), 100);
    die();
    start();
    host.runs.at(100).state = RunState::success;
    service->run_ended(100);
    loop.settle();
    EXPECT_EQ(host.last_run, 2) << "nothing more of it is made";
  }
}

TEST_F(BackfillsTest, ACancelledOneMakesNothingAfterADeath) {
  for (std::size_t steps = 0; steps < 12; ++steps) {
    host = RangeHost(loop);
    host.schedule = daily;
    start();
    ASSERT_TRUE(create(days(6, 2)).ok());
    bool is_told = false;
    host.waiting = {2};
    host.told_ended = [this](RunNo run_no) {
      host.waiting.erase(run_no);
      host.runs.at(run_no).state = RunState::failed;
      host.runs.at(run_no).reason = Reason::stopped;
      service->run_ended(run_no);
    };
    service->cancel(1, {}, [&](const Status& done) { is_told = done.ok(); });
    for (std::size_t n = 0; n < steps && !loop.posted.empty(); ++n) {
      const auto f = std::move(loop.posted.front());
      loop.posted.pop_front();
      f();
    }
    die();
    start();
    if (is_told) {
      EXPECT_EQ(service->open_count(), 0U) << steps;
      EXPECT_EQ(host.runs.at(2).state, RunState::failed) << steps << ": what waited has ended before";
    }
    // Who has died before was not told: it goes on, and what waits of it is its own still.
    EXPECT_EQ(service->open_count(), host.backfills.at(1).state == BackfillState::cancelled ? 0U : 1U) << steps;
    end_all();
    EXPECT_EQ(host.last_run > 2, host.backfills.at(1).state != BackfillState::cancelled) << steps;
  }
}

TEST_F(BackfillsTest, WhileItsDagRestsSoDoesIt) {
  host.goes_on = false;
  ASSERT_TRUE(create(days(10)).ok());
  EXPECT_TRUE(host.open().empty());
  host.goes_on = true;
  service->look();
  loop.settle();
  EXPECT_EQ(host.open().size(), 3U);
}

TEST_F(BackfillsTest, WhatCannotBeIsRefusedAndLeavesNothing) {
  BackfillAsk nobody = days(3);
  nobody.dag_id = "nobody";
  EXPECT_EQ(create(nobody).error().kind, ErrorKind::not_found);
  BackfillAsk empty = days(3);
  empty.wish.to = empty.wish.from - 1;
  EXPECT_FALSE(create(empty).ok());
  EXPECT_EQ(create(days(3, 0)).error().kind, ErrorKind::invalid);
  ASSERT_TRUE(create(days(3)).ok());
  EXPECT_EQ(create(days(3)).error().kind, ErrorKind::conflict) << "one of a DAG at a time";
  EXPECT_EQ(host.backfills.size(), 1U);
  Status cancelled = Unit{};
  service->cancel(9, {}, [&](const Status& done) { cancelled = done; });
  EXPECT_EQ(cancelled.error().kind, ErrorKind::not_found);
}

TEST_F(BackfillsTest, NewestFirstIsRefusedWhereARunWaitsForTheDateBefore) {
  host.schedule = std::make_shared<const BackfillSource>(daily->ticks, true);
  BackfillAsk ask = days(3);
  ask.wish.runs_backwards = true;
  const auto made = create(ask);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::invalid);
  EXPECT_NE(made.error().message.find("depends_on_past"), std::string::npos) << made.error().message;
  ErrorKind planned = ErrorKind::storage;
  service->plan(ask, [&](const Result<BackfillPlan>& plan) {
    ASSERT_FALSE(plan.ok());
    planned = plan.error().kind;
  });
  loop.settle();
  EXPECT_EQ(planned, ErrorKind::invalid) << "a dry run says so, too";
  EXPECT_TRUE(host.backfills.empty());
  EXPECT_EQ(host.last_run, 0);
  ask.wish.runs_backwards = false;
  EXPECT_TRUE(create(ask).ok());
}

TEST_F(BackfillsTest, ADryRunSaysWhatWouldBeDoneAndDoesNothing) {
  host.runs[100] = {first, RunState::failed};
  host.dates[first] = 100;
  BackfillAsk ask = days(3);
  ask.wish.reprocess = Reprocess::failed;
  std::vector<BackfillStep> steps;
  service->plan(ask, [&](const Result<BackfillPlan>& plan) {
    for (const BackfillDecision& one : plan->decisions) steps.push_back(one.step);
  });
  loop.settle();
  EXPECT_EQ(steps, (std::vector<BackfillStep>{BackfillStep::clear, BackfillStep::create, BackfillStep::create}));
  EXPECT_TRUE(host.backfills.empty());
  EXPECT_EQ(host.last_run, 0);
}

TEST_F(BackfillsTest, ReprocessClearsTheRunThatIsThere) {
  host.runs[100] = {first, RunState::failed};
  host.dates[first] = 100;
  BackfillAsk ask = days(3);
  ask.wish.reprocess = Reprocess::failed;
  ASSERT_TRUE(create(ask).ok());
  EXPECT_EQ(host.runs.at(100).begun, 2);
  end_all();
  expect_one_run_each(3);
  EXPECT_EQ(host.backfills.at(1).state, BackfillState::completed);
}

/// Ten days cancelled at four, two of its runs cleared, the same range again while the last day's own tick fires: each
/// day one run, and the cleared ones run.
TEST_F(BackfillsTest, Scenario5CancelledClearedAndAskedForAgainWhileTheLastDayTicks) {
  ASSERT_TRUE(create(days(10, 4)).ok());
  EXPECT_EQ(host.open().size(), 4U);
  host.waiting = {3, 4};
  service->cancel(1, {}, [](const Status& done) { EXPECT_TRUE(done.ok()); });
  loop.settle();
  EXPECT_EQ(host.stopped, (std::vector<RunNo>{3, 4})) << "those of them that wait; the others go on";
  end(1);
  end(2);
  host.runs.at(3).reason = Reason::stopped;
  end(3, RunState::failed);
  host.clear(1);
  host.clear(2);
  service->create(days(10, 4), "ada", {}, [](const Result<std::int64_t>& made) { EXPECT_TRUE(made.ok()); });
  const RunNo ticked = host.last_run + 100;  // while its plan is on its way
  host.runs[ticked] = {first + 9 * kDay};
  host.dates[first + 9 * kDay] = ticked;
  loop.settle();
  end_all();
  expect_one_run_each(10);
  EXPECT_EQ(host.runs.at(1).begun, 2);
  EXPECT_EQ(host.runs.at(2).begun, 2);
  EXPECT_EQ(host.runs.at(3).begun, 2) << "what was stopped counts as not done";
  EXPECT_EQ(host.backfills.at(2).state, BackfillState::completed);
}

TEST_F(BackfillsTest, ATickThatTakesItsDateFirstIsTheRunOfThatDate) {
  ASSERT_TRUE(create(days(10, 1)).ok());
  host.runs[100] = {first + 5 * kDay, RunState::success};
  host.dates[first + 5 * kDay] = 100;  // after it was decided
  end_all();
  host.runs.erase(100);
  EXPECT_EQ(host.dates.size(), 10U);
  EXPECT_EQ((host.intervals.at({1, 5}).skip), BackfillSkip::exists);
  EXPECT_EQ((host.intervals.at({1, 5}).run_no), 100);
  EXPECT_EQ(host.backfills.at(1).state, BackfillState::completed);
}

/// A kill after each number of commits: every interval is one run.
TEST_F(BackfillsTest, ADeathAtAnyStepLosesAndDoublesNothing) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    host.runs.clear();
    host.dates.clear();
    host.backfills.clear();
    host.intervals.clear();
    host.last_run = 0;
    start();
    service->create(days(8, 2), "ada", {}, [](const Result<std::int64_t>&) {});
    for (std::size_t n = 0; n < steps; ++n) {
      if (loop.posted.empty()) {
        if (host.open().empty()) break;
        host.runs.at(host.open().front()).state = RunState::success;
        for (const auto& [run_no, run] : host.runs) service->run_ended(run_no);
        continue;
      }
      const auto f = std::move(loop.posted.front());
      loop.posted.pop_front();
      f();
    }
    const bool was_accepted = !host.backfills.empty();
    die();
    host.last_run += 1'000;  // numbers that a dead one gave are not given again
    start();
    for (RunNo run_no : host.open()) end(run_no);
    end_all();
    if (was_accepted) expect_one_run_each(8);
  }
}

/// The clear and what the backfill writes of it are one: a run that is cleared is not cleared again after a death.
TEST_F(BackfillsTest, ADeathAtAnyStepClearsEachOnce) {
  for (std::size_t steps = 0; steps < 30; ++steps) {
    host.runs.clear();
    host.dates.clear();
    host.backfills.clear();
    host.intervals.clear();
    host.last_run = 100;
    for (RunNo run_no = 1; run_no <= 4; ++run_no) {
      const WallUs date = first + (run_no - 1) * kDay;
      host.runs[run_no] = {date, RunState::failed};
      host.dates[date] = run_no;
    }
    start();
    BackfillAsk ask = days(4, 2);
    ask.wish.reprocess = Reprocess::completed;
    service->create(ask, "ada", {}, [](const Result<std::int64_t>&) {});
    for (std::size_t n = 0; n < steps; ++n) {
      if (loop.posted.empty()) {
        if (host.open().empty()) break;
        end(host.open().front());
        continue;
      }
      const auto f = std::move(loop.posted.front());
      loop.posted.pop_front();
      f();
    }
    const bool was_accepted = !host.backfills.empty();
    for (auto& [run_no, run] : host.runs) {  // what was cleared has ended when the next one comes
      if (!is_final(run.state)) run.state = RunState::success;
    }
    die();
    start();
    end_all();
    for (const auto& [run_no, run] : host.runs) {
      EXPECT_EQ(run.begun, was_accepted ? 2 : 1) << "run " << run_no << " after " << steps << " steps";
    }
  }
}

TEST_F(BackfillsTest, ALongRangeIsMadeInBoundedTurns) {
  loop.wall += 1'000 * kDay;  // all of it lies behind
  ASSERT_TRUE(create(days(1'000, 10'000)).ok());
  EXPECT_EQ(host.open().size(), 1'000U);
  expect_one_run_each(1'000);
}

}  // namespace
}  // namespace baton
