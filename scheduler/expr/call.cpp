#include "scheduler/expr/call.h"

#include "scheduler/expr/convert.h"
#include "scheduler/json/json_value.h"
#include "scheduler/expr/operators.h"
#include "scheduler/expr/times.h"
#include "scheduler/model/utf8.h"

namespace baton::expr {
namespace {

bool accepts(Kind kind, ValueType type) {
  switch (kind) {
    case Kind::none:
      return false;
    case Kind::any:
    case Kind::same:
    case Kind::element:
      return true;
    case Kind::boolean:
      return type == ValueType::boolean;
    case Kind::integer:
      return type == ValueType::integer;
    case Kind::floating:
      return type == ValueType::floating;
    case Kind::number:
      return type == ValueType::integer || type == ValueType::floating;
    case Kind::string:
      return type == ValueType::string;
    case Kind::list:
    case Kind::strings:
      return type == ValueType::list;
    case Kind::map:
      return type == ValueType::map;
    case Kind::timestamp:
      return type == ValueType::timestamp;
    case Kind::duration:
      return type == ValueType::duration;
    case Kind::ordered:
      return type != ValueType::null && type != ValueType::list && type != ValueType::map;
  }
  return false;
}

bool fits(const FunctionInfo& function, const Overload& overload, std::span<const Value> args) {
  const std::size_t arity = overload.arity();
  const bool is_open = function.is_variadic && &overload == &function.overloads.back();
  if (is_open ? args.size() < arity : args.size() != arity) return false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!accepts(overload.parameters[std::min(i, arity - 1)], args[i].type())) return false;
  }
  return true;
}

Value size_of(const Value& value) {
  if (value.type() == ValueType::string) return Value(static_cast<std::int64_t>(count_code_points(value.as_string())));
  if (value.type() == ValueType::list) return Value(static_cast<std::int64_t>(value.as_list().size()));
  return Value(static_cast<std::int64_t>(value.as_map().size()));
}

Result<Value> to_timestamp(const Value& value) {
  if (value.type() == ValueType::timestamp) return value;
  if (value.type() == ValueType::integer) return lifted(make_timestamp(value.as_int(), 0));
  return lifted(parse_timestamp(value.as_string()));
}

Result<Value> to_duration(const Value& value) {
  if (value.type() == ValueType::duration) return value;
  return lifted(parse_duration(value.as_string()));
}

Result<Value> json_of(const Value& value, Budget& budget) {
  if (!charge_value(value, budget)) return Value();
  return Value(to_json(value));
}

Result<Value> call_on_string(Function id, std::span<const Value> args, const CallContext& context) {
  const std::string& text = args[0].as_string();
  const auto argument = [&](std::size_t i) -> const std::string& { return args[i].as_string(); };
  const auto limit = [&](std::size_t i) { return args.size() > i ? args[i].as_int() : std::int64_t{-1}; };
  context.budget.charge_bytes(text.size());
  switch (id) {
    case Function::contains:
      return Value(text.find(argument(1)) != std::string::npos);
    case Function::ends_with:
      return Value(text.ends_with(argument(1)));
    case Function::starts_with:
      return Value(text.starts_with(argument(1)));
    case Function::lower:
      return Value(change_case(text, false));
    case Function::upper:
      return Value(change_case(text, true));
    case Function::trim:
      return Value(trim(text));
    case Function::matches:
      return context.regexes.matches(text, argument(1), context.budget);
    case Function::replace:
      return replace(text, argument(1), argument(2), limit(3), context.budget);
    case Function::split:
      return split(text, argument(1), limit(2), context.budget);
    default:
      return Error{"no function of strings"};
  }
}

Result<Value> call_on_time(const FunctionInfo& function, std::span<const Value> args, Budget& budget) {
  if (args[0].type() == ValueType::duration) return Value(duration_part(args[0].as_duration(), function.id));
  const bool is_format = function.id == Function::format;
  const std::size_t zone_at = is_format ? 2 : 1;
  const std::string zone = args.size() > zone_at ? args[zone_at].as_string() : "";
  if (!is_format) return lifted(date_part(args[0].as_timestamp(), function.id, zone));
  budget.charge_bytes(args[1].as_string().size() * 8);
  return lifted(format_time(args[0].as_timestamp(), args[1].as_string(), zone));
}

}  // namespace

Status check_arguments(const FunctionInfo& function, std::span<const Value> args) {
  for (const Overload& overload : function.overloads) {
    if (fits(function, overload, args)) return Unit{};
  }
  std::string message = "no such overload: " + std::string(function.name) + "(";
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0) message += ", ";
    message += to_string(args[i].type());
  }
  message += "); there is";
  for (const std::string& signature : function.signatures()) message += " " + signature + ",";
  message.pop_back();
  return Error{std::move(message)};
}

Result<Value> call_function(const FunctionInfo& function, std::span<const Value> args, const CallContext& context) {
  if (const Status status = check_arguments(function, args); !status) return status.error();
  Budget& budget = context.budget;
  switch (function.id) {
    case Function::to_bool:
      return to_bool(args[0]);
    case Function::to_double:
      return to_double(args[0]);
    case Function::to_duration:
      return to_duration(args[0]);
    case Function::to_int:
      return to_int(args[0]);
    case Function::to_string:
      return lifted(to_text(args[0]));
    case Function::to_timestamp:
      return to_timestamp(args[0]);
    case Function::dyn:
      return args[0];
    case Function::size:
      return size_of(args[0]);
    case Function::join:
      return join(args[0].as_list(), args.size() > 1 ? args[1].as_string() : "", budget);
    case Function::avg:
      budget.charge(static_cast<std::int64_t>(args[0].as_list().size()));
      return average(args[0].as_list());
    case Function::sum:
      budget.charge(static_cast<std::int64_t>(args[0].as_list().size()));
      return sum(args[0].as_list());
    case Function::max:
    case Function::min: {
      const bool is_list = args.size() == 1;
      return extreme(is_list ? std::span<const Value>(args[0].as_list()) : args, function.id == Function::max, budget);
    }
    case Function::from_json:
      budget.charge(static_cast<std::int64_t>(args[0].as_string().size() / 4));
      return from_json(args[0].as_string());
    case Function::to_json:
      return json_of(args[0], budget);
    case Function::contains:
    case Function::ends_with:
    case Function::lower:
    case Function::matches:
    case Function::replace:
    case Function::split:
    case Function::starts_with:
    case Function::trim:
    case Function::upper:
      return call_on_string(function.id, args, context);
    case Function::format:
    case Function::get_date:
    case Function::get_day_of_month:
    case Function::get_day_of_week:
    case Function::get_day_of_year:
    case Function::get_full_year:
    case Function::get_hours:
    case Function::get_milliseconds:
    case Function::get_minutes:
    case Function::get_month:
    case Function::get_seconds:
      return call_on_time(function, args, budget);
    case Function::hash_files:
    case Function::raw:
    case Function::secret:
    case Function::variable:
      break;
  }
  return Error{std::string(function.name) + " cannot be used here"};
}

}  // namespace baton::expr
