#include "scheduler/store/sqlite_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class ReaderTest : public StoreBench {
 protected:
  ReaderTest() { open(); }
};

std::vector<RunNo> numbers(const RunPage& page) {
  std::vector<RunNo> out;
  for (const auto& run : page.rows) out.push_back(run.row.run_no);
  return out;
}

std::vector<InstanceNo> numbers(const InstancePage& page) {
  std::vector<InstanceNo> out;
  for (const auto& instance : page.rows) out.push_back(instance.row.instance_no);
  return out;
}

TEST_F(ReaderTest, ARunIsFoundByNumberIdDagAndLatest) {
  const auto etl = sample::dag("etl", 1);
  const RunNo first = create(etl, "a");
  const RunNo second = create(etl, "b");
  const RunNo other = create(sample::dag("other", 1), "b");
  const auto r = reader();
  EXPECT_EQ(r->find_run(std::to_string(second)).value(), second);
  EXPECT_EQ(r->find_run("a").value(), first);
  EXPECT_EQ(r->find_run("etl/b").value(), second);
  EXPECT_EQ(r->find_run("@latest").value(), other);
  EXPECT_EQ(r->find_run("etl@latest").value(), second);
}

TEST_F(ReaderTest, ARunThatIsNotThereIsCodeThreeAndAnAmbiguousOneNamesTheCandidates) {
  EXPECT_EQ(reader()->find_run("@latest").error().kind, ErrorKind::not_found);
  create(sample::dag("etl", 1), "b");
  create(sample::dag("other", 1), "b");
  const auto r = reader();
  for (const char* selector : {"x", "etl/x", "nope/b", "nope@latest", "99", "", "/", "etl/"}) {
    EXPECT_EQ(r->find_run(selector).error().kind, ErrorKind::not_found) << selector;
  }
  const Error ambiguous = r->find_run("b").error();
  EXPECT_EQ(ambiguous.kind, ErrorKind::invalid);
  EXPECT_NE(ambiguous.message.find("etl/b"), std::string::npos);
  EXPECT_NE(ambiguous.message.find("other/b"), std::string::npos);
}

TEST_F(ReaderTest, AnInstanceIsFoundByTaskIndexAndKey) {
  const RunNo run_no = create(sample::dag("etl", 2, true), "r");
  EXPECT_EQ(reader()->find_instance(run_no, "t1").value(), 1);
  Part batch;
  TaskRow first = sample::instance(run_no, 1, TaskState::scheduled);
  first.map_index = 0;
  batch.instances.push_back(first);
  TaskRow row = sample::instance(run_no, 2, TaskState::scheduled);
  row.task_no = 1;
  row.map_index = 1;
  row.map_key = "eu";
  row.item_json = "{}";
  batch.new_instances.push_back(row);
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto r = reader();
  EXPECT_EQ(r->find_instance(run_no, "t0").value(), 0);
  EXPECT_EQ(r->find_instance(run_no, "t1[0]").value(), 1);
  EXPECT_EQ(r->find_instance(run_no, "t1[1]").value(), 2);
  EXPECT_EQ(r->find_instance(run_no, "t1[eu]").value(), 2);
  EXPECT_EQ(r->find_instance(run_no, "t1").error().kind, ErrorKind::invalid);
  EXPECT_EQ(r->find_instance(run_no, "t1[us]").error().kind, ErrorKind::not_found);
  EXPECT_EQ(r->find_instance(run_no, "t9").error().kind, ErrorKind::not_found);
}

TEST_F(ReaderTest, RunsArePagedNewestFirstByKeyAndByOffset) {
  const auto etl = sample::dag("etl", 1);
  const auto other = sample::dag("other", 1);
  for (int i = 0; i < 10; ++i) create(i % 2 == 0 ? etl : other, "r" + std::to_string(i));
  for (const RunNo n : {1, 3, 5}) end_run(n, n == 5 ? RunState::failed : RunState::success, 5);
  const auto r = reader();
  RunQuery query;
  query.page.limit = 4;
  auto page = r->list_runs(query).value();
  EXPECT_EQ(numbers(page), (std::vector<RunNo>{10, 9, 8, 7}));
  EXPECT_EQ(page.total, 10);
  query.page.after = page.next;
  page = r->list_runs(query).value();
  EXPECT_EQ(numbers(page), (std::vector<RunNo>{6, 5, 4, 3}));
  query.page.after = page.next;
  page = r->list_runs(query).value();
  EXPECT_EQ(numbers(page), (std::vector<RunNo>{2, 1}));
  EXPECT_EQ(page.next, "");

  RunQuery by_state;
  by_state.filter.states = {RunState::success, RunState::failed};
  EXPECT_EQ(numbers(r->list_runs(by_state).value()), (std::vector<RunNo>{5, 3, 1}));
  EXPECT_EQ(r->list_runs(by_state).value().total, 3);
  by_state.page.offset = 1;
  by_state.page.limit = 1;
  EXPECT_EQ(numbers(r->list_runs(by_state).value()), (std::vector<RunNo>{3}));
  RunQuery by_dag;
  by_dag.filter.dag_ids = {"other"};
  by_dag.filter.states = {RunState::queued};
  EXPECT_EQ(numbers(r->list_runs(by_dag).value()), (std::vector<RunNo>{10, 8, 6, 4, 2}));
  EXPECT_EQ(r->list_runs(by_dag).value().total, 5);
  by_dag.filter.dag_ids = {"nope"};
  EXPECT_EQ(r->list_runs(by_dag).value().total, 0);
}

TEST_F(ReaderTest, InstancesCarryWhatTheirTaskSays) {
  const RunNo run_no = create(sample::dag("etl", 3), "r");
  TaskRow row = sample::instance(run_no, 1, TaskState::failed, 1);
  change(row, true);
  const auto view = reader()->instance(run_no, 1).value();
  EXPECT_EQ(view.task_id, "t1");
  EXPECT_EQ(view.dag_id, "etl");
  EXPECT_EQ(view.run_id, "r");
  EXPECT_EQ(view.pool, "warehouse");
  EXPECT_EQ(view.pool_slots, 2);
  EXPECT_EQ(view.max_tries, 2);
  EXPECT_EQ(view.kind, TaskKind::run);
  EXPECT_EQ(view.host, "here");
  EXPECT_FALSE(view.is_mapped);
  EXPECT_EQ(view.uuid.size(), 36U);
  EXPECT_EQ(view.uuid[14], '5');
  EXPECT_NE(view.uuid, reader()->instance(run_no, 2).value().uuid);
  EXPECT_EQ(view.uuid, reader()->instance(run_no, 1).value().uuid);
}

TEST_F(ReaderTest, InstancesAreFilteredAndPaged) {
  const RunNo run_no = create(sample::dag("etl", 6), "r");
  Part batch;
  for (const InstanceNo i : {1, 2, 4}) batch.instances.push_back(sample::instance(run_no, i, TaskState::failed, 1));
  batch.instances.push_back(sample::instance(run_no, 3, TaskState::success, 1));
  batch.runs.push_back(store_->load_run(run_no).value().run);
  batch.runs[0].counts = {};
  batch.runs[0].counts[static_cast<std::size_t>(TaskState::failed)] = 3;
  batch.runs[0].counts[static_cast<std::size_t>(TaskState::success)] = 1;
  batch.runs[0].counts[static_cast<std::size_t>(TaskState::none)] = 2;
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto r = reader();
  InstanceQuery failed;
  failed.filter.run_no = run_no;
  failed.filter.states = {TaskState::failed};
  failed.page.limit = 2;
  auto page = r->list_instances(failed).value();
  EXPECT_EQ(numbers(page), (std::vector<InstanceNo>{1, 2}));
  EXPECT_EQ(page.total, 3);
  failed.page.after = page.next;
  page = r->list_instances(failed).value();
  EXPECT_EQ(numbers(page), (std::vector<InstanceNo>{4}));
  EXPECT_EQ(page.next, "");
  InstanceQuery query;
  query.filter.run_no = run_no;
  query.filter.states = {TaskState::failed, TaskState::success};
  EXPECT_EQ(numbers(r->list_instances(query).value()), (std::vector<InstanceNo>{1, 2, 3, 4}));
  query.filter.states = {};
  query.filter.task_ids = {"t3"};
  EXPECT_EQ(numbers(r->list_instances(query).value()), (std::vector<InstanceNo>{3}));
  EXPECT_EQ(r->list_instances(query).value().total, 1);
  query.filter.task_ids = {"t9"};
  EXPECT_EQ(r->list_instances(query).value().total, 0);
  query.filter = {};
  query.filter.run_no = run_no + 1;
  EXPECT_EQ(r->list_instances(query).value().total, 0);
}

TEST_F(ReaderTest, TriesComeOldestFirst) {
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  for (const Epoch epoch : {1, 2, 3}) change(sample::instance(run_no, 0, TaskState::up_for_retry, epoch), true);
  const auto tries = reader()->tries(run_no, 0).value();
  ASSERT_EQ(tries.size(), 3U);
  EXPECT_EQ(tries[0].row.epoch, 1);
  EXPECT_EQ(tries[2].row.pid, 4711);
  EXPECT_NE(tries[0].uuid, tries[1].uuid);
  EXPECT_EQ(reader()->tries_of_run(run_no).value().size(), 3U);
}

TEST_F(ReaderTest, WhatLivesIsListedWithItsRuns) {
  const auto etl = sample::dag("etl", 3);
  const RunNo ended = create(etl, "a");
  end_run(ended, RunState::success, 1);
  const RunNo live = create(etl, "b");
  change(sample::instance(live, 1, TaskState::running, 1));
  const auto view = reader()->live().value();
  ASSERT_EQ(view.runs.size(), 1U);
  EXPECT_EQ(view.runs[0].row.run_no, live);
  ASSERT_EQ(view.instances.size(), 1U);
  EXPECT_EQ(view.instances[0].task_id, "t1");
}

TEST_F(ReaderTest, PoolsAreLoadedByTheCountsOfRunsAndByTheInstancesOfThoseThatNameThem) {
  const RunNo pooled = create(sample::dag("pooled", 3), "a");  // its second task wants two slots of warehouse
  change(sample::instance(pooled, 1, TaskState::running, 1));
  change(sample::instance(pooled, 2, TaskState::queued, 1));
  const RunNo plain = create(sample::dag("plain", 1), "b");
  RunRow row = reader()->run(plain).value().row;
  row.counts = {};
  row.counts[static_cast<std::size_t>(TaskState::scheduled)] = 7;
  row.counts[static_cast<std::size_t>(TaskState::running)] = 2;
  Part counted;
  counted.runs.push_back(row);
  ASSERT_EQ(commit(std::move(counted)), CommitOutcome::durable);
  const auto r = reader();
  for (int look = 0; look < 2; ++look) {
    std::string told;
    const auto loads = r->pool_loads();
    ASSERT_TRUE(loads.ok()) << loads.error().message;
    for (const PoolLoad& load : *loads) {
      told += load.pool + "/" + std::string(to_string(load.state)) + ":" + std::to_string(load.instances) + "x" +
              std::to_string(load.slots) + " ";
    }
    EXPECT_EQ(told, "/scheduled:7x7 /queued:1x1 /running:2x2 warehouse/running:1x2 ");
  }
}

TEST_F(ReaderTest, VersionsAreNumberedPerDagAndKeepTheirSource) {
  create(sample::dag("etl", 1), "a");
  const RunNo second = create(sample::dag("etl", 2), "b");
  create(sample::dag("etl", 2), "c");
  create(sample::dag("other", 1), "d");
  const auto r = reader();
  const auto versions = r->list_versions("etl").value();
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0].number, 2);
  EXPECT_EQ(versions[0].version, "version-of-etl-2");
  EXPECT_EQ(r->version_of_run(second).value().source, "id: etl\n");
  EXPECT_EQ(r->version("etl", "version-of-etl-1").value().number, 1);
  EXPECT_EQ(r->version("etl", "x").error().kind, ErrorKind::not_found);
  const auto dags = r->list_dags({}).value().rows;
  ASSERT_EQ(dags.size(), 2U);
  EXPECT_EQ(dags[0].latest_number, 2);
  EXPECT_EQ(dags[0].runs_by_state[0], 3);
}

TEST_F(ReaderTest, ChangesAfterAKeyAreTheLatestStates) {
  const RunNo run_no = create(sample::dag("etl", 5), "r");
  const auto before = reader()->changes_after({}, 2).value();
  EXPECT_EQ(before.runs.size(), 1U) << "a new run stands for its instances";
  EXPECT_TRUE(before.instances.empty());
  change(sample::instance(run_no, 2, TaskState::queued, 1));
  change(sample::instance(run_no, 2, TaskState::running, 1));
  const auto after = reader()->changes_after(before.key, 100).value();
  ASSERT_EQ(after.instances.size(), 1U);
  EXPECT_EQ(after.instances[0].row.state, TaskState::running);
  EXPECT_TRUE(reader()->changes_after(after.key, 100).value().instances.empty());
  EXPECT_EQ(reader()->changes_after(after.key, 100).value().key, after.key);
}

TEST_F(ReaderTest, AuditDurationsAndCacheAreRead) {
  Part batch;
  batch.audit.push_back({7, "ada", "clear", "etl", "r", "t0", -1, "{}"});
  batch.audit.push_back({8, "ada", "stop", "etl", "s", "", -1, "{}"});
  batch.durations.push_back({"etl", "t0", 50});
  batch.cache.push_back({"etl", "t0", "key", "spec", "{}", 5, kNoTime, 1, 0});
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto r = reader();
  EXPECT_EQ(r->audit({}).value().rows.at(0).row.action, "stop");
  AuditQuery of_run;
  of_run.filter.run_ids = {"r"};
  EXPECT_EQ(r->audit(of_run).value().total, 1);
  EXPECT_EQ(r->durations("etl").value().at("t0").mean_us, 50);
  EXPECT_EQ(r->cache_stats("").value().entries, 1);
  EXPECT_EQ(r->cache_stats("etl").value().bytes, 5);
  EXPECT_EQ(r->cache_stats("x").value().entries, 0);
}

TEST_F(ReaderTest, AReaderWorksOnAHotWalWithoutAWriter) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  // What a kill -9 leaves: the files as they are, without the shared memory (as after a reboot).
  const auto dead = folder_->path() / "dead";
  std::filesystem::create_directory(dead);
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy_file(database() + suffix, database_path(dead).string() + suffix);
  }
  ASSERT_GT(std::filesystem::file_size(database_path(dead).string() + "-wal"), 0U);
  const auto size_before = std::filesystem::file_size(database_path(dead));
  {
    auto r = SqliteReader::open(dead);
    ASSERT_TRUE(r.ok()) << r.error().message;
    EXPECT_EQ((*r)->find_run("@latest").value(), run_no);
    EXPECT_FALSE((*r)->info().value().closed_cleanly);
  }
  EXPECT_EQ(std::filesystem::file_size(database_path(dead)), size_before) << "a reader has checkpointed";
  EXPECT_TRUE(std::filesystem::exists(database_path(dead).string() + "-wal"));
}

TEST_F(ReaderTest, AReaderWorksAfterACleanEndWithAShortWalAndWithout) {
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  close();
  EXPECT_TRUE(std::filesystem::exists(database() + "-wal")) << "a short run should not pay for a checkpoint";
  EXPECT_EQ(reader()->find_run("@latest").value(), run_no);
  EXPECT_TRUE(reader()->info().value().closed_cleanly);
  StoreOptions options;
  options.checkpoint_bytes = 1;
  open(options);
  create(sample::dag("etl", 2), "s");
  close();
  EXPECT_FALSE(std::filesystem::exists(database() + "-wal"));
  EXPECT_EQ(reader()->find_run("r").value(), run_no);
  EXPECT_TRUE(reader()->info().value().closed_cleanly);
}

TEST_F(ReaderTest, AReaderOpenedBeforeSeesWhatIsCommittedLater) {
  const auto r = reader();
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  EXPECT_EQ(r->find_run("r").value(), run_no);
  ASSERT_TRUE(store_->checkpoint().ok());
  change(sample::instance(run_no, 0, TaskState::queued, 1));
  EXPECT_EQ(r->instance(run_no, 0).value().row.state, TaskState::queued);
}

TEST(Reader, NoStateIsCodeThree) {
  const sample::Folder folder;
  EXPECT_EQ(SqliteReader::open(folder.path()).error().kind, ErrorKind::not_found);
  EXPECT_EQ(SqliteReader::open(folder.path() / "nowhere").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace baton
