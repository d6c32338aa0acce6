// The parsed form of an expression: an immutable tree with the place of every part in the text.
// Made by parse(); read by the checker, the evaluator and whoever asks what an expression refers to. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/expr/functions.h"
#include "scheduler/expr/outcome.h"
#include "scheduler/model/rare.h"
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

/// Kept by the thousand, one for each name, sign and field of each task's expressions: small on purpose.
struct Node {
  NodeKind kind = NodeKind::literal;
  Macro macro = Macro::all;
  bool is_method = false;                  // call: written as target.f(…)
  /// Set on the top of each chain of constant selections that begins at a free name, as tasks.extract.outputs["n"];
  /// names that a macro binds are not free. path_of() has its names.
  bool is_path = false;
  std::uint8_t function_row = kNoFunction;  // call: of functions(); see function()
  std::uint16_t height = 1;                // of the tree below, at most kDepthMax
  SourceRange where;                       // the whole of it
  SourceRange text_where;                  // the name, field, operator or function itself
  std::string text;                        // name, field, function, or a macro's variable
  Rare<Value> value;                       // literal
  std::vector<std::unique_ptr<const Node>> children;

  static constexpr std::uint8_t kNoFunction = 255;
  /// call: the table's row; nullptr when there is none of that name.
  [[nodiscard]] const FunctionInfo* function() const {
    return function_row == kNoFunction ? nullptr : &functions()[function_row];
  }
};

/// The names of a chain of constant selections, {tasks, extract, outputs, n}; they live as long as `top`.
std::vector<std::string_view> path_of(const Node& top);
/// Where each of them stands.
std::vector<SourceRange> path_where(const Node& top);

class Ast {
 public:
  explicit Ast(Node root) : root_(std::move(root)) {}
  [[nodiscard]] const Node& root() const { return root_; }

 private:
  Node root_;
};

using AstPtr = std::unique_ptr<const Ast>;

}  // namespace baton::expr
