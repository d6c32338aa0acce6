// What of a backfill is written, and behind what: with it stands or falls what a crash takes.
#include "scheduler/host/backfills_on_engine.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/host/ticks_on_engine.h"
#include "tests/support/dag_builder.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

class NoService final : public ServiceStore {
 public:
  Result<ServiceSnapshot> load_service() override { return ServiceSnapshot{}; }
  Result<VersionRow> load_version(const std::string&, const std::string&) override { return Error{"none is kept"}; }
};

class BackfillsOnEngineTest : public testing::Test {
 protected:
  BackfillsOnEngineTest() {
    test::DagBuilder builder("d");
    builder.task("a");
    auto when = std::make_shared<timetable::ScheduleSpec>();
    when->entries.push_back({.cron = "0 0 * * *"});
    builder.dag().schedule = when;
    dag = builder.build();
    shelf.put({dag, std::make_shared<const VersionRow>()});
    backfills.find_schedule("d", dag->version, "{}", [this](const auto& found) {
      ASSERT_TRUE(found.ok()) << found.error().message;
      source = *found;
    });
    loop.drain();
  }
  ~BackfillsOnEngineTest() override { files.stop(); }

  static LaunchContext launch() {
    LaunchContext context;
    context.state_folder = "/state";
    context.store_id = "store";
    context.default_shell = {"sh"};
    return context;
  }
  HostParts parts() {
    const auto reads = [](const RunSnapshot&) { return Result<std::shared_ptr<const Dag>>{Error{"none is kept"}}; };
    HostParts out{loop, store, executor, nullptr, reads, nullptr, nullptr};
    out.loader = &loader;
    return out;
  }

  test::HandLoop loop;
  test::HandStore store;
  test::HandExecutor executor;
  test::HandLoader loader;
  NoService service;
  LoaderThread files;
  Host host{parts(), launch(), {HostPolicy::all_runs, {}}};
  DagShelf shelf{loop, service, files};
  TicksOnEngine tick_host{loop, store, host.engine(), shelf, {}, nullptr};
  TicksService ticks{loop, tick_host};
  BackfillsOnEngine backfills{loop, store, host, ticks, shelf, {}, nullptr, nullptr};
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const BackfillSource> source;
};

/// How far it has come stands in the part of the run, and what comes after is written behind that: whatever a crash
/// leaves of it, no date is passed over that has no run.
TEST_F(BackfillsOnEngineTest, ARunIsOfferedWithItsRowsBeforeWhatFollowsIt) {
  ASSERT_NE(source, nullptr);
  BackfillRow row;
  row.backfill_no = 1;
  row.dag_id = "d";
  row.next_ordinal = 1;
  BackfillPiece piece;
  piece.logical_date = 20'000 * 24 * kHour;
  piece.interval = {piece.logical_date, piece.logical_date + 24 * kHour};
  ServiceRows with;
  with.backfills.push_back(row);
  with.intervals.push_back({1, 0, piece.logical_date, 0, BackfillSkip::none});
  const RunNo run_no = backfills.make_run({"d", source, piece, "{}", {}}, with, [](const PartVerdict&) {});
  row.next_ordinal = 5;
  ServiceRows behind;
  behind.backfills.push_back(row);
  backfills.write(behind, {}, [] {});
  loop.drain();

  std::vector<const Part*> parts;  // in the order in which they become durable
  for (const auto& [batch, done] : store.offered) {
    for (const Part& part : batch.parts) parts.push_back(&part);
  }
  const auto makes = std::ranges::find_if(parts, [](const Part* part) { return !part->creations.empty(); });
  ASSERT_NE(makes, parts.end()) << "it is not offered yet";
  EXPECT_EQ((*makes)->creations.front().run.run_no, run_no);
  ASSERT_EQ((*makes)->service.intervals.size(), 1U);
  EXPECT_EQ((*makes)->service.intervals[0].run_no, run_no);
  ASSERT_EQ((*makes)->service.backfills.size(), 1U);
  EXPECT_EQ((*makes)->service.backfills[0].next_ordinal, 1);
  const auto goes_on = std::ranges::find_if(parts, [](const Part* part) {
    return !part->service.backfills.empty() && part->service.backfills.front().next_ordinal == 5;
  });
  EXPECT_LT(makes - parts.begin(), goes_on - parts.begin());
}

}  // namespace
}  // namespace baton
