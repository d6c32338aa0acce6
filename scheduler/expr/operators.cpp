#include "scheduler/expr/operators.h"

#include <cmath>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/evaluate.h"
#include "scheduler/expr/times.h"

namespace baton::expr {
namespace {

std::string type_name(const Value& value) {
  return std::string(to_string(value.type()));
}

Error no_overload(NodeKind kind, const Value& a, const Value& b) {
  std::string message = "no such overload: " + type_name(a) + " " + std::string(sign(kind)) + " " + type_name(b);
  if (is_number(a) && is_number(b) && kind != NodeKind::modulo) message += "; convert one with int(…) or double(…)";
  if (kind == NodeKind::add && (a.type() == ValueType::string) != (b.type() == ValueType::string)) {
    message += "; convert with string(…)";
  }
  return Error{std::move(message)};
}

Result<Value> integer_arithmetic(NodeKind kind, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool is_overflow = false;
  if (kind == NodeKind::divide || kind == NodeKind::modulo) {
    if (b == 0) return Error{kind == NodeKind::divide ? "division by zero" : "modulus by zero"};
    is_overflow = b == -1 && __builtin_sub_overflow(std::int64_t{0}, a, &result);
    if (!is_overflow) result = kind == NodeKind::divide ? a / b : a % b;
  } else if (kind == NodeKind::add) {
    is_overflow = __builtin_add_overflow(a, b, &result);
  } else if (kind == NodeKind::subtract) {
    is_overflow = __builtin_sub_overflow(a, b, &result);
  } else {
    is_overflow = __builtin_mul_overflow(a, b, &result);
  }
  if (is_overflow) return Error{"integer overflow: the result of " + std::string(sign(kind)) + " does not fit 64 bits"};
  return Value(result);
}

/// As IEEE 754 has it; spelt out because the sanitizers take a division by zero for a mistake.
double divide(double a, double b) {
  if (b != 0 || std::isnan(b)) return a / b;
  if (a == 0 || std::isnan(a)) return std::nan("");
  return std::copysign(HUGE_VAL, a) * std::copysign(1.0, b);
}

Result<Value> double_arithmetic(NodeKind kind, double a, double b) {
  switch (kind) {
    case NodeKind::add:
      return Value(a + b);
    case NodeKind::subtract:
      return Value(a - b);
    case NodeKind::multiply:
      return Value(a * b);
    case NodeKind::divide:
      return Value(divide(a, b));
    default:
      return Error{"no such overload: double % double"};
  }
}

Result<Value> concatenate(const Value& a, const Value& b, Budget& budget) {
  if (a.type() == ValueType::string) {
    if (!budget.charge_bytes(a.as_string().size() + b.as_string().size())) return Value();
    return Value(a.as_string() + b.as_string());
  }
  if (!budget.charge(static_cast<std::int64_t>(a.as_list().size() + b.as_list().size()))) return Value();
  ValueList all = a.as_list();
  all.insert(all.end(), b.as_list().begin(), b.as_list().end());
  return Value(std::move(all));
}

Result<Value> time_arithmetic(NodeKind kind, const Value& a, const Value& b) {
  const bool is_add = kind == NodeKind::add;
  const bool a_is_time = a.type() == ValueType::timestamp;
  const bool b_is_time = b.type() == ValueType::timestamp;
  if (a_is_time && b_is_time) {
    if (is_add) return no_overload(kind, a, b);
    return lifted(subtract(a.as_timestamp(), b.as_timestamp()));
  }
  if (a_is_time) {
    return lifted(is_add ? add(a.as_timestamp(), b.as_duration()) : subtract(a.as_timestamp(), b.as_duration()));
  }
  if (b_is_time) return is_add ? lifted(add(b.as_timestamp(), a.as_duration())) : no_overload(kind, a, b);
  return lifted(is_add ? add(a.as_duration(), b.as_duration()) : subtract(a.as_duration(), b.as_duration()));
}

std::partial_ordering compare_mixed(std::int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (b >= kTwoTo63) return std::partial_ordering::less;
  if (b < -kTwoTo63) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  const auto rounded = static_cast<std::int64_t>(whole);
  if (a != rounded) return a <=> rounded;
  return 0.0 <=> (b - whole);
}

bool are_lists_equal(const ValueList& a, const ValueList& b, Budget& budget, int depth) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!is_equal(a[i], b[i], budget, depth + 1)) return false;
  }
  return true;
}

bool are_maps_equal(const ValueMap& a, const ValueMap& b, Budget& budget, int depth) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto& [key, value] = a[i];
    const bool is_same_place = is_equal(key, b[i].first, budget, depth + 1);
    const Value* other = is_same_place ? &b[i].second : find_entry(b, key, budget);
    if (other == nullptr || !is_equal(value, *other, budget, depth + 1)) return false;
  }
  return true;
}

}  // namespace

bool charge_value(const Value& value, Budget& budget, int depth) {
  if (depth > kValueDepthMax) budget.exhaust();
  if (!budget.charge(1)) return false;
  if (value.type() == ValueType::string) return budget.charge_bytes(value.as_string().size());
  if (value.type() == ValueType::list) {
    for (const Value& element : value.as_list()) {
      if (!charge_value(element, budget, depth + 1)) return false;
    }
  }
  if (value.type() == ValueType::map) {
    for (const auto& [key, element] : value.as_map()) {
      if (!charge_value(key, budget, depth + 1) || !charge_value(element, budget, depth + 1)) return false;
    }
  }
  return true;
}

std::string_view sign(NodeKind kind) {
  switch (kind) {
    case NodeKind::multiply:
      return "*";
    case NodeKind::divide:
      return "/";
    case NodeKind::modulo:
      return "%";
    case NodeKind::add:
      return "+";
    case NodeKind::subtract:
    case NodeKind::negate:
      return "-";
    case NodeKind::less:
      return "<";
    case NodeKind::less_equal:
      return "<=";
    case NodeKind::greater:
      return ">";
    case NodeKind::greater_equal:
      return ">=";
    case NodeKind::equal:
      return "==";
    case NodeKind::not_equal:
      return "!=";
    case NodeKind::in:
      return "in";
    case NodeKind::logical_and:
      return "&&";
    case NodeKind::logical_or:
      return "||";
    case NodeKind::logical_not:
      return "!";
    case NodeKind::conditional:
      return "?:";
    default:
      return "";
  }
}

Result<Value> arithmetic(NodeKind kind, const Value& a, const Value& b, Budget& budget) {
  const ValueType left = a.type();
  const ValueType right = b.type();
  if (left == ValueType::integer && right == ValueType::integer)
    return integer_arithmetic(kind, a.as_int(), b.as_int());
  if (left == ValueType::floating && right == ValueType::floating && kind != NodeKind::modulo) {
    return double_arithmetic(kind, a.as_double(), b.as_double());
  }
  const bool is_text_or_list = left == right && (left == ValueType::string || left == ValueType::list);
  if (kind == NodeKind::add && is_text_or_list) return concatenate(a, b, budget);
  const auto is_time = [](ValueType type) { return type == ValueType::timestamp || type == ValueType::duration; };
  if ((kind == NodeKind::add || kind == NodeKind::subtract) && is_time(left) && is_time(right)) {
    return time_arithmetic(kind, a, b);
  }
  return no_overload(kind, a, b);
}

Result<Value> negate(const Value& value) {
  if (value.type() == ValueType::integer) return integer_arithmetic(NodeKind::subtract, 0, value.as_int());
  if (value.type() == ValueType::floating) return Value(-value.as_double());
  if (value.type() == ValueType::duration) return lifted(negate(value.as_duration()));
  return Error{"no such overload: -" + type_name(value)};
}

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  const bool a_is_int = a.type() == ValueType::integer;
  const bool b_is_int = b.type() == ValueType::integer;
  if (a_is_int && b_is_int) return a.as_int() <=> b.as_int();
  if (a_is_int) return compare_mixed(a.as_int(), b.as_double());
  if (b_is_int) return 0 <=> compare_mixed(b.as_int(), a.as_double());
  return a.as_double() <=> b.as_double();
}

bool is_equal(const Value& a, const Value& b, Budget& budget, int depth) {
  if (depth > kValueDepthMax) budget.exhaust();
  if (!budget.charge(1)) return false;
  if (is_number(a) && is_number(b)) return compare_numbers(a, b) == 0;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case ValueType::string:
      return budget.charge_bytes(a.as_string().size()) && a.as_string() == b.as_string();
    case ValueType::list:
      return are_lists_equal(a.as_list(), b.as_list(), budget, depth);
    case ValueType::map:
      return are_maps_equal(a.as_map(), b.as_map(), budget, depth);
    default:
      return a == b;
  }
}

Result<std::partial_ordering> compare(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return compare_numbers(a, b);
  if (a.type() == b.type()) {
    switch (a.type()) {
      case ValueType::boolean:
        return std::partial_ordering(a.as_bool() <=> b.as_bool());
      case ValueType::string:
        return std::partial_ordering(a.as_string() <=> b.as_string());
      case ValueType::timestamp:
        return std::partial_ordering(a.as_timestamp() <=> b.as_timestamp());
      case ValueType::duration:
        return std::partial_ordering(a.as_duration() <=> b.as_duration());
      default:
        break;
    }
  }
  return Error{"no such overload: " + type_name(a) + " and " + type_name(b) + " have no order"};
}

const Value* find_entry(const ValueMap& map, const Value& key, Budget& budget) {
  if (!budget.charge(static_cast<std::int64_t>(map.size() / 16))) return nullptr;
  for (const auto& [candidate, value] : map) {
    if (candidate.type() == ValueType::string || key.type() == ValueType::string) {
      if (candidate.type() == key.type() && candidate.as_string() == key.as_string()) return &value;
    } else if (is_number(candidate) && is_number(key)) {
      if (compare_numbers(candidate, key) == 0) return &value;
    } else if (candidate == key) {
      return &value;
    }
  }
  return nullptr;
}

Result<Value> select_field(const Value& target, std::string_view name, Budget& budget) {
  if (target.type() != ValueType::map) {
    std::string message = "a value of type " + type_name(target) + " has no field \"" + std::string(name) + "\"";
    if (target.type() == ValueType::list)
      message += "; take an element with [0], or all with .map(x, x." + std::string(name) + ")";
    return Error{std::move(message)};
  }
  const Value* found = find_entry(target.as_map(), Value(name), budget);
  if (found == nullptr) return Error{"no such key: \"" + std::string(name) + "\""};
  return *found;
}

Result<Value> select_index(const Value& target, const Value& index, Budget& budget) {
  if (target.type() == ValueType::map) {
    const bool is_key = is_number(index) || index.type() == ValueType::string || index.type() == ValueType::boolean;
    if (!is_key) return Error{"no such overload: a map's key is no " + type_name(index)};
    const Value* found = find_entry(target.as_map(), index, budget);
    if (found != nullptr) return *found;
    const Result<std::string> text = to_text(index);
    return Error{"no such key: " + (text.ok() ? "\"" + text->substr(0, 100) + "\"" : type_name(index))};
  }
  if (target.type() != ValueType::list || !is_number(index)) {
    return Error{"no such overload: " + type_name(target) + "[" + type_name(index) + "]"};
  }
  const ValueList& list = target.as_list();
  const std::partial_ordering to_begin = compare_numbers(index, Value(0));
  const std::partial_ordering to_end = compare_numbers(index, Value(static_cast<std::int64_t>(list.size())));
  if (!(to_begin >= 0 && to_end < 0)) {
    return Error{"index out of range: " + to_text(index).value() + " of a list of " + std::to_string(list.size())};
  }
  if (index.type() == ValueType::integer) return list[static_cast<std::size_t>(index.as_int())];
  if (std::trunc(index.as_double()) != index.as_double()) return Error{"a list's index is a whole number"};
  return list[static_cast<std::size_t>(index.as_double())];
}

Result<Value> is_in(const Value& element, const Value& container, Budget& budget) {
  if (container.type() == ValueType::map) return Value(find_entry(container.as_map(), element, budget) != nullptr);
  if (container.type() != ValueType::list) {
    return Error{"no such overload: " + type_name(element) + " in " + type_name(container) +
                 (container.type() == ValueType::string ? "; use .contains(…)" : "")};
  }
  for (const Value& candidate : container.as_list()) {
    if (is_equal(candidate, element, budget)) return Value(true);
    if (budget.is_exhausted()) return Value(false);
  }
  return Value(false);
}

}  // namespace baton::expr
