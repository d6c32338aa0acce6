// GraphBuilder: `needs`, groups, setups and teardowns → edges. Finds unknown ids and cycles, with their lines. Linear
// in tasks and edges, but for teardowns, which look at what follows from their setups. One loading thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/dagfile/text_index.h"
#include "scheduler/model/dag.h"

namespace baton::dagfile {

/// One task of the file: its key and its mapping, as numbers of nodes.
struct TaskNode {
  Node key;
  Node body;
};

class GraphBuilder {
 public:
  /// `dag.tasks` holds one task for each of `nodes`, in their order, with specs; hooks are added later.
  GraphBuilder(Dag& dag, const std::vector<TaskNode>& nodes, Reporter& reporter);

  /// The upstream lists, sorted and without duplicates, one for each task. Reports what is wrong with them.
  Adjacency build();
  /// Reports a cycle that link() found.
  void report_cycle(const std::vector<TaskNo>& cycle);

 private:
  using Edge = std::pair<TaskNo, TaskNo>;  ///< downstream, upstream

  void collect_groups();
  void collect_needs();
  void add_need(TaskNo task, Node name);
  void add_group_edges();
  std::vector<TaskNo> last_tasks(const std::string& group) const;
  void collect_teardowns();
  void add_setup(TaskNo task, Node name);
  void add_implied_edges();
  Adjacency compressed();
  void report_unknown(TaskNo task, Node name);
  [[nodiscard]] std::string_view id_of(std::uint32_t task) const { return dag_.tasks[task].id; }

  struct TextOf {
    const Dag* dag;
    std::string_view operator()(std::uint32_t task) const { return dag->tasks[task].id; }
  };
  struct GroupNeed {
    TaskNo task;
    const std::string* group;
    bool resolved = false;
  };
  struct Teardown {
    TaskNo task;
    std::vector<TaskNo> setups;
    bool has_needs = false;  ///< of its own, besides the setups
  };

  Dag& dag_;
  const std::vector<TaskNode>& nodes_;
  Reporter& reporter_;
  TextIndex<TextOf> index_;
  std::map<std::string, std::vector<TaskNo>> groups_;  ///< with the members of nested groups
  std::vector<std::uint32_t> offsets_;
  std::vector<TaskNo> targets_;
  std::vector<Edge> more_;  ///< of groups and teardowns
  std::vector<GroupNeed> group_needs_;
  std::vector<Teardown> teardowns_;
  std::size_t suggestions_left_ = 50;
};

}  // namespace baton::dagfile
