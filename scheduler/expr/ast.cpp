#include "scheduler/expr/ast.h"

#include <algorithm>

namespace baton::expr {
namespace {

/// What `of` says of each link of a chain, from the free name to the top.
template <typename T, typename Of>
std::vector<T> along(const Node& top, Of of) {
  std::vector<T> out;
  out.reserve(top.height);
  const Node* link = &top;
  for (; link->kind != NodeKind::name; link = link->children[0].get()) out.push_back(of(*link));
  out.push_back(of(*link));
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<std::string_view> path_of(const Node& top) {
  return along<std::string_view>(top, [](const Node& link) -> std::string_view {
    return link.kind == NodeKind::index ? link.children[1]->value->as_string() : link.text;
  });
}

std::vector<SourceRange> path_where(const Node& top) {
  return along<SourceRange>(
      top, [](const Node& link) { return link.kind == NodeKind::index ? link.children[1]->where : link.text_where; });
}

}  // namespace baton::expr
