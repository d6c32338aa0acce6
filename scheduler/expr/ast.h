// The parsed form of an expression: an immutable tree with the place of every part in the text.
// Made by parse(); shared by the checker, the evaluator and whoever asks what an expression refers to. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/expr/functions.h"
#include "scheduler/expr/outcome.h"
#include "scheduler/model/value.h"

namespace baton::expr {

enum class NodeKind : std::uint8_t {
  literal,      // value
  name,         // text
  field,        // children[0].text
  index,        // children[0][children[1]]
  has,          // has(children[0].text)
  list,         // [children…]
  map,          // {children[0]: children[1], children[2]: …}
  negate,       // -children[0]
  logical_not,  // !children[0]
  logical_and,  // two or more children
  logical_or,   // two or more children
  conditional,  // children[0] ? children[1] : children[2]
  multiply,
  divide,
  modulo,
  add,
  subtract,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  in,
  call,   // text(children…), also as children[0].text(children[1…])
  macro,  // children[0].macro(text, children[1], …)
};

enum class Macro : std::uint8_t { all, exists, exists_one, map, filter };

struct Node {
  NodeKind kind = NodeKind::literal;
  Macro macro = Macro::all;
  bool is_method = false;                  // call: written as target.f(…)
  std::uint16_t height = 1;                // of the tree below, at most kDepthMax
  SourceRange where;                       // the whole of it
  SourceRange text_where;                  // the name, field, operator or function itself
  std::string text;                        // name, field, function, or a macro's variable
  const FunctionInfo* function = nullptr;  // call: the table's row; nullptr when there is none of that name
  Value value;                             // literal
  std::vector<std::unique_ptr<const Node>> children;

  /// Set on the top of each chain of constant selections that begins at a free name: tasks.extract.outputs["n"] has
  /// {tasks, extract, outputs, n}. Empty elsewhere; names that a macro binds are not free.
  std::vector<std::string> path;
  std::vector<SourceRange> path_where;  // one for each element
};

class Ast {
 public:
  Ast(std::string source, std::uint32_t base, std::unique_ptr<const Node> root)
      : source_(std::move(source)), base_(base), root_(std::move(root)) {}

  [[nodiscard]] const std::string& source() const { return source_; }
  /// What was added to every range: where the expression begins in the text that its ranges speak of.
  [[nodiscard]] std::uint32_t base() const { return base_; }
  [[nodiscard]] const Node& root() const { return *root_; }

 private:
  std::string source_;
  std::uint32_t base_;
  std::unique_ptr<const Node> root_;
};

using AstPtr = std::shared_ptr<const Ast>;

}  // namespace baton::expr
