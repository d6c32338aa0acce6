// RunNames: what the expressions of a run may name (docs/dag-language.md), made only when named. Pure; reads the run.
#pragma once

#include <string>

#include "scheduler/engine/dag_run.h"
#include "scheduler/expr/names.h"

namespace baton {

class RunNames : public expr::Names {
 public:
  /// `instance` −1: outside any task instance (items of a mapping: `task_no` without an instance).
  RunNames(const DagRun& run, TaskNo task_no, InstanceNo instance = -1)
      : run_(run), task_no_(task_no), instance_(instance) {}

  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view name) const override;
  [[nodiscard]] Result<std::optional<expr::Resolved>> resolve(std::span<const std::string_view> path) const override;
  /// `var`: what the variable holds when it is asked for, not when the run was made.
  [[nodiscard]] Result<std::optional<Value>> call(std::string_view function, std::span<const Value> args) const override;

  /// {index, key, item, state, outputs} of one instance; `outputs` is missing unless it is a success.
  [[nodiscard]] static Value describe(const DagRun& run, InstanceNo i);

 private:
  /// Whether this is the item of a mapped instance, or its combination.
  [[nodiscard]] bool names_item(std::string_view name) const;
  [[nodiscard]] Result<std::optional<Value>> env_value(std::string_view name) const;
  [[nodiscard]] Result<Value> task_value(TaskNo t) const;
  [[nodiscard]] Result<std::optional<expr::Resolved>> resolve_task(std::span<const std::string_view> path) const;

  const DagRun& run_;
  TaskNo task_no_;
  InstanceNo instance_;
  mutable int env_depth_ = 0;  ///< env values may name env values that stand before them
};

/// The value of `text`: its source where it holds no expression.
Result<Value> value_of(const Text& text, const expr::Names& names);
/// The same as a string; null, lists and maps are errors.
Result<std::string> text_of(const Text& text, const expr::Names& names);
Result<std::string> text_of(const Script& script, const expr::Names& names);

}  // namespace baton
