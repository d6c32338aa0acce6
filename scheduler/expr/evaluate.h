// Evaluates an expression: dynamically typed, with CEL's meaning and errors. Pure but for what Names does.
#pragma once

#include <cstdint>

#include "scheduler/expr/ast.h"
#include "scheduler/expr/names.h"

namespace baton::expr {

/// A step is a node visited, an element looked at, or 32 bytes of a string made.
struct Limits {
  std::int64_t steps = 1'000'000;
};

/// The value, or the error with its place. The value is at most kValueDepthMax deep.
Outcome<Value> evaluate(const Ast& ast, const Names& names, const Limits& limits = {});

/// Likewise for a part of a tree that no macro's variable is used in.
Outcome<Value> evaluate(const Node& node, const Names& names, const Limits& limits = {});

/// Nesting of lists and maps in a result.
inline constexpr int kValueDepthMax = 200;

}  // namespace baton::expr
