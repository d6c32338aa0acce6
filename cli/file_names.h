// The names of a DAG file for `baton expr -f`: params, env, dag.id, interval and logical_date, before any run. Main thread.
#pragma once

#include <optional>
#include <string>

#include "cli/dag_lookup.h"
#include "cli/invocation.h"
#include "scheduler/expr/names.h"
#include "scheduler/timetable/timetable.h"

namespace baton::cli {

class FileNames : public expr::Names {
 public:
  /// With -p and --interval of the call.
  static Result<FileNames> make(const Invocation& call, LoadedDag loaded);

  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view name) const override;
  [[nodiscard]] Result<std::optional<expr::Resolved>> resolve(std::span<const std::string_view> path) const override;

 private:
  FileNames(LoadedDag loaded, Value params, timetable::Interval interval)
      : loaded_(std::move(loaded)), params_(std::move(params)), interval_(interval) {}
  [[nodiscard]] Result<Value> env_value(const EnvEntry& entry) const;

  LoadedDag loaded_;
  Value params_;
  timetable::Interval interval_;
  mutable int depth_ = 0;  ///< env values may name env values
};

}  // namespace baton::cli
