// What a server finds again of its DAGs, their files and ticks.
#include <gtest/gtest.h>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class ScheduleRows : public StoreBench {
 protected:
  static Part part_of(ServiceRows rows) {
    Part part;
    part.service = std::move(rows);
    return part;
  }
  void put(ServiceRows rows) { ASSERT_EQ(commit(part_of(std::move(rows))), CommitOutcome::durable); }
  ServiceSnapshot load() {
    auto loaded = store_->load_service();
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    return std::move(loaded).value();
  }
  static ServiceRows etl() {
    ServiceRows rows;
    DagFileRow file;
    file.path = "/dags/etl.yaml";
    file.size = 77;
    file.mtime = 5;
    file.inode = 9;
    file.hash = "abc";
    file.read_at = 6;
    rows.files.push_back(file);
    const auto dag = sample::dag("etl", 2);
    rows.versions.push_back({dag, sample::version(*dag)});
    DagRow row;
    row.dag_id = "etl";
    row.file = file.path;
    row.version = dag->version;
    row.paused = {100, "ada"};
    row.schedule_hash = "hash";
    row.schedule_since = 50;
    row.failed_in_row = 3;
    rows.dags.push_back(row);
    rows.tags.push_back({"etl", {"ml", "daily"}});
    rows.cursors.push_back({"etl", 60, 70});
    return rows;
  }
};

TEST_F(ScheduleRows, AVersionIsKeptInTheWordsInWhichItCameLast) {
  open();
  put(etl());
  const auto dag = sample::dag("etl", 2);
  const RunNo before = create(dag, "before");
  auto moved = std::make_shared<VersionRow>(*sample::version(*dag));
  moved->canonical_json = R"({"id":"etl","pools":[{"name":"p","slots":4}]})";
  moved->source = "# moved\n";
  moved->source_hash = "moved";
  moved->source_file = "/dags/sub/etl.yaml";
  moved->work_folder = "/dags/sub";
  moved->created_at += 5;
  ServiceRows rows;
  rows.versions.push_back({dag, moved});
  put(rows);
  close();
  open();
  const VersionRow found = store_->load_run(before).value().version;
  EXPECT_EQ(found.number, 1) << "it is no other version";
  EXPECT_EQ(found.created_at, sample::version(*dag)->created_at);
  EXPECT_EQ(found.canonical_json, moved->canonical_json);
  EXPECT_EQ(found.source, "# moved\n");
  EXPECT_EQ(found.work_folder, "/dags/sub");
  EXPECT_EQ(found.source_file, "/dags/sub/etl.yaml");
  create(dag, "first of a process that has read the file as it was");
  EXPECT_EQ(store_->load_run(before).value().version.work_folder, "/dags");
}

TEST_F(ScheduleRows, AnEditThatIsTakenBackStandsThoughItIsNotTheNewest) {
  open();
  put(etl());
  const auto dag = sample::dag("etl", 3);
  ServiceRows edit = etl();
  edit.versions = {{dag, sample::version(*dag)}};
  edit.dags[0].version = dag->version;
  put(edit);
  EXPECT_EQ(reader()->list_dags({}).value().rows.at(0).latest_number, 2);
  put(etl());
  const DagView view = reader()->list_dags({}).value().rows.at(0);
  EXPECT_EQ(view.latest_number, 1);
  EXPECT_EQ(view.latest_version, sample::dag("etl", 2)->version);
  const auto versions = reader()->list_versions("etl").value();
  EXPECT_EQ(versions.front().number, 2);
  EXPECT_EQ(standing(versions).number, 1);
  DagQuery query;
  query.filter.versions = {dag->version};
  EXPECT_TRUE(reader()->list_dags(query).value().rows.empty());
}

TEST_F(ScheduleRows, ADagIsFoundAgainWithItsFileVersionAndCursor) {
  open();
  put(etl());
  close();
  open();
  const ServiceSnapshot found = load();
  ASSERT_EQ(found.dags.size(), 1U);
  const DagRow& dag = found.dags[0];
  EXPECT_EQ(dag.file, "/dags/etl.yaml");
  EXPECT_EQ(dag.version, sample::dag("etl", 2)->version);
  EXPECT_EQ(dag.paused, (Held{100, "ada"}));
  EXPECT_FALSE(dag.draining.holds() || dag.stale.holds());
  EXPECT_EQ(dag.cursor, 60);
  EXPECT_EQ(dag.next_tick, 70);
  EXPECT_EQ(dag.failed_in_row, 3);
  ASSERT_EQ(found.files.size(), 1U);
  EXPECT_EQ(found.files[0].hash, "abc");
  EXPECT_EQ(found.files[0].failed_since, kNoTime);
  EXPECT_EQ(store_->load_version("etl", dag.version).value().source, "id: etl\n");
  EXPECT_EQ(store_->load_version("etl", "other").error().kind, ErrorKind::not_found);
}

TEST_F(ScheduleRows, APauseNeverSetsBackACursor) {
  open();
  put(etl());
  ServiceRows moved;
  moved.cursors.push_back({"etl", 80, 90});
  put(moved);
  ServiceRows resumed = etl();
  resumed.cursors.clear();
  resumed.dags[0].paused = {};
  put(resumed);
  EXPECT_EQ(load().dags[0].cursor, 80);
  EXPECT_FALSE(load().dags[0].paused.holds());
}

TEST_F(ScheduleRows, TickRecordsAreProlongedTakenAwayAndFoundByTheCursor) {
  open();
  put(etl());
  ServiceRows rows;
  rows.ticks.push_back({"etl", 10, 20, 2, TickReason::waiting, 0, 1});
  rows.ticks.push_back({"etl", 30, 40, 2, TickReason::overlap, 0, 1});
  put(rows);
  ServiceRows more;
  more.cursors.push_back({"etl", 50, 60});
  more.ticks.push_back({"etl", 30, 50, 3, TickReason::overlap, 0, 2});
  more.ticks.push_back({"etl", 10, 10, 0, TickReason::waiting, 0, 2});
  more.ticks.push_back({"etl", 20, 20, 1, TickReason::waiting, 0, 2});
  put(more);
  const ServiceSnapshot found = load();
  ASSERT_EQ(found.waiting.size(), 1U);
  EXPECT_EQ(found.waiting[0].from, 20);
  ASSERT_EQ(found.last.size(), 1U);
  EXPECT_EQ(found.last[0].ticks, 3);
  EXPECT_EQ(found.last[0].to, 50);
  ServiceRows exists;
  exists.cursors.push_back({"etl", 60, 70});
  exists.ticks.push_back({"etl", 60, 60, 1, TickReason::exists, 42, 3});
  put(exists);
  EXPECT_EQ(load().last[0].run_no, 42);
}

TEST_F(ScheduleRows, RetentionLeavesWhatWaitsToBeCaughtUp) {
  open();
  put(etl());
  ServiceRows rows;
  rows.ticks.push_back({"etl", 10, 20, 2, TickReason::waiting, 0, 1});
  rows.ticks.push_back({"etl", 30, 60, 2, TickReason::overlap, 0, 1});
  put(rows);
  ASSERT_TRUE(store_->prune_service(100).ok());
  EXPECT_EQ(load().waiting.size(), 1U);
  EXPECT_TRUE(load().last.empty());
}

TEST_F(ScheduleRows, ACursorMovesWithItsRunOrNotAtAll) {
  open();
  put(etl());
  const auto dag = sample::dag("etl", 2);
  const auto run_with_cursor = [&](WallUs cursor) {
    Part part;
    part.creations.push_back(sample::creation(store_->next_run_no(), dag, "scheduled__" + std::to_string(cursor)));
    part.creations[0].run.logical_date = 7;
    part.service.cursors.push_back({"etl", cursor, cursor + 10});
    return part;
  };
  EXPECT_TRUE(verdict(run_with_cursor(70)).is_done());
  EXPECT_EQ(load().dags[0].cursor, 70);
  EXPECT_EQ(verdict(run_with_cursor(80)).exists, PartVerdict::Exists::logical_date);
  EXPECT_EQ(load().dags[0].cursor, 70);
}

TEST_F(ScheduleRows, AFileThatBreaksOrGoesAndAServerThatFreezes) {
  open();
  put(etl());
  ServiceRows rows;
  DagFileRow broken = etl().files[0];
  broken.failed_since = 11;
  broken.findings_json = R"([{"rule":"unknown-key"}])";
  rows.files.push_back(broken);
  rows.server.push_back({"frozen", "1", 12, "ada", "the warehouse moves"});
  put(rows);
  EXPECT_EQ(load().files[0].findings_json, broken.findings_json);
  ASSERT_EQ(load().server.size(), 1U);
  EXPECT_EQ(load().server[0].reason, "the warehouse moves");
  ServiceRows gone;
  broken.is_gone = true;
  gone.files.push_back(broken);
  gone.dags = etl().dags;
  gone.dags[0].file.clear();
  gone.dags[0].stale = {13, "file"};
  gone.server.push_back({"frozen", "", kNoTime, "", ""});
  put(gone);
  EXPECT_TRUE(load().files.empty());
  EXPECT_TRUE(load().server.empty());
  EXPECT_TRUE(load().dags[0].stale.holds());
  EXPECT_EQ(load().dags[0].file, "");
}

}  // namespace
}  // namespace baton
