// Assets, their events and cursors as they are written, read, and kept.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class AssetRows : public StoreBench {
 protected:
  AssetRows() { open(); }

  static AssetRow asset(const std::string& name, AssetDeclarer as, const std::string& by, const std::string& uri) {
    return {name, uri, "", by, as, 0, 10};
  }
  static AssetEventRow event(std::int64_t number, const std::string& name, WallUs at = 20, RunNo run_no = 0) {
    AssetEventRow row;
    row.event_no = number;
    row.asset = name;
    row.at = at;
    row.run_no = run_no;
    if (run_no != 0) row.dag_id = "etl", row.run_id = "r", row.task_id = "t0";
    if (run_no == 0) row.actor = "ada";
    return row;
  }
  static DagAssetsRow runs_on(const std::string& dag, const std::vector<AssetCursor>& cursors) {
    DagAssetsRow row{dag, {}, R"({"any":[]})", false, cursors};
    for (const AssetCursor& cursor : cursors) row.links.push_back({cursor.asset, AssetRole::schedule, ""});
    return row;
  }
  void write(baton::ServiceRows rows) {
    Part part;
    part.service = std::move(rows);
    ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  }
  std::vector<AssetCursor> cursors(const std::string& dag) {
    const ServiceSnapshot found = store_->load_service().value();
    for (const DagAssetsRow& row : found.asset_consumers) {
      if (row.dag_id == dag) return row.cursors;
    }
    return {};
  }
  std::vector<std::int64_t> events(const AssetEventFilter& filter) {
    std::vector<std::int64_t> out;
    AssetEventQuery query;
    query.filter = filter;
    query.newest_first = false;
    const AssetEventPage page = reader()->list_asset_events(query).value();
    for (const AssetEventView& one : page.rows) out.push_back(one.row.event_no);
    return out;
  }
};

TEST_F(AssetRows, TheWordOfAProducerGoesBeforeThatOfAConsumerAndThatOfTheConfigBeforeBoth) {
  baton::ServiceRows rows;
  rows.assets = {asset("orders", AssetDeclarer::producer, "etl", "a"),
                 asset("orders", AssetDeclarer::consumer, "x", "b")};
  write(rows);
  EXPECT_EQ(reader()->asset_named("orders").value().row.uri, "a");
  rows.assets = {asset("orders", AssetDeclarer::producer, "etl", "c"),
                 asset("orders", AssetDeclarer::producer, "x", "d")};
  write(rows);
  EXPECT_EQ(reader()->asset_named("orders").value().row.uri, "c");
  EXPECT_EQ(reader()->asset_named("orders").value().row.declared_by, "etl");
  rows.assets = {asset("orders", AssetDeclarer::config, "", "e"), asset("orders", AssetDeclarer::producer, "etl", "c")};
  write(rows);
  EXPECT_EQ(reader()->asset_named("orders").value().row.uri, "e");
  EXPECT_EQ(reader()->asset_named("none").error().kind, ErrorKind::not_found);
  EXPECT_EQ(reader()->asset(99).error().kind, ErrorKind::not_found);
}

TEST_F(AssetRows, KeepsByWhenAnAssetIsToBeFreshAndNoticesThatItIsAnother) {
  AssetRow orders = asset("orders", AssetDeclarer::producer, "etl", "a");
  for (const FreshnessRule& rule : {FreshnessRule{}, FreshnessRule{.within_us = kHour}, FreshnessRule{.by_s = 0},
                                    FreshnessRule{.by_s = 0, .timezone = "Asia/Tokyo"}, FreshnessRule{}}) {
    orders.fresh = rule;
    baton::ServiceRows rows;
    rows.assets = {orders};
    write(rows);
    EXPECT_EQ(reader()->asset_named("orders").value().row.fresh, rule);
  }
}

TEST_F(AssetRows, AnEventIsCountedWithItsAssetAndMakesOneThatNobodyHasToldOf) {
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  baton::ServiceRows rows;
  rows.asset_events = {event(3, "orders", 20, run_no), event(4, "orders", 30), event(5, "rates", 40)};
  rows.asset_events[0].extra_json = R"({"rows":3})";
  write(rows);
  const AssetView orders = reader()->asset_named("orders").value();
  EXPECT_EQ(orders.events, 2);
  EXPECT_EQ(orders.last_event_no, 4);
  EXPECT_EQ(orders.last_event_at, 30);
  EXPECT_EQ(store_->last_asset_event().value(), 5);
  EXPECT_EQ(store_->last_asset_times().value(), (Store::AssetTimes{{"orders", 30}, {"rates", 40}}));
  AssetEventFilter of_orders;
  of_orders.asset_no = orders.asset_no;
  EXPECT_EQ(events(of_orders), (std::vector<std::int64_t>{3, 4}));
  AssetEventFilter of_run;
  of_run.source_run = run_no;
  EXPECT_EQ(events(of_run), std::vector<std::int64_t>{3});
  AssetEventFilter late;
  late.at = {30, kNoTime};
  EXPECT_EQ(events(late), (std::vector<std::int64_t>{4, 5}));
  AssetEventQuery newest;
  newest.page.limit = 1;
  const auto page = reader()->list_asset_events(newest).value();
  EXPECT_EQ(page.total, 3);
  EXPECT_EQ(page.rows[0].row.actor, "ada");
}

TEST_F(AssetRows, CursorsBeginOnceAndMoveForwardWithTheRunThatTakesTheEvents) {
  baton::ServiceRows rows;
  rows.asset_events = {event(1, "orders"), event(2, "orders"), event(3, "rates")};
  rows.dag_assets = {runs_on("report", {{"orders", 0}, {"rates", 0}})};
  rows.assets = {asset("orders", AssetDeclarer::producer, "etl", "a"),
                 asset("rates", AssetDeclarer::producer, "etl", "b")};
  write(rows);
  EXPECT_EQ(reader()->queued_asset_events("report", 0).value().size(), 3U);
  Part part;
  part.service.asset_cursors = {{"report", {"orders", 1}}};
  const RunNo run_no = store_->next_run_no();
  part.service.taken_events = {{run_no, 1}};
  part.creations.push_back(sample::creation(run_no, sample::dag("report", 1), "asset_triggered__1"));
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  EXPECT_EQ(cursors("report"), (std::vector<AssetCursor>{{"orders", 1}, {"rates", 0}}));
  AssetEventFilter taken;
  taken.taken_by = run_no;
  EXPECT_EQ(events(taken), std::vector<std::int64_t>{1});
  AssetEventQuery first;
  first.filter.numbers = {1};
  const auto shown = reader()->list_asset_events(first).value().rows.at(0);
  ASSERT_EQ(shown.taken_by.size(), 1U);
  EXPECT_EQ(shown.taken_by[0].run_id, "asset_triggered__1");
  EXPECT_EQ(reader()->queued_asset_events("report", 0).value().size(), 2U);
  // The file is read again, and names another asset: what it ran on stays where it was.
  rows = {};
  rows.dag_assets = {runs_on("report", {{"orders", 9}, {"more", 9}})};
  rows.assets = {asset("more", AssetDeclarer::consumer, "report", "c")};
  write(rows);
  EXPECT_EQ(cursors("report"), (std::vector<AssetCursor>{{"more", 9}, {"orders", 1}}));
  rows = {};
  rows.asset_cursors = {{"report", {"orders", 0}}};
  write(rows);
  EXPECT_EQ(cursors("report")[1].event_no, 1) << "never back";
  rows = {};
  rows.dag_assets = {{"report", {}, "", false, {}}};
  write(rows);
  EXPECT_TRUE(store_->load_service().value().asset_consumers.empty());
  EXPECT_TRUE(store_->load_service().value().asset_dags.empty());
}

TEST_F(AssetRows, AStruckRunMovesNoCursor) {
  create(sample::dag("report", 1), "asset_triggered__1");
  baton::ServiceRows rows;
  rows.assets = {asset("orders", AssetDeclarer::producer, "etl", "a")};
  rows.asset_events = {event(1, "orders")};
  rows.dag_assets = {runs_on("report", {{"orders", 0}})};
  write(rows);
  Part part;
  const RunNo run_no = store_->next_run_no();
  part.creations.push_back(sample::creation(run_no, sample::dag("report", 1), "asset_triggered__1"));
  part.service.asset_cursors = {{"report", {"orders", 1}}};
  part.service.taken_events = {{run_no, 1}};
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  EXPECT_EQ(cursors("report"), (std::vector<AssetCursor>{{"orders", 0}}));
  AssetEventFilter taken;
  taken.taken_by = run_no;
  EXPECT_TRUE(events(taken).empty());
}

TEST_F(AssetRows, RetentionLeavesWhatSomebodyHasStillToTake) {
  baton::ServiceRows rows;
  rows.assets = {asset("orders", AssetDeclarer::producer, "etl", "a")};
  for (std::int64_t n = 1; n <= 6; ++n) rows.asset_events.push_back(event(n, "orders", n * 10));
  rows.dag_assets = {runs_on("report", {{"orders", 2}})};
  write(rows);
  ASSERT_TRUE(store_->prune_service(45).ok());
  EXPECT_EQ(events({}), (std::vector<std::int64_t>{3, 4, 5, 6}));
  rows = {};
  rows.asset_cursors = {{"report", {"orders", 6}}};
  write(rows);
  ASSERT_TRUE(store_->prune_service(1'000).ok());
  EXPECT_TRUE(events({}).empty());
  close();
  open();
  EXPECT_EQ(store_->last_asset_event().value(), 6) << "no number comes again";
}

TEST_F(AssetRows, AQuarantineStandsInTheRowOfItsAsset) {
  baton::ServiceRows rows;
  rows.assets = {asset("orders", AssetDeclarer::producer, "etl", "a")};
  rows.quarantines = {{"orders", "ada", "half of it is missing", 5}};
  write(rows);
  EXPECT_EQ(reader()->asset_named("orders").value().quarantined.by, "ada");
  const auto held = store_->load_service().value().quarantined;
  EXPECT_EQ(held, (decltype(held){{"orders", "ada"}}));
  rows = {};
  rows.quarantines = {{"orders", "", "", kNoTime}};
  write(rows);
  EXPECT_FALSE(reader()->asset_named("orders").value().quarantined.holds());
  EXPECT_TRUE(store_->load_service().value().quarantined.empty());
}

}  // namespace
}  // namespace baton
