// Fewer crossings: each layer is ordered by the means of the neighbours in the layer before it, to the right and back
// again, and the order with the fewest crossings is kept.
#include <algorithm>
#include <tuple>

#include "scheduler/insight/layout_graph.h"

namespace baton::insight {
namespace {

constexpr int kSweeps = 16;
constexpr int kSweepsOfLarge = 6;
constexpr std::size_t kManyVertices = 20'000;
constexpr int kSweepsInVain = 4;        ///< after so many that are no better nothing more is expected

/// How many of what was added lie beyond a place. A Fenwick tree.
class Counter {
 public:
  void reset(std::size_t size) { sums_.assign(size + 1, 0); }
  void add(std::size_t at) {
    for (++at; at < sums_.size(); at += at & -at) ++sums_[at];
    ++all_;
  }
  [[nodiscard]] std::int64_t beyond(std::size_t at) const {
    std::int64_t up_to = 0;
    for (++at; at > 0; at &= at - 1) up_to += sums_[at];
    return all_ - up_to;
  }
  void forget() { all_ = 0; }

 private:
  std::vector<std::int64_t> sums_;
  std::int64_t all_ = 0;
};

class Sweeps {
 public:
  explicit Sweeps(LayoutGraph& graph) : graph_(graph), places_(graph.vertices.size()), ranks_(graph.vertices.size()) {}

  void run() {
    for (std::size_t layer = 0; layer < graph_.layers.size(); ++layer) number(layer);
    order_groups();
    for (std::size_t layer = 0; layer < graph_.layers.size(); ++layer) sort(layer);
    keep();
    const int sweeps = graph_.vertices.size() > kManyVertices ? kSweepsOfLarge : kSweeps;
    int in_vain = 0;
    for (int i = 0; i < sweeps && best_ > 0 && in_vain < kSweepsInVain; ++i) {
      order_groups();
      sweep(i % 2 == 0);
      in_vain = keep() ? 0 : in_vain + 1;
    }
    restore();
  }

 private:
  void sweep(bool to_the_right) {
    const std::size_t count = graph_.layers.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t layer = to_the_right ? i : count - 1 - i;
      for (const Index v : graph_.layers[layer]) {
        const auto [begin, end] = (to_the_right ? graph_.before : graph_.after).of(v);
        double sum = 0;
        for (const Index* u = begin; u != end; ++u) sum += places_[static_cast<std::size_t>(*u)];
        graph_.vertex(v).order =
            begin == end ? places_[static_cast<std::size_t>(v)] : sum / static_cast<double>(end - begin);
      }
      sort(layer);
    }
  }

  /// One number for all layers, so that two groups never change sides between two layers.
  void order_groups() {
    std::vector<double> sums(graph_.groups.size(), 0);
    std::vector<std::int64_t> counts(graph_.groups.size(), 0);
    for (std::size_t v = 0; v < graph_.vertices.size(); ++v) {
      for (Index g = graph_.vertices[v].group; g != kRoot; g = graph_.group(g).parent) {
        sums[static_cast<std::size_t>(g)] += places_[v];
        ++counts[static_cast<std::size_t>(g)];
      }
    }
    for (std::size_t g = 1; g < sums.size(); ++g) {
      graph_.groups[g].order = sums[g] / static_cast<double>(std::max<std::int64_t>(1, counts[g]));
    }
  }

  void sort(std::size_t layer) {
    std::ranges::sort(graph_.layers[layer], [&](Index a, Index b) { return is_before(a, b); });
    number(layer);
  }
  /// Places around 0, so that those of layers of different sizes can be compared.
  void number(std::size_t layer) {
    const std::vector<Index>& vertices = graph_.layers[layer];
    const double middle = static_cast<double>(vertices.size()) / 2 - 0.5;
    for (std::size_t i = 0; i < vertices.size(); ++i) {
      places_[static_cast<std::size_t>(vertices[i])] = static_cast<double>(i) - middle;
      ranks_[static_cast<std::size_t>(vertices[i])] = i;
    }
  }

  /// Whoever holds them below the group that holds both is compared: so the members of a group stay together.
  [[nodiscard]] bool is_before(Index a, Index b) const {
    Index in_a = graph_.vertex(a).group, in_b = graph_.vertex(b).group;
    Index group_a = -1, group_b = -1;
    while (in_a != in_b) {
      if (graph_.group(in_a).depth >= graph_.group(in_b).depth) {
        group_a = in_a;
        in_a = graph_.group(in_a).parent;
      } else {
        group_b = in_b;
        in_b = graph_.group(in_b).parent;
      }
    }
    const auto key = [&](Index group, Index vertex) {
      return group < 0 ? std::tuple(graph_.vertex(vertex).order, 1, vertex)
                       : std::tuple(graph_.group(group).order, 0, group);
    };
    return key(group_a, a) < key(group_b, b);
  }

  [[nodiscard]] std::int64_t crossings() {
    std::int64_t sum = 0;
    std::vector<std::size_t> targets;
    for (std::size_t layer = 0; layer + 1 < graph_.layers.size(); ++layer) {
      counter_.reset(graph_.layers[layer + 1].size());
      counter_.forget();
      for (const Index v : graph_.layers[layer]) {
        const auto [begin, end] = graph_.after.of(v);
        targets.clear();
        for (const Index* w = begin; w != end; ++w) targets.push_back(ranks_[static_cast<std::size_t>(*w)]);
        for (const std::size_t target : targets) sum += counter_.beyond(target);
        for (const std::size_t target : targets) counter_.add(target);
      }
    }
    return sum;
  }

  /// Whether the order as it is has fewer crossings than any before.
  bool keep() {
    const std::int64_t now = crossings();
    if (now >= best_) return false;
    best_ = now;
    kept_.clear();
    for (const Vertex& vertex : graph_.vertices) kept_.push_back(vertex.order);
    kept_groups_.clear();
    for (const GroupBox& group : graph_.groups) kept_groups_.push_back(group.order);
    kept_layers_ = graph_.layers;
    return true;
  }
  void restore() {
    for (std::size_t v = 0; v < kept_.size(); ++v) graph_.vertices[v].order = kept_[v];
    for (std::size_t g = 0; g < kept_groups_.size(); ++g) graph_.groups[g].order = kept_groups_[g];
    graph_.layers = std::move(kept_layers_);
  }

  LayoutGraph& graph_;
  std::vector<double> places_;      // within the layer, around 0
  std::vector<std::size_t> ranks_;  // the same from 0
  Counter counter_;
  std::int64_t best_ = INT64_MAX;
  std::vector<double> kept_, kept_groups_;
  std::vector<std::vector<Index>> kept_layers_;
};

}  // namespace

void order_layers(LayoutGraph& graph) {
  Sweeps(graph).run();
}

}  // namespace baton::insight
