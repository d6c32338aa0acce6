#include "scheduler/host/task_selection.h"

#include <algorithm>

#include "scheduler/model/did_you_mean.h"

namespace baton {
namespace {

/// Takes `t` and all that it waits for into `selected`.
void take_with_upstreams(const Dag& dag, TaskNo t, std::vector<bool>& selected) {
  std::vector<TaskNo> open{t};
  while (!open.empty()) {
    const TaskNo next = open.back();
    open.pop_back();
    if (selected[static_cast<std::size_t>(next)]) continue;
    selected[static_cast<std::size_t>(next)] = true;
    for (const TaskNo u : dag.upstream.of(next)) open.push_back(u);
  }
}

/// Whether one of the setups that `task` tears down is selected.
bool tears_down(const Dag& dag, const Task& task, const std::vector<bool>& selected) {
  return std::ranges::any_of(task.spec->teardown_of, [&](const std::string& setup) {
    const auto t = dag.find(setup);
    return t && selected[static_cast<std::size_t>(*t)];
  });
}

/// A teardown is taken alone: upstreams of it that nobody asked for stay out, and it judges by those that ran. One that
/// is itself a setup brings its own teardown, so this goes on until nothing is added.
void take_teardowns(const Dag& dag, std::vector<bool>& selected) {
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (std::size_t t = 0; t < selected.size(); ++t) {
      if (selected[t] || !tears_down(dag, dag.tasks[t], selected)) continue;
      selected[t] = has_grown = true;
    }
  }
}

}  // namespace

Result<std::vector<bool>> select_tasks(const Dag& dag, const std::vector<std::string>& names) {
  std::vector<bool> selected(dag.tasks.size(), names.empty());
  if (names.empty()) return selected;
  for (const std::string& name : names) {
    const std::optional<TaskNo> t = dag.find(name);
    if (!t) {
      std::vector<std::string> ids;
      for (const Task& task : dag.tasks) ids.push_back(task.id);
      return Error{"there is no task \"" + name + "\" in " + dag.id + did_you_mean_suffix(name, ids),
                   ErrorKind::not_found};
    }
    take_with_upstreams(dag, *t, selected);
  }
  take_teardowns(dag, selected);
  for (std::size_t t = 0; t < selected.size(); ++t) {
    if (dag.tasks[t].hook != Hook::none) selected[t] = true;
  }
  return selected;
}

}  // namespace baton
