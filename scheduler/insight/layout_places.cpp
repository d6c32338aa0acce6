// Places along the layers. What is wished for is to stand at the mean of one's neighbours; what must be is the order,
// the gaps, and that groups are boxes. The wishes are made to fit by pushing everything one way until it fits,
// everything the other way, and taking the middle: both fit, what must be is linear, so the middle fits too.
#include <algorithm>
#include <tuple>

#include "scheduler/insight/layout_graph.h"

namespace baton::insight {
namespace {

constexpr double kGap = 14;
constexpr double kGroupHead = 32, kGroupFoot = 12;  ///< within the box: room for its name, and below its members
constexpr int kRounds = 4, kRoundsOfLarge = 2;
constexpr std::size_t kLarge = 20'000;       ///< vertices
constexpr std::int64_t kHuge = 2'000'000;    ///< layers of all groups, each of which every fit goes through
constexpr double kFar = 1e12;

class Placer {
 public:
  explicit Placer(LayoutGraph& graph)
      : graph_(graph), down_(graph.vertices.size()), frontier_(graph.layers.size()) {
    list_steps();
  }

  void run() {
    fit();
    for (int i = rounds(); i > 0; --i) {
      follow(true);
      fit();
      follow(false);
      fit();
    }
    for (Vertex& vertex : graph_.vertices) vertex.order = vertex.place;  // `order` has done its work
    settle();
    fit();
    box_groups();
  }

 private:
  /// A walk through the tree of groups in the order that holds in every layer.
  struct Step {
    enum class Kind : std::uint8_t { vertex, open, close };
    Kind kind = Kind::vertex;
    Index index = 0;
  };

  [[nodiscard]] int rounds() const {
    std::int64_t layers = 0;
    for (const GroupBox& group : graph_.groups) layers += group.last_layer - group.first_layer;
    if (layers > kHuge) return 0;
    return graph_.vertices.size() > kLarge ? kRoundsOfLarge : kRounds;
  }

  void list_steps() {
    using Item = std::tuple<double, int, Index>;  // as layers are ordered
    std::vector<std::vector<Item>> members(graph_.groups.size());
    for (std::size_t g = 1; g < graph_.groups.size(); ++g) {
      const GroupBox& box = graph_.groups[g];
      members[static_cast<std::size_t>(box.parent)].emplace_back(box.order, 0, static_cast<Index>(g));
    }
    for (std::size_t v = 0; v < graph_.vertices.size(); ++v) {
      const Vertex& vertex = graph_.vertices[v];
      members[static_cast<std::size_t>(vertex.group)].emplace_back(vertex.order, 1, static_cast<Index>(v));
    }
    for (auto& items : members) std::ranges::sort(items);
    std::vector<std::pair<Index, std::size_t>> open = {{kRoot, 0}};
    while (!open.empty()) {
      auto& [group, next] = open.back();
      const auto& items = members[static_cast<std::size_t>(group)];
      if (next == items.size()) {
        if (group != kRoot) steps_.push_back({Step::Kind::close, group});
        open.pop_back();
        continue;
      }
      const auto& [order, is_vertex, index] = items[next++];
      steps_.push_back({is_vertex == 1 ? Step::Kind::vertex : Step::Kind::open, index});
      if (is_vertex == 0) open.emplace_back(index, 0);
    }
  }

  // ---- wishes ----

  /// Layer by layer, to the mean of the neighbours in the layer that was placed before.
  void follow(bool to_the_right) {
    const std::size_t count = graph_.layers.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<Index>& layer = graph_.layers[to_the_right ? i : count - 1 - i];
      for (const Index v : layer) {
        const auto [begin, end] = (to_the_right ? graph_.before : graph_.after).of(v);
        if (begin == end) continue;
        double sum = 0;
        for (const Index* u = begin; u != end; ++u) sum += graph_.vertex(*u).place;
        graph_.vertex(v).place = sum / static_cast<double>(end - begin);
      }
      fit_layer(layer);
    }
  }

  /// To the mean of all neighbours.
  void settle() {
    for (std::size_t v = 0; v < graph_.vertices.size(); ++v) {
      double sum = 0;
      std::int64_t count = 0;
      for (const auto* links : {&graph_.before, &graph_.after}) {
        const auto [begin, end] = links->of(static_cast<Index>(v));
        for (const Index* u = begin; u != end; ++u) sum += graph_.vertex(*u).order;
        count += end - begin;
      }
      if (count > 0) graph_.vertices[v].place = sum / static_cast<double>(count);
    }
  }

  // ---- what must be ----

  /// Without groups.
  void fit_layer(const std::vector<Index>& layer) {
    double edge = -kFar;
    for (const Index v : layer) {
      const Vertex& vertex = graph_.vertex(v);
      double& down = down_[static_cast<std::size_t>(v)];
      down = std::max(vertex.place, edge + vertex.size / 2);
      edge = down + vertex.size / 2 + kGap;
    }
    edge = kFar;
    for (auto v = layer.rbegin(); v != layer.rend(); ++v) {
      Vertex& vertex = graph_.vertex(*v);
      const double up = std::min(vertex.place, edge - vertex.size / 2);
      edge = up - vertex.size / 2 - kGap;
      vertex.place = (up + down_[static_cast<std::size_t>(*v)]) / 2;
    }
  }

  void fit() {
    push_down();
    push_up();
  }

  /// frontier_: where the next one of each layer may begin.
  void push_down() {
    std::ranges::fill(frontier_, -kFar);
    for (const Step& step : steps_) {
      switch (step.kind) {
        case Step::Kind::vertex: {
          const Vertex& vertex = graph_.vertex(step.index);
          double& frontier = frontier_[static_cast<std::size_t>(vertex.layer)];
          const double place = std::max(vertex.place, frontier + vertex.size / 2);
          down_[static_cast<std::size_t>(step.index)] = place;
          frontier = place + vertex.size / 2 + kGap;
          break;
        }
        case Step::Kind::open: {
          const auto layers = layers_of(step.index);
          std::fill(layers.first, layers.second, *std::max_element(layers.first, layers.second) + kGroupHead);
          break;
        }
        case Step::Kind::close: {
          const auto layers = layers_of(step.index);
          std::fill(layers.first, layers.second, *std::max_element(layers.first, layers.second) + kGroupFoot);
          break;
        }
      }
    }
  }

  /// The same from below, where a frontier is where the next one may end; then the middle of both.
  void push_up() {
    std::ranges::fill(frontier_, kFar);
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      switch (step->kind) {
        case Step::Kind::vertex: {
          Vertex& vertex = graph_.vertex(step->index);
          double& frontier = frontier_[static_cast<std::size_t>(vertex.layer)];
          const double place = std::min(vertex.place, frontier - vertex.size / 2);
          frontier = place - vertex.size / 2 - kGap;
          vertex.place = (place + down_[static_cast<std::size_t>(step->index)]) / 2;
          break;
        }
        case Step::Kind::close: {
          const auto layers = layers_of(step->index);
          std::fill(layers.first, layers.second, *std::min_element(layers.first, layers.second) - kGroupFoot);
          break;
        }
        case Step::Kind::open: {
          const auto layers = layers_of(step->index);
          std::fill(layers.first, layers.second, *std::min_element(layers.first, layers.second) - kGroupHead);
          break;
        }
      }
    }
  }

  [[nodiscard]] std::pair<std::vector<double>::iterator, std::vector<double>::iterator> layers_of(Index group) {
    const GroupBox& box = graph_.group(group);
    return {frontier_.begin() + box.first_layer, frontier_.begin() + box.last_layer + 1};
  }

  /// As small as its own allow; those within come after those around them.
  void box_groups() {
    for (GroupBox& box : graph_.groups) {
      box.from = kFar;
      box.to = -kFar;
    }
    const auto hold = [&](Index group, double from, double to) {
      GroupBox& box = graph_.group(group);
      box.from = std::min(box.from, from);
      box.to = std::max(box.to, to);
    };
    for (const Vertex& vertex : graph_.vertices)
      hold(vertex.group, vertex.place - vertex.size / 2, vertex.place + vertex.size / 2);
    for (std::size_t g = graph_.groups.size() - 1; g > 0; --g) {
      GroupBox& box = graph_.groups[g];
      box.from -= kGroupHead;
      box.to += kGroupFoot;
      hold(box.parent, box.from, box.to);
    }
  }

  LayoutGraph& graph_;
  std::vector<Step> steps_;
  std::vector<double> down_;      // places when everything is pushed down
  std::vector<double> frontier_;  // by layer
};

}  // namespace

void place_vertices(LayoutGraph& graph) {
  Placer(graph).run();
}

}  // namespace baton::insight
