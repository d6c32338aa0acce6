#include "scheduler/engine/run_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace baton {
namespace {

constexpr WallUs kNow = 1'000 * kSecond;

RunRow row(RunNo run_no, const std::string& dag = "d", RunType type = RunType::scheduled, WallUs date = kNoTime,
           WallUs run_after = kNow - kSecond) {
  RunRow out;
  out.run_no = run_no;
  out.dag_id = dag;
  out.type = type;
  out.logical_date = date;
  out.run_after = run_after;
  return out;
}

class RunQueueTest : public testing::Test {
 protected:
  void limit(std::int32_t runs, bool in_order = false) { queue.set_limits("d", {runs, in_order}, 1); }
  void add(const RunRow& run) { queue.add(run, true, kNow); }
  std::vector<RunNo> take_all(WallUs now = kNow) {
    std::vector<RunNo> out;
    while (const auto run_no = queue.take(now)) {
      out.push_back(*run_no);
      queue.begun(*run_no);
    }
    return out;
  }
  using Runs = std::vector<RunNo>;
  RunQueue queue;
};

TEST_F(RunQueueTest, BeginsAsManyAsTheLimitAllowsAndThenOneForEachEnd) {
  limit(2);
  for (RunNo n = 1; n <= 4; ++n) add(row(n));
  EXPECT_EQ(take_all(), (Runs{1, 2}));
  EXPECT_EQ(queue.why(3, kNow), QueueWait::limit);
  EXPECT_EQ(queue.waiting(), 2U);
  queue.remove(1);
  EXPECT_EQ(queue.why(3, kNow), QueueWait::turn);
  EXPECT_EQ(take_all(), (Runs{3}));
  queue.remove(2);
  queue.remove(3);
  EXPECT_EQ(take_all(), (Runs{4}));
}

/// Limit 2, ten waiting, both running stopped in one request.
TEST_F(RunQueueTest, Scenario7BothRunsEndAtOnceAndTwoBegin) {
  limit(2);
  for (RunNo n = 1; n <= 12; ++n) add(row(n));
  take_all();
  queue.remove(1);
  queue.remove(2);
  EXPECT_EQ(take_all(), (Runs{3, 4}));
}

TEST_F(RunQueueTest, OrderIsPeopleThenSchedulesThenBackfillsAndInEachWhoIsDueLongest) {
  queue.set_limits("d", {}, 1);
  add(row(1, "d", RunType::backfill));
  add(row(2, "d", RunType::scheduled, kNoTime, kNow - 5));
  add(row(3, "d", RunType::asset_triggered, kNoTime, kNow - 9));
  add(row(4, "d", RunType::manual));
  add(row(5, "d", RunType::scheduled, kNoTime, kNow - 5));
  EXPECT_EQ(take_all(), (Runs{4, 3, 2, 1})) << "of the schedule one lives at a time";
  queue.remove(2);
  EXPECT_EQ(take_all(), (Runs{5}));
}

TEST_F(RunQueueTest, WithoutALimitOneOfTheScheduleLivesAndAllThatPeopleAskFor) {
  limit(0);
  for (RunNo n = 1; n <= 3; ++n) add(row(n));
  for (RunNo n = 4; n <= 6; ++n) add(row(n, "d", RunType::manual));
  EXPECT_EQ(take_all(), (Runs{4, 5, 6, 1}));
  EXPECT_EQ(queue.why(2, kNow), QueueWait::limit);
  EXPECT_FALSE(queue.may_begin(row(7), kNow));
  EXPECT_TRUE(queue.may_begin(row(8, "d", RunType::manual), kNow)) << "it does not wait behind the schedule";
  queue.remove(1);
  EXPECT_EQ(take_all(), (Runs{2}));
}

TEST_F(RunQueueTest, ALimitCountsSchedulesAndPeopleTogether) {
  limit(2);
  queue.add_active(row(1, "d", RunType::manual));
  add(row(2));
  add(row(3));
  EXPECT_EQ(take_all(), (Runs{2}));
  add(row(4, "d", RunType::manual));
  queue.remove(1);
  EXPECT_EQ(take_all(), (Runs{4})) << "people go first";
  EXPECT_FALSE(queue.may_begin(row(5), kNow));
}

TEST_F(RunQueueTest, BackfillsHaveALimitOfTheirOwnAndTakeNoPlaceOfOthers) {
  limit(1);
  queue.set_backfill_limit("d", 2);
  for (RunNo n = 1; n <= 4; ++n) add(row(n, "d", RunType::backfill));
  EXPECT_EQ(take_all(), (Runs{1, 2}));
  add(row(9));
  EXPECT_EQ(take_all(), (Runs{9}));
  EXPECT_EQ(queue.active("d", true), 2);
  EXPECT_EQ(queue.active("d", false), 1);
}

TEST_F(RunQueueTest, APausedDagBeginsBackfillsAlone) {
  queue.set_limits("d", {}, 1);
  queue.hold("d", true);
  add(row(1, "d", RunType::manual));
  add(row(2, "d", RunType::backfill));
  add(row(3, "other"));
  EXPECT_EQ(take_all(), (Runs{3, 2}));
  EXPECT_EQ(queue.why(1, kNow), QueueWait::paused);
  EXPECT_FALSE(queue.may_begin(row(4), kNow));
  queue.hold("d", false);
  EXPECT_EQ(take_all(), (Runs{1}));
}

TEST_F(RunQueueTest, AFrozenServerBeginsNothing) {
  add(row(1));
  queue.freeze(true);
  EXPECT_EQ(take_all(), Runs{});
  EXPECT_EQ(queue.why(1, kNow), QueueWait::frozen);
  EXPECT_FALSE(queue.may_begin(row(2, "other"), kNow));
  EXPECT_FALSE(queue.has_next(kNow));
  queue.freeze(false);
  EXPECT_EQ(take_all(), (Runs{1}));
}

TEST_F(RunQueueTest, ARunWaitsForItsTime) {
  queue.set_limits("d", {}, 1);
  add(row(1, "d", RunType::manual, kNoTime, kNow + 7));
  add(row(2, "d", RunType::scheduled, kNoTime, kNow + 5));
  EXPECT_EQ(queue.next_due(), kNow + 5);
  EXPECT_EQ(queue.why(1, kNow), QueueWait::run_after);
  EXPECT_EQ(take_all(kNow + 4), Runs{});
  EXPECT_EQ(take_all(kNow + 5), (Runs{2}));
  EXPECT_EQ(queue.next_due(), kNow + 7);
  EXPECT_EQ(take_all(kNow + 100), (Runs{1}));
  EXPECT_EQ(queue.next_due(), kNoTime);
}

TEST_F(RunQueueTest, NobodyOvertakesWhoHasBecomeDue) {
  limit(1);
  add(row(1, "d", RunType::scheduled, kNoTime, kNow + 5));
  EXPECT_FALSE(queue.may_begin(row(2, "d", RunType::scheduled, kNoTime, kNow + 6), kNow + 6));
  EXPECT_TRUE(queue.may_begin(row(3, "d", RunType::manual), kNow + 6)) << "people go first";
}

TEST_F(RunQueueTest, InOrderADateWaitsForAllBeforeIt) {
  limit(5, true);
  add(row(1, "d", RunType::scheduled, 30));
  add(row(2, "d", RunType::scheduled, 10));
  add(row(3, "d", RunType::backfill, 20));
  add(row(4, "d", RunType::manual));  // without a date: in nobody's way
  EXPECT_EQ(take_all(), (Runs{4, 2}));
  EXPECT_EQ(queue.why(1, kNow), QueueWait::past);
  EXPECT_FALSE(queue.may_begin(row(5, "d", RunType::scheduled, 40), kNow));
  add(row(6, "d", RunType::scheduled, 5));
  EXPECT_EQ(take_all(), (Runs{6})) << "it came later, and is of an earlier date than all of them";
  queue.remove(6);
  EXPECT_EQ(take_all(), Runs{}) << "2 has not ended";
  queue.remove(2);
  EXPECT_EQ(take_all(), (Runs{3}));
  queue.remove(3);
  EXPECT_EQ(take_all(), (Runs{1}));
}

TEST_F(RunQueueTest, WhoIsNotDurableKeepsItsPlaceAndIsNotTaken) {
  limit(1);
  queue.add(row(1), false, kNow);
  EXPECT_FALSE(queue.may_begin(row(2), kNow));
  add(row(2));
  EXPECT_EQ(take_all(), Runs{}) << "1 is before it";
  queue.note_durable(1);
  EXPECT_EQ(take_all(), (Runs{1}));
}

TEST_F(RunQueueTest, WhatWasTakenHoldsItsPlaceAndMayBePutBack) {
  limit(1);
  add(row(1));
  add(row(2));
  EXPECT_EQ(queue.take(kNow), 1);
  EXPECT_EQ(queue.take(kNow), std::nullopt);
  EXPECT_TRUE(queue.is_waiting(1));
  queue.put_back(1);
  EXPECT_EQ(queue.take(kNow), 1) << "where it stood";
  queue.remove(1);  // somebody ends it while it is loaded
  EXPECT_EQ(take_all(), (Runs{2}));
}

TEST_F(RunQueueTest, OfADagThatNobodyKnowsOneIsTakenToLearnItsLimits) {
  for (RunNo n = 1; n <= 3; ++n) add(row(n));
  EXPECT_EQ(queue.take(kNow), 1);
  EXPECT_EQ(queue.take(kNow), std::nullopt);
  queue.set_limits("d", {2, false}, 1);
  queue.put_back(1);
  EXPECT_EQ(take_all(), (Runs{1, 2}));
}

TEST_F(RunQueueTest, WhatALaterVersionSaysOfTheLimitStands) {
  queue.set_limits("d", {3, false}, 20);
  queue.set_limits("d", {1, false}, 10);
  for (RunNo n = 1; n <= 5; ++n) add(row(n));
  EXPECT_EQ(take_all().size(), 3U);
}

TEST_F(RunQueueTest, RunsThatLiveAlreadyCountBeyondTheLimitToo) {
  limit(1);
  queue.add_active(row(1));
  queue.add_active(row(2));
  add(row(3));
  queue.remove(1);
  EXPECT_EQ(take_all(), Runs{});
  queue.remove(2);
  EXPECT_EQ(take_all(), (Runs{3}));
}

TEST_F(RunQueueTest, WhoStandsStillForItsPastGivesWayToTheEarliestDateAlone) {
  for (const bool in_order : {true, false}) {  // a newer version may not look back any more
    queue = RunQueue();
    limit(1, in_order);
    queue.add_active(row(1, "d", RunType::scheduled, 30));
    add(row(2, "d", RunType::manual));
    add(row(3, "d", RunType::scheduled, 40));
    add(row(4, "d", RunType::scheduled, 20));
    EXPECT_EQ(take_all(), Runs{});
    EXPECT_EQ(queue.why(4, kNow), QueueWait::limit);
    queue.note_standing(1, true);
    EXPECT_EQ(queue.why(4, kNow), QueueWait::turn);
    EXPECT_EQ(take_all(), (Runs{4})) << "the one without a date and the later one have no place";
    EXPECT_TRUE(queue.why(2, kNow) == QueueWait::limit);
    EXPECT_FALSE(queue.may_go_on(1)) << "two at a time";
    EXPECT_FALSE(queue.may_begin(row(5, "d", RunType::scheduled, 10), kNow)) << "4 does not stand still";
    queue.note_standing(4, true);
    add(row(5, "d", RunType::scheduled, 10));
    EXPECT_EQ(take_all(), (Runs{5}));
    queue.remove(5);
    EXPECT_TRUE(queue.may_go_on(1)) << "its own past may be well";
    queue.remove(4);
    EXPECT_TRUE(queue.may_go_on(1));
    EXPECT_EQ(take_all(), Runs{}) << "its place is its own";
    queue.note_standing(1, false);
    queue.remove(1);
    EXPECT_EQ(take_all(), (Runs{2}));
  }
}

TEST_F(RunQueueTest, WhoStandsStillAmongBackfillsGivesWayThere) {
  limit(4, true);
  queue.set_backfill_limit("d", 1);
  queue.add_active(row(1, "d", RunType::backfill, 30));
  add(row(2, "d", RunType::backfill, 20));
  EXPECT_EQ(take_all(), Runs{});
  queue.note_standing(1, true);
  EXPECT_EQ(take_all(), (Runs{2}));
  EXPECT_FALSE(queue.may_go_on(1));
  queue.remove(1);
  queue.remove(2);
  add(row(3, "d", RunType::backfill, 40));
  EXPECT_EQ(take_all(), (Runs{3})) << "nothing is counted that has gone";
  EXPECT_FALSE(queue.may_begin(row(4, "d", RunType::backfill, 10), kNow));
}

TEST_F(RunQueueTest, ARaisedLimitLetsTheNextBegin) {
  limit(1);
  for (RunNo n = 1; n <= 3; ++n) add(row(n));
  EXPECT_EQ(take_all(), (Runs{1}));
  queue.set_limits("d", {3, false}, 2);
  EXPECT_EQ(take_all(), (Runs{2, 3}));
}

TEST_F(RunQueueTest, WhoWaitsLeavesWhereverItStands) {
  limit(1);
  add(row(1));
  add(row(2, "d", RunType::scheduled, kNoTime, kNow + 5));
  queue.remove(1);
  queue.remove(2);
  queue.remove(3);
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.next_due(), kNoTime);
  EXPECT_FALSE(queue.has_next(kNow + 10));
}

}  // namespace
}  // namespace baton
