#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "scheduler/expr/call.h"
#include "scheduler/expr/operators.h"
#include "scheduler/model/number.h"

namespace baton::expr {
namespace {

/// Without the `+` that it may begin with.
std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') && !text.starts_with("+-") ? text.substr(1) : text;
}

std::string excerpt(const std::string& text) {
  return "\"" + text.substr(0, 64) + "\"";
}

std::optional<double> double_of(const std::string& text) {
  const std::string_view whole = text;
  const std::string_view unsigned_text = whole.starts_with('+') || whole.starts_with('-') ? whole.substr(1) : whole;
  const double sign = text.starts_with('-') ? -1 : 1;
  for (const std::string_view word : {"inf", "Inf", "infinity", "Infinity"}) {
    if (unsigned_text == word) return sign * HUGE_VAL;
  }
  if (unsigned_text == "nan" || unsigned_text == "NaN") return std::nan("");
  return read_double(text);
}

double as_double(const Value& value) {
  return value.type() == ValueType::integer ? static_cast<double>(value.as_int()) : value.as_double();
}

Error not_a_number(const char* function, std::size_t i, const Value& value) {
  return Error{std::string(function) + " takes a list of numbers, but element " + std::to_string(i) +
               " is a value of type " + std::string(to_string(value.type()))};
}

}  // namespace

Result<Value> to_int(const Value& value) {
  if (value.type() == ValueType::integer) return value;
  if (value.type() == ValueType::timestamp) return Value(value.as_timestamp().seconds);
  if (value.type() == ValueType::floating) {
    constexpr double kTwoTo63 = 9223372036854775808.0;
    const double number = value.as_double();
    if (!(number > -kTwoTo63 && number < kTwoTo63)) return Error{"the double is out of the range of int"};
    return Value(static_cast<std::int64_t>(number));
  }
  const std::optional<std::int64_t> number = read_integer(without_plus(value.as_string()));
  if (!number) return Error{excerpt(value.as_string()) + " is no integer of 64 bits"};
  return Value(*number);
}

Result<Value> to_double(const Value& value) {
  if (is_number(value)) return Value(as_double(value));
  const std::optional<double> number = double_of(value.as_string());
  if (!number) return Error{excerpt(value.as_string()) + " is no number"};
  return Value(*number);
}

Result<Value> to_bool(const Value& value) {
  static constexpr std::array<std::string_view, 6> kTrue{"1", "t", "T", "true", "TRUE", "True"};
  static constexpr std::array<std::string_view, 6> kFalse{"0", "f", "F", "false", "FALSE", "False"};
  if (value.type() == ValueType::boolean) return value;
  const std::string& text = value.as_string();
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return Value(true);
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return Value(false);
  return Error{excerpt(text) + " is neither true nor false"};
}

Result<Value> sum(const ValueList& list) {
  std::int64_t whole = 0;
  double total = 0;
  bool is_double = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!is_number(list[i])) return not_a_number("sum", i, list[i]);
    if (list[i].type() == ValueType::floating && !is_double) {
      is_double = true;
      total = static_cast<double>(whole);
    }
    if (is_double) {
      total += as_double(list[i]);
    } else if (__builtin_add_overflow(whole, list[i].as_int(), &whole)) {
      return Error{"integer overflow: the sum does not fit 64 bits"};
    }
  }
  if (is_double) return Value(total);
  return Value(whole);
}

Result<Value> average(const ValueList& list) {
  if (list.empty()) return Error{"avg of an empty list"};
  double total = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!is_number(list[i])) return not_a_number("avg", i, list[i]);
    total += as_double(list[i]);
  }
  return Value(total / static_cast<double>(list.size()));
}

Result<Value> extreme(std::span<const Value> values, bool is_max, Budget& budget) {
  if (values.empty()) return Error{std::string(is_max ? "max" : "min") + " of an empty list"};
  budget.charge(static_cast<std::int64_t>(values.size()));
  const Value* best = &values[0];
  const Result<std::partial_ordering> has_order = compare(*best, *best);
  if (!has_order) return has_order.error();
  for (const Value& value : values) {
    const Result<std::partial_ordering> order = compare(value, *best);
    if (!order) return order.error();
    if (is_max ? *order > 0 : *order < 0) best = &value;
  }
  return *best;
}

}  // namespace baton::expr
