// DagReader: one document of a file → a checked Dag, or findings. One loading thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/dagfile/expression_check.h"
#include "scheduler/dagfile/graph_builder.h"
#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/dagfile/task_reader.h"
#include "scheduler/model/dag.h"

namespace baton::dagfile {

class DagReader {
 public:
  DagReader(Node root, const Config& config, Reporter& reporter);

  /// Null when an error was reported.
  std::shared_ptr<const Dag> read(const std::string& source_file, const std::string& work_folder);

 private:
  void read_top();
  void prefer_profile_env();
  void prefer_profile_param(ParamSpec& param, Value schema, Node key);
  void read_labels(Node node);
  std::int32_t read_weight(Node node);
  void read_params();
  void read_param(Node key, Node declaration);
  void read_declarations();
  void read_groups();
  void read_tasks();
  std::shared_ptr<const TaskSpec> read_task(Node key, Node body, std::int32_t task);
  bool signature_of(Node body, std::string& out) const;
  void read_hooks();
  void link_graph();
  void check_references();
  void check_task_references(const Task& task, Node body);
  void check_pool_sizes();
  void check_name(std::string_view name, Node where, const std::vector<std::string>& known, Rule rule,
                  std::string_view what);
  void check_groups_joined();
  void check_secrets();
  void hint_allowed_failures();
  [[nodiscard]] Node group_retries(Node body) const;
  [[nodiscard]] Node top(std::string_view key) const { return root_.find(key); }

  Node root_;
  const Config& config_;
  Reporter& reporter_;
  std::size_t errors_before_;
  std::shared_ptr<Dag> dag_;
  Node defaults_;
  TaskReader task_reader_;
  std::vector<TaskNode> nodes_;
  std::vector<SpecUses> uses_;
  std::unordered_map<std::string, std::shared_ptr<const TaskSpec>> specs_;  ///< by signature, error-free ones
  std::map<std::string, Node> group_retries_;
  std::vector<std::string> pools_, breakers_, assets_, calendars_;  ///< all names, of baton.yaml too
  bool is_linked_ = false;
};

}  // namespace baton::dagfile
