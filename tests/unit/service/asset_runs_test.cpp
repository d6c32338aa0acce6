#include "scheduler/service/asset_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/unit/service/asset_bench.h"

namespace baton {
namespace {

using Takes = std::vector<std::vector<std::int64_t>>;

TEST(AssetRuns, AnEventMakesARunAndTheNextOneWaitsAsARunTheOthersAsEvents) {
  AssetBench bench;
  bench.put("d", R"("a")");
  bench.settle();
  for (int k = 0; k < 4; ++k) bench.raise("a");
  bench.settle();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}, {2}}));
  EXPECT_EQ(bench.waiting("d"), 1);
  bench.end_run("d");
  bench.settle();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}, {2}, {3}}));
  bench.finish();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}, {2}, {3}, {4}}));
}

/// Events 1 to 4 during a run, pause, event 5, kill, unpause: each is consumed once, in order, and none waits for
/// another event. The kill comes before each of the commits in turn.
TEST(AssetRuns, Scenario8EachEventOnceInOrderWhereverTheSchedulerDies) {
  for (int kill_at = 0; kill_at < 14; ++kill_at) {
    AssetBench bench;
    bench.put("d", R"("a")");
    bench.settle();
    bench.raise("a");  // its run lives meanwhile
    bench.settle();
    for (int k = 0; k < 4; ++k) bench.raise("a");
    for (int k = 0; k < kill_at && bench.commit_one(); ++k) {
    }
    bench.pause("d", true);
    bench.raise("a");
    for (int k = 0; k < kill_at && bench.commit_one(); ++k) {
    }
    bench.kill();
    bench.finish();
    const auto last = static_cast<std::int64_t>(bench.disk.events.size());
    Takes expected;
    for (std::int64_t n = 1; n <= last; ++n) expected.push_back({n});
    EXPECT_EQ(bench.taken("d"), expected) << "killed after " << kill_at;
  }
}

TEST(AssetRuns, ADagBeginsWithTheEventsThatComeAfterIt) {
  AssetBench bench;
  bench.put("early", R"("a")");
  bench.settle();
  bench.raise("a");
  bench.put("late", R"("a")");  // the event is not durable yet, and came before
  bench.raise("a");
  bench.settle();
  bench.finish();
  EXPECT_EQ(bench.taken("early"), (Takes{{1}, {2}}));
  EXPECT_EQ(bench.taken("late"), (Takes{{2}}));
}

TEST(AssetRuns, AFileThatIsReadAgainTakesNothingTwice) {
  AssetBench bench;
  bench.put("d", R"("a")");
  bench.settle();
  bench.raise("a");
  bench.raise("a");
  bench.settle();
  bench.put("d", R"({"any":["a","b"]})");
  bench.raise("b");
  bench.settle();
  bench.kill();
  bench.put("d", R"({"any":["a","b"]})");
  bench.finish();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}, {2}, {3}}));
}

TEST(AssetRuns, ADagThatIsHeldKeepsItsEventsAsEvents) {
  AssetBench bench;
  bench.put("d", R"("a")");
  bench.pause("d", true);
  bench.settle();
  bench.raise("a");
  bench.raise("a");
  bench.settle();
  EXPECT_EQ(bench.taken("d"), Takes{});
  bench.finish();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}, {2}}));
}

TEST(AssetRuns, WhatSomebodySkipsMakesNoRun) {
  AssetBench bench;
  bench.put("d", R"("a")");
  bench.settle();
  for (int k = 0; k < 5; ++k) bench.raise("a");
  bench.settle();
  bool is_done = false;
  bench.service->skip("d", "a", {}, [&](const Status& done) { is_done = done.ok(); });
  bench.settle();
  EXPECT_TRUE(is_done);
  bench.service->skip("d", "b", {}, [&](const Status& done) { EXPECT_EQ(done.error().kind, ErrorKind::not_found); });
  bench.raise("a");
  bench.finish();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}, {2}, {6}}));
}

TEST(AssetRuns, AQuarantinedAssetStartsNobodyUntilItIsReleased) {
  AssetBench bench;
  bench.put("d", R"("a")");
  bench.settle();
  bench.service->quarantine({"a", "ada", "half of it is missing", 1}, {}, [](const Status&) {});
  bench.raise("a");
  bench.settle();
  EXPECT_EQ(bench.taken("d"), Takes{});
  bench.service->quarantine({"a", "", "", kNoTime}, {}, [](const Status&) {});
  bench.settle();
  EXPECT_EQ(bench.taken("d"), (Takes{{1}}));
}

/// Whatever happens in whatever order, with kills in between: of each asset a DAG takes each event once, in order, but
/// those before it came; two waiting runs of one DAG never lie on disk (the bench checks it at each commit).
TEST(AssetRuns, NoEventIsLostOrTakenTwiceUnderAnyInterleaving) {
  const std::vector<std::pair<std::string, std::string>> dags = {
      {"one", R"("a")"}, {"either", R"({"any":["a","b"]})"}, {"both", R"({"all":["a","b"]})"}};
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    const bool merges = seed % 3 == 0;
    std::mt19937 random(seed);
    const auto roll = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    AssetBench bench;
    bench.active_max = 1 + roll(3);
    const auto put = [&](const auto& dag) { bench.put(dag.first, dag.second, merges && dag.first == "either"); };
    for (const auto& dag : dags) put(dag);
    bench.settle();
    for (int step = 0; step < 120; ++step) {
      const std::string& dag = dags[static_cast<std::size_t>(roll(3))].first;
      switch (roll(9)) {
        case 0: case 1: case 2: bench.raise(roll(2) == 0 ? "a" : "b"); break;
        case 3: bench.end_run(dag); break;
        case 4: bench.pause(dag, roll(2) == 0); break;
        case 5: if (roll(4) == 0) bench.kill(); break;
        case 6: if (roll(4) == 0) put(dags[static_cast<std::size_t>(roll(3))]); break;
        default: bench.commit_one(); break;
      }
    }
    bench.finish();
    std::map<std::string, std::vector<std::int64_t>> all;
    for (const auto& [number, asset] : bench.disk.events) all[asset].push_back(number);
    const auto of = [&](const std::string& dag, const std::string& asset) {
      std::vector<std::int64_t> taken;
      for (const auto& run : bench.taken(dag)) {
        for (const std::int64_t number : run) {
          if (bench.disk.events.at(number) == asset) taken.push_back(number);
        }
      }
      return taken;
    };
    EXPECT_EQ(of("one", "a"), all["a"]) << seed;
    EXPECT_EQ(of("either", "a"), all["a"]) << seed;
    EXPECT_EQ(of("either", "b"), all["b"]) << seed;
    const std::size_t pairs = std::min(all["a"].size(), all["b"].size());
    for (const char* asset : {"a", "b"}) {
      std::vector<std::int64_t> first(all[asset].begin(), all[asset].begin() + static_cast<std::ptrdiff_t>(pairs));
      EXPECT_EQ(of("both", asset), first) << seed;
    }
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace baton
