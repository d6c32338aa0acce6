// Runs that wait for each other's places after a restart, or because their DAGs have fewer of them than before: one of
// them is told so, and the others go on.
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

/// An earlier scheduler has died.
class EngineCircles : public testing::Test, public ChildMaker {
 protected:
  EngineCircles() {
    bench.engine.load_with(&loader);
    bench.engine.make_children_with(this);
  }

  RunRow row_of(const std::string& id, RunNo run_no, RunState state) const {
    RunRow row;
    row.run_no = run_no;
    row.dag_id = id;
    row.run_id = "r" + std::to_string(run_no);
    row.state = state;
    row.queued_at = row.run_after = bench.loop.wall_now();
    if (state == RunState::running) row.begun_at = row.started_at = bench.loop.wall_now();
    return row;
  }
  /// A run whose `w` runs still, or whose `t` waits.
  void adopt(std::shared_ptr<const Dag> dag, RunNo run_no, bool waits) {
    const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
    DagRun run = make_run(row_of(dag->id, run_no, RunState::running), dag, Value{ValueMap{}}, now, {});
    run.restored_at = now.mono;
    run.at(0).state = waits ? TaskState::success : TaskState::running;
    run.at(1).state = waits ? TaskState::deferred : TaskState::none;
    run.at(waits ? 1 : 0).epoch = 1;
    if (waits) run.drop_activity(0);
    run.ensure_activity(waits ? 1 : 0).worker = bench.worker;
    recount(run);
    bench.engine.adopt_run(std::move(run), {}, {}, {});
  }
  /// `child_no`, which waits for a place, was started by `t` of run `parent_no`.
  ChildRow waits_for(RunNo parent_no, const std::string& child, RunNo child_no) {
    bench.engine.queue_run(row_of(child, child_no, RunState::queued));
    return {parent_no, 1, 1, child_no, child, "r" + std::to_string(child_no), 1};
  }
  void make_child(const ChildAsk& ask, OnMade done) override {
    bench.loop.post([this, id = ask.dag_id, done = std::move(done)] {
      RunCreation creation;
      creation.dag = dags.at(id);
      creation.run = row_of(id, ++last_, RunState::queued);
      done(ChildRun{std::move(creation), ValueMap{}, {}});
    });
  }
  /// `w` of this run, which has gone on meanwhile, succeeds.
  void pass(RunNo run_no) {
    LaunchSpec spec;
    spec.key = {run_no, 0, kUnmapped, 1};
    AttemptEnd end;
    end.outcome = AttemptEnd::Outcome::exited;
    end.started = true;
    end.exit_code = 0;
    end.ended_at = bench.loop.wall_now();
    bench.end(spec, end);
    bench.settle();
  }
  /// Reason and note of `t`, as they were written; empty: it waits.
  std::string told(RunNo run_no) {
    const auto at = ends.find(run_no);
    return at == ends.end() ? std::string() : std::string(to_string(at->second.reason)) + ": " + at->second.note;
  }
  void watch() {
    bench.engine.on_writes([this](Part& part) {
      for (const TaskRow& row : part.instances) {
        if (row.task_no == 1 && is_final(row.state)) ends[row.run_no] = row;
      }
    });
  }

  std::map<std::string, std::shared_ptr<const Dag>> dags = {{"x", starter_of("x", "y", 1)},
                                                            {"y", starter_of("y", "x", 1)}};
  std::map<RunNo, TaskRow> ends;
  test::HandLoader loader;
  EngineBench bench{starter_of("nobody", "nothing", 0)};
  RunNo last_ = 10;
};

TEST_F(EngineCircles, OneThatClosesAfterTheRestartIsRefused) {
  watch();
  bench.engine.restore_children({waits_for(1, "y", 3)});
  adopt(dags["x"], 1, true);
  adopt(dags["y"], 2, false);
  bench.ready({{2, 0, kUnmapped, 1}});
  bench.settle();
  EXPECT_EQ(told(1), "") << "run 2 may end yet";
  pass(2);
  EXPECT_EQ(told(2),
            "deadlock: all the runs that DAG x may have at a time wait for this one (y → x → y): "
            "it would wait for itself");
  EXPECT_EQ(told(1), "");
}

TEST_F(EngineCircles, OneThatTheRestartFindsIsEnded) {
  watch();
  bench.engine.restore_children({waits_for(1, "y", 3), waits_for(2, "x", 4)});
  adopt(dags["x"], 1, true);
  adopt(dags["y"], 2, true);
  bench.ready();
  bench.settle();
  EXPECT_EQ(told(1), "") << "its child is the older one";
  EXPECT_EQ(told(2).substr(0, told(2).find(" (")),
            "deadlock: run r4 of DAG x waits for a place that waits for this one");
}

TEST_F(EngineCircles, WhoWaitsBesideACircleGoesOnWaiting) {
  dags["z"] = starter_of("z", "x", 1);
  watch();
  bench.engine.restore_children({waits_for(5, "x", 3), waits_for(1, "y", 4), waits_for(2, "x", 6)});
  adopt(dags["x"], 1, true);
  adopt(dags["y"], 2, true);
  adopt(dags["z"], 5, true);
  bench.ready();
  bench.settle();
  EXPECT_EQ(told(2).substr(0, 8), "deadlock");
  EXPECT_EQ(told(1) + told(5), "");
}

TEST_F(EngineCircles, WhoMayStillGetAPlaceIsLeftAlone) {
  watch();
  bench.engine.restore_children({waits_for(1, "y", 3), waits_for(2, "x", 4)});
  adopt(starter_of("x", "y", 2), 1, true);
  adopt(dags["y"], 2, true);
  adopt(starter_of("x", "y", 2), 5, false);
  bench.ready({{5, 0, kUnmapped, 1}});
  bench.settle();
  EXPECT_EQ(told(1) + told(2), "") << "run 5 of x may end";
  pass(5);
  EXPECT_EQ(told(5).substr(0, 8), "deadlock");
  EXPECT_EQ(told(1) + told(2), "");
}

TEST_F(EngineCircles, WhoeverLeavesADagThatHasFewerPlacesThanRunsMayLeaveOneBehind) {
  watch();
  bench.engine.restore_children({waits_for(1, "y", 3), waits_for(2, "x", 4)});
  adopt(dags["x"], 1, true);
  adopt(dags["y"], 2, true);
  adopt(dags["y"], 6, false);
  bench.ready({{6, 0, kUnmapped, 1}});
  bench.settle();
  EXPECT_EQ(told(1) + told(2), "") << "run 6 of y may end";
  pass(6);
  EXPECT_EQ(told(6).substr(0, 8), "deadlock");
  EXPECT_EQ(told(1), "") << "its child is the older one";
  EXPECT_EQ(told(2).substr(0, 8), "deadlock");
}

TEST_F(EngineCircles, FewerPlacesThanBeforeCloseOne) {
  watch();
  bench.engine.restore_children({waits_for(2, "x", 4)});
  adopt(dags["x"], 1, false);
  adopt(starter_of("y", "x", 2), 2, true);
  bench.ready({{1, 0, kUnmapped, 1}});
  bench.settle();
  pass(1);
  EXPECT_EQ(told(1).substr(0, 8), "deadlock") << "y has one place by the version that the child is of";
  EXPECT_EQ(told(2), "");
}

}  // namespace
}  // namespace baton
