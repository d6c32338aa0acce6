// The walking skeleton: a Dag run by the real loop, store and worker, in a folder of its own.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/engine.h"
#include "scheduler/executor/local/worker_link.h"
#include "scheduler/loop/asio_loop.h"
#include "scheduler/store/sqlite_store.h"
#include "test_paths.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const Dag> chain_of(int n, const std::string& script) {
  auto dag = std::make_shared<Dag>();
  dag->id = "chain";
  dag->version = "v" + std::to_string(n);
  dag->work_folder = "/tmp";
  auto spec = std::make_shared<TaskSpec>();
  spec->kind = TaskKind::run;
  spec->script.source = script;
  std::vector<std::vector<TaskNo>> ups;
  for (int i = 0; i < n; ++i) {
    dag->tasks.push_back({.id = "t" + std::to_string(i), .spec = spec});
    ups.push_back(i == 0 ? std::vector<TaskNo>{} : std::vector<TaskNo>{i - 1});
  }
  EXPECT_TRUE(link(*dag, ups).empty());
  return dag;
}

/// One task that runs, and behind it as many that cost no process.
std::shared_ptr<const Dag> noops_behind_one(int n) {
  auto dag = std::make_shared<Dag>(*chain_of(1, "true"));
  dag->id = "noops";
  dag->downstream = {};
  dag->upstream = {};
  const auto noop = std::make_shared<TaskSpec>();
  for (int i = 1; i <= n; ++i) dag->tasks.push_back({.id = "n" + std::to_string(i), .spec = noop});
  std::vector<std::vector<TaskNo>> ups(static_cast<std::size_t>(n) + 1, std::vector<TaskNo>{0});
  ups.front().clear();
  EXPECT_TRUE(link(*dag, ups).empty());
  return dag;
}

class LiveRun : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "baton_live_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    setenv("BATON_SECRET_KEY", "of the scheduler alone", 1);
    auto worker = WorkerLink::start(
        loop_, {.program = std::string(baton::checkout::kBinaryDir) + "/baton-worker", .state_folder = folder_, .slots = 2});
    ASSERT_TRUE(worker.ok()) << worker.error().message;
    worker_ = std::move(worker).value();
    auto store = SqliteStore::open_for_writing(folder_, loop_);
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(store).value();
    LaunchContext context;
    context.state_folder = folder_;
    context.store_id = store_->store_id();
    context.worker_program = std::string(baton::checkout::kBinaryDir) + "/baton-worker";
    context.default_shell = {"sh", "-eu"};
    context.base_env = {"PATH=/usr/bin:/bin"};
    context.secret = [](const std::string&) -> Result<std::string> { return Error{"none"}; };
    engine_ = std::make_unique<Engine>(loop_, *store_, *worker_, Renderer(context), EngineSettings{}, nullptr);
    engine_->on_finished([this](const DagRun& run) {
      ended_ = run.row;
      loop_.stop();
    });
    engine_->on_fatal([this](const Fatal& fatal) {
      ADD_FAILURE() << fatal.message;
      loop_.stop();
    });
  }

  void TearDown() override {
    if (worker_) worker_->shut_down(kSecond, 5 * kSecond);
    if (store_) store_->stop();
    fs::remove_all(folder_);
  }

  RunNo begin(std::shared_ptr<const Dag> dag) {
    RunCreation creation;
    creation.dag = dag;
    auto version = std::make_shared<VersionRow>();
    version->dag_id = dag->id;
    version->version = dag->version;
    version->canonical_json = "{}";
    creation.version = version;
    creation.run.run_no = store_->next_run_no();
    creation.run.dag_id = dag->id;
    creation.run.dag_version = dag->version;
    creation.run.run_id = "manual__" + std::to_string(creation.run.run_no);
    creation.run.queued_at = loop_.wall_now();
    const RunNo run_no = creation.run.run_no;
    engine_->create_run(std::move(creation), Value{ValueMap{}}, path_lengths(*dag, {}), [](const PartVerdict& verdict) {
      EXPECT_TRUE(verdict.is_done());
    });
    return run_no;
  }

  void run_to_end() {
    worker_->connect(*engine_, store_->store_id(), store_->leader_epoch(), [this](const std::string& why) {
      ADD_FAILURE() << why;
      loop_.stop();
    });
    loop_.run();
  }

  AsioLoop loop_;
  std::string folder_;
  std::unique_ptr<WorkerLink> worker_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Engine> engine_;
  std::optional<RunRow> ended_;
};

TEST_F(LiveRun, TheEnvironmentOfTheWorkerHoldsNoSecrets) {
  begin(chain_of(1, "tr '\\0' '\\n' < /proc/$PPID/environ > \"$BATON_OUTPUT.seen\"; grep -q ^PATH= \"$BATON_OUTPUT.seen\"; "
                    "! grep BATON_SECRET \"$BATON_OUTPUT.seen\""));
  run_to_end();
  ASSERT_TRUE(ended_);
  EXPECT_EQ(ended_->state, RunState::success);
}

TEST_F(LiveRun, ChainRunsToSuccessAndEveryTryIsInTheStore) {
  const RunNo run_no = begin(chain_of(5, "echo \"$BATON_TASK_ID\" >> \"$BATON_OUTPUT.seen\"; true"));
  run_to_end();
  ASSERT_TRUE(ended_);
  EXPECT_EQ(ended_->state, RunState::success);
  auto snapshot = store_->load_run(run_no);
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
  EXPECT_EQ(snapshot->run.state, RunState::success);
  for (const TaskRow& row : snapshot->instances) {
    EXPECT_EQ(row.state, TaskState::success);
    EXPECT_EQ(row.try_number, 1);
    EXPECT_NE(row.ended_at, kNoTime);
  }
}

TEST_F(LiveRun, FailureLeavesTheRestUpstreamFailed) {
  const RunNo run_no = begin(chain_of(3, "[ \"$BATON_TASK_ID\" != t1 ]"));
  run_to_end();
  ASSERT_TRUE(ended_);
  EXPECT_EQ(ended_->state, RunState::failed);
  auto snapshot = store_->load_run(run_no);
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(snapshot->instances[0].state, TaskState::success);
  EXPECT_EQ(snapshot->instances[1].state, TaskState::failed);
  EXPECT_EQ(snapshot->instances[1].reason, Reason::exit_code);
  EXPECT_EQ(snapshot->instances[2].state, TaskState::upstream_failed);
}

TEST_F(LiveRun, AStepOfManySharesThatChangeNothingGoesOn) {
  begin(noops_behind_one(50'000));  // judged share by share before the first task starts
  loop_.call_at(loop_.mono_now() + 300 * kSecond, [this] { loop_.stop(); });  // stuck
  run_to_end();
  ASSERT_TRUE(ended_) << "the run came to a stop halfway";
  EXPECT_EQ(ended_->state, RunState::success);
}

}  // namespace
}  // namespace baton
