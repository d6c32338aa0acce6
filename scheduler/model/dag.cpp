#include "scheduler/model/dag.h"

#include <algorithm>
#include <numeric>

#include "scheduler/model/check.h"

namespace baton {
namespace {

Adjacency compress(const std::vector<std::vector<TaskNo>>& lists) {
  Adjacency a;
  a.offsets.reserve(lists.size() + 1);
  a.offsets.push_back(0);
  std::size_t total = 0;
  for (const auto& l : lists) total += l.size();
  a.targets.reserve(total);
  for (const auto& l : lists) {
    a.targets.insert(a.targets.end(), l.begin(), l.end());
    a.offsets.push_back(static_cast<std::uint32_t>(a.targets.size()));
  }
  return a;
}

Adjacency reverse(const Adjacency& a) {
  const std::size_t n = a.offsets.size() - 1;
  Adjacency r;
  r.offsets.assign(n + 1, 0);
  for (TaskNo t : a.targets) ++r.offsets[static_cast<std::size_t>(t) + 1];
  std::partial_sum(r.offsets.begin(), r.offsets.end(), r.offsets.begin());
  r.targets.resize(a.targets.size());
  auto at = r.offsets;
  for (std::size_t t = 0; t < n; ++t) {
    for (TaskNo u : a.of(static_cast<TaskNo>(t))) r.targets[at[static_cast<std::size_t>(u)]++] = static_cast<TaskNo>(t);
  }
  return r;
}

/// Kahn's algorithm. Tasks that a cycle keeps back are missing from the result.
std::vector<TaskNo> topological_order(const Dag& dag, std::size_t n) {
  std::vector<std::uint32_t> unmet(n);
  std::vector<TaskNo> order;
  order.reserve(n);
  for (std::size_t t = 0; t < n; ++t) {
    unmet[t] = dag.upstream.offsets[t + 1] - dag.upstream.offsets[t];
    if (unmet[t] == 0) order.push_back(static_cast<TaskNo>(t));
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (TaskNo d : dag.downstream.of(order[i])) {
      if (--unmet[static_cast<std::size_t>(d)] == 0) order.push_back(d);
    }
  }
  return order;
}

/// Every task that is kept back has an upstream that is kept back: walking up must meet itself.
std::vector<TaskNo> find_cycle(const Dag& dag, std::size_t n, const std::vector<TaskNo>& ordered) {
  std::vector<char> done(n, 0);
  for (TaskNo t : ordered) done[static_cast<std::size_t>(t)] = 1;
  const auto kept_back = [&](TaskNo t) { return done[static_cast<std::size_t>(t)] == 0; };
  TaskNo at = 0;
  while (!kept_back(at)) ++at;
  std::vector<TaskNo> path;
  std::vector<int> position(n, -1);
  while (position[static_cast<std::size_t>(at)] < 0) {
    position[static_cast<std::size_t>(at)] = static_cast<int>(path.size());
    path.push_back(at);
    const auto ups = dag.upstream.of(at);
    at = *std::find_if(ups.begin(), ups.end(), kept_back);
  }
  std::vector<TaskNo> cycle(path.begin() + position[static_cast<std::size_t>(at)], path.end());
  std::reverse(cycle.begin(), cycle.end());  // from upstream to downstream
  return cycle;
}

}  // namespace

std::optional<TaskNo> Dag::find(std::string_view task_id) const {
  const auto at = std::lower_bound(by_id.begin(), by_id.end(), task_id,
                                   [&](TaskNo t, std::string_view name) { return task(t).id < name; });
  if (at == by_id.end() || task(*at).id != task_id) return std::nullopt;
  return *at;
}

std::vector<TaskNo> link(Dag& dag, const std::vector<std::vector<TaskNo>>& upstreams) {
  auto lists = upstreams;
  for (auto& l : lists) {
    std::sort(l.begin(), l.end());
    l.erase(std::unique(l.begin(), l.end()), l.end());
  }
  return link(dag, compress(lists));
}

std::vector<TaskNo> link(Dag& dag, Adjacency upstream) {
  const std::size_t n = dag.tasks.size();
  BATON_CHECK(upstream.offsets.size() == n + 1);
  for (std::size_t t = 0; t < n; ++t) {
    const auto begin = upstream.targets.begin();
    std::sort(begin + upstream.offsets[t], begin + upstream.offsets[t + 1]);
  }
  dag.upstream = std::move(upstream);
  dag.downstream = reverse(dag.upstream);
  dag.by_id.resize(n);
  std::iota(dag.by_id.begin(), dag.by_id.end(), 0);
  std::sort(dag.by_id.begin(), dag.by_id.end(), [&](TaskNo a, TaskNo b) { return dag.task(a).id < dag.task(b).id; });
  // Said by the text of the checks alone: it only spares DAGs without any the search.
  dag.has_gates = std::any_of(dag.tasks.begin(), dag.tasks.end(), [](const Task& task) {
    return task.spec != nullptr && task.spec->kind == TaskKind::checks &&
           task.spec->body->json.find("\"quarantine\"") != std::string::npos;
  });
  const auto order = topological_order(dag, n);
  if (order.size() != n) return find_cycle(dag, n, order);
  dag.topological.clear();
  dag.topological.reserve(n);
  for (TaskNo t : order) {
    if (dag.task(t).hook == Hook::none) dag.topological.push_back(t);
  }
  return {};
}

}  // namespace baton
