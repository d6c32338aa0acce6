#include "scheduler/expr/references.h"

namespace baton::expr {
namespace {

std::vector<std::string> names_of(const Node& node) {
  const std::vector<std::string_view> path = path_of(node);
  return {path.begin(), path.end()};
}

void collect_paths(const Node& node, std::vector<Path>& paths) {
  if (node.is_path) {
    paths.push_back({names_of(node), node.where, path_where(node), false});
    return;
  }
  if (node.kind == NodeKind::has && node.children[0]->is_path) {
    const Node& operand = *node.children[0];
    Path path{names_of(operand), join(operand.where, node.text_where), path_where(operand), true};
    path.names.push_back(node.text);
    path.name_where.push_back(node.text_where);
    paths.push_back(std::move(path));
    return;
  }
  for (const auto& child : node.children) collect_paths(*child, paths);
}

void collect_calls(const Node& node, bool is_root, std::vector<Call>& found) {
  if (node.kind == NodeKind::call) found.push_back({node.function(), node.text, node.where, is_root, &node});
  for (const auto& child : node.children) collect_calls(*child, false, found);
}

}  // namespace

std::vector<Path> references(const Ast& ast) {
  std::vector<Path> paths;
  collect_paths(ast.root(), paths);
  return paths;
}

std::vector<Call> calls(const Ast& ast) {
  std::vector<Call> found;
  collect_calls(ast.root(), true, found);
  return found;
}

bool is_call_of(const Ast& ast, Function function) {
  const Node& root = ast.root();
  return root.kind == NodeKind::call && root.function() != nullptr && root.function()->id == function;
}

std::optional<std::string> secret_named(const Ast* ast) {
  if (ast == nullptr || !is_call_of(*ast, Function::secret)) return std::nullopt;
  const auto& arguments = ast->root().children;
  if (arguments.size() != 1 || arguments[0]->kind != NodeKind::literal ||
      arguments[0]->value->type() != ValueType::string) {
    return std::nullopt;
  }
  return arguments[0]->value->as_string();
}

}  // namespace baton::expr
