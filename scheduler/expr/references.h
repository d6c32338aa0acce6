// What an expression refers to: the paths that begin at free names, and the functions it calls. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/expr/ast.h"

namespace baton::expr {

/// A chain of constant selections from a free name, as long as it is constant: tasks.a.outputs.rows[i] gives
/// {tasks, a, outputs, rows}.
struct Path {
  std::vector<std::string> names;
  SourceRange where;
  std::vector<SourceRange> name_where;  // one for each of names
  bool is_presence_test = false;        // stands in has(…): its last name need not exist
};

/// A call of a function, known or not (`function` is then nullptr).
struct Call {
  const FunctionInfo* function = nullptr;
  std::string name;
  SourceRange where;
  bool is_root = false;  // the call is the whole expression
  const Node* node = nullptr;  // with its arguments; lives as long as the Ast
};

/// Every path, in the order of the text; the same path as often as it is written.
std::vector<Path> references(const Ast& ast);

/// Every call, in the order of the text. Look here for hashFiles, secret and raw.
std::vector<Call> calls(const Ast& ast);

/// True when the whole expression is a call of `function`.
bool is_call_of(const Ast& ast, Function function);

/// The name in `secret("name")`, when the whole expression is that and nothing else.
std::optional<std::string> secret_named(const Ast* ast);

}  // namespace baton::expr
