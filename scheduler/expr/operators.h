// The operators on values: arithmetic, equality, order, selection. Private to this room. Pure; any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "scheduler/expr/ast.h"
#include "scheduler/expr/budget.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::expr {

/// Integer or floating: what CEL compares across types.
inline bool is_number(const Value& value) {
  return value.type() == ValueType::integer || value.type() == ValueType::floating;
}

/// What was computed, as a value of the language.
template <typename T>
Result<Value> lifted(Result<T> result) {
  if (!result) return result.error();
  return Value(std::move(*result));
}

/// The sign of an operator: "+", "==", "in".
std::string_view sign(NodeKind kind);

/// + - * / %, with CEL's errors: overflow, division by zero, no such overload.
Result<Value> arithmetic(NodeKind kind, const Value& a, const Value& b, Budget& budget);
Result<Value> negate(const Value& value);

/// CEL's equality: numbers by value whatever their type, lists and maps by element, other types never equal.
bool is_equal(const Value& a, const Value& b, Budget& budget, int depth = 0);

/// The order of < <= > >=; an Error for what has none. NaN is unordered.
Result<std::partial_ordering> compare(const Value& a, const Value& b);

/// Numbers of any two types.
std::partial_ordering compare_numbers(const Value& a, const Value& b);

/// The entry under an equal key, nullptr when there is none.
const Value* find_entry(const ValueMap& map, const Value& key, Budget& budget);

Result<Value> select_field(const Value& target, std::string_view name, Budget& budget);
Result<Value> select_index(const Value& target, const Value& index, Budget& budget);
Result<Value> is_in(const Value& element, const Value& container, Budget& budget);

}  // namespace baton::expr
