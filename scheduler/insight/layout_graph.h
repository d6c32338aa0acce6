// LayoutGraph: the graph that the steps of a layout work on: nodes and the bends of long edges in layers, groups as a
// tree. Belongs to one call of lay_out(); its steps (layout_order, layout_places) change `order` and `place` alone.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/insight/layout.h"

namespace baton::insight {

/// Of a vertex (a node, or a bend of an edge) or a group.
using Index = std::int32_t;
inline constexpr Index kRoot = 0;  ///< the group that holds all

struct Vertex {
  Index layer = 0;
  Index group = kRoot;
  double size = 0;   ///< across the layers; 0: a bend
  double order = 0;  ///< among what lies in the same group, smaller first
  double place = 0;  ///< of its middle, across the layers
};

struct GroupBox {
  std::string id;
  Index parent = kRoot;
  Index depth = 0;                            ///< 0: the root
  Index first_layer = INT32_MAX, last_layer = -1;
  double order = 0;                           ///< as a vertex's
  double from = 0, to = 0;                    ///< across the layers
};

struct LayoutGraph {
  std::vector<Vertex> vertices;          ///< nodes by their ids, then bends
  std::vector<GroupBox> groups;          ///< the root, then by id: parents first
  std::vector<std::vector<Index>> layers;  ///< vertices of each, in order
  /// Neighbours one layer before and one after, by vertex, as ranges of one list.
  struct Links {
    std::vector<Index> begins, ends_of;
    [[nodiscard]] std::pair<const Index*, const Index*> of(Index vertex) const {
      const auto i = static_cast<std::size_t>(vertex);
      return {ends_of.data() + begins[i], ends_of.data() + begins[i + 1]};
    }
  };
  Links before, after;

  std::vector<Index> node_of;            ///< as given → vertex
  std::vector<std::vector<Index>> bends;  ///< by edge as given

  [[nodiscard]] Vertex& vertex(Index v) { return vertices[static_cast<std::size_t>(v)]; }
  [[nodiscard]] const Vertex& vertex(Index v) const { return vertices[static_cast<std::size_t>(v)]; }
  [[nodiscard]] GroupBox& group(Index g) { return groups[static_cast<std::size_t>(g)]; }
  [[nodiscard]] const GroupBox& group(Index g) const { return groups[static_cast<std::size_t>(g)]; }
  /// The deepest group that holds both.
  [[nodiscard]] Index common_group(Index a, Index b) const;
};

/// Layers, bends and groups; the order within a layer is that of the ids.
LayoutGraph make_layout_graph(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges);

/// Orders each layer so that few edges cross. In each layer the members of a group stand together, and two groups stand
/// in the same order wherever they meet: that is what lets them be boxes.
void order_layers(LayoutGraph& graph);

/// Places along each layer: near the neighbours, never closer than the gaps, groups around their own.
void place_vertices(LayoutGraph& graph);

}  // namespace baton::insight
