#include "cli/display/tree_layout.h"

#include <algorithm>

namespace baton::display {
namespace {

constexpr TaskNo kRoot = -1;

/// Immediate dominators over the topological order (Cooper, Harvey, Kennedy): the last task that every way to a task
/// comes through; kRoot above all.
class Dominators {
 public:
  explicit Dominators(const Dag& dag) : above_(dag.tasks.size(), kRoot), depth_(dag.tasks.size(), 0) {
    for (const TaskNo t : dag.topological) {
      bool first = true;
      TaskNo common = kRoot;
      for (const TaskNo u : dag.upstream.of(t)) {
        common = first ? u : meet(common, u);
        first = false;
      }
      above_[index(t)] = common;
      depth_[index(t)] = common == kRoot ? 1 : depth_[index(common)] + 1;
    }
  }
  [[nodiscard]] TaskNo above(TaskNo t) const { return above_[index(t)]; }

  /// The ancestor of `t` (or itself) right under `top`; kRoot when `t` does not stand under it.
  [[nodiscard]] TaskNo branch_of(TaskNo t, TaskNo top) const {
    while (t != kRoot && above(t) != top) t = above(t);
    return t;
  }

 private:
  static std::size_t index(TaskNo t) { return static_cast<std::size_t>(t); }
  [[nodiscard]] int depth(TaskNo t) const { return t == kRoot ? 0 : depth_[index(t)]; }
  [[nodiscard]] TaskNo meet(TaskNo a, TaskNo b) const {
    while (a != b) {
      if (depth(a) >= depth(b)) {
        a = above(a);
      } else {
        b = above(b);
      }
    }
    return a;
  }
  std::vector<TaskNo> above_;
  std::vector<int> depth_;
};

class Layout {
 public:
  Layout(const Dag& dag, bool unicode)
      : dag_(dag), unicode_(unicode), dominators_(dag), children_(dag.tasks.size() + 1) {
    for (const TaskNo t : dag.topological) children_of(dominators_.above(t)).push_back(t);
  }

  std::vector<TreeRow> run() {
    place_all();
    for (std::size_t t = 0; t < dag_.tasks.size(); ++t) {
      if (dag_.tasks[t].hook != Hook::none) rows_.push_back({static_cast<TaskNo>(t), "", ""});
    }
    return std::move(rows_);
  }

 private:
  std::vector<TaskNo>& children_of(TaskNo t) { return children_[static_cast<std::size_t>(t) + 1]; }

  /// Siblings of one stage run side by side; a sibling that needs one of them opens the next stage.
  std::vector<std::vector<TaskNo>> stages_of(TaskNo parent) {
    std::vector<std::vector<TaskNo>> stages;
    for (const TaskNo child : children_of(parent)) {
      const bool follows = !stages.empty() && std::ranges::any_of(dag_.upstream.of(child), [&](TaskNo u) {
        return std::ranges::find(stages.back(), dominators_.branch_of(u, parent)) != stages.back().end();
      });
      if (stages.empty() || follows) stages.emplace_back();
      stages.back().push_back(child);
    }
    return stages;
  }

  void place_all() {
    struct Place {
      TaskNo task_no;
      std::string lead, below;
    };
    // An explicit stack: a chain of 100,000 tasks is a legal DAG.
    std::vector<Place> stack;
    const auto push = [&](TaskNo of, const std::string& of_below) {
      std::vector<Place> places;
      for (const auto& stage : stages_of(of)) {
        for (std::size_t i = 0; i < stage.size(); ++i) {
          if (stage.size() == 1 || of == kRoot) {
            places.push_back({stage[i], of_below, of_below});
            continue;
          }
          const bool last = i + 1 == stage.size();
          const std::string_view tee = unicode_ ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
          const std::string_view bar = last ? "   " : unicode_ ? "│  " : "|  ";
          places.push_back({stage[i], of_below + std::string(tee), of_below + std::string(bar)});
        }
      }
      for (auto it = places.rbegin(); it != places.rend(); ++it) stack.push_back(std::move(*it));
    };
    push(kRoot, "");
    while (!stack.empty()) {
      Place place = std::move(stack.back());
      stack.pop_back();
      rows_.push_back({place.task_no, place.lead, place.below});
      push(place.task_no, place.below);
    }
  }

  const Dag& dag_;
  bool unicode_;
  Dominators dominators_;
  std::vector<std::vector<TaskNo>> children_;
  std::vector<TreeRow> rows_;
};

}  // namespace

std::vector<TreeRow> tree_layout(const Dag& dag, bool unicode) {
  return Layout(dag, unicode).run();
}

}  // namespace baton::display
