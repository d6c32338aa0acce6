#include "scheduler/insight/layout_graph.h"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/topological_sort.hpp>
#include <boost/range/iterator_range.hpp>
#include <iterator>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>

#include "scheduler/model/check.h"

namespace baton::insight {
namespace {

/// Bends beside those that a graph of this size usually has. Beyond it the longest edges go straight: a chain of ten
/// thousand tasks with an edge from each to the last would have fifty million.
constexpr std::int64_t kBendsOfNode = 4;
constexpr std::int64_t kBendsMore = 20'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// `t2` before `t10`: numbers count as numbers.
bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    const auto number = [](std::string_view text, std::size_t& at) {
      while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) ++at;
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(begin, at - begin);
    };
    const std::string_view x = number(a, i), y = number(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  const std::size_t left = a.size() - i, right = b.size() - j;
  return left != right ? left < right : a < b;
}

class Maker {
 public:
  Maker(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges) : nodes_(nodes), edges_(edges) {}

  LayoutGraph run() {
    add_nodes();
    add_groups();
    layer_nodes();
    add_bends();
    link();
    fill_layers();
    return std::move(graph_);
  }

 private:
  void add_nodes() {
    by_id_.resize(nodes_.size());
    std::iota(by_id_.begin(), by_id_.end(), 0);
    std::ranges::sort(by_id_, [&](Index a, Index b) {
      return natural_less(nodes_[static_cast<std::size_t>(a)].id, nodes_[static_cast<std::size_t>(b)].id);
    });
    graph_.vertices.resize(nodes_.size());
    graph_.node_of.resize(nodes_.size());
    for (std::size_t v = 0; v < by_id_.size(); ++v) {
      const auto node = static_cast<std::size_t>(by_id_[v]);
      graph_.node_of[node] = static_cast<Index>(v);
      graph_.vertices[v].size = nodes_[node].height;
    }
    for (const auto& [from, to] : edges_) {
      ends_.emplace_back(graph_.node_of[static_cast<std::size_t>(from)],
                         graph_.node_of[static_cast<std::size_t>(to)]);
    }
  }

  /// Every group that is named, and those around it.
  void add_groups() {
    std::map<std::string, Index> known;
    for (const LayoutNode& node : nodes_) {
      if (node.group.empty()) continue;
      for (std::size_t dot = node.group.find('.');; dot = node.group.find('.', dot + 1)) {
        known[node.group.substr(0, dot)] = 0;
        if (dot == std::string::npos) break;
      }
    }
    graph_.groups.emplace_back();
    for (auto& [id, index] : known) {
      index = static_cast<Index>(graph_.groups.size());
      GroupBox box;
      box.id = id;
      const std::size_t dot = id.rfind('.');
      box.parent = dot == std::string::npos ? kRoot : known.at(id.substr(0, dot));
      box.depth = graph_.group(box.parent).depth + 1;
      box.order = index;
      graph_.groups.push_back(std::move(box));
    }
    for (std::size_t v = 0; v < by_id_.size(); ++v) {
      const std::string& group = nodes_[static_cast<std::size_t>(by_id_[v])].group;
      if (!group.empty()) graph_.vertices[v].group = known.at(group);
    }
  }

  /// The longest path from a source; a source stands right before what needs it first.
  void layer_nodes() {
    const auto count = graph_.vertices.size();
    using Graph = boost::compressed_sparse_row_graph<boost::directedS>;
    std::vector<LayoutEdge> sorted = ends_;
    std::ranges::sort(sorted);
    const Graph graph(boost::edges_are_sorted, sorted.begin(), sorted.end(), count);
    std::vector<Graph::vertex_descriptor> reversed;
    reversed.reserve(count);
    boost::topological_sort(graph, std::back_inserter(reversed));
    std::vector<bool> has_upstream(count, false);
    Index last = -1;
    for (auto v = reversed.rbegin(); v != reversed.rend(); ++v) {
      const Index layer = graph_.vertices[*v].layer;
      last = std::max(last, layer);
      for (const auto w : boost::make_iterator_range(boost::adjacent_vertices(*v, graph))) {
        graph_.vertices[w].layer = std::max(graph_.vertices[w].layer, layer + 1);
        has_upstream[w] = true;
      }
    }
    for (std::size_t v = 0; v < count; ++v) {
      const auto targets = boost::make_iterator_range(boost::adjacent_vertices(v, graph));
      const bool is_last = nodes_[static_cast<std::size_t>(by_id_[v])].is_last && targets.empty();
      if (is_last && !has_upstream[v]) graph_.vertices[v].layer = last + 1;
      if (has_upstream[v] || targets.empty()) continue;
      Index nearest = INT32_MAX;
      for (const auto w : targets) nearest = std::min(nearest, graph_.vertices[w].layer);
      graph_.vertices[v].layer = nearest - 1;
    }
  }

  /// One in each layer between the ends; the short edges first, until the bound.
  void add_bends() {
    graph_.bends.resize(ends_.size());
    std::vector<std::tuple<Index, LayoutEdge, std::size_t>> by_span;
    for (std::size_t e = 0; e < ends_.size(); ++e) {
      const auto& [from, to] = ends_[e];
      BATON_CHECK(graph_.vertex(from).layer < graph_.vertex(to).layer);
      by_span.emplace_back(graph_.vertex(to).layer - graph_.vertex(from).layer, ends_[e], e);
    }
    std::ranges::sort(by_span);
    std::int64_t left = kBendsOfNode * static_cast<std::int64_t>(nodes_.size()) + kBendsMore;
    for (const auto& [span, ends, edge] : by_span) {
      left -= span - 1;
      if (left < 0) break;
      Index at = ends.first;
      for (Index layer = graph_.vertex(at).layer + 1; layer < graph_.vertex(ends.second).layer; ++layer) {
        Vertex bend;
        bend.layer = layer;
        bend.group = graph_.common_group(graph_.vertex(ends.first).group, graph_.vertex(ends.second).group);
        const auto v = static_cast<Index>(graph_.vertices.size());
        graph_.vertices.push_back(bend);
        graph_.bends[edge].push_back(v);
        pieces_.emplace_back(at, v);
        at = v;
      }
      pieces_.emplace_back(at, ends.second);
    }
    std::ranges::sort(pieces_);
  }

  void link() {
    fill(graph_.after, pieces_);
    for (auto& [from, to] : pieces_) std::swap(from, to);
    std::ranges::sort(pieces_);
    fill(graph_.before, pieces_);
  }
  void fill(LayoutGraph::Links& links, const std::vector<LayoutEdge>& sorted) const {
    links.begins.assign(graph_.vertices.size() + 1, 0);
    for (const auto& [from, to] : sorted) {
      ++links.begins[static_cast<std::size_t>(from) + 1];
      links.ends_of.push_back(to);
    }
    std::partial_sum(links.begins.begin(), links.begins.end(), links.begins.begin());
  }

  void fill_layers() {
    for (std::size_t v = 0; v < graph_.vertices.size(); ++v) {
      Vertex& vertex = graph_.vertices[v];
      vertex.order = static_cast<double>(v);
      const auto layer = static_cast<std::size_t>(vertex.layer);
      if (graph_.layers.size() <= layer) graph_.layers.resize(layer + 1);
      graph_.layers[layer].push_back(static_cast<Index>(v));
      for (Index g = vertex.group; g != kRoot; g = graph_.group(g).parent) {
        GroupBox& box = graph_.group(g);
        box.first_layer = std::min(box.first_layer, vertex.layer);
        box.last_layer = std::max(box.last_layer, vertex.layer);
      }
    }
    GroupBox& root = graph_.group(kRoot);
    root.first_layer = 0;
    root.last_layer = static_cast<Index>(graph_.layers.size()) - 1;
  }

  const std::vector<LayoutNode>& nodes_;
  const std::vector<LayoutEdge>& edges_;
  std::vector<Index> by_id_;         // vertex → as given
  std::vector<LayoutEdge> ends_;     // edges by vertices
  std::vector<LayoutEdge> pieces_;   // of edges, from one layer to the next
  LayoutGraph graph_;
};

}  // namespace

Index LayoutGraph::common_group(Index a, Index b) const {
  while (a != b) {
    if (group(a).depth >= group(b).depth) {
      a = group(a).parent;
    } else {
      b = group(b).parent;
    }
  }
  return a;
}

LayoutGraph make_layout_graph(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges) {
  return Maker(nodes, edges).run();
}

}  // namespace baton::insight
