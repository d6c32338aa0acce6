// Static checks of an expression: every unknown name, wrong type and wrong call, before anything runs. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/expr/ast.h"
#include "scheduler/expr/type.h"

namespace baton::expr {

/// The free names and their types, and which of the caller's functions may be called here.
struct TypeEnv {
  std::vector<std::pair<std::string, Type>> names;
  bool allow_hash_files = false;
  bool allow_secret = false;  // and then only as the whole expression
  bool allow_raw = false;     // likewise

  [[nodiscard]] const Type* find(std::string_view name) const;
};

struct Checked {
  Type type;                      // any where an error hides it
  std::vector<ExprError> errors;  // all of them, in the order of the text
};

Checked check(const Ast& ast, const TypeEnv& env);

}  // namespace baton::expr
