#include "cli/file_names.h"

#include <utility>

#include "cli/run_params.h"
#include "cli/run_request.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/expr/convert.h"
#include "scheduler/model/did_you_mean.h"

namespace baton::cli {
namespace {

constexpr int kEnvDepthMax = 16;

}  // namespace

Result<FileNames> FileNames::make(const Invocation& call, LoadedDag loaded) {
  Result<Value> params = params_of(*loaded.dag, call);
  if (!params) return params.error();
  const Result<timetable::Interval> interval = interval_of(loaded, call.args(), now_us());
  if (!interval) return interval.error();
  return FileNames(std::move(loaded), std::move(*params), *interval);
}

Result<Value> FileNames::env_value(const EnvEntry& entry) const {
  if (!entry.secret.empty()) return Error{"env." + entry.name + " is a secret and cannot be used in an expression"};
  if (depth_ >= kEnvDepthMax) return Error{"env." + entry.name + " refers to itself"};
  ++depth_;
  Result<Value> value = value_of(entry.value, *this);
  --depth_;
  return value;
}

Result<std::optional<Value>> FileNames::lookup(std::string_view name) const {
  const auto found = [](Value value) { return std::optional<Value>(std::move(value)); };
  const Value start = expr::timestamp_from_us(interval_.start);
  if (name == "params") return found(params_);
  if (name == "logical_date") return found(start);
  if (name == "interval") return found(ValueMap{{"start", start}, {"end", expr::timestamp_from_us(interval_.end)}});
  if (name == "dag") return found(ValueMap{{"id", loaded_.dag->id}});
  if (name == "env") {
    ValueMap map;
    for (const EnvEntry& entry : loaded_.dag->env) {
      if (!entry.secret.empty()) continue;
      Result<Value> value = env_value(entry);
      if (!value) return value.error();
      map.emplace_back(entry.name, std::move(*value));
    }
    return found(std::move(map));
  }
  if (name == "run" || name == "task" || name == "tasks" || name == "matrix") {
    return Error{"`" + std::string(name) + "` is known in a run only; give it a value with --let " + std::string(name) +
                 "=JSON"};
  }
  return std::optional<Value>();
}

Result<std::optional<expr::Resolved>> FileNames::resolve(std::span<const std::string_view> path) const {
  if (path.front() != "env" || path.size() < 2) return expr::Names::resolve(path);
  std::vector<std::string> names;
  for (const EnvEntry& entry : loaded_.dag->env) {
    names.push_back(entry.name);
    if (entry.name != path[1]) continue;
    Result<Value> value = env_value(entry);
    if (!value) return value.error();
    return std::optional<expr::Resolved>(expr::Resolved{std::move(*value), 2});
  }
  return Error{"there is no variable \"" + std::string(path[1]) + "\" in the DAG's env" +
               did_you_mean_suffix(path[1], names)};
}

}  // namespace baton::cli
