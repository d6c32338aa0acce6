#include "scheduler/dagfile/graph_builder.h"

#include <algorithm>
#include <set>

#include "scheduler/dagfile/scalar.h"

namespace baton::dagfile {

GraphBuilder::GraphBuilder(Dag& dag, const std::vector<TaskNode>& nodes, Reporter& reporter)
    : dag_(dag), nodes_(nodes), reporter_(reporter), index_(nodes.size(), TextOf{&dag}) {
  for (std::uint32_t t = 0; t < nodes.size(); ++t) (void)index_.insert(dag.tasks[t].id, t);
}

Adjacency GraphBuilder::build() {
  collect_groups();
  collect_needs();
  add_group_edges();
  collect_teardowns();
  add_implied_edges();
  return compressed();
}

void GraphBuilder::collect_groups() {
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const std::string& group = dag_.tasks[t].spec->group;
    if (group.empty()) continue;
    for (std::size_t dot = group.find('.');; dot = group.find('.', dot + 1)) {
      groups_[group.substr(0, dot)].push_back(static_cast<TaskNo>(t));
      if (dot == std::string::npos) break;
    }
  }
  for (const auto& [group, members] : groups_) {
    if (const auto task = index_.find(group)) {
      reporter_.error(Rule::duplicate_id, nodes_[*task].key.span(),
                      in_quotes(group) + " is the id of a task and of a group", "groups and tasks share one name space");
    }
  }
}

void GraphBuilder::collect_needs() {
  offsets_.reserve(nodes_.size() + 1);
  offsets_.push_back(0);
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const auto task = static_cast<TaskNo>(t);
    const Node needs = nodes_[t].body ? nodes_[t].body.find("needs") : Node();
    if (needs && needs.is_scalar()) add_need(task, needs);
    if (needs && needs.is_list()) {
      for (const Node item : Items(needs)) {
        if (item.is_scalar()) add_need(task, item);
      }
    }
    offsets_.push_back(static_cast<std::uint32_t>(targets_.size()));
  }
}

void GraphBuilder::add_need(TaskNo task, Node name) {
  if (const auto upstream = index_.find(name.text())) {
    if (static_cast<TaskNo>(*upstream) == task) {
      reporter_.error(Rule::cycle, name.span(), "task " + in_quotes(name.text()) + " needs itself");
    } else {
      targets_.push_back(static_cast<TaskNo>(*upstream));
    }
    return;
  }
  const auto group = groups_.empty() ? groups_.end() : groups_.find(std::string(name.text()));
  if (group == groups_.end()) return report_unknown(task, name);
  if (std::find(group->second.begin(), group->second.end(), task) != group->second.end()) {
    reporter_.error(Rule::cycle, name.span(),
                    "task " + in_quotes(dag_.task(task).id) + " needs the group " + in_quotes(name.text()) + " it is in");
    return;
  }
  group_needs_.push_back({task, &group->first});
}

void GraphBuilder::report_unknown(TaskNo task, Node name) {
  std::string hint;
  const std::string_view text = name.text();
  if (text.find("${{") != std::string_view::npos) {
    reporter_.error(Rule::expression_not_here, name.span(), "\"needs\" takes no expression",
                    "name the tasks; `if` decides whether one runs");
    return;
  }
  if (suggestions_left_ > 0) {
    --suggestions_left_;
    std::vector<std::string_view> known;
    for (const auto& [group, members] : groups_) known.emplace_back(group);
    for (std::size_t t = 0; t < nodes_.size(); ++t) known.push_back(id_of(static_cast<std::uint32_t>(t)));
    hint = did_you_mean_hint(text, known);
  }
  reporter_.error(Rule::unknown_task, name.span(),
                  "task " + in_quotes(dag_.task(task).id) + " needs " + in_quotes(text) + ", which is not a task", hint);
}

/// Deepest groups first: what needs a nested group is downstream of it when the outer group's last tasks are sought.
void GraphBuilder::add_group_edges() {
  if (group_needs_.empty()) return;
  const auto depth = [](const std::string& group) { return std::count(group.begin(), group.end(), '.'); };
  std::stable_sort(group_needs_.begin(), group_needs_.end(),
                   [&](const GroupNeed& a, const GroupNeed& b) { return depth(*a.group) > depth(*b.group); });
  std::map<const std::string*, std::vector<TaskNo>> last;
  for (const GroupNeed& need : group_needs_) {
    auto [at, is_new] = last.try_emplace(need.group);
    if (is_new) at->second = last_tasks(*need.group);
    for (const TaskNo upstream : at->second) more_.emplace_back(need.task, upstream);
  }
}

std::vector<TaskNo> GraphBuilder::last_tasks(const std::string& group) const {
  const std::vector<TaskNo>& members = groups_.at(group);
  const std::set<TaskNo> inside(members.begin(), members.end());
  std::set<TaskNo> followed;
  for (const TaskNo t : members) {
    if (dag_.spec(t).teardown) continue;
    for (std::uint32_t e = offsets_[static_cast<std::size_t>(t)]; e < offsets_[static_cast<std::size_t>(t) + 1]; ++e) {
      followed.insert(targets_[e]);
    }
  }
  for (const auto& [task, upstream] : more_) {
    if (inside.count(task) != 0 && !dag_.spec(task).teardown) followed.insert(upstream);
  }
  std::vector<TaskNo> last;
  for (const TaskNo t : members) {
    if (followed.count(t) == 0 && !dag_.spec(t).teardown) last.push_back(t);
  }
  return last.empty() ? members : last;
}

void GraphBuilder::collect_teardowns() {
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const auto task = static_cast<TaskNo>(t);
    if (!dag_.spec(task).teardown) continue;
    teardowns_.push_back({task, {}});
    Node of = nodes_[t].body.find("teardown");
    if (of && of.is_map()) of = of.find("of");
    if (of && of.is_scalar()) add_setup(task, of);
    if (of && of.is_list()) {
      for (const Node item : Items(of)) {
        if (item.is_scalar()) add_setup(task, item);
      }
    }
    const auto& setups = teardowns_.back().setups;
    const auto begin = targets_.begin();
    teardowns_.back().has_needs =
        std::any_of(begin + offsets_[t], begin + offsets_[t + 1],
                    [&](TaskNo u) { return std::find(setups.begin(), setups.end(), u) == setups.end(); }) ||
        std::any_of(group_needs_.begin(), group_needs_.end(), [&](const GroupNeed& need) { return need.task == task; });
  }
}

void GraphBuilder::add_setup(TaskNo task, Node name) {
  const auto setup = index_.find(name.text());
  const std::string prefix = "teardown " + in_quotes(dag_.task(task).id) + " belongs to " + in_quotes(name.text());
  if (!setup) {
    std::vector<std::string_view> known;
    for (std::size_t t = 0; t < nodes_.size(); ++t) {
      if (dag_.tasks[t].spec->setup) known.push_back(id_of(static_cast<std::uint32_t>(t)));
    }
    reporter_.error(Rule::unknown_task, name.span(), prefix + ", which is not a task",
                    did_you_mean_hint(name.text(), known));
    return;
  }
  if (!dag_.tasks[*setup].spec->setup) {
    reporter_.error(Rule::setup_teardown, name.span(), prefix + ", which is not a setup",
                    "give that task `setup: true`");
    return;
  }
  teardowns_.back().setups.push_back(static_cast<TaskNo>(*setup));
  more_.emplace_back(task, static_cast<TaskNo>(*setup));
}

/// A teardown waits for all that lies between its setups and itself, not for the last of it alone: a trigger rule may
/// end a task while some of its upstreams still run. Without needs of its own that is all that follows from its setups.
void GraphBuilder::add_implied_edges() {
  if (teardowns_.empty()) return;
  using Neighbours = std::vector<std::vector<TaskNo>>;
  Neighbours downstream(nodes_.size());
  Neighbours upstream(nodes_.size());
  const auto add = [&](TaskNo task, TaskNo above) {
    downstream[static_cast<std::size_t>(above)].push_back(task);
    upstream[static_cast<std::size_t>(task)].push_back(above);
  };
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    for (std::uint32_t e = offsets_[t]; e < offsets_[t + 1]; ++e) add(static_cast<TaskNo>(t), targets_[e]);
  }
  for (const auto& [task, above] : more_) add(task, above);
  const auto reach = [](const Neighbours& edges, const std::vector<TaskNo>& from, const auto& passes) {
    std::set<TaskNo> seen;
    std::vector<TaskNo> open(from);
    while (!open.empty()) {
      const TaskNo at = open.back();
      open.pop_back();
      for (const TaskNo next : edges[static_cast<std::size_t>(at)]) {
        if (passes(next) && seen.insert(next).second) open.push_back(next);
      }
    }
    return seen;
  };
  const auto any = [](TaskNo) { return true; };
  std::vector<Edge> implied;
  for (const Teardown& teardown : teardowns_) {
    const std::set<TaskNo> own = reach(teardown.has_needs ? upstream : downstream, {teardown.task}, any);
    const auto is_between = [&](TaskNo t) {
      return !dag_.spec(t).teardown && (own.count(t) != 0) == teardown.has_needs;
    };
    for (const TaskNo t : reach(downstream, teardown.setups, is_between)) implied.emplace_back(teardown.task, t);
  }
  more_.insert(more_.end(), implied.begin(), implied.end());
}

Adjacency GraphBuilder::compressed() {
  std::sort(more_.begin(), more_.end());
  Adjacency out;
  out.offsets.reserve(nodes_.size() + 1);
  out.offsets.push_back(0);
  if (more_.empty()) {
    out.targets = std::move(targets_);
  } else {
    out.targets.reserve(targets_.size() + more_.size());
  }
  std::size_t write = 0;
  auto extra = more_.begin();
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const std::size_t begin = write;
    if (more_.empty()) {  // in place: what is written never overtakes what is read
      for (std::uint32_t e = offsets_[t]; e < offsets_[t + 1]; ++e) out.targets[write++] = out.targets[e];
    } else {
      out.targets.insert(out.targets.end(), targets_.begin() + offsets_[t], targets_.begin() + offsets_[t + 1]);
      for (; extra != more_.end() && extra->first == static_cast<TaskNo>(t); ++extra)
        out.targets.push_back(extra->second);
      write = out.targets.size();
    }
    const auto first = out.targets.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = out.targets.begin() + static_cast<std::ptrdiff_t>(write);
    std::sort(first, last);
    write = begin + static_cast<std::size_t>(std::unique(first, last) - first);
    if (!more_.empty()) out.targets.resize(write);
    out.offsets.push_back(static_cast<std::uint32_t>(write));
  }
  out.targets.resize(write);
  return out;
}

void GraphBuilder::report_cycle(const std::vector<TaskNo>& cycle) {
  constexpr std::size_t kShownMax = 20;
  std::string path;
  const auto step = [&](TaskNo t) {
    path += (path.empty() ? "" : " → ") + in_quotes(dag_.task(t).id) + " (line " + std::to_string(dag_.task(t).line) + ")";
  };
  // Begins with the task that stands first in the file.
  const auto first = std::min_element(cycle.begin(), cycle.end()) - cycle.begin();
  for (std::size_t i = 0; i < std::min(cycle.size(), kShownMax); ++i) {
    step(cycle[(static_cast<std::size_t>(first) + i) % cycle.size()]);
  }
  if (cycle.size() > kShownMax) path += " → … (" + std::to_string(cycle.size()) + " tasks)";
  path += " → " + in_quotes(dag_.task(cycle[static_cast<std::size_t>(first)]).id);
  const Node key = nodes_[static_cast<std::size_t>(cycle[static_cast<std::size_t>(first)])].key;
  reporter_.error(Rule::cycle, key.span(), "tasks need each other in a circle: " + path,
                  "one of them must not need the one before it");
}

}  // namespace baton::dagfile
