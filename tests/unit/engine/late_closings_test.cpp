// What a reader brings is older than what people let go while it read.
#include "scheduler/engine/late_closings.h"

#include <gtest/gtest.h>

#include <vector>

namespace baton {
namespace {

LetterClosingRow let_go(InstanceNo i, Epoch epoch = 1) {
  return {7, i, epoch, LetterState::discarded, 1, "ada", 0};
}

DagRun read_run() {
  DagRun run;
  run.row.run_no = 7;
  run.open_letters = {{0, 1}, {1, 1}, {2, 1}};
  return run;
}

TEST(LateClosings, WhatWasNotDurableWhenTheReadBeganIsTakenOut) {
  LateClosings late;
  late.note_durable(late.add({let_go(0)}));
  const auto on_its_way = late.add({let_go(1)});
  const auto read = late.begin_read();
  late.note_durable(on_its_way);
  const auto later = late.add({let_go(2)});
  late.note_durable(later);
  DagRun run = read_run();
  late.end_read(read, &run);
  EXPECT_EQ(run.open_letters.size(), 1U) << "the first was durable: what it was left anew for, nobody has let go";
  EXPECT_TRUE(run.open_letters.contains(0));
  EXPECT_EQ(late.size(), 0U);
}

TEST(LateClosings, NothingIsKeptThatNoReadCouldMiss) {
  LateClosings late;
  const auto first = late.begin_read();
  const auto one = late.add({let_go(0)});
  late.note_durable(one);
  const auto second = late.begin_read();
  EXPECT_EQ(late.size(), 1U) << "the first read may not see it";
  late.end_read(second, nullptr);
  EXPECT_EQ(late.size(), 1U);
  late.end_read(first, nullptr);
  EXPECT_EQ(late.size(), 0U);
}

TEST(LateClosings, AnotherRunOrAnotherLetterStays) {
  LateClosings late;
  const auto read = late.begin_read();
  LetterClosingRow other_run = let_go(0);
  other_run.run_no = 8;
  late.add({other_run, let_go(1, 2), let_go(2, 0)});
  DagRun run = read_run();
  late.end_read(read, &run);
  EXPECT_TRUE(run.open_letters.contains(0) && run.open_letters.contains(1));
  EXPECT_FALSE(run.open_letters.contains(2)) << "0: whatever letter it has";
}

}  // namespace
}  // namespace baton
