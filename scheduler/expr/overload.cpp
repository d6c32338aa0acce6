#include "scheduler/expr/overload.h"

#include <algorithm>

namespace baton::expr {
namespace {

using TypeKind = Type::Kind;

bool is_time(const Type& type) {
  return type.kind() == TypeKind::timestamp || type.kind() == TypeKind::duration;
}
bool is_map_like(const Type& type) {
  return type.kind() == TypeKind::map || type.kind() == TypeKind::object;
}

/// One operand is known only at run time: what the other one makes of it.
std::optional<Type> arithmetic_with_any(NodeKind kind, const Type& known) {
  if (known.is_any()) return Type::any();
  if (known.kind() == TypeKind::integer) return known;
  if (known.kind() == TypeKind::floating && kind != NodeKind::modulo) return known;
  if (known.kind() == TypeKind::string && kind == NodeKind::add) return known;
  if (known.kind() == TypeKind::list && kind == NodeKind::add) return Type::list(Type::any());
  if (is_time(known) && (kind == NodeKind::add || kind == NodeKind::subtract)) return Type::any();
  return std::nullopt;
}

std::optional<Type> time_type(NodeKind kind, const Type& a, const Type& b) {
  const bool a_is_timestamp = a.kind() == TypeKind::timestamp;
  const bool b_is_timestamp = b.kind() == TypeKind::timestamp;
  if (kind == NodeKind::add) {
    if (a_is_timestamp && b_is_timestamp) return std::nullopt;
    return a_is_timestamp || b_is_timestamp ? Type::timestamp() : Type::duration();
  }
  if (kind != NodeKind::subtract || (!a_is_timestamp && b_is_timestamp)) return std::nullopt;
  return a_is_timestamp && !b_is_timestamp ? Type::timestamp() : Type::duration();
}

bool takes(Kind wanted, const Type& type) {
  if (type.is_any()) return wanted != Kind::none;
  switch (wanted) {
    case Kind::none:
      return false;
    case Kind::any:
    case Kind::same:
    case Kind::element:
      return true;
    case Kind::boolean:
      return type.kind() == TypeKind::boolean;
    case Kind::integer:
      return type.kind() == TypeKind::integer;
    case Kind::floating:
      return type.kind() == TypeKind::floating;
    case Kind::number:
      return type.is_number();
    case Kind::string:
      return type.kind() == TypeKind::string;
    case Kind::list:
      return type.kind() == TypeKind::list;
    case Kind::strings:
      return type.kind() == TypeKind::list && takes(Kind::string, type.element());
    case Kind::map:
      return is_map_like(type);
    case Kind::timestamp:
      return type.kind() == TypeKind::timestamp;
    case Kind::duration:
      return type.kind() == TypeKind::duration;
    case Kind::ordered:
      return can_be_ordered(type, type);
  }
  return false;
}

Type result_type(Kind result, std::span<const Type> args) {
  switch (result) {
    case Kind::boolean:
      return Type::boolean();
    case Kind::integer:
      return Type::integer();
    case Kind::floating:
      return Type::floating();
    case Kind::string:
      return Type::string();
    case Kind::list:
      return Type::list(Type::any());
    case Kind::strings:
      return Type::list(Type::string());
    case Kind::map:
      return Type::map(Type::any(), Type::any());
    case Kind::timestamp:
      return Type::timestamp();
    case Kind::duration:
      return Type::duration();
    case Kind::element:
      return args[0].element();
    case Kind::same: {
      Type common = args[0];
      for (const Type& arg : args) common = common_type(common, arg);
      return common;
    }
    case Kind::none:
    case Kind::any:
    case Kind::number:
    case Kind::ordered:
      return Type::any();
  }
  return Type::any();
}

/// Beyond what the table's kinds can say.
bool is_sound(const FunctionInfo& function, std::span<const Type> args) {
  const bool is_list = args[0].kind() == TypeKind::list && args.size() == 1;
  switch (function.id) {
    case Function::sum:
    case Function::avg:
      return !is_list || takes(Kind::number, args[0].element());
    case Function::max:
    case Function::min:
      if (is_list) return takes(Kind::ordered, args[0].element());
      return std::all_of(args.begin(), args.end(), [&](const Type& arg) { return can_be_ordered(args[0], arg); });
    default:
      return true;
  }
}

bool fits(const FunctionInfo& function, const Overload& overload, std::span<const Type> args) {
  const std::size_t arity = overload.arity();
  const bool is_open = function.is_variadic && &overload == &function.overloads.back();
  if (is_open ? args.size() < arity : args.size() != arity) return false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!takes(overload.parameters[std::min(i, arity - 1)], args[i])) return false;
  }
  return true;
}

}  // namespace

std::optional<Type> arithmetic_type(NodeKind kind, const Type& a, const Type& b) {
  if (a.is_any()) return arithmetic_with_any(kind, b);
  if (b.is_any()) return arithmetic_with_any(kind, a);
  if (is_time(a) && is_time(b)) return time_type(kind, a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  if (a.kind() == TypeKind::integer) return a;
  if (a.kind() == TypeKind::floating && kind != NodeKind::modulo) return a;
  if (a.kind() == TypeKind::string && kind == NodeKind::add) return a;
  if (a.kind() == TypeKind::list && kind == NodeKind::add) return common_type(a, b);
  return std::nullopt;
}

bool can_be_equal(const Type& a, const Type& b) {
  if (a.is_any() || b.is_any() || a.kind() == TypeKind::null || b.kind() == TypeKind::null) return true;
  if (a.is_number() && b.is_number()) return true;
  if (is_map_like(a) && is_map_like(b)) return true;
  if (a.kind() != b.kind()) return false;
  return a.kind() != TypeKind::list || can_be_equal(a.element(), b.element());
}

bool can_be_ordered(const Type& a, const Type& b) {
  const auto is_ordered = [](const Type& type) {
    return type.is_any() || type.is_number() || type.kind() == TypeKind::boolean || type.kind() == TypeKind::string ||
           is_time(type);
  };
  if (!is_ordered(a) || !is_ordered(b)) return false;
  return a.is_any() || b.is_any() || a.kind() == b.kind() || (a.is_number() && b.is_number());
}

std::optional<Type> call_type(const FunctionInfo& function, std::span<const Type> args) {
  std::optional<Type> result;
  for (const Overload& overload : function.overloads) {
    if (!fits(function, overload, args) || !is_sound(function, args)) continue;
    const Type type = result_type(overload.result, args);
    result = result ? common_type(*result, type) : type;
  }
  return result;
}

}  // namespace baton::expr
