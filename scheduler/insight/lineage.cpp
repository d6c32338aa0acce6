#include "scheduler/insight/lineage.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace baton::insight {
namespace {

using Kind = LineageNode::Kind;
using NodeName = std::pair<Kind, std::string>;

/// Who leads to whom.
class Web {
 public:
  explicit Web(const std::vector<AssetLinkRow>& links) {
    for (const AssetLinkRow& row : links) {
      const NodeName dag{Kind::dag, row.dag_id};
      const NodeName asset{Kind::asset, row.link.asset};
      const bool produces = row.link.role == AssetRole::producer;
      down_[produces ? dag : asset].insert(produces ? asset : dag);
      up_[produces ? asset : dag].insert(produces ? dag : asset);
    }
  }
  [[nodiscard]] const std::set<NodeName>& next(const NodeName& of, bool upstream) const {
    static const std::set<NodeName> kNone;
    const auto& web = upstream ? up_ : down_;
    const auto found = web.find(of);
    return found == web.end() ? kNone : found->second;
  }

 private:
  std::map<NodeName, std::set<NodeName>> down_, up_;
};

/// Breadth first, so that each node has its shortest distance, and what is cut is the farthest.
void walk(const Web& web, const std::string& asset, bool upstream, std::int32_t depth, Lineage& out) {
  std::set<NodeName> seen = {{Kind::asset, asset}};
  std::deque<std::pair<NodeName, std::int32_t>> open = {{{Kind::asset, asset}, 0}};
  for (; !open.empty(); open.pop_front()) {
    const auto& [at, distance] = open.front();
    const std::int32_t then = distance + (at.first == Kind::asset ? 1 : 0);  // a DAG is passed
    for (const NodeName& next : web.next(at, upstream)) {
      if (seen.contains(next)) continue;
      if (then > depth || out.nodes.size() >= kLineageNodesMax) {
        out.is_cut = true;
        continue;
      }
      seen.insert(next);
      out.nodes.push_back({next.first, next.second, upstream ? -then : then});
      open.push_back({next, then});
    }
  }
}

void add_edges(const std::vector<AssetLinkRow>& links, Lineage& out) {
  std::set<NodeName> there;
  for (const LineageNode& node : out.nodes) there.insert({node.kind, node.name});
  for (const AssetLinkRow& row : links) {
    if (!there.contains({Kind::dag, row.dag_id}) || !there.contains({Kind::asset, row.link.asset})) continue;
    out.edges.push_back({row.dag_id, row.link.asset, row.link.role, row.link.task_id});
  }
}

/// What lies in a circle with the asset is found both ways: it is told once, where it is nearer.
void tell_once(Lineage& out) {
  std::stable_sort(out.nodes.begin(), out.nodes.end(), [](const LineageNode& a, const LineageNode& b) {
    return std::abs(a.distance) < std::abs(b.distance);
  });
  std::set<NodeName> told;
  std::erase_if(out.nodes, [&](const LineageNode& node) { return !told.insert({node.kind, node.name}).second; });
}

Lineage found(const std::vector<AssetLinkRow>& links, const std::string& asset, std::int32_t depth, bool both_ways) {
  const Web web(links);
  Lineage out;
  out.nodes.push_back({Kind::asset, asset, 0});
  walk(web, asset, false, depth, out);
  if (both_ways) walk(web, asset, true, depth, out);
  tell_once(out);
  add_edges(links, out);
  return out;
}

std::string node_id(Kind kind, const std::string& name) {
  return (kind == Kind::asset ? "asset:" : "dag:") + name;
}

}  // namespace

Lineage lineage(const std::vector<AssetLinkRow>& links, const std::string& asset, std::int32_t depth) {
  return found(links, asset, std::clamp(depth, 0, kLineageDepthMax), true);
}

Lineage impact(const std::vector<AssetLinkRow>& links, const std::string& asset) {
  return found(links, asset, static_cast<std::int32_t>(kLineageNodesMax), false);
}

ValueMap lineage_value(const Lineage& lineage) {
  ValueList nodes;
  for (const LineageNode& node : lineage.nodes) {
    nodes.emplace_back(ValueMap{{"id", node_id(node.kind, node.name)},
                                {"kind", node.kind == Kind::asset ? "asset" : "dag"},
                                {"name", node.name},
                                {"distance", std::int64_t{node.distance}}});
  }
  ValueList edges;
  for (const LineageEdge& edge : lineage.edges) {
    const bool produces = edge.role == AssetRole::producer;
    const std::string dag = node_id(Kind::dag, edge.dag_id);
    const std::string asset = node_id(Kind::asset, edge.asset);
    edges.emplace_back(ValueMap{{"from", produces ? dag : asset},
                                {"to", produces ? asset : dag},
                                {"how", produces                             ? "produces"
                                        : edge.role == AssetRole::consumer ? "consumes"
                                                                           : "schedules"},
                                {"task_id", edge.task_id.empty() ? Value() : Value(edge.task_id)}});
  }
  return {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}, {"is_cut", lineage.is_cut}};
}

}  // namespace baton::insight
