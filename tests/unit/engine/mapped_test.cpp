// Mapped tasks in a run: expansion, the barrier behind them, counts, and what becomes of those that cannot expand.
#include <gtest/gtest.h>

#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::exited;
using test::RunDriver;

TEST(Mapped, AllMappedTasksThatBeginTogetherExpand) {
  RunDriver d(DagBuilder().task("m", {}, test::mapped_task(2)).task("n", {}, test::mapped_task(3)).build());
  d.begin();
  EXPECT_EQ(d.run().progress(0).count, 2);
  EXPECT_EQ(d.run().progress(1).count, 3);
  for (const char* i : {"m[0]", "m[1]", "n[0]", "n[1]", "n[2]"}) EXPECT_EQ(d.state(i), scheduled) << i;
}

}  // namespace
}  // namespace baton
