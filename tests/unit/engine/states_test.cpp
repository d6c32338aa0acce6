#include "scheduler/model/states.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace baton {
namespace {

std::vector<TaskState> all_states() {
  std::vector<TaskState> out;
  for (std::size_t s = 0; s < kTaskStateCount; ++s) out.push_back(static_cast<TaskState>(s));
  return out;
}

TEST(States, EveryTransitionIsTheOneThatIsWritten) {
  // Columns in the order of the enumeration: n none, s scheduled, q queued, r running, S success, F failed, K skipped,
  // U upstream_failed, b up_for_retry, l up_for_reschedule, d deferred, x removed.
  const std::map<TaskState, std::string> table = {
      {TaskState::none, ".s..SFKU.ldx"},         {TaskState::scheduled, "..q.SFK..l.x"},
      {TaskState::queued, ".s.rSFK.bl.."},       {TaskState::running, ".s..SFK.bl.."},
      {TaskState::success, "............"},      {TaskState::failed, "............"},
      {TaskState::skipped, "............"},      {TaskState::upstream_failed, "............"},
      {TaskState::up_for_retry, ".s...FK...dx"}, {TaskState::up_for_reschedule, ".s..SFK....x"},
      {TaskState::deferred, ".s..SFK.b..x"},     {TaskState::removed, "............"},
  };
  ASSERT_EQ(table.size(), kTaskStateCount);
  for (const TaskState from : all_states()) {
    for (const TaskState to : all_states()) {
      const bool written = table.at(from)[static_cast<std::size_t>(to)] != '.';
      EXPECT_EQ(may_become(from, to), written) << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(States, AFinalStateHasNoWayOutAndEveryOtherHasOne) {
  for (const TaskState from : all_states()) {
    int ways = 0;
    for (const TaskState to : all_states()) ways += may_become(from, to) ? 1 : 0;
    EXPECT_EQ(ways == 0, is_final(from)) << to_string(from);
  }
}

TEST(States, OnlyAClaimLeadsToAProcess) {
  for (const TaskState from : all_states()) {
    EXPECT_EQ(may_become(from, TaskState::running), from == TaskState::queued) << to_string(from);
    EXPECT_EQ(may_become(from, TaskState::queued), from == TaskState::scheduled) << to_string(from);
    const bool may_fail = is_live(from) || from == TaskState::deferred;
    EXPECT_EQ(may_become(from, TaskState::up_for_retry), may_fail) << to_string(from);
  }
}

template <typename E, typename From>
void expect_names_read_back(std::size_t n, From from) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto value = static_cast<E>(i);
    const auto back = from(to_string(value));
    ASSERT_TRUE(back.has_value()) << to_string(value);
    EXPECT_EQ(*back, value) << to_string(value);
  }
  EXPECT_FALSE(from("no such name").has_value());
}

TEST(States, NamesReadBack) {
  expect_names_read_back<RunState>(4, run_state_from);
  expect_names_read_back<TaskState>(kTaskStateCount, task_state_from);
  expect_names_read_back<RunType>(4, run_type_from);
  expect_names_read_back<Reason>(static_cast<std::size_t>(Reason::unsupported) + 1, reason_from);
  expect_names_read_back<Wait>(kWaitCount, wait_from);
  expect_names_read_back<TriggerRule>(12, trigger_rule_from);
  expect_names_read_back<TaskKind>(9, task_kind_from);
}

TEST(States, TheNamesAreAirflows) {
  EXPECT_EQ(to_string(TaskState::none), "none");
  EXPECT_EQ(to_string(TaskState::up_for_reschedule), "up_for_reschedule");
  EXPECT_EQ(to_string(TaskState::upstream_failed), "upstream_failed");
  EXPECT_EQ(to_string(RunState::queued), "queued");
  EXPECT_EQ(to_string(TriggerRule::none_failed_min_one_success), "none_failed_min_one_success");
}

}  // namespace
}  // namespace baton
