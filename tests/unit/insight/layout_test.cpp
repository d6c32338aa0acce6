// What a picture promises, over random graphs: nothing overlaps, edges lead to the right, groups hold their own alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "scheduler/insight/layout.h"
#include "tests/support/dag_builder.h"

namespace baton::insight {
namespace {

using test::DagBuilder;

struct Drawn {
  std::vector<LayoutNode> nodes;
  std::vector<LayoutEdge> edges;
};

bool is_within(const std::string& group, const std::string& outer) {
  return group == outer || (group.size() > outer.size() && group.starts_with(outer) && group[outer.size()] == '.');
}
bool overlap(const LayoutBox& a, const LayoutBox& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
bool holds(const LayoutBox& outer, const LayoutBox& inner) {
  return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width &&
         inner.y + inner.height <= outer.y + outer.height;
}

Drawn random_graph(std::mt19937& chance, int size, bool with_groups) {
  const std::vector<std::string> groups = {"", "", "g", "g.in", "g.in.deep", "h", "h.in", "g-x"};
  const auto pick = [&](int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); };
  Drawn out;
  for (int i = 0; i < size; ++i) {
    const std::string group = with_groups ? groups[static_cast<std::size_t>(pick(8))] : "";
    out.nodes.push_back({"t" + std::to_string(i), group, 96 + pick(100), 36, false});
  }
  std::set<LayoutEdge> edges;
  for (int i = 0; i < size + pick(size); ++i) {
    const int a = pick(size), b = pick(size);
    if (a != b) edges.emplace(std::min(a, b), std::max(a, b));
  }
  out.edges.assign(edges.begin(), edges.end());
  return out;
}

void check(const Drawn& drawn, const Layout& layout) {
  ASSERT_EQ(layout.nodes.size(), drawn.nodes.size());
  ASSERT_EQ(layout.edges.size(), drawn.edges.size());
  const LayoutBox all{0, 0, layout.width, layout.height};
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    EXPECT_TRUE(holds(all, layout.nodes[i]));
    for (std::size_t j = i + 1; j < layout.nodes.size(); ++j) {
      EXPECT_FALSE(overlap(layout.nodes[i], layout.nodes[j])) << drawn.nodes[i].id << " " << drawn.nodes[j].id;
    }
    for (const LayoutGroup& group : layout.groups) {
      if (is_within(drawn.nodes[i].group, group.id)) {
        EXPECT_TRUE(holds(group.box, layout.nodes[i])) << drawn.nodes[i].id << " " << group.id;
      } else {
        EXPECT_FALSE(overlap(group.box, layout.nodes[i])) << drawn.nodes[i].id << " " << group.id;
      }
    }
  }
  for (const LayoutGroup& a : layout.groups) {
    EXPECT_TRUE(holds(all, a.box));
    for (const LayoutGroup& b : layout.groups) {
      if (a.id == b.id) continue;
      if (is_within(b.id, a.id)) {
        EXPECT_TRUE(holds(a.box, b.box)) << a.id << " " << b.id;
      } else if (!is_within(a.id, b.id)) {
        EXPECT_FALSE(overlap(a.box, b.box)) << a.id << " " << b.id;
      }
    }
  }
  for (std::size_t e = 0; e < layout.edges.size(); ++e) {
    const LayoutBox& from = layout.nodes[static_cast<std::size_t>(drawn.edges[e].first)];
    const LayoutBox& to = layout.nodes[static_cast<std::size_t>(drawn.edges[e].second)];
    const auto& points = layout.edges[e];
    ASSERT_GE(points.size(), 2U);
    EXPECT_TRUE(std::ranges::is_sorted(points, std::less<>(), &LayoutPoint::x)) << "edges lead to the right";
    EXPECT_EQ(points.front().x, from.x + from.width);
    EXPECT_EQ(points.back().x, to.x);
    EXPECT_LT(points.front().x, points.back().x);
  }
}

/// How many pairs of edges between two layers cross, by the heights of their ends.
int crossings(const Drawn& drawn, const Layout& layout) {
  int out = 0;
  for (std::size_t a = 0; a < drawn.edges.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const auto y = [&](std::int32_t node) { return layout.nodes[static_cast<std::size_t>(node)].y; };
      const int left = y(drawn.edges[a].first) - y(drawn.edges[b].first);
      const int right = y(drawn.edges[a].second) - y(drawn.edges[b].second);
      out += (left < 0 && right > 0) || (left > 0 && right < 0) ? 1 : 0;
    }
  }
  return out;
}

TEST(Layout, NothingOverlapsAndEdgesLeadToTheRight) {
  std::mt19937 chance(1);
  for (int i = 0; i < 150; ++i) {
    const Drawn drawn = random_graph(chance, 1 + i % 40, i % 2 == 1);
    check(drawn, lay_out(drawn.nodes, drawn.edges));
    if (HasFailure()) FAIL() << "graph " << i;
  }
}

TEST(Layout, DoesNotDependOnTheOrderInWhichTheGraphIsGiven) {
  std::mt19937 chance(2);
  for (int i = 0; i < 20; ++i) {
    const Drawn drawn = random_graph(chance, 30, true);
    const Layout layout = lay_out(drawn.nodes, drawn.edges);
    std::vector<std::int32_t> order(drawn.nodes.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, chance);
    Drawn other;
    std::vector<std::int32_t> place(order.size());
    for (std::size_t at = 0; at < order.size(); ++at) {
      other.nodes.push_back(drawn.nodes[static_cast<std::size_t>(order[at])]);
      place[static_cast<std::size_t>(order[at])] = static_cast<std::int32_t>(at);
    }
    for (const auto& [from, to] : drawn.edges)
      other.edges.emplace_back(place[static_cast<std::size_t>(from)], place[static_cast<std::size_t>(to)]);
    std::ranges::shuffle(other.edges, chance);
    const Layout again = lay_out(other.nodes, other.edges);
    EXPECT_EQ(again.height, layout.height);
    for (std::size_t node = 0; node < order.size(); ++node) {
      const LayoutBox& a = layout.nodes[node];
      const LayoutBox& b = again.nodes[static_cast<std::size_t>(place[node])];
      EXPECT_EQ(std::tuple(a.x, a.y), std::tuple(b.x, b.y)) << drawn.nodes[node].id;
    }
  }
}

TEST(Layout, AChainIsStraightAndAFanIsAroundItsMiddle) {
  const auto chain = lay_out(*DagBuilder().task("a").task("b", {"a"}).task("c", {"b"}).build()).layout;
  EXPECT_EQ(chain.nodes[0].y, chain.nodes[2].y);
  DagBuilder builder;
  builder.task("a").task("b", {"a"}).task("c", {"a"}).task("d", {"a"}).task("e", {"b", "c", "d"});
  const auto fan = lay_out(*builder.build()).layout;
  EXPECT_EQ(fan.nodes[0].y, fan.nodes[2].y);
  EXPECT_EQ(fan.nodes[4].y, fan.nodes[2].y);
  EXPECT_EQ(fan.nodes[2].y - fan.nodes[1].y, fan.nodes[3].y - fan.nodes[2].y);
}

TEST(Layout, WhatNeedNotCrossDoesNot) {
  Drawn drawn;
  for (int i = 0; i < 12; ++i) drawn.nodes.push_back({"t" + std::to_string(i), "", 100, 36, false});
  for (int i = 0; i < 6; ++i) drawn.edges.emplace_back(i, 11 - i);
  EXPECT_EQ(crossings(drawn, lay_out(drawn.nodes, drawn.edges)), 0);
}

TEST(Layout, HooksComeLastAndALongEdgeBends) {
  DagBuilder builder;
  builder.task("a").task("b", {"a"}).task("c", {"b", "a"}).hook(Hook::on_failure);
  const auto dag = builder.build();
  const DagLayout drawn = lay_out(*dag);
  EXPECT_GT(drawn.layout.nodes[3].x, drawn.layout.nodes[2].x);
  const auto past = std::ranges::find(drawn.edges, LayoutEdge{0, 2}) - drawn.edges.begin();
  const LayoutBox& between = drawn.layout.nodes[1];
  for (const LayoutPoint& point : drawn.layout.edges[static_cast<std::size_t>(past)]) {
    const bool is_beside = point.x >= between.x && point.x <= between.x + between.width;
    EXPECT_FALSE(is_beside && point.y >= between.y && point.y <= between.y + between.height);
  }
}

TEST(Layout, NumbersInNamesAreNumbers) {
  DagBuilder builder;
  for (const char* id : {"t10", "t9", "t1", "t02"}) builder.task(id);
  const auto layout = lay_out(*builder.build()).layout;
  EXPECT_LT(layout.nodes[2].y, layout.nodes[3].y);
  EXPECT_LT(layout.nodes[3].y, layout.nodes[1].y);
  EXPECT_LT(layout.nodes[1].y, layout.nodes[0].y);
}

TEST(Layout, NoGraphIsTooLargeOrTooSmall) {
  EXPECT_TRUE(lay_out({}, {}).nodes.empty());
  Drawn chain;  // an edge from each to the last: millions of bends, were there no bound
  for (int i = 0; i < 3'000; ++i) {
    chain.nodes.push_back({"t" + std::to_string(i), "", 100, 36, false});
    if (i + 1 < 3'000) chain.edges.emplace_back(i, i + 1);
    if (i + 2 < 3'000) chain.edges.emplace_back(i, 2'999);
  }
  const Layout layout = lay_out(chain.nodes, chain.edges);
  EXPECT_TRUE(std::ranges::is_sorted(layout.nodes, std::less<>(), &LayoutBox::x));
}

}  // namespace
}  // namespace baton::insight
