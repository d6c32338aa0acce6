// Types of operators and calls, for the checker. Private to this room. Pure; any thread.
#pragma once

#include <optional>
#include <span>

#include "scheduler/expr/ast.h"
#include "scheduler/expr/type.h"

namespace baton::expr {

/// Of + - * / %; nothing when there is no such overload.
std::optional<Type> arithmetic_type(NodeKind kind, const Type& a, const Type& b);

/// Whether == can ever be true.
bool can_be_equal(const Type& a, const Type& b);

/// Whether < has a meaning.
bool can_be_ordered(const Type& a, const Type& b);

/// The result of a call; nothing when no overload takes these types.
std::optional<Type> call_type(const FunctionInfo& function, std::span<const Type> args);

}  // namespace baton::expr
