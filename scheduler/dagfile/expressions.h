// Expressions: compiles the texts and scripts of one task (or of the DAG's own keys) and remembers each use, so that
// its types can be checked once the graph is known. One loading thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/expr/shell_template.h"
#include "scheduler/expr/template.h"
#include "scheduler/model/task_spec.h"

namespace baton::dagfile {

/// What the value of a text has to be.
enum class Wanted : std::uint8_t {
  text,  ///< becomes part of a text: no null, list or map
  any,
  boolean,
  items,  ///< a list or a map
  list,
  instant,  ///< a timestamp, or text that holds one
  integer,
  span,  ///< a duration, or text that holds one
};

/// When a text is evaluated, and so which names it may use.
enum class Stage : std::uint8_t {
  dag,        ///< the DAG's own env and assets: no task yet
  expansion,  ///< before a task is mapped: no item, no matrix
  instance,   ///< of a task instance
};

struct Use {
  Node node;
  std::shared_ptr<const expr::Template> text;  ///< one of these two
  std::shared_ptr<const expr::ShellTemplate> script;
  Wanted wanted = Wanted::text;
  Stage stage = Stage::instance;
  bool allow_hash_files = false;
  bool allow_secret = false;
  bool is_condition = false;
  std::size_t env_visible = static_cast<std::size_t>(-1);  ///< only so many of the env entries may be named
};

/// The first scalar at or below `node` with an expression in it; a node that is none where there is none.
Node find_expression(Node node);

class Expressions {
 public:
  explicit Expressions(Reporter& reporter) : reporter_(reporter) {}

  /// A scalar that may hold expressions; reports their syntax errors. Other nodes give an unset Text silently.
  Text text(Node node, Wanted wanted, Stage stage, bool allow_hash_files = false, bool allow_secret = false);
  /// One expression, with or without `${{ }}`.
  Text condition(Node node, Stage stage);
  Script script(Node node, expr::ShellKind shell);
  /// Every text with an expression below `node`, whatever its shape.
  void texts_below(Node node, Stage stage);

  [[nodiscard]] const std::vector<Use>& uses() const { return uses_; }
  std::vector<Use>& uses() { return uses_; }
  std::vector<Use> take() { return std::move(uses_); }

 private:
  void report(Node node, Rule rule, const expr::ExprError& error, bool warning = false, std::string hint = {});

  Reporter& reporter_;
  std::vector<Use> uses_;
};

/// Where a range inside the text of `node` stands in the source.
Span span_in(Node node, expr::SourceRange range);

}  // namespace baton::dagfile
