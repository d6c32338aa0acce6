// Backfills: the pieces of a range, and what is done with each.
#include "scheduler/service/backfill_plan.h"

#include <map>
#include <set>

#include "tests/unit/service/ticking.h"

namespace baton {
namespace {

class Backfill : public testing::Test {
 protected:
  std::vector<BackfillPiece> pieces(std::int64_t from = 0, std::size_t limit = 1'000'000) {
    auto made = backfill_pieces(schedule_, wish_, from, limit);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }
  /// Carries all of it out; how often each step came.
  std::map<BackfillStep, int> carry_out(RunState ends_as = RunState::success) {
    std::map<BackfillStep, int> steps;
    for (const BackfillPiece& piece : pieces()) {
      const auto decisions = decide_piece(piece, wish_.reprocess, [&](WallUs date) -> std::optional<ExistingRun> {
        const auto run = runs_.find(date);
        return run == runs_.end() ? std::nullopt : std::optional(run->second);
      });
      for (const BackfillDecision& decision : decisions) {
        ++steps[decision.step];
        const RunNo run_no = decision.run_no == 0 ? ++last_ : decision.run_no;
        if (decision.step != BackfillStep::create && decision.step != BackfillStep::clear) continue;
        runs_[decision.piece.logical_date] = {run_no, ends_as, false};
        for (const WallUs date : decision.piece.inner_dates) runs_[date] = {run_no, ends_as, false};
      }
    }
    return steps;
  }

  timetable::Timetable schedule_ = *timetable::Timetable::build(cron("0 0 * * *"), "dag", {});
  BackfillWish wish_{at("2026-03-01T00:00:00Z"), at("2026-03-10T00:00:00Z")};
  std::map<WallUs, ExistingRun> runs_;
  RunNo last_ = 0;
};

TEST_F(Backfill, EachDayOfTheRangeIsAPieceTheLastOneToo) {
  const auto days = pieces();
  ASSERT_EQ(days.size(), 10U);
  EXPECT_EQ(days[0].interval.end, days[1].logical_date);
  EXPECT_EQ(days[9].logical_date, wish_.to);
  EXPECT_EQ(days[9].interval.end, wish_.to + kDay);
  EXPECT_EQ(extent_of(schedule_, wish_).value().pieces, 10);
}

TEST_F(Backfill, ChunksSpanTheirIntervalsAndMeanTheSameInEitherOrder) {
  wish_.intervals_per_run = 4;
  const auto forwards = pieces();
  ASSERT_EQ(forwards.size(), 3U);
  EXPECT_EQ(forwards[0].inner_dates.size(), 3U);
  EXPECT_EQ(forwards[0].interval.end, forwards[1].interval.start);
  EXPECT_EQ(forwards[2].inner_dates.size(), 1U);
  wish_.runs_backwards = true;
  const auto backwards = pieces();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(backwards[i].logical_date, forwards[2 - i].logical_date);
}

TEST_F(Backfill, APageGoesOnWhereTheOneBeforeEnded) {
  const auto all = pieces();
  std::size_t next = 0;
  while (next < all.size()) {
    for (const BackfillPiece& piece : pieces(static_cast<std::int64_t>(next), 3)) {
      EXPECT_EQ(piece.logical_date, all[next++].logical_date);
    }
  }
}

TEST_F(Backfill, ADayOfTwentyFiveHoursIsOneDay) {
  timetable::ScheduleSpec spec = cron("0 0 * * *");
  spec.timezone = "Europe/Berlin";
  schedule_ = *timetable::Timetable::build(spec, "dag", {});
  wish_ = {at("2026-10-24T00:00:00", "Europe/Berlin"), at("2026-10-26T00:00:00", "Europe/Berlin")};
  const auto days = pieces();
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(days[1].interval.end - days[1].interval.start, 25 * kHour);
}

TEST_F(Backfill, TenYearsOfDaysArePlannedWhole) {
  wish_ = {at("2016-01-01T00:00:00Z"), at("2025-12-31T00:00:00Z")};
  EXPECT_EQ(extent_of(schedule_, wish_).value().pieces, 3'653);
}

TEST_F(Backfill, IntervalsThatHaveNotEndedAreNoPartOfIt) {
  wish_.ended_by = at("2026-03-05T12:00:00Z");
  const auto days = pieces();
  ASSERT_EQ(days.size(), 4U);
  EXPECT_EQ(days[3].interval.end, at("2026-03-05T00:00:00Z"));
  const BackfillExtent extent = extent_of(schedule_, wish_).value();
  EXPECT_EQ(extent.intervals, 4);
  EXPECT_EQ(extent.left_out, 6);
  wish_.ended_by = at("2026-03-05T00:00:00Z");
  EXPECT_EQ(pieces().size(), 4U) << "it ends now";
  wish_.ended_by = at("2026-03-01T23:59:59Z");
  const auto none = backfill_pieces(schedule_, wish_, 0, 1);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("2026-03-02T00:00:00+00:00"), std::string::npos) << none.error().message;
}

TEST_F(Backfill, AnExtentIsCountedInRunsAndIntervals) {
  wish_.intervals_per_run = 4;
  const BackfillExtent extent = extent_of(schedule_, wish_).value();
  EXPECT_EQ(extent.intervals, 10);
  EXPECT_EQ(extent.pieces, 3);
}

TEST_F(Backfill, WhatCannotBeIsRefused) {
  EXPECT_FALSE(backfill_pieces({}, wish_, 0, 1).ok());
  wish_.intervals_max = 9;
  EXPECT_FALSE(extent_of(schedule_, wish_).ok());
  std::swap(wish_.from, wish_.to);
  EXPECT_FALSE(extent_of(schedule_, wish_).ok());
}

// Scenario 5: cancelled at four, two of its runs cleared, the same range again, while the last day's own tick fires.
TEST_F(Backfill, TheSameRangeAgainAfterACancel) {
  const auto days = pieces();
  for (std::size_t i = 0; i < 4; ++i) runs_[days[i].logical_date] = {++last_, RunState::success, false};
  runs_[days[3].logical_date].state = RunState::failed;  // it was running as the backfill was cancelled
  runs_[days[3].logical_date].was_stopped = true;
  runs_[days[0].logical_date].state = RunState::queued;  // cleared
  runs_[days[1].logical_date].state = RunState::queued;
  runs_[days[9].logical_date] = {++last_, RunState::running, false};  // of its own tick
  auto steps = carry_out();
  EXPECT_EQ(steps[BackfillStep::in_flight], 3);
  EXPECT_EQ(steps[BackfillStep::done_before], 1);
  EXPECT_EQ(steps[BackfillStep::clear], 1);
  EXPECT_EQ(steps[BackfillStep::create], 5);
  std::set<RunNo> runs;
  for (const auto& [date, run] : runs_) runs.insert(run.run_no);
  EXPECT_EQ(runs.size(), 10U);  // each day one run
  EXPECT_EQ(carry_out()[BackfillStep::create], 0);
}

TEST_F(Backfill, ReprocessSaysWhatIsDoneAgain) {
  carry_out();
  runs_.begin()->second.state = RunState::failed;
  EXPECT_EQ(carry_out()[BackfillStep::clear], 0);
  wish_.reprocess = Reprocess::failed;
  EXPECT_EQ(carry_out()[BackfillStep::clear], 1);
  wish_.reprocess = Reprocess::completed;
  EXPECT_EQ(carry_out()[BackfillStep::clear], 10);
}

TEST_F(Backfill, AChunkOfWhichSomeDaysHaveRunsFallsApart) {
  const auto days = pieces();
  runs_[days[2].logical_date] = {++last_, RunState::success, false};
  wish_.intervals_per_run = 7;
  auto steps = carry_out();
  EXPECT_EQ(steps[BackfillStep::done_before], 1);
  EXPECT_EQ(steps[BackfillStep::create], 3);  // two days, four days, and the second chunk
  EXPECT_EQ(runs_.size(), 10U);
  EXPECT_EQ(carry_out()[BackfillStep::create], 0);
}

TEST_F(Backfill, ItHasALimitOfItsOwnAndGivesWayToWhatIsDue) {
  EXPECT_EQ(backfill_room(16, 10, false), 6U);
  EXPECT_EQ(backfill_room(16, 16, false), 0U);
  EXPECT_EQ(backfill_room(16, 3, true), 0U);
  EXPECT_EQ(backfill_room(10'000, 0, false), 200U);
}

}  // namespace
}  // namespace baton
