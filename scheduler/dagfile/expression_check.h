// ExpressionCheck: the names and types of every expression of a DAG, once its graph is known. Whether a task that an
// expression names is upstream is answered for 64 tasks at a time, so that a hundred thousand such tasks stay linear
// enough. One loading thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/dagfile/expressions.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/expr/check.h"
#include "scheduler/model/dag.h"

namespace baton::dagfile {

/// The uses of one TaskSpec, and a task that has it; no task for the DAG's own keys.
struct SpecUses {
  std::int32_t task = -1;
  std::vector<Use> uses;
};

class ExpressionCheck {
 public:
  /// `dag` is linked; `is_linked` is false when its graph is broken, and nothing is said of upstreams then.
  ExpressionCheck(const Dag& dag, bool is_linked, Reporter& reporter);

  void run(const std::vector<SpecUses>& all);

 private:
  friend class TaskFields;
  using Query = std::pair<TaskNo, TaskNo>;  ///< who asks, for what

  void find_far_queries(const std::vector<SpecUses>& all);
  void answer(std::vector<Query>& queries);
  void check_spec(const SpecUses& spec);
  void check_use(const Use& use, const SpecUses& spec);
  void check_ast(const expr::Ast& ast, const Use& use, const SpecUses& spec, const expr::TypeEnv& env, bool is_whole);
  void warn_unexpanded_patterns(const expr::Node& call, const Use& use);
  void check_names(const expr::Ast& ast, const Use& use, const SpecUses& spec, const expr::TypeEnv& env,
                   std::set<std::uint32_t>& reported);
  void check_task_name(std::string_view id, Span where, const SpecUses& spec);
  void check_wanted(const expr::Type& type, const Use& use, const expr::Ast& ast, bool is_whole);
  [[nodiscard]] expr::TypeEnv env_of(const Use& use, const SpecUses& spec) const;
  [[nodiscard]] expr::Type env_type(const Use& use, const SpecUses& spec) const;
  [[nodiscard]] expr::Type type_of_task(TaskNo task) const;
  [[nodiscard]] std::optional<expr::Type> item_type(const SpecUses& spec) const;
  [[nodiscard]] expr::Type matrix_type(const SpecUses& spec) const;
  [[nodiscard]] expr::Type element_of(const Text& items, const SpecUses& spec) const;
  [[nodiscard]] bool is_upstream(TaskNo task, TaskNo wanted) const;

  const Dag& dag_;
  bool is_linked_;
  Reporter& reporter_;
  expr::Type params_, states_;
  std::set<Query> not_upstream_;  ///< of those that are not direct upstreams
};

/// The static type of a param by its declaration.
expr::Type type_of_schema(const Value& schema);
expr::Type type_of_output(OutputSpec::Type type);

}  // namespace baton::dagfile
