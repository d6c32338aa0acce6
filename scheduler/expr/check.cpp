#include "scheduler/expr/check.h"

#include <algorithm>

#include "scheduler/expr/call.h"
#include "scheduler/expr/convert.h"
#include "scheduler/expr/operators.h"
#include "scheduler/expr/overload.h"
#include "scheduler/expr/times.h"
#include "scheduler/model/did_you_mean.h"

namespace baton::expr {
namespace {

using TypeKind = Type::Kind;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

/// Walks the tree; a part that is wrong is reported once and is `any` for what stands around it.
class Checker {
 public:
  explicit Checker(const TypeEnv& env) : env_(env) {}

  Checked run(const Node& root) {
    root_ = &root;
    Checked checked;
    checked.type = type_of(root);
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const ExprError& a, const ExprError& b) { return a.where.begin < b.where.begin; });
    checked.errors = std::move(errors_);
    return checked;
  }

 private:
  Type type_of(const Node& node) {
    switch (node.kind) {
      case NodeKind::literal:
        return Type::of(node.value);
      case NodeKind::name:
        return name_type(node);
      case NodeKind::field:
        return field_type(type_of(*node.children[0]), node.text, node.text_where);
      case NodeKind::has:
        field_type(type_of(*node.children[0]), node.text, node.text_where);
        return Type::boolean();
      case NodeKind::index:
        return index_type(node);
      case NodeKind::list:
        return list_type(node);
      case NodeKind::map:
        return map_type(node);
      case NodeKind::negate:
        return negated_type(node);
      case NodeKind::logical_not:
      case NodeKind::logical_and:
      case NodeKind::logical_or:
        for (const auto& child : node.children) expect_boolean(*child, type_of(*child));
        return Type::boolean();
      case NodeKind::conditional:
        return conditional_type(node);
      case NodeKind::multiply:
      case NodeKind::divide:
      case NodeKind::modulo:
      case NodeKind::add:
      case NodeKind::subtract:
        return binary_type(node);
      case NodeKind::less:
      case NodeKind::less_equal:
      case NodeKind::greater:
      case NodeKind::greater_equal:
      case NodeKind::equal:
      case NodeKind::not_equal:
      case NodeKind::in:
        return relation_type(node);
      case NodeKind::call:
        return call_type_of(node);
      case NodeKind::macro:
        return macro_type(node);
    }
    return Type::any();
  }

  Type name_type(const Node& node) {
    for (std::size_t i = bound_.size(); i > 0; --i) {
      if (bound_[i - 1].first == node.text) return bound_[i - 1].second;
    }
    if (const Type* type = env_.find(node.text)) return available(*type, node.text_where);
    std::vector<std::string> candidates;
    for (const auto& [name, type] : env_.names) candidates.push_back(name);
    for (const auto& [name, type] : bound_) candidates.push_back(name);
    return fail(node.text_where, "unknown name " + quoted(node.text) + did_you_mean_suffix(node.text, candidates));
  }

  Type field_type(const Type& target, std::string_view name, SourceRange where) {
    switch (target.kind()) {
      case TypeKind::any:
        return Type::any();
      case TypeKind::map:
        return target.element();
      case TypeKind::object: {
        if (std::optional<Type> type = target.fields()->field(name)) return available(*type, where);
        const std::vector<std::string> known = target.fields()->names();
        return fail(where, "unknown " + std::string(target.fields()->noun()) + " " + quoted(name) +
                               did_you_mean_suffix(name, known));
      }
      case TypeKind::list:
        return fail(where, "a list has no field " + quoted(name) +
                               "; take an element with [0], or all with .map(x, x." + std::string(name) + ")");
      case TypeKind::timestamp:
      case TypeKind::duration:
      case TypeKind::null:
      case TypeKind::boolean:
      case TypeKind::integer:
      case TypeKind::floating:
      case TypeKind::string:
      case TypeKind::unavailable:
        break;
    }
    const bool is_method = find_function(name) != nullptr;
    return fail(where, "a value of type " + target.text() + " has no field " + quoted(name) +
                           (is_method ? "; did you mean ." + std::string(name) + "()?" : ""));
  }

  Type index_type(const Node& node) {
    const Type target = type_of(*node.children[0]);
    const Node& index = *node.children[1];
    const Type index_type = type_of(index);
    const bool is_text = index_type.kind() == TypeKind::string;
    switch (target.kind()) {
      case TypeKind::any:
        return Type::any();
      case TypeKind::list:
        if (index_type.is_any() || index_type.is_number()) return target.element();
        return fail(index.where, "a list's index is an int, not a value of type " + index_type.text());
      case TypeKind::map:
        if (can_be_equal(target.key(), index_type)) return target.element();
        return fail(index.where,
                    "the keys of this map are of type " + target.key().text() + ", not " + index_type.text());
      case TypeKind::object:
        if (is_text && index.kind == NodeKind::literal) {
          return field_type(target, index.value->as_string(), index.where);
        }
        if (is_text || index_type.is_any()) return Type::any();
        return fail(index.where, "the keys of this map are of type string, not " + index_type.text());
      case TypeKind::timestamp:
      case TypeKind::duration:
      case TypeKind::null:
      case TypeKind::boolean:
      case TypeKind::integer:
      case TypeKind::floating:
      case TypeKind::string:
      case TypeKind::unavailable:
        break;
    }
    return fail(node.children[0]->where, "a value of type " + target.text() + " cannot be indexed");
  }

  Type list_type(const Node& node) {
    std::optional<Type> element;
    for (const auto& child : node.children) {
      const Type type = type_of(*child);
      element = element ? common_type(*element, type) : type;
    }
    return Type::list(element.value_or(Type::any()));
  }

  Type map_type(const Node& node) {
    std::vector<std::pair<std::string, Type>> fields;
    std::optional<Type> key;
    std::optional<Type> element;
    for (std::size_t i = 0; i < node.children.size(); i += 2) {
      const Node& key_node = *node.children[i];
      const Type key_type = type_of(key_node);
      const Type value_type = type_of(*node.children[i + 1]);
      const bool is_key = key_type.is_any() || key_type.kind() == TypeKind::string ||
                          key_type.kind() == TypeKind::integer || key_type.kind() == TypeKind::boolean;
      if (!is_key) fail(key_node.where, "a map's key is a string, int or bool, not a value of type " + key_type.text());
      key = key ? common_type(*key, key_type) : key_type;
      element = element ? common_type(*element, value_type) : value_type;
      if (key_node.kind == NodeKind::literal && key_type.kind() == TypeKind::string) {
        fields.emplace_back(key_node.value->as_string(), value_type);
      }
    }
    if (!fields.empty() && fields.size() == node.children.size() / 2) return Type::object(std::move(fields));
    return Type::map(key.value_or(Type::any()), element.value_or(Type::any()));
  }

  Type negated_type(const Node& node) {
    Type type = type_of(*node.children[0]);
    if (type.is_any() || type.is_number() || type.kind() == TypeKind::duration) return type;
    return fail(node.where, "no such overload: -" + type.text());
  }

  Type conditional_type(const Node& node) {
    expect_boolean(*node.children[0], type_of(*node.children[0]));
    const Type yes = type_of(*node.children[1]);
    return common_type(yes, type_of(*node.children[2]));
  }

  Type binary_type(const Node& node) {
    const Type left = type_of(*node.children[0]);
    const Type right = type_of(*node.children[1]);
    if (std::optional<Type> type = arithmetic_type(node.kind, left, right)) return *type;
    return fail(node.where, no_overload(node.kind, left, right));
  }

  static std::string no_overload(NodeKind kind, const Type& left, const Type& right) {
    std::string message = "no such overload: " + left.text() + " " + std::string(sign(kind)) + " " + right.text();
    const bool is_text = left.kind() == TypeKind::string || right.kind() == TypeKind::string;
    if (left.is_number() && right.is_number() && kind != NodeKind::modulo) {
      message += "; convert one with int(…) or double(…)";
    } else if (kind == NodeKind::add && is_text) {
      message += "; convert with string(…)";
    }
    return message;
  }

  Type relation_type(const Node& node) {
    const Type left = type_of(*node.children[0]);
    const Type right = type_of(*node.children[1]);
    if (node.kind == NodeKind::in) {
      check_membership(node, left, right);
    } else if (node.kind == NodeKind::equal || node.kind == NodeKind::not_equal) {
      if (!can_be_equal(left, right)) {
        fail(node.where, "a value of type " + left.text() + " is never equal to one of type " + right.text());
      }
    } else if (!can_be_ordered(left, right)) {
      fail(node.where, no_overload(node.kind, left, right));
    }
    return Type::boolean();
  }

  void check_membership(const Node& node, const Type& element, const Type& container) {
    const bool is_map = container.kind() == TypeKind::map;
    const bool is_object = container.kind() == TypeKind::object;
    if (container.is_any()) return;
    if (container.kind() == TypeKind::list || is_map || is_object) {
      const Type wanted = is_object ? Type::string() : is_map ? container.key() : container.element();
      if (can_be_equal(element, wanted)) return;
      fail(node.where, "a value of type " + element.text() + " is never in one of type " + container.text());
      return;
    }
    fail(node.where, no_overload(NodeKind::in, element, container) +
                         (container.kind() == TypeKind::string ? "; use .contains(…)" : ""));
  }

  Type macro_type(const Node& node) {
    const Type range = type_of(*node.children[0]);
    Type variable;
    if (range.kind() == TypeKind::list) {
      variable = range.element();
    } else if (range.kind() == TypeKind::map) {
      variable = range.key();
    } else if (range.kind() == TypeKind::object) {
      variable = Type::string();
    } else if (!range.is_any()) {
      fail(node.children[0]->where, "a value of type " + range.text() + " has no elements");
    }
    bound_.emplace_back(node.text, variable);
    const bool has_test = node.macro != Macro::map || node.children.size() == 3;
    if (has_test) expect_boolean(*node.children[1], type_of(*node.children[1]));
    Type result = Type::boolean();
    if (node.macro == Macro::map) result = Type::list(type_of(*node.children.back()));
    if (node.macro == Macro::filter) result = Type::list(variable);
    bound_.pop_back();
    return result;
  }

  Type call_type_of(const Node& node) {
    const std::size_t errors_before = errors_.size();
    std::vector<Type> args;
    for (const auto& child : node.children) args.push_back(type_of(*child));
    if (node.function() == nullptr) return fail(node.text_where, unknown_function(node.text));
    const FunctionInfo& function = *node.function();
    if (args.size() < function.arity_min() || args.size() > function.arity_max()) {
      return fail(node.text_where, wrong_count(function, args.size()));
    }
    if (const std::string why = refusal(node); !why.empty()) fail(node.text_where, why);
    if (errors_.size() > errors_before) return Type::any();
    const std::optional<Type> type = call_type(function, args);
    if (!type) return fail(node.where, wrong_types(function, args));
    check_constants(node);
    return *type;
  }

  static std::string unknown_function(std::string_view name) {
    std::vector<std::string> candidates;
    for (const FunctionInfo& function : functions()) candidates.emplace_back(function.name);
    for (const MacroInfo& macro : macros()) candidates.emplace_back(macro.name);
    return "unknown function " + quoted(name) + did_you_mean_suffix(name, candidates);
  }

  static std::string wrong_count(const FunctionInfo& function, std::size_t count) {
    const std::size_t least = function.arity_min();
    const std::size_t most = function.arity_max();
    std::string wanted = std::to_string(least);
    if (function.is_variadic) {
      wanted += " or more";
    } else if (most != least) {
      wanted += (most == least + 1 ? " or " : " to ") + std::to_string(most);
    }
    const bool is_one = most == 1;
    return std::string(function.name) + " takes " + wanted + (is_one ? " argument" : " arguments") + ", not " +
           std::to_string(count) + " (the value before the dot counts): " + function.signatures().front();
  }

  static std::string wrong_types(const FunctionInfo& function, const std::vector<Type>& args) {
    std::string message = "no such overload: " + std::string(function.name) + "(";
    for (std::size_t i = 0; i < args.size(); ++i) message += (i > 0 ? ", " : "") + args[i].text();
    message += "); there is";
    for (const std::string& signature : function.signatures()) message += " " + signature + ",";
    message.pop_back();
    return message;
  }

  /// Why a function that the caller answers must not stand here; "" when it may.
  [[nodiscard]] std::string refusal(const Node& node) const {
    const bool is_root = &node == root_;
    switch (node.function()->id) {
      case Function::hash_files:
        return env_.allow_hash_files ? "" : "hashFiles can only be used in cache.key";
      case Function::secret:
        if (env_.allow_secret && is_root) return "";
        return "secret can only be the whole value of an env entry or an http header";
      case Function::raw:
        if (env_.allow_raw && is_root) return "";
        return "raw can only be the whole of an expression in run:";
      default:
        return "";
    }
  }

  /// Constant patterns, times and zones are tried now.
  void check_constants(const Node& node) {
    const auto constant = [&](std::size_t i) -> const std::string* {
      if (i >= node.children.size()) return nullptr;
      const Node& child = *node.children[i];
      const bool is_text = child.kind == NodeKind::literal && child.value->type() == ValueType::string;
      return is_text ? &child.value->as_string() : nullptr;
    };
    const auto report = [&](std::size_t i, const Status& status) {
      if (!status) fail(node.children[i]->where, status.error().message);
    };
    const Function id = node.function()->id;
    if (id == Function::matches) {
      if (const std::string* pattern = constant(1)) report(1, check_regex(*pattern));
    } else if (id == Function::to_timestamp || id == Function::to_duration || id == Function::to_int ||
               id == Function::to_double || id == Function::to_bool) {
      if (constant(0) == nullptr) return;
      report(0, convertible(*node.function(), node.children[0]->value));
    } else if (id == Function::format) {
      if (const std::string* zone = constant(2)) report(2, check_zone(*zone));
    } else if (id >= Function::get_date && id <= Function::get_seconds) {
      if (const std::string* zone = constant(1)) report(1, check_zone(*zone));
    }
  }

  static Status convertible(const FunctionInfo& function, const Value& value) {
    Budget budget(1000);
    RegexCache regexes;
    const Result<Value> converted = call_function(function, {&value, 1}, {budget, regexes});
    if (!converted) return converted.error();
    return Unit{};
  }

  void expect_boolean(const Node& node, const Type& type) {
    if (type.is_any() || type.kind() == TypeKind::boolean) return;
    fail(node.where, "a condition is true or false, not a value of type " + type.text());
  }

  Type available(const Type& type, SourceRange where) {
    if (type.kind() != TypeKind::unavailable) return type;
    return fail(where, type.why());
  }

  Type fail(SourceRange where, std::string message) {
    errors_.push_back({std::move(message), where});
    return Type::any();
  }

  const TypeEnv& env_;
  const Node* root_ = nullptr;
  std::vector<std::pair<std::string, Type>> bound_;
  std::vector<ExprError> errors_;
};

}  // namespace

const Type* TypeEnv::find(std::string_view name) const {
  for (const auto& [known, type] : names) {
    if (known == name) return &type;
  }
  return nullptr;
}

Checked check(const Ast& ast, const TypeEnv& env) {
  return Checker(env).run(ast.root());
}

}  // namespace baton::expr
