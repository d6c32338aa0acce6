// How an expression gets at the names of its surroundings: params, tasks, env and the like. The caller implements it,
// lazily, so that only what an expression names is ever made. Used on the thread that evaluates.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::expr {

/// A value and how many elements of the path it stands for (at least 1); the rest is selected from the value.
struct Resolved {
  Value value;
  std::size_t consumed = 1;
};

class Names {
 public:
  virtual ~Names() = default;

  /// The value of a free name, nothing when there is no such name. An Error becomes the expression's error.
  [[nodiscard]] virtual Result<std::optional<Value>> lookup(std::string_view name) const = 0;

  /// The value at the longest useful prefix of `path`, as {tasks, extract, outputs, rows} (never empty). Override it
  /// where the value of a whole name would be large; the default asks lookup for path[0].
  [[nodiscard]] virtual Result<std::optional<Resolved>> resolve(std::span<const std::string_view> path) const;

  /// hashFiles, secret and var are answered here; nothing means that the function is not allowed in this place.
  [[nodiscard]] virtual Result<std::optional<Value>> call(std::string_view function, std::span<const Value> args) const;
};

/// A fixed set of names, for tests and for `baton expr --let`.
class FixedNames : public Names {
 public:
  FixedNames() = default;
  explicit FixedNames(std::vector<std::pair<std::string, Value>> values) : values_(std::move(values)) {}
  void set(std::string name, Value value);
  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view name) const override;

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

}  // namespace baton::expr
