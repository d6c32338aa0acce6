// Which tasks `--task` and its like take into a run.
#include "scheduler/host/task_selection.h"

#include <gtest/gtest.h>

#include "tests/support/dag_builder.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::run_task;
using test::teardown_task;

TaskSpec setup_task() {
  TaskSpec spec = run_task();
  spec.setup = true;
  return spec;
}

/// The ids that are selected, in the order of the Dag.
std::string selected(const Dag& dag, const std::vector<std::string>& names) {
  const auto chosen = select_tasks(dag, names);
  if (!chosen) return chosen.error().message;
  std::string out;
  for (std::size_t t = 0; t < chosen->size(); ++t) {
    if ((*chosen)[t]) out += (out.empty() ? "" : " ") + dag.tasks[t].id;
  }
  return out;
}

TEST(TaskSelection, TakesUpstreamsAndLeavesTheRest) {
  const auto dag = DagBuilder().task("a").task("b", {"a"}).task("c", {"b"}).task("d").build();
  EXPECT_EQ(selected(*dag, {"b"}), "a b");
  EXPECT_EQ(selected(*dag, {"b", "d"}), "a b d");
  EXPECT_EQ(selected(*dag, {}), "a b c d");
}

TEST(TaskSelection, TakesTheTeardownOfEverySetupThatRuns) {
  const auto dag = DagBuilder()
                       .task("make", {}, setup_task())
                       .task("m", {"make"})
                       .task("other", {"make"})
                       .task("drop", {"make", "m", "other"}, teardown_task({"make"}))
                       .build();
  EXPECT_EQ(selected(*dag, {"m"}), "make m drop") << "what the teardown waits for beside that stays out";
  EXPECT_EQ(selected(*dag, {"make"}), "make drop");
}

TEST(TaskSelection, LeavesTeardownsOfSetupsThatDoNotRun) {
  const auto dag = DagBuilder()
                       .task("make", {}, setup_task())
                       .task("drop", {"make"}, teardown_task({"make"}))
                       .task("m")
                       .build();
  EXPECT_EQ(selected(*dag, {"m"}), "m");
}

TEST(TaskSelection, TakesATeardownOfSeveralSetupsForOneOfThem) {
  const auto dag = DagBuilder()
                       .task("one", {}, setup_task())
                       .task("two", {}, setup_task())
                       .task("m", {"two"})
                       .task("drop", {"one", "two", "m"}, teardown_task({"one", "two"}))
                       .build();
  EXPECT_EQ(selected(*dag, {"m"}), "two m drop");
}

TEST(TaskSelection, FollowsATeardownThatIsASetupItself) {
  TaskSpec middle = teardown_task({"make"});
  middle.setup = true;
  const auto dag = DagBuilder()
                       .task("last", {"middle"}, teardown_task({"middle"}))
                       .task("make", {}, setup_task())
                       .task("middle", {"make"}, middle)
                       .build();
  EXPECT_EQ(selected(*dag, {"make"}), "last make middle");
}

TEST(TaskSelection, TakesHooks) {
  const auto dag = DagBuilder().task("a").task("b").hook(Hook::on_failure).build();
  EXPECT_EQ(selected(*dag, {"b"}), "b on_failure");
}

TEST(TaskSelection, NamesWhatWasMeant) {
  const auto dag = DagBuilder().task("load").build();
  EXPECT_NE(selected(*dag, {"laod"}).find("did you mean \"load\""), std::string::npos);
}

}  // namespace
}  // namespace baton
