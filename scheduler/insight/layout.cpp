#include "scheduler/insight/layout.h"

#include <algorithm>
#include <cmath>

#include "scheduler/insight/layout_graph.h"

namespace baton::insight {
namespace {

constexpr std::int32_t kMargin = 16, kLayerGap = 56, kGroupSide = 12;
// Of a task's box: what its name and a sign of its state take.
constexpr std::int32_t kNodeHeight = 36, kNodeWidthMin = 96, kNodeWidthMax = 288, kSignWidth = 48, kLetterWidth = 8;

std::int32_t pixel(double at) {
  return static_cast<std::int32_t>(std::lround(at));
}

class Drawing {
 public:
  Drawing(const std::vector<LayoutNode>& nodes, const LayoutGraph& graph) : nodes_(nodes), graph_(graph) {}

  Layout run(const std::vector<LayoutEdge>& edges) {
    if (nodes_.empty()) return {2 * kMargin, 2 * kMargin, {}, {}, {}};
    place_columns();
    top_ = kMargin - pixel(graph_.group(kRoot).from);
    for (std::size_t i = 0; i < nodes_.size(); ++i) add_node(i);
    add_groups();
    for (std::size_t e = 0; e < edges.size(); ++e) add_edge(edges[e], graph_.bends[e]);
    out_.width = columns_.back().x + columns_.back().width + right_of_last_ + kMargin;
    out_.height = pixel(graph_.group(kRoot).to) + top_ + kMargin;
    return std::move(out_);
  }

 private:
  /// Between two layers there is room for as many boxes as groups are nested, on both sides.
  void place_columns() {
    columns_.resize(graph_.layers.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      LayoutBox& column = columns_[layer_of(i)];
      column.width = std::max(column.width, nodes_[i].width);
    }
    std::int32_t depth = 0;
    for (const GroupBox& group : graph_.groups) depth = std::max(depth, group.depth);
    right_of_last_ = depth * kGroupSide;
    std::int32_t x = kMargin + right_of_last_;
    for (LayoutBox& column : columns_) {
      column.x = x;
      x += column.width + kLayerGap + 2 * right_of_last_;
    }
  }

  void add_node(std::size_t i) {
    const Vertex& vertex = graph_.vertex(graph_.node_of[i]);
    out_.nodes.push_back({columns_[layer_of(i)].x, pixel(vertex.place - vertex.size / 2) + top_, nodes_[i].width,
                          nodes_[i].height});
  }

  void add_edge(const LayoutEdge& edge, const std::vector<Index>& bends) {
    std::vector<LayoutPoint> points;
    const auto add = [&](std::int32_t x, std::int32_t y) {
      if (points.empty() || points.back().x != x) points.push_back({x, y});
    };
    const LayoutBox& from = out_.nodes[static_cast<std::size_t>(edge.first)];
    const LayoutBox& to = out_.nodes[static_cast<std::size_t>(edge.second)];
    const LayoutBox& column = columns_[layer_of(static_cast<std::size_t>(edge.first))];
    add(from.x + from.width, from.y + from.height / 2);
    add(column.x + column.width, from.y + from.height / 2);  // past those of its layer that are wider
    for (const Index bend : bends) {
      const LayoutBox& passed = columns_[static_cast<std::size_t>(graph_.vertex(bend).layer)];
      const std::int32_t y = pixel(graph_.vertex(bend).place) + top_;
      add(passed.x, y);
      add(passed.x + passed.width, y);
    }
    add(to.x, to.y + to.height / 2);
    out_.edges.push_back(std::move(points));
  }

  void add_groups() {
    struct Span {
      std::int32_t from = INT32_MAX, to = 0;
    };
    std::vector<Span> spans(graph_.groups.size());
    for (std::size_t g = graph_.groups.size() - 1; g > 0; --g) {
      const GroupBox& box = graph_.groups[g];
      const LayoutBox& first = columns_[static_cast<std::size_t>(box.first_layer)];
      const LayoutBox& last = columns_[static_cast<std::size_t>(box.last_layer)];
      Span& own = spans[g];
      own.from = std::min(own.from, first.x) - kGroupSide;
      own.to = std::max(own.to, last.x + last.width) + kGroupSide;
      Span& around = spans[static_cast<std::size_t>(box.parent)];
      around.from = std::min(around.from, own.from);
      around.to = std::max(around.to, own.to);
    }
    for (std::size_t g = 1; g < graph_.groups.size(); ++g) {
      const GroupBox& box = graph_.groups[g];
      const std::int32_t y = pixel(box.from) + top_;
      out_.groups.push_back(
          {box.id, {spans[g].from, y, spans[g].to - spans[g].from, pixel(box.to) + top_ - y}});
    }
  }

  [[nodiscard]] std::size_t layer_of(std::size_t node) const {
    return static_cast<std::size_t>(graph_.vertex(graph_.node_of[node]).layer);
  }

  const std::vector<LayoutNode>& nodes_;
  const LayoutGraph& graph_;
  Layout out_;
  std::vector<LayoutBox> columns_;  // x and width of each layer
  std::int32_t top_ = 0, right_of_last_ = 0;
};

}  // namespace

Layout lay_out(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges) {
  LayoutGraph graph = make_layout_graph(nodes, edges);
  order_layers(graph);
  place_vertices(graph);
  return Drawing(nodes, graph).run(edges);
}

DagLayout lay_out(const Dag& dag) {
  std::vector<LayoutNode> nodes;
  DagLayout out;
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    const Task& task = dag.tasks[t];
    const auto letters = static_cast<std::int32_t>(std::min<std::size_t>(task.id.size(), kNodeWidthMax));
    const std::int32_t width = std::clamp(kSignWidth + kLetterWidth * letters, kNodeWidthMin, kNodeWidthMax);
    nodes.push_back({task.id, task.spec->group, width, kNodeHeight, task.hook != Hook::none});
    for (const TaskNo d : dag.downstream.of(static_cast<TaskNo>(t)))
      out.edges.emplace_back(static_cast<std::int32_t>(t), d);
  }
  out.layout = lay_out(nodes, out.edges);
  return out;
}

}  // namespace baton::insight
