// A life in segments: they follow each other, and their sum is the life.
#include <gtest/gtest.h>

#include "scheduler/insight/timeline.h"

namespace baton::insight {
namespace {

using Told = std::vector<std::tuple<Wait, std::int64_t, std::int64_t>>;

Told told(const std::vector<Segment>& segments) {
  Told out;
  for (const Segment& segment : segments)
    out.emplace_back(segment.wait, segment.start / kSecond, segment.end / kSecond);
  return out;
}

TryView try_of(const std::string& times_json, std::int64_t ended_s) {
  TryView view;
  view.row.times_json = times_json;
  view.row.ended_at = ended_s * kSecond;
  return view;
}

TEST(Timeline, TriesFollowEachOtherAndWhatRanEndsWithItsTry) {
  InstanceView instance;
  instance.row.state = TaskState::success;
  instance.row.ended_at = 30 * kSecond;
  const TryView first = try_of(R"({"upstream":4000000,"slots":1000000,"running":5000000})", 20);
  const TryView second = try_of(R"({"backoff":6000000,"running":4000000})", 30);
  EXPECT_EQ(told(timeline_of(instance, {&first, &second}, 10 * kSecond, 99 * kSecond)),
            (Told{{Wait::upstream, 10, 14},
                  {Wait::slots, 14, 15},
                  {Wait::running, 15, 20},
                  {Wait::backoff, 20, 26},
                  {Wait::running, 26, 30}}));
}

TEST(Timeline, WhatLivesGoesOnUntilNow) {
  InstanceView instance;
  instance.row.state = TaskState::running;
  instance.row.scheduled_at = 12 * kSecond;
  instance.row.queued_at = 13 * kSecond;
  instance.row.started_at = 14 * kSecond;
  const Told whole = {
      {Wait::upstream, 10, 12}, {Wait::slots, 12, 13}, {Wait::starting, 13, 14}, {Wait::running, 14, 20}};
  EXPECT_EQ(told(timeline_of(instance, {}, 10 * kSecond, 20 * kSecond)), whole);
  instance.row.times_json = R"({"upstream":2000000,"summed_to":12000000})";
  EXPECT_EQ(told(timeline_of(instance, {}, 10 * kSecond, 20 * kSecond)), whole);
}

TEST(Timeline, ClocksThatStepMakeNoNegativeSpans) {
  InstanceView instance;
  instance.row.state = TaskState::success;
  instance.row.ended_at = 12 * kSecond;
  const TryView one = try_of(R"({"upstream":90000000,"running":5000000})", 11);
  EXPECT_EQ(told(timeline_of(instance, {&one}, 10 * kSecond, 5 * kSecond)), (Told{{Wait::running, 10, 11}}));
}

TEST(Timeline, WhatWasLeftOutNeverLived) {
  InstanceView instance;
  instance.row.state = TaskState::removed;
  EXPECT_TRUE(timeline_of(instance, {}, 0, 10).empty());
}

TEST(Timeline, APoolIsNamed) {
  InstanceView instance;
  instance.pool = "warehouse";
  EXPECT_EQ(share_name(Wait::pool, instance), "pool:warehouse");
  EXPECT_EQ(share_name(Wait::running, instance), "run");
  EXPECT_EQ(share_name(Wait::slots, instance), "slots");
}

}  // namespace
}  // namespace baton::insight
