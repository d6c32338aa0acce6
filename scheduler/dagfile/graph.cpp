#include "scheduler/dagfile/graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/transitive_reduction.hpp>
#include <map>

namespace baton {
namespace {

using Edge = std::pair<TaskNo, TaskNo>;

std::optional<TaskState> state_of(const GraphOptions& options, TaskNo t) {
  return options.state ? options.state(t) : std::nullopt;
}

std::string_view colour_of(TaskState state) {
  switch (state) {
    case TaskState::success:
      return "#2e7d32";
    case TaskState::failed:
      return "#c62828";
    case TaskState::upstream_failed:
      return "#ef6c00";
    case TaskState::skipped:
      return "#ad1457";
    case TaskState::running:
      return "#00838f";
    case TaskState::queued:
      return "#757575";
    case TaskState::scheduled:
      return "#a1887f";
    case TaskState::up_for_retry:
    case TaskState::up_for_reschedule:
    case TaskState::deferred:
      return "#f9a825";
    case TaskState::none:
    case TaskState::removed:
      return "#bdbdbd";
  }
  return "#bdbdbd";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::vector<Edge> all_edges(const Dag& dag) {
  std::vector<Edge> edges;
  for (const TaskNo t : dag.topological) {
    for (const TaskNo d : dag.downstream.of(t)) edges.emplace_back(t, d);
  }
  return edges;
}

std::vector<Edge> edges_of(const Dag& dag, const GraphOptions& options) {
  return options.reduce ? reduced_edges(dag) : all_edges(dag);
}

std::string dot_node(const Dag& dag, TaskNo t, const GraphOptions& options) {
  const TaskSpec& spec = dag.spec(t);
  std::string attributes;
  const auto add = [&](const std::string& a) { attributes += (attributes.empty() ? "" : ", ") + a; };
  std::string label = escaped(dag.task(t).id);
  if (spec.mapping->kind != Mapping::Kind::none) label += " [ ]";
  add("label=\"" + label + "\"");
  if (spec.setup) add("shape=house");
  if (spec.teardown) add("shape=invhouse");
  if (const auto state = state_of(options, t)) {
    add("style=\"rounded,filled\", fillcolor=\"" + std::string(colour_of(*state)) + "\", fontcolor=white");
  }
  return "n" + std::to_string(t) + " [" + attributes + "];\n";
}

/// Tasks by group, in the order of the map's keys; the empty group holds those without.
std::map<std::string, std::vector<TaskNo>> tasks_by_group(const Dag& dag) {
  std::map<std::string, std::vector<TaskNo>> groups;
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    if (dag.tasks[t].hook == Hook::none) groups[dag.tasks[t].spec->group].push_back(static_cast<TaskNo>(t));
  }
  return groups;
}

std::string mermaid_node(const Dag& dag, TaskNo t) {
  const TaskSpec& spec = dag.spec(t);
  std::string label;
  for (const char c : dag.task(t).id) label += c == '"' ? "&quot;" : std::string(1, c);
  if (spec.mapping->kind != Mapping::Kind::none) label += " [ ]";
  const std::string open = spec.setup || spec.teardown ? "[/\"" : "[\"";
  const std::string close = spec.setup || spec.teardown ? "\"/]" : "\"]";
  return "n" + std::to_string(t) + open + label + close + "\n";
}

std::string_view mark_of(TaskState state) {
  switch (state) {
    case TaskState::success:
      return "✓";
    case TaskState::failed:
      return "✗";
    case TaskState::upstream_failed:
      return "⊘";
    case TaskState::skipped:
      return "↷";
    case TaskState::running:
      return "▶";
    case TaskState::queued:
    case TaskState::scheduled:
      return "◷";
    case TaskState::up_for_retry:
    case TaskState::up_for_reschedule:
    case TaskState::deferred:
      return "↻";
    case TaskState::none:
      return "·";
    case TaskState::removed:
      return "-";
  }
  return "·";
}

std::string_view ansi_of(TaskState state) {
  switch (state) {
    case TaskState::success:
      return "\x1b[32m";
    case TaskState::failed:
      return "\x1b[31m";
    case TaskState::upstream_failed:
      return "\x1b[33m";
    case TaskState::skipped:
      return "\x1b[35m";
    case TaskState::running:
      return "\x1b[36m";
    case TaskState::up_for_retry:
    case TaskState::up_for_reschedule:
    case TaskState::deferred:
      return "\x1b[33m";
    case TaskState::queued:
    case TaskState::scheduled:
    case TaskState::none:
    case TaskState::removed:
      return "\x1b[90m";
  }
  return "";
}

std::string name_with_state(const Dag& dag, TaskNo t, const GraphOptions& options) {
  std::string name = dag.task(t).id;
  if (dag.spec(t).mapping->kind != Mapping::Kind::none) name += " [ ]";
  if (dag.spec(t).setup) name += " (setup)";
  if (dag.spec(t).teardown) name += " (teardown)";
  const auto state = state_of(options, t);
  if (!state) return name;
  const std::string marked = std::string(mark_of(*state)) + " " + name;
  return options.colour ? std::string(ansi_of(*state)) + marked + "\x1b[0m" : marked;
}

}  // namespace

std::vector<Edge> reduced_edges(const Dag& dag) {
  constexpr std::size_t kTasksMax = 5'000;
  if (dag.tasks.size() > kTasksMax) return all_edges(dag);
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
  Graph graph(dag.tasks.size());
  for (const auto& [from, to] : all_edges(dag))
    boost::add_edge(static_cast<std::size_t>(from), static_cast<std::size_t>(to), graph);
  Graph reduced;
  std::map<Graph::vertex_descriptor, Graph::vertex_descriptor> forward;
  std::vector<std::size_t> index(dag.tasks.size());
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = i;
  boost::transitive_reduction(graph, reduced, boost::make_assoc_property_map(forward), index.data());
  std::vector<TaskNo> backward(dag.tasks.size());
  for (const auto& [original, copy] : forward) backward[copy] = static_cast<TaskNo>(original);
  std::vector<Edge> edges;
  for (auto [at, end] = boost::edges(reduced); at != end; ++at) {
    edges.emplace_back(backward[boost::source(*at, reduced)], backward[boost::target(*at, reduced)]);
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

std::vector<std::int32_t> layers(const Dag& dag) {
  std::vector<std::int32_t> layer(dag.tasks.size(), 0);
  for (const TaskNo t : dag.topological) {
    for (const TaskNo d : dag.downstream.of(t)) {
      layer[static_cast<std::size_t>(d)] =
          std::max(layer[static_cast<std::size_t>(d)], layer[static_cast<std::size_t>(t)] + 1);
    }
  }
  return layer;
}

std::string to_dot(const Dag& dag, const GraphOptions& options) {
  std::string out = "digraph \"" + escaped(dag.id) + "\" {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  int cluster = 0;
  for (const auto& [group, tasks] : tasks_by_group(dag)) {
    if (!group.empty()) {
      out += "  subgraph cluster_" + std::to_string(cluster++) + " {\n    label=\"" + escaped(group) + "\";\n";
    }
    for (const TaskNo t : tasks) out += (group.empty() ? "  " : "    ") + dot_node(dag, t, options);
    if (!group.empty()) out += "  }\n";
  }
  for (const auto& [from, to] : edges_of(dag, options)) {
    out += "  n" + std::to_string(from) + " -> n" + std::to_string(to) + ";\n";
  }
  return out + "}\n";
}

std::string to_mermaid(const Dag& dag, const GraphOptions& options) {
  std::string out = "flowchart LR\n";
  int number = 0;
  for (const auto& [group, tasks] : tasks_by_group(dag)) {
    if (!group.empty()) out += "  subgraph g" + std::to_string(number++) + " [\"" + group + "\"]\n";
    for (const TaskNo t : tasks) out += (group.empty() ? "  " : "    ") + mermaid_node(dag, t);
    if (!group.empty()) out += "  end\n";
  }
  for (const auto& [from, to] : edges_of(dag, options)) {
    out += "  n" + std::to_string(from) + " --> n" + std::to_string(to) + "\n";
  }
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    const auto state = dag.tasks[t].hook == Hook::none ? state_of(options, static_cast<TaskNo>(t)) : std::nullopt;
    if (state) out += "  style n" + std::to_string(t) + " fill:" + std::string(colour_of(*state)) + ",color:#fff\n";
  }
  return out;
}

std::string to_ascii(const Dag& dag, const GraphOptions& options) {
  const auto layer = layers(dag);
  std::vector<std::vector<TaskNo>> by_layer;
  for (const TaskNo t : dag.topological) {
    const auto n = static_cast<std::size_t>(layer[static_cast<std::size_t>(t)]);
    if (by_layer.size() <= n) by_layer.resize(n + 1);
    by_layer[n].push_back(t);
  }
  std::vector<std::vector<TaskNo>> shown_upstream(dag.tasks.size());
  for (const auto& [from, to] : edges_of(dag, options)) shown_upstream[static_cast<std::size_t>(to)].push_back(from);
  std::string out = dag.id + "\n";
  for (std::size_t n = 0; n < by_layer.size(); ++n) {
    auto& tasks = by_layer[n];
    std::sort(tasks.begin(), tasks.end());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const bool is_last_layer = n + 1 == by_layer.size();
      const bool is_last = i + 1 == tasks.size();
      out += i == 0 ? (is_last_layer ? "└─ " : "├─ ") : (is_last_layer ? "   " : "│  ");
      if (tasks.size() > 1) out += i == 0 ? "┬ " : is_last ? "└ " : "├ ";
      out += name_with_state(dag, tasks[i], options);
      const auto& ups = shown_upstream[static_cast<std::size_t>(tasks[i])];
      for (std::size_t u = 0; u < ups.size(); ++u) out += (u == 0 ? "  ← " : ", ") + dag.task(ups[u]).id;
      out += '\n';
    }
  }
  for (const Task& task : dag.tasks) {
    if (task.hook != Hook::none) out += "afterwards: " + task.id + "\n";
  }
  return out;
}

}  // namespace baton
