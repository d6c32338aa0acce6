// A real folder, watched, with a real store behind it.
#include "scheduler/service/dag_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "scheduler/store/sqlite_store.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

/// Writes into the store; makes no runs.
class StoreHost final : public TickHost {
 public:
  explicit StoreHost(SqliteStore& store) : store_(store) {}
  /// Of a DAG whose file went while nobody looked: asked for what was due of it until then.
  void find_schedule(const std::string&, const std::string&, OnSchedule done) override { done(ScheduledDag{}); }
  RunNo make_run(const TickRun&, ServiceRows, std::function<void(const PartVerdict&)>) override { return 0; }
  void write(ServiceRows rows, std::vector<AuditRow>, std::function<void()> done) override {
    Part part;
    part.service = std::move(rows);
    ++open;
    store_.commit(std::move(part), [this, done = std::move(done)](const CommitDone& how) {
      EXPECT_EQ(how.outcome, CommitOutcome::durable);
      --open;
      done();
    });
  }
  void stop_run(RunNo) override {}
  void hold_dag(const std::string&, bool) override {}
  void freeze(bool) override {}
  void say(const std::string&) override {}

  int open = 0;

 private:
  SqliteStore& store_;
};

class Folder : public testing::Test {
 protected:
  Folder() { fs::create_directories(root()); }
  ~Folder() override { stop(); }

  [[nodiscard]] fs::path root() const { return fs::path(folder_.path()) / "dags"; }
  void save(const std::string& name, const std::string& text) {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << text;
  }
  static std::string dag(const std::string& id, const std::string& does = "true") {
    return "dag: " + id + "\nschedule: \"0 9 * * *\"\ntags: [x]\ntasks:\n  t: {run: \"" + does + "\"}\n";
  }
  void start() {
    store_ = std::move(SqliteStore::open_for_writing(folder_.path(), loop_).value());
    host_ = std::make_unique<StoreHost>(*store_);
    loader_ = std::make_unique<LoaderThread>();
    shelf_ = std::make_unique<DagShelf>(loop_, *store_, *loader_);
    ticks_ = std::make_unique<TicksService>(loop_, *host_);
    folder_of_dags_ =
        std::make_unique<DagFolder>(loop_, *host_, *ticks_, *shelf_, *loader_, FolderSettings{root(), {}});
    const ServiceSnapshot found = load();
    ticks_->start(found);
    folder_of_dags_->start(found);
    look_through();
  }
  void stop() {
    if (folder_of_dags_ != nullptr) folder_of_dags_->stop();
    if (loader_ != nullptr) loader_->stop();
    folder_of_dags_.reset();
    ticks_.reset();
    shelf_.reset();
    loader_.reset();
    host_.reset();
    store_.reset();
  }
  void look_through() {
    bool looked = false;
    folder_of_dags_->look_through([&] { looked = true; });
    loop_.run_until([&] { return looked && host_->open == 0; });
  }
  ServiceSnapshot load() { return store_->load_service().value(); }
  const DagRow* dag_row(const std::string& id) { return ticks_->dag(id); }
  /// Waits until the watch has told of something and it is written.
  template <typename F>
  void until(F f) {
    loop_.run_until([&] { return f() && host_->open == 0; });
  }

  sample::Folder folder_;
  TestLoop loop_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<StoreHost> host_;
  std::unique_ptr<LoaderThread> loader_;
  std::unique_ptr<DagShelf> shelf_;
  std::unique_ptr<TicksService> ticks_;
  std::unique_ptr<DagFolder> folder_of_dags_;
};

TEST_F(Folder, FilesThatComeChangeBreakAndGoAreFollowed) {
  save("etl.yaml", dag("etl"));
  save("deep/er/report.dag.yaml", dag("report"));
  save(".hidden/x.yaml", dag("hidden"));
  save("notes.txt", "no DAG");
  start();
  ASSERT_EQ(load().dags.size(), 2U);
  EXPECT_EQ(load().dags[0].file, (root() / "etl.yaml").string());
  EXPECT_NE(load().dags[0].next_tick, kNoTime);
  EXPECT_EQ(load().files.size(), 2U);
  const std::string version = dag_row("etl")->version;
  EXPECT_EQ(store_->load_version("etl", version).value().source, dag("etl"));

  save("etl.yaml", dag("etl", "false"));
  until([&] { return dag_row("etl")->version != version; });
  save("new.yml", dag("new"));
  until([&] { return dag_row("new") != nullptr; });
  save("later/on.yaml", dag("later"));
  until([&] { return dag_row("later") != nullptr && !dag_row("later")->version.empty(); });

  const std::string good = dag_row("etl")->version;
  save("etl.yaml", "dag: etl\ntasks: {t: {rum: x}}\n");
  until([&] { return load().files[1].failed_since != kNoTime; });
  EXPECT_EQ(load().files[1].path, (root() / "etl.yaml").string());
  EXPECT_NE(load().files[1].findings_json.find("unknown-key"), std::string::npos);
  EXPECT_EQ(dag_row("etl")->version, good);

  fs::remove(root() / "new.yml");
  until([&] { return dag_row("new")->stale.holds(); });
  fs::remove_all(root() / "deep");
  until([&] { return dag_row("report")->stale.holds(); });
  EXPECT_FALSE(dag_row("etl")->stale.holds());
}

TEST_F(Folder, AFileThatIsMovedIntoItsPlaceIsSeen) {
  start();
  save("etl.tmp", dag("etl"));
  fs::rename(root() / "etl.tmp", root() / "etl.yaml");
  until([&] { return dag_row("etl") != nullptr && !dag_row("etl")->version.empty(); });
  fs::rename(root() / "etl.yaml", root() / "other.yaml");
  until([&] { return dag_row("etl")->file == (root() / "other.yaml").string() && !dag_row("etl")->stale.holds(); });
}

TEST_F(Folder, AWarmStartReadsNothingAndStillSeesWhatChangedMeanwhile) {
  for (int i = 0; i < 30; ++i) save("dag" + std::to_string(i) + ".yaml", dag("dag" + std::to_string(i)));
  start();
  const WallUs first = loop_.wall_now();
  stop();
  save("dag7.yaml", dag("dag7", "false"));
  fs::remove(root() / "dag8.yaml");
  for (int i = 0; i < 2; ++i) {
    loop_.advance(kSecond);
    start();
    EXPECT_EQ(load().files.size(), 29U);
    for (const DagFileRow& row : load().files) {
      EXPECT_EQ(row.read_at == first, fs::path(row.path).filename() != "dag7.yaml") << row.path;
    }
    if (i == 0) stop();
  }
  EXPECT_TRUE(dag_row("dag8")->stale.holds());
}

TEST_F(Folder, AFolderThatComesLaterIsFoundAndWatched) {
  fs::remove_all(root());
  start();
  until([&] { return !folder_of_dags_->is_watched(); });
  save("etl.yaml", dag("etl"));
  loop_.advance(31 * kSecond);
  until([&] { return dag_row("etl") != nullptr && !dag_row("etl")->version.empty(); });
  until([&] { return folder_of_dags_->is_watched(); });
  const std::string version = dag_row("etl")->version;
  save("etl.yaml", dag("etl", "false"));
  until([&] { return dag_row("etl")->version != version; });
}

TEST_F(Folder, TwoFilesWithOneId) {
  save("a.yaml", dag("etl"));
  start();
  save("b.yaml", dag("etl", "false"));
  until([&] { return load().files.size() == 2 && load().files[0].failed_since != kNoTime; });
  EXPECT_NE(load().files[1].failed_since, kNoTime);
  EXPECT_EQ(dag_row("etl")->file, (root() / "a.yaml").string());
  fs::remove(root() / "a.yaml");
  until([&] { return dag_row("etl")->file == (root() / "b.yaml").string(); });
  until([&] { return load().files.size() == 1 && load().files[0].failed_since == kNoTime; });
}

TEST_F(Folder, AFileSavedTenTimesEndsAsItsLastVersion) {
  start();
  for (int i = 0; i < 10; ++i) save("etl.yaml", dag("etl", "echo " + std::to_string(i)));
  const std::string last = load_text(dag("etl", "echo 9"), "x").dags.at(0)->version;
  until([&] { return dag_row("etl") != nullptr && dag_row("etl")->version == last; });
  bool told = false;
  shelf_->get("etl", last, [&](const Result<ShelvedDag>& found) { told = found.ok() && found->dag->version == last; });
  until([&] { return told; });
}

TEST_F(Folder, AVersionThatIsNotOnTheShelfIsLoadedFromTheStore) {
  save("etl.yaml", dag("etl"));
  start();
  stop();
  start();
  EXPECT_EQ(shelf_->size(), 0U);
  int told = 0;
  for (int i = 0; i < 3; ++i) {
    shelf_->get("etl", dag_row("etl")->version, [&](const Result<ShelvedDag>& found) { told += found.ok() ? 1 : 0; });
  }
  shelf_->get("etl", "another", [&](const Result<ShelvedDag>& found) {
    EXPECT_EQ(found.error().kind, ErrorKind::not_found);
    ++told;
  });
  until([&] { return told == 4; });
  EXPECT_EQ(shelf_->size(), 1U);
}

}  // namespace
}  // namespace baton
