#include "scheduler/service/asset_triggers.h"

#include <gtest/gtest.h>

#include "scheduler/dagfile/assets.h"

namespace baton {
namespace {

timetable::AssetCondition on(const std::string& json) { return dagfile::condition_from_json(json).value(); }

class Triggers : public testing::Test {
 protected:
  /// What the runs take that can be made now, one after the other.
  std::vector<std::vector<std::int64_t>> runs(const std::string& dag = "d") {
    std::vector<std::vector<std::int64_t>> out;
    while (const auto take = triggers.next(dag)) {
      out.push_back(take->events);
      triggers.take(dag, *take);
    }
    return out;
  }
  AssetTriggers triggers;
};
using Takes = std::vector<std::vector<std::int64_t>>;

TEST_F(Triggers, EachEventOfOneAssetMakesARun) {
  triggers.put("d", on(R"("a")"), false, {{"a", 0}});
  for (const std::int64_t n : {1, 2, 5}) triggers.event("a", n);
  triggers.event("b", 6);
  EXPECT_EQ(runs(), (Takes{{1}, {2}, {5}}));
}

TEST_F(Triggers, AllTakesTheOldestOfEach) {
  triggers.put("d", on(R"({"all":["a","b"]})"), false, {});
  triggers.event("a", 1);
  triggers.event("a", 2);
  EXPECT_EQ(runs(), Takes{});
  triggers.event("b", 3);
  EXPECT_EQ(runs(), (Takes{{1, 3}}));
  triggers.event("b", 4);
  EXPECT_EQ(runs(), (Takes{{2, 4}}));
}

TEST_F(Triggers, AnyTakesOneAndTheOneThatCameFirst) {
  triggers.put("d", on(R"({"any":["a","b"]})"), false, {});
  triggers.event("b", 1);
  triggers.event("a", 2);
  triggers.event("b", 3);
  EXPECT_EQ(runs(), (Takes{{1}, {2}, {3}}));
}

TEST_F(Triggers, NestedConditionsTakeWhatWasFulfilledFirst) {
  triggers.put("d", on(R"({"any":[{"all":["a","b"]},"c"]})"), false, {});
  triggers.event("a", 1);
  triggers.event("c", 2);
  triggers.event("b", 3);
  EXPECT_EQ(runs(), (Takes{{2}, {1, 3}}));
  triggers.put("e", on(R"({"all":["a",{"any":["b","c"]}]})"), false, {});
  triggers.event("c", 10);
  triggers.event("a", 11);
  triggers.event("b", 12);
  EXPECT_EQ(runs("e"), (Takes{{10, 11}}));
  triggers.event("a", 13);
  EXPECT_EQ(runs("e"), (Takes{{12, 13}}));
}

TEST_F(Triggers, AnAssetThatIsNamedTwiceIsTakenOnce) {
  triggers.put("d", on(R"({"all":["a",{"any":["a","b"]}]})"), false, {});
  triggers.event("a", 1);
  triggers.event("a", 2);
  EXPECT_EQ(runs(), (Takes{{1}, {2}}));
}

TEST_F(Triggers, MergingTakesAllThatWaits) {
  triggers.put("d", on(R"({"any":["a","b"]})"), true, {});
  triggers.event("a", 1);
  triggers.event("b", 2);
  triggers.event("a", 3);
  EXPECT_EQ(runs(), (Takes{{1, 2, 3}}));
  triggers.put("e", on(R"({"any":["a",{"all":["b","c"]}]})"), true, {{"a", 3}, {"b", 3}, {"c", 3}});
  triggers.event("b", 4);
  triggers.event("a", 5);
  EXPECT_EQ(runs("e"), (Takes{{5}}));
  triggers.event("c", 6);
  EXPECT_EQ(runs("e"), (Takes{{4, 6}}));
}

TEST_F(Triggers, EachDagHasItsOwnCursorAndBeginsWithWhatComesAfterIt) {
  triggers.put("d", on(R"("a")"), false, {});
  triggers.event("a", 1);
  triggers.put("e", on(R"("a")"), false, {{"a", 3}});  // 2 and 3 are on their way
  triggers.event("a", 2);
  triggers.event("a", 3);
  triggers.event("a", 4);
  EXPECT_EQ(runs("d"), (Takes{{1}, {2}, {3}, {4}}));
  EXPECT_EQ(runs("e"), (Takes{{4}}));
}

TEST_F(Triggers, AnotherConditionKeepsWhatWaitsOfTheAssetsItStillNames) {
  triggers.put("d", on(R"({"all":["a","b"]})"), false, {});
  triggers.event("a", 1);
  triggers.event("b", 2);
  triggers.put("d", on(R"({"any":["a","c"]})"), false, {{"a", 2}, {"c", 2}});
  EXPECT_EQ(runs(), (Takes{{1}}));
  triggers.event("b", 3);
  EXPECT_EQ(runs(), Takes{});
  triggers.put("d", on(R"({"any":["b","c"]})"), false, {{"b", 3}, {"c", 3}});
  EXPECT_EQ(runs(), Takes{});  // it begins anew with b
}

TEST_F(Triggers, AHeldAssetStartsNobodyAndLosesNothing) {
  triggers.put("d", on(R"({"any":["a","b"]})"), false, {});
  triggers.hold("a", true);
  triggers.event("a", 1);
  triggers.event("b", 2);
  EXPECT_EQ(runs(), (Takes{{2}}));
  triggers.hold("a", false);
  EXPECT_EQ(runs(), (Takes{{1}}));
}

TEST_F(Triggers, WhatIsSkippedIsPast) {
  triggers.put("d", on(R"({"any":["a","b"]})"), false, {});
  triggers.event("a", 1);
  triggers.event("b", 2);
  triggers.event("a", 3);
  EXPECT_EQ(triggers.skip("d", "a"), (std::vector<AssetCursor>{{"a", 3}}));
  EXPECT_EQ(runs(), (Takes{{2}}));
  EXPECT_TRUE(triggers.skip("d", "").empty());
}

TEST_F(Triggers, OfACrowdTheFirstAreInMemoryAndTheOthersAreAskedFor) {
  triggers.put("d", on(R"("a")"), false, {});
  constexpr auto kCrowd = static_cast<std::int64_t>(AssetTriggers::kWindow) * 2 + 10;
  for (std::int64_t n = 1; n <= kCrowd; ++n) triggers.event("a", n);
  EXPECT_TRUE(triggers.to_load().empty());
  std::vector<std::int64_t> taken;
  while (std::ssize(taken) < kCrowd + 2) {
    for (const auto& one : runs()) taken.push_back(one[0]);
    const auto loads = triggers.to_load();
    if (loads.empty()) break;
    ASSERT_EQ(loads.size(), 1U);
    EXPECT_TRUE(triggers.to_load().empty()) << "asked for once";
    if (std::ssize(taken) == AssetTriggers::kWindow) triggers.event("a", kCrowd + 1);  // while it is being read
    std::vector<std::int64_t> page;
    const std::int64_t last = std::ssize(taken) == AssetTriggers::kWindow ? kCrowd : kCrowd + 1;
    for (std::int64_t n = loads[0].after + 1; n <= last && page.size() < AssetTriggers::kWindow; ++n) page.push_back(n);
    triggers.loaded(loads[0], page);
  }
  ASSERT_EQ(std::ssize(taken), kCrowd + 1);
  for (std::int64_t n = 1; n <= kCrowd + 1; ++n) ASSERT_EQ(taken[static_cast<std::size_t>(n) - 1], n);
}

TEST_F(Triggers, AfterARestartTheOneThatCameFirstIsTakenFirstInWhateverOrderTheyAreRead) {
  triggers.know_asset("a", 4);
  triggers.know_asset("b", 3);
  triggers.put("d", on(R"({"any":["a","b"]})"), false, {{"a", 0}, {"b", 0}});
  const auto loads = triggers.to_load();
  ASSERT_EQ(loads.size(), 2U);
  triggers.loaded(loads[0], {2, 4});
  EXPECT_FALSE(triggers.next("d")) << "one of b may have come before";
  triggers.loaded(loads[1], {1, 3});
  EXPECT_EQ(runs(), (Takes{{1}, {2}, {3}, {4}}));
}

TEST_F(Triggers, AfterARestartWhatWaitsIsAskedFor) {
  triggers.know_asset("a", 7);
  triggers.put("d", on(R"("a")"), false, {{"a", 4}});
  const auto loads = triggers.to_load();
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0].after, 4);
  triggers.not_loaded(loads[0]);
  const auto again = triggers.to_load();
  ASSERT_EQ(again.size(), 1U);
  triggers.event("a", 8);
  triggers.loaded(again[0], {5, 7});  // 8 came when this was read already
  EXPECT_EQ(runs(), (Takes{{5}, {7}}));
  const auto rest = triggers.to_load();
  ASSERT_EQ(rest.size(), 1U);
  triggers.loaded(rest[0], {8});
  EXPECT_EQ(runs(), (Takes{{8}}));
}

}  // namespace
}  // namespace baton
