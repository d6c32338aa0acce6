#include "scheduler/expr/names.h"

#include <algorithm>

namespace baton::expr {

Result<std::optional<Resolved>> Names::resolve(std::span<const std::string_view> path) const {
  Result<std::optional<Value>> found = lookup(path.front());
  if (!found) return found.error();
  if (!*found) return std::optional<Resolved>();
  return std::optional<Resolved>(Resolved{std::move(**found), 1});
}

Result<std::optional<Value>> Names::call(std::string_view /*function*/, std::span<const Value> /*args*/) const {
  return std::optional<Value>();
}

void FixedNames::set(std::string name, Value value) {
  for (auto& [known, old] : values_) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(std::move(name), std::move(value));
}

Result<std::optional<Value>> FixedNames::lookup(std::string_view name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return std::optional<Value>(value);
  }
  return std::optional<Value>();
}

}  // namespace baton::expr
