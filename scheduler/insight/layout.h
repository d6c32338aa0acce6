// Where each task of a DAG stands in its picture: layers from left to right, every edge to the right, what belongs
// together near each other, groups as boxes that hold their own and nobody else. Pure, and the same for the same graph
// in whatever order it is given; any thread.
//
//   layers (layout_graph)  ──▶  order within each (layout_order)  ──▶  places (layout_places)  ──▶  pixels (layout)
//
// The method is Sugiyama's: the longest path gives the layers, a long edge gets a bend in each layer that it passes,
// sweeps over the means of the neighbours take crossings away. Cost: O(n log n) for each of a fixed number of sweeps, n
// the nodes and bends; edges beyond a bound of bends go straight.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/model/dag.h"

namespace baton::insight {

struct LayoutNode {
  std::string id;     ///< unique; numbers in ids are ordered as numbers
  std::string group;  ///< `load.raw` lies within `load`; empty: in none
  std::int32_t width = 0, height = 0;
  bool is_last = false;  ///< in a layer after all others, as hooks are
};

/// From and to as indexes of the nodes. Edges of a circle, or to oneself, are a broken promise of the caller's.
using LayoutEdge = std::pair<std::int32_t, std::int32_t>;

struct LayoutBox {
  std::int32_t x = 0, y = 0, width = 0, height = 0;
};
struct LayoutPoint {
  std::int32_t x = 0, y = 0;
};
struct LayoutGroup {
  std::string id;
  LayoutBox box;
};

/// In CSS pixels from the upper left corner.
struct Layout {
  std::int32_t width = 0, height = 0;
  std::vector<LayoutBox> nodes;                 ///< as the nodes were given
  std::vector<std::vector<LayoutPoint>> edges;  ///< as the edges were given; two points at least, to the right
  std::vector<LayoutGroup> groups;              ///< by id: outer ones before those within
};

Layout lay_out(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges);

/// Of all tasks and hooks, by TaskNo, and of all edges, by upstream and downstream.
struct DagLayout {
  Layout layout;
  std::vector<LayoutEdge> edges;
};
DagLayout lay_out(const Dag& dag);

}  // namespace baton::insight
