// A clear: what of a run becomes as if it had not run, and what is made from it then.
#include "scheduler/engine/clear.h"

#include <gtest/gtest.h>

#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::exited;
using test::RunDriver;

/// The run of `d` after a clear of what failed, as far as it goes by itself.
DagRun cleared(const RunDriver& d, const std::vector<InstanceNo>& selected) {
  DagRun run = d.run();
  StepOutcome out;
  clear_instances(run, selected, d.now(), out);
  advance(run, RunBegins{}, d.now(), {}, out);
  return run;
}

void end(DagRun& run, InstanceNo i, Moment now, AttemptEnd how) {
  StepOutcome out;
  advance(run, Admitted{i, {}}, now, {}, out);
  how.key = run.key_of(i);
  advance(run, AttemptEnded{i, how}, now, {}, out);
}

/// t has an instance for each success of u.
std::shared_ptr<const Dag> over_the_successes() {
  TaskSpec t = test::mapped_task(0);
  t.trigger_rule = TriggerRule::all_done;
  t.mapping.literal_items.reset();
  t.mapping.items = test::expression("tasks.u.filter(x, x.state == 'success').map(x, x.item)");
  return DagBuilder().task("u", {}, test::mapped_task(3)).task("t", {"u"}, t).build();
}

TEST(Clear, OfAnyInstanceOfAnUpstreamMakesWhatIsMappedOverItExpandAnew) {
  for (std::int32_t fails = 0; fails < 3; ++fails) {
    RunDriver d(over_the_successes());
    d.begin();
    for (std::int32_t k = 0; k < 3; ++k) d.run_to(d.run().instance_of(0, k), exited(k == fails ? 1 : 0));
    ASSERT_EQ(d.run().progress(1).count, 2);
    for (std::int32_t k = 0; k < 2; ++k) d.run_to(d.run().instance_of(1, k), exited(0));
    DagRun run = cleared(d, select_failed(d.run()));
    end(run, run.instance_of(0, fails), d.now(), exited(0));
    EXPECT_EQ(run.progress(1).count, 3) << fails;
    EXPECT_EQ(run.at(run.instance_of(1, 2)).state, scheduled);
  }
}

TEST(Clear, OfATaskThatIsMappedWithNothingAboveItKeepsItsItems) {
  RunDriver d(over_the_successes());
  d.begin();
  for (std::int32_t k = 0; k < 3; ++k) d.run_to(d.run().instance_of(0, k), exited(0));
  for (std::int32_t k = 0; k < 3; ++k) d.run_to(d.run().instance_of(1, k), exited(k == 1 ? 1 : 0));
  const DagRun run = cleared(d, select_from(d.run(), 1));
  EXPECT_EQ(run.progress(1).count, 3);
  EXPECT_TRUE(run.progress(1).expanded);
}

}  // namespace
}  // namespace baton
