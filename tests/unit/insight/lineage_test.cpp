#include "scheduler/insight/lineage.h"

#include <gtest/gtest.h>

#include "scheduler/insight/asset_value.h"

namespace baton::insight {
namespace {

AssetLinkRow makes(const std::string& dag, const std::string& asset) {
  return {dag, {asset, AssetRole::producer, "t"}};
}
AssetLinkRow runs_on(const std::string& dag, const std::string& asset) {
  return {dag, {asset, AssetRole::schedule, ""}};
}

std::vector<std::string> names(const Lineage& lineage) {
  std::vector<std::string> out;
  for (const LineageNode& node : lineage.nodes) out.push_back(node.name + " " + std::to_string(node.distance));
  return out;
}
using Names = std::vector<std::string>;

/// raw -etl-> orders -report-> report -mail-> sent
const std::vector<AssetLinkRow> kChain = {runs_on("etl", "raw"),     makes("etl", "orders"),
                                          runs_on("report", "orders"), makes("report", "report"),
                                          runs_on("mail", "report"),   makes("mail", "sent")};

TEST(Lineage, GoesBothWaysAsFarAsItIsAsked) {
  EXPECT_EQ(names(lineage(kChain, "orders", 1)), (Names{"orders 0", "report 1", "report 1", "etl -1", "raw -1"}));
  EXPECT_TRUE(lineage(kChain, "orders", 1).is_cut);
  EXPECT_EQ(names(lineage(kChain, "orders", 3)),
            (Names{"orders 0", "report 1", "report 1", "etl -1", "raw -1", "mail 2", "sent 2"}));
  EXPECT_FALSE(lineage(kChain, "orders", 3).is_cut);
  EXPECT_EQ(lineage(kChain, "orders", 1).edges.size(), 4U);
}

TEST(Lineage, ImpactIsAllThatLiesDownstream) {
  EXPECT_EQ(names(impact(kChain, "report")), (Names{"report 0", "mail 1", "sent 1"}));
  EXPECT_EQ(names(impact(kChain, "sent")), Names{"sent 0"});
}

TEST(Lineage, ACircleIsGoneRoundOnce) {
  const std::vector<AssetLinkRow> circle = {runs_on("a", "x"), makes("a", "y"), runs_on("b", "y"), makes("b", "x")};
  const Lineage found = lineage(circle, "x", 50);
  EXPECT_EQ(found.nodes.size(), 4U);
  EXPECT_EQ(found.edges.size(), 4U);
}

TEST(Lineage, IsBounded) {
  std::vector<AssetLinkRow> many;
  for (int k = 0; k < 3'000; ++k) many.push_back(runs_on("d" + std::to_string(k), "x"));
  const Lineage found = impact(many, "x");
  EXPECT_EQ(found.nodes.size(), kLineageNodesMax);
  EXPECT_TRUE(found.is_cut);
}

TEST(Freshness, IsLateBeyondWhatIsSaidAndUntoldWhereNobodySays) {
  AssetView asset;
  asset.created_at = 0;
  EXPECT_EQ(freshness_of(asset, kHour), Freshness::untold);
  asset.row.fresh.within_us = kHour;
  EXPECT_EQ(freshness_of(asset, kHour), Freshness::fresh) << "since it is known";
  EXPECT_EQ(freshness_of(asset, kHour + 1), Freshness::late);
  asset.last_event_at = kHour;
  EXPECT_EQ(freshness_of(asset, 2 * kHour), Freshness::fresh);
  EXPECT_EQ(freshness_of(asset, 2 * kHour + 1), Freshness::late);
}

}  // namespace
}  // namespace baton::insight
