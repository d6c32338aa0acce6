// Runs that tasks start, where their DAGs take so many runs at a time: who would wait for itself is told so.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "scheduler/engine/child_ask.h"
#include "scheduler/engine/child_maker.h"
#include "tests/unit/engine/deferred_tasks.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::EngineBench;
using test::starter_of;

class EngineChildren : public testing::Test, public ChildMaker {
 protected:
  EngineChildren() {
    bench.engine.load_with(&loader);
    bench.engine.make_children_with(this);
    bench.ready();
  }

  void declare(const std::string& id, const std::string& other, std::int32_t max_active_runs = 1) {
    dags[id] = starter_of(id, other, max_active_runs);
  }
  RunCreation creation_of(const std::string& id) {
    RunCreation out;
    out.dag = dags.at(id);
    out.run.run_no = ++last_;
    out.run.dag_id = id;
    out.run.run_id = "r" + std::to_string(last_);
    out.run.queued_at = out.run.run_after = bench.loop.wall_now();
    return out;
  }
  RunNo begin(const std::string& id) {
    bench.engine.create_run(creation_of(id), Value{ValueMap{}}, {}, [](const PartVerdict&) {});
    bench.settle();
    return last_;
  }
  void make_child(const ChildAsk& ask, OnMade done) override {
    bench.loop.post([this, id = ask.dag_id, done = std::move(done)] {
      done(ChildRun{creation_of(id), ValueMap{}, {}});
    });
  }
  /// `w` of this run succeeds.
  void pass(RunNo run_no) {
    for (const LaunchSpec& spec : bench.executor.launched) {
      if (spec.key.run_no != run_no || spec.key.task_no != 0) continue;
      AttemptEnd end;
      end.outcome = AttemptEnd::Outcome::exited;
      end.started = true;
      end.exit_code = 0;
      end.ended_at = bench.loop.wall_now();
      bench.end(spec, end);
      return bench.settle();
    }
    ADD_FAILURE() << "nothing of run " << run_no << " was launched";
  }
  /// Reason and note of `t`; empty while it waits. A run that has ended is not in memory any more.
  std::string refusal(RunNo run_no) {
    const DagRun* const run = bench.engine.run(run_no);
    if (run == nullptr) return "it has ended";
    if (run->at(1).state == TaskState::deferred) return {};
    return std::string(to_string(run->at(1).reason));
  }

  std::map<std::string, std::shared_ptr<const Dag>> dags;
  test::HandLoader loader;
  EngineBench bench{starter_of("nobody", "nothing", 0)};
  RunNo last_ = 0;
};

TEST_F(EngineChildren, WhoWaitsForAPlaceThatWaitsForItIsRefused) {
  declare("x", "y");
  declare("y", "z");
  declare("z", "x");
  const RunNo x = begin("x");
  const RunNo y = begin("y");
  const RunNo z = begin("z");
  pass(x);
  pass(y);
  EXPECT_EQ(refusal(x), "") << "y may end yet";
  EXPECT_EQ(refusal(y), "") << "z may end yet";
  pass(z);
  EXPECT_EQ(refusal(z), "it has ended");
  EXPECT_EQ(refusal(x), "");
}

TEST_F(EngineChildren, WhoWaitsForAPlaceThatOneMayLeaveWaits) {
  declare("x", "y", 2);
  declare("y", "x");
  const RunNo x = begin("x");
  const RunNo other = begin("x");
  const RunNo y = begin("y");
  pass(x);
  pass(y);
  EXPECT_EQ(refusal(y), "") << "the other run of x may end";
  pass(other);
  EXPECT_EQ(refusal(other), "it has ended") << "it closes the circle";
  EXPECT_EQ(refusal(x), "");
  EXPECT_EQ(refusal(y), "");
}

}  // namespace
}  // namespace baton
