#include "scheduler/expr/evaluate.h"

#include <compare>
#include <utility>

#include "scheduler/expr/budget.h"
#include "scheduler/expr/call.h"
#include "scheduler/expr/operators.h"
#include "scheduler/expr/parse.h"

namespace baton::expr {
namespace {

/// Of a result, all its elements counted: what a caller will walk over.
constexpr std::int64_t kResultUnitsMax = 8'000'000;

class Evaluator {
 public:
  Evaluator(const Names& names, const Limits& limits) : names_(names), budget_(limits.steps) {}

  /// Every node costs a step, every string its length: neither time nor memory outgrows the limit.
  Outcome<Value> eval(const Node& node) {
    if (!budget_.charge(1)) return too_long(node);
    Outcome<Value> result = eval_node(node);
    if (result.ok() && result->type() == ValueType::string) budget_.charge_bytes(result->as_string().size());
    if (budget_.is_exhausted()) return too_long(node);
    return result;
  }

 private:
  Outcome<Value> eval_node(const Node& node) {
    if (node.is_path) return eval_path(node);
    switch (node.kind) {
      case NodeKind::literal:
        return node.value.get();
      case NodeKind::name:
        return bound_value(node.text);
      case NodeKind::field:
        return eval_field(node);
      case NodeKind::has:
        return eval_has(node);
      case NodeKind::list:
        return eval_list(node);
      case NodeKind::map:
        return eval_map(node);
      case NodeKind::negate:
      case NodeKind::logical_not:
        return eval_unary(node);
      case NodeKind::logical_and:
        return eval_logical(node, false);
      case NodeKind::logical_or:
        return eval_logical(node, true);
      case NodeKind::conditional:
        return eval_conditional(node);
      case NodeKind::call:
        return eval_call(node);
      case NodeKind::macro:
        return eval_macro(node);
      case NodeKind::index:
      case NodeKind::multiply:
      case NodeKind::divide:
      case NodeKind::modulo:
      case NodeKind::add:
      case NodeKind::subtract:
      case NodeKind::less:
      case NodeKind::less_equal:
      case NodeKind::greater:
      case NodeKind::greater_equal:
      case NodeKind::equal:
      case NodeKind::not_equal:
      case NodeKind::in:
        return eval_binary(node);
    }
    return ExprError{"no such node", node.where};
  }

  /// A chain of constant selections: the caller gives as much of it as it can, the rest is selected here.
  Outcome<Value> eval_path(const Node& node) {
    const std::vector<std::string_view> path = path_of(node);
    Result<std::optional<Resolved>> found = names_.resolve(path);
    if (!found) return ExprError{found.error().message, node.where};
    if (!*found) return ExprError{"unknown name \"" + std::string(path[0]) + "\"", path_where(node)[0]};
    Value value = std::move((*found)->value);
    for (std::size_t i = (*found)->consumed; i < path.size(); ++i) {
      Result<Value> next = select_field(value, path[i], budget_);
      if (!next) return ExprError{next.error().message, path_where(node)[i]};
      value = std::move(*next);
    }
    return value;
  }

  Outcome<Value> eval_field(const Node& node) {
    Outcome<Value> target = eval(*node.children[0]);
    if (!target) return target;
    return placed(select_field(*target, node.text, budget_), node.text_where);
  }

  /// `has(x.outputs.v)` of a task instance x that has no outputs, as it did not succeed: there is no v. To select from
  /// them is an error that says so.
  bool has_no_outputs(const Node& outputs) {
    if (outputs.kind != NodeKind::field || outputs.text != "outputs") return false;
    const Outcome<Value> instance = eval(*outputs.children[0]);
    const bool is_instance = instance.ok() && instance->type() == ValueType::map &&
                             instance->find("state") != nullptr && instance->find("index") != nullptr;
    return is_instance && instance->find("outputs") == nullptr;
  }

  Outcome<Value> eval_has(const Node& node) {
    if (has_no_outputs(*node.children[0])) return Value(false);
    Outcome<Value> target = eval(*node.children[0]);
    if (!target) return target;
    if (target->type() != ValueType::map) return placed(select_field(*target, node.text, budget_), node.text_where);
    return Value(find_entry(target->as_map(), Value(node.text), budget_) != nullptr);
  }

  Outcome<Value> eval_list(const Node& node) {
    ValueList elements;
    elements.reserve(node.children.size());
    for (const auto& child : node.children) {
      Outcome<Value> element = eval(*child);
      if (!element) return element;
      elements.push_back(std::move(*element));
    }
    return Value(std::move(elements));
  }

  Outcome<Value> eval_map(const Node& node) {
    ValueMap entries;
    entries.reserve(node.children.size() / 2);
    for (std::size_t i = 0; i < node.children.size(); i += 2) {
      const SourceRange where = node.children[i]->where;
      Outcome<Value> key = eval(*node.children[i]);
      if (!key) return key;
      const ValueType type = key->type();
      if (type != ValueType::string && type != ValueType::integer && type != ValueType::boolean) {
        return ExprError{"a map's key is a string, int or bool, not a value of type " + std::string(to_string(type)),
                         where};
      }
      if (find_entry(entries, *key, budget_) != nullptr) return ExprError{"this key stands twice in the map", where};
      Outcome<Value> value = eval(*node.children[i + 1]);
      if (!value) return value;
      entries.emplace_back(std::move(*key), std::move(*value));
    }
    return Value(std::move(entries));
  }

  Outcome<Value> eval_unary(const Node& node) {
    Outcome<Value> operand = eval(*node.children[0]);
    if (!operand) return operand;
    if (node.kind == NodeKind::negate) return placed(negate(*operand), node.where);
    if (operand->type() == ValueType::boolean) return Value(!operand->as_bool());
    return ExprError{"no such overload: !" + std::string(to_string(operand->type())), node.where};
  }

  /// && and ||: the deciding value wins over errors on either side (cel-spec, langdef.md, "Logical Operators").
  Outcome<Value> eval_logical(const Node& node, bool deciding) {
    std::optional<ExprError> first_error;
    for (const auto& child : node.children) {
      Outcome<Value> operand = eval(*child);
      if (budget_.is_exhausted()) return too_long(node);
      if (operand.ok() && operand->type() == ValueType::boolean) {
        if (operand->as_bool() == deciding) return Value(deciding);
      } else if (!first_error) {
        first_error = operand.ok() ? not_boolean(*operand, *child) : operand.error();
      }
    }
    if (first_error) return *first_error;
    return Value(!deciding);
  }

  Outcome<Value> eval_conditional(const Node& node) {
    Outcome<Value> condition = eval(*node.children[0]);
    if (!condition) return condition;
    if (condition->type() != ValueType::boolean) return not_boolean(*condition, *node.children[0]);
    return eval(*node.children[condition->as_bool() ? 1 : 2]);
  }

  Outcome<Value> eval_binary(const Node& node) {
    Outcome<Value> left = eval(*node.children[0]);
    if (!left) return left;
    Outcome<Value> right = eval(*node.children[1]);
    if (!right) return right;
    switch (node.kind) {
      case NodeKind::equal:
        return Value(is_equal(*left, *right, budget_));
      case NodeKind::not_equal:
        return Value(!is_equal(*left, *right, budget_));
      case NodeKind::in:
        return placed(is_in(*left, *right, budget_), node.where);
      case NodeKind::index:
        return placed(select_index(*left, *right, budget_), node.where);
      case NodeKind::less:
      case NodeKind::less_equal:
      case NodeKind::greater:
      case NodeKind::greater_equal:
        return eval_order(node, *left, *right);
      default:
        return placed(arithmetic(node.kind, *left, *right, budget_), node.where);
    }
  }

  static Outcome<Value> eval_order(const Node& node, const Value& left, const Value& right) {
    const Result<std::partial_ordering> order = compare(left, right);
    if (!order) return ExprError{order.error().message, node.where};
    switch (node.kind) {
      case NodeKind::less:
        return Value(*order < 0);
      case NodeKind::less_equal:
        return Value(*order <= 0);
      case NodeKind::greater:
        return Value(*order > 0);
      default:
        return Value(*order >= 0);
    }
  }

  Outcome<Value> eval_call(const Node& node) {
    if (node.function() == nullptr) return ExprError{"unknown function \"" + node.text + "\"", node.text_where};
    ValueList args;
    args.reserve(node.children.size());
    for (const auto& child : node.children) {
      Outcome<Value> arg = eval(*child);
      if (!arg) return arg;
      args.push_back(std::move(*arg));
    }
    const Function id = node.function()->id;
    if (id == Function::hash_files || id == Function::secret || id == Function::variable) {
      return call_of_caller(node, args);
    }
    return placed(call_function(*node.function(), args, {budget_, regexes_}), node.where);
  }

  Outcome<Value> call_of_caller(const Node& node, const ValueList& args) {
    if (const Status status = check_arguments(*node.function(), args); !status)
      return ExprError{status.error().message, node.where};
    Result<std::optional<Value>> answer = names_.call(node.function()->name, args);
    if (!answer) return ExprError{answer.error().message, node.where};
    if (!*answer) return ExprError{node.text + " cannot be used here", node.where};
    return std::move(**answer);
  }

  Outcome<Value> eval_macro(const Node& node) {
    Outcome<Value> range = eval(*node.children[0]);
    if (!range) return range;
    if (range->type() == ValueType::list) return iterate(node, range->as_list());
    if (range->type() != ValueType::map) {
      return ExprError{
          "no such overload: a value of type " + std::string(to_string(range->type())) + " has no elements",
          node.children[0]->where};
    }
    ValueList keys;
    if (!budget_.charge(static_cast<std::int64_t>(range->as_map().size()))) return too_long(node);
    for (const auto& [key, value] : range->as_map()) keys.push_back(key);
    return iterate(node, keys);
  }

  Outcome<Value> iterate(const Node& node, const ValueList& elements) {
    bound_.emplace_back(node.text, nullptr);
    Outcome<Value> result = node.macro == Macro::all || node.macro == Macro::exists
                                ? decide(node, elements, node.macro == Macro::exists)
                                : collect(node, elements);
    bound_.pop_back();
    return result;
  }

  /// all and exists: as && and || over the elements.
  Outcome<Value> decide(const Node& node, const ValueList& elements, bool deciding) {
    const Node& test = *node.children[1];
    std::optional<ExprError> first_error;
    for (const Value& element : elements) {
      bound_.back().second = &element;
      Outcome<Value> answer = eval(test);
      if (budget_.is_exhausted()) return too_long(node);
      if (answer.ok() && answer->type() == ValueType::boolean) {
        if (answer->as_bool() == deciding) return Value(deciding);
      } else if (!first_error) {
        first_error = answer.ok() ? not_boolean(*answer, test) : answer.error();
      }
    }
    if (first_error) return *first_error;
    return Value(!deciding);
  }

  /// exists_one, filter and map: every element is looked at, every error counts.
  Outcome<Value> collect(const Node& node, const ValueList& elements) {
    const bool has_test = node.macro != Macro::map || node.children.size() == 3;
    ValueList out;
    for (const Value& element : elements) {
      bound_.back().second = &element;
      if (has_test) {
        const Node& test = *node.children[1];
        Outcome<Value> answer = eval(test);
        if (!answer) return answer;
        if (answer->type() != ValueType::boolean) return not_boolean(*answer, test);
        if (!answer->as_bool()) continue;
      }
      if (node.macro != Macro::map) {
        if (element.type() == ValueType::string && !budget_.charge_bytes(element.as_string().size()))
          return too_long(node);
        out.push_back(element);
        continue;
      }
      Outcome<Value> value = eval(*node.children.back());
      if (!value) return value;
      out.push_back(std::move(*value));
    }
    if (node.macro == Macro::exists_one) return Value(out.size() == 1);
    return Value(std::move(out));
  }

  Outcome<Value> bound_value(const std::string& name) {
    for (std::size_t i = bound_.size(); i > 0; --i) {
      if (bound_[i - 1].first == name) return *bound_[i - 1].second;
    }
    return ExprError{"unknown name \"" + name + "\"", {}};
  }

  static Outcome<Value> placed(Result<Value> result, SourceRange where) {
    if (!result) return ExprError{result.error().message, where};
    return std::move(*result);
  }

  static ExprError not_boolean(const Value& value, const Node& node) {
    return {
        "no such overload: a condition is true or false, not a value of type " + std::string(to_string(value.type())),
        node.where};
  }

  static ExprError too_long(const Node& node) {
    return {"the expression takes too many steps or makes too large a value", node.where};
  }

  const Names& names_;
  Budget budget_;
  RegexCache regexes_;
  std::vector<std::pair<std::string_view, const Value*>> bound_;
};

}  // namespace

Outcome<Value> evaluate(const Ast& ast, const Names& names, const Limits& limits) {
  return evaluate(ast.root(), names, limits);
}

Outcome<Value> evaluate(const Node& node, const Names& names, const Limits& limits) {
  Outcome<Value> result = Evaluator(names, limits).eval(node);
  if (!result) return result;
  Budget budget(kResultUnitsMax);
  if (!charge_value(*result, budget)) {
    return ExprError{"the expression makes too large or too deep a value", node.where};
  }
  return result;
}

}  // namespace baton::expr
