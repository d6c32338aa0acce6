// TaskReader: one task of a file → TaskSpec. What the table of keys has found wrong before is skipped silently; what
// only meaning can tell (kinds, mappings, retries, names) is reported here. One loading thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/expressions.h"
#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/dagfile/shared_parts.h"
#include "scheduler/model/dag.h"

namespace baton::dagfile {

/// Reports a name that no variable of a task's environment may have.
bool check_env_name(Node key, Reporter& reporter);

/// A task's keys over those of `defaults`.
struct TaskNodes {
  Node key;            ///< its id
  Node own;            ///< its mapping; no node for an empty task
  Node defaults;       ///< may be no node
  Node group_retries;  ///< `retries` of its group; may be no node
  /// Its own value, else the group's, else the defaults'.
  [[nodiscard]] Node get(std::string_view name) const;
  [[nodiscard]] Node own_value(std::string_view name) const;
};

class TaskReader {
 public:
  TaskReader(Reporter& reporter, const Config& config) : reporter_(reporter), config_(config) {}

  /// Of tasks that say none.
  void set_priority(std::int32_t priority) { priority_ = priority; }
  /// One that its tasks may name.
  void add_connection(std::string name) { connections_.push_back(std::move(name)); }
  /// `owner` names it in messages. Uses of expressions are appended to `expressions`.
  std::shared_ptr<TaskSpec> read(const TaskNodes& nodes, std::string_view owner, Expressions& expressions);

  /// `env` and `secrets` of a DAG, or `env` of a task: appended; an entry of the same name is replaced.
  void read_env(Node env, Node secrets, Stage stage, Expressions& expressions, std::vector<EnvEntry>& entries);

 private:
  struct Draft;
  void read_kind(Draft& draft);
  void read_sensor(Draft& draft, Node node);
  void read_when(Draft& draft);
  void read_how(Draft& draft);
  void read_timeout(Draft& draft);
  void read_resources(Draft& draft);
  void read_results(Draft& draft);
  void read_state(Draft& draft, Node node);
  void read_own_outputs(Draft& draft);
  void read_for_each(Draft& draft, Node node);
  void read_matrix(Draft& draft, Node node);
  void read_max_parallel(Draft& draft, Node node);
  void read_combinations(Draft& draft, Node list, bool is_include);
  void read_axis(Draft& draft, Node name, Node values);
  void check_instances(const Draft& draft, Node node);
  void read_executor(Draft& draft, Node node);
  void read_service_body(Draft& draft, Node node);
  void read_http(Expressions& expressions, Node node);
  void read_url(Expressions& expressions, Node node);
  void check_statuses(Node node);
  void check_connection(Node node);
  void check_outputs(const Draft& draft, Node outputs);
  void read_headers(Expressions& expressions, Node headers);
  void read_sql(Expressions& expressions, Node node);
  void read_checks(Expressions& expressions, Node node, expr::ShellKind shell);
  /// The body as it is kept; reports what cannot be.
  TaskBody body_of(TaskKind kind, Node node, expr::ShellKind shell);
  /// Reports two keys that exclude each other, or that both are missing where one is needed.
  void require_one(Node node, std::string_view a, std::string_view b, bool needed);
  void env_entry(Node key, Node value, Stage stage, Expressions& expressions, std::vector<EnvEntry>& entries,
                 std::set<std::string>& names);
  Value literal(Node node);

  Reporter& reporter_;
  const Config& config_;
  SharedParts parts_;
  std::vector<std::string> connections_;
  std::int32_t priority_ = 0;
};

/// `retries` in both its forms.
RetryPolicy read_retries(Node node, Expressions& expressions, Reporter& reporter);
/// `exit:75`, `signal`, …; reports what is none. One text or a list.
std::vector<FailureClass> read_failure_classes(Node node, Reporter& reporter);
/// The texts of a scalar or of a list of scalars.
std::vector<std::string> read_texts(Node node);
DurationUs read_duration(Node node, DurationUs otherwise);
/// A span, or {within, from}, or {by}; unset where nothing is said, or nothing that can be.
Sla read_sla(Node node, Reporter& reporter);
std::int32_t read_int(Node node, std::int32_t otherwise);
bool read_bool(Node node, bool otherwise);
/// The shell kind of `shell: …`; no node: what bash and sh read alike.
expr::ShellKind shell_kind_of(Node node);

}  // namespace baton::dagfile
