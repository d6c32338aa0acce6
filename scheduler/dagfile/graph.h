// Pictures of a Dag: Graphviz, Mermaid, and text for a terminal. Pure functions, any thread.
#pragma once

#include <functional>
#include <string>

#include "scheduler/model/dag.h"

namespace baton {

struct GraphOptions {
  /// The state of each task, for colour and marks; unset: none. `show` gives it, `graph` does not.
  std::function<std::optional<TaskState>(TaskNo)> state;
  /// ANSI colours in to_ascii.
  bool colour = false;
  /// Leave out edges that a longer path implies (transitive reduction).
  bool reduce = true;
};

/// Graphviz: groups are clusters, setups and teardowns have other shapes.
std::string to_dot(const Dag& dag, const GraphOptions& options = {});
/// Mermaid `flowchart LR`.
std::string to_mermaid(const Dag& dag, const GraphOptions& options = {});
/// One line for each task in topological layers, with what it needs: readable at any width.
std::string to_ascii(const Dag& dag, const GraphOptions& options = {});

/// The edges (upstream, downstream) that no longer path implies; all of them beyond 5,000 tasks.
std::vector<std::pair<TaskNo, TaskNo>> reduced_edges(const Dag& dag);
/// The layer of each task: the longest path that leads to it.
std::vector<std::int32_t> layers(const Dag& dag);

}  // namespace baton
