// From a file in a folder over its tick to a run that has ended: a real store and engine, a clock that the test moves.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "scheduler/host/ticks_on_engine.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/timetable/time_text.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

/// A scheduler without its worker: a DAG of a noop needs none.
class Server {
 public:
  Server(TestLoop& loop, const fs::path& state, const fs::path& dags)
      : loop_(loop),
        store_(std::move(SqliteStore::open_for_writing(state, loop).value())),
        engine_(loop, *store_, executor_, renderer(), {}, nullptr),
        shelf_(loop, *store_, loader_),
        host_(loop, *store_, engine_, shelf_, {}, [this](const std::string& line) { said += line; }),
        ticks(loop, host_),
        folder(loop, host_, ticks, shelf_, loader_, {dags, {}}) {
    engine_.on_finished([this](const DagRun& run) {
      ++ended;
      ticks.run_ended(run.row, run.dag->max_consecutive_failed_runs);
    });
    const ServiceSnapshot found = store_->load_service().value();
    const auto worker = std::make_shared<const Worker>(Worker{"local", "1", "here"});
    engine_.worker_capacity(worker, 1, {}, "");
    engine_.worker_ready(worker, {});
    engine_.executor_settled("local");
    ticks.start(found);
    folder.start(found);
  }
  /// What is on its way is written, and heard of.
  ~Server() {
    folder.stop();
    ticks.stop();
    loader_.stop();
    store_->stop();
    loop_.run_posted();
  }
  SqliteStore& store() { return *store_; }

 private:
  static Renderer renderer() {
    LaunchContext context;
    context.state_folder = "/state";
    context.store_id = "store";
    context.default_shell = {"sh"};
    return Renderer(std::move(context));
  }

  TestLoop& loop_;
  std::unique_ptr<SqliteStore> store_;
  test::HandExecutor executor_;
  Engine engine_;
  LoaderThread loader_;
  DagShelf shelf_;
  TicksOnEngine host_;

 public:
  TicksService ticks;
  DagFolder folder;
  int ended = 0;
  std::string said;
};

class TickToRun : public testing::Test {
 protected:
  TickToRun() { fs::create_directories(dags()); }
  [[nodiscard]] fs::path dags() const { return fs::path(folder_.path()) / "dags"; }
  void save(const std::string& name, const std::string& text) { std::ofstream(dags() / name) << text; }
  void start() { server_ = std::make_unique<Server>(loop_, folder_.path(), dags()); }
  void until(const std::function<bool()>& done) { loop_.run_until(done); }
  [[nodiscard]] const DagRow* dag(const std::string& id) const { return server_->ticks.dag(id); }

  sample::Folder folder_;
  TestLoop loop_;  // it is 22:13:20 UTC
  std::unique_ptr<Server> server_;
};

constexpr char kHourly[] =
    "dag: etl\nschedule: \"0 * * * *\"\nparams:\n  n: {type: integer, default: 7}\ntasks:\n  t: {noop: true}\n";

TEST_F(TickToRun, AFileIsSavedItsTickComesTheRunEnds) {
  start();
  save("etl.yaml", kHourly);
  until([&] { return dag("etl") != nullptr && dag("etl")->schedule_since != kNoTime; });
  loop_.advance(47 * kMinute);
  until([&] { return server_->ended == 1; });
  const auto run = server_->store().load_run(1).value();
  EXPECT_EQ(run.run.run_id, "scheduled__2023-11-14T22:00:00+00:00");
  EXPECT_EQ(run.run.type, RunType::scheduled);
  EXPECT_EQ(run.run.state, RunState::success);
  EXPECT_EQ(run.run.conf_json, R"({"n":7})");
  EXPECT_EQ(timetable::format_rfc3339(run.run.run_after, timetable::utc()), "2023-11-14T23:00:00+00:00");
  EXPECT_EQ(run.run.interval_end, run.run.run_after);
  EXPECT_EQ(run.version.source, kHourly);
  EXPECT_EQ(server_->store().load_service().value().dags.at(0).cursor, run.run.run_after);
}

TEST_F(TickToRun, AServerThatWasAwayCatchesUpAndDoublesNothing) {
  save("etl.yaml", std::string(kHourly) + "# later\n");
  start();
  until([&] { return dag("etl") != nullptr && dag("etl")->schedule_since != kNoTime; });
  loop_.advance(47 * kMinute);
  until([&] { return server_->ended == 1; });
  const auto version = [&] { return server_->store().load_service().value().dags.at(0).version; };
  const std::string before = version();
  std::string all(kHourly);
  all.replace(all.find("\"0 * * * *\""), 11, "{cron: \"0 * * * *\", catchup: all}");
  save("etl.yaml", all);  // another version, the same ticks: no edit
  until([&] { return version() != before; });
  server_.reset();
  loop_.advance(5 * kHour);
  start();
  loop_.advance(kSecond);
  until([&] { return server_->ended == 5; });
  const ServiceSnapshot found = server_->store().load_service().value();
  EXPECT_TRUE(found.waiting.empty());
  for (RunNo run = 1; run <= 6; ++run) EXPECT_EQ(server_->store().load_run(run).value().run.state, RunState::success);
  EXPECT_EQ(server_->said, "");
}

}  // namespace
}  // namespace baton
