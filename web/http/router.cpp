#include "web/http/router.h"

#include <algorithm>

namespace baton::http {

namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return segments;
}

/// `name:verb` at its last colon; without one, all of it is the name.
std::pair<std::string_view, std::string_view> split_verb(std::string_view segment) {
  const std::size_t colon = segment.rfind(':');
  if (colon == segment.npos) return {segment, {}};
  return {segment.substr(0, colon), segment.substr(colon + 1)};
}

bool is_name(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> name;                                   ///< any segment
  std::map<std::pair<Method, std::string>, const Route*> ends;  ///< by method and verb
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Status Router::add(Route route) {
  const std::string what = std::string(to_string(route.method)) + " " + route.path;
  if (!route.role || route.resource.empty() || route.operation.empty() || !route.handler) {
    return Error{"the route " + what + " has no role, no resource, no operation or no handler"};
  }
  if (route.path.empty() || route.path.front() != '/') return Error{"the route " + what + " does not begin with /"};
  std::vector<std::string> segments = split_path(route.path);
  std::string verb;
  if (!segments.empty()) {
    const auto [rest, found] = split_verb(segments.back());
    verb = found;
    segments.back() = std::string(rest);
  }
  if (!verb.empty() && route.method != Method::post) return Error{"the route " + what + " has a verb and is no POST"};
  Node* node = root_.get();
  for (const std::string& segment : segments) {
    auto& next = is_name(segment) ? node->name : node->literals[segment];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  const bool is_new = node->ends.emplace(std::pair{routes_.back()->method, verb}, routes_.back().get()).second;
  if (!is_new) return Error{"the route " + what + " is there twice"};
  return Unit{};
}

/// One search: depth first, literals before names, so that `/dags/~` and `/dags/{dag_id}` do not shadow each other.
struct Router::Walk {
  Method method;
  std::string verb;
  std::vector<std::string_view> segments;
  std::vector<Method> allowed;

  const Route* find(const Node& node, std::size_t depth) {
    if (depth == segments.size()) return end_of(node);
    const std::string_view segment = segments[depth];
    if (const auto next = node.literals.find(segment); next != node.literals.end()) {
      if (const Route* found = find(*next->second, depth + 1)) return found;
    }
    if (node.name && !segment.empty()) return find(*node.name, depth + 1);
    return nullptr;
  }

  const Route* end_of(const Node& node) {
    for (const auto& [key, route] : node.ends) {
      if (key.second != verb) continue;
      if (key.first == method) return route;
      allowed.push_back(key.first);
    }
    return nullptr;
  }
};

Match Router::match(Method method, const std::vector<std::string>& segments) const {
  Walk walk{method == Method::head ? Method::get : method, {}, {segments.begin(), segments.end()}, {}};
  const Route* found = nullptr;
  Match match;
  if (!segments.empty()) {
    const auto [rest, verb] = split_verb(segments.back());
    if (!verb.empty() && !rest.empty()) {  // ids may hold colons: a verb is one only where there is such a route
      Walk with_verb = walk;
      with_verb.segments.back() = rest;
      with_verb.verb = verb;
      found = with_verb.find(*root_, 0);
      if (found != nullptr) walk.segments.back() = rest;
      match.allowed = std::move(with_verb.allowed);
    }
  }
  if (found == nullptr) found = walk.find(*root_, 0);
  if (found == nullptr) {
    match.allowed.insert(match.allowed.end(), walk.allowed.begin(), walk.allowed.end());
    std::sort(match.allowed.begin(), match.allowed.end());
    match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()), match.allowed.end());
    return match;
  }
  match.allowed.clear();
  match.route = found;
  const std::vector<std::string> names = split_path(found->path);
  for (std::size_t k = 0; k < names.size(); ++k) {
    const std::string name(k + 1 == names.size() ? split_verb(names[k]).first : names[k]);
    if (is_name(name)) match.params.emplace_back(name.substr(1, name.size() - 2), walk.segments[k]);
  }
  return match;
}

}  // namespace baton::http
