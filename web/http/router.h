// Router: which handler a request belongs to. Paths are exact: literal segments and names in braces, `{name}` for one
// segment that is not empty; a literal goes before a name. `…/{name}:verb` is for POST alone. Built before the server
// starts and not changed afterwards; then any thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "web/http/message.h"

namespace baton::http {

inline constexpr std::size_t kBodyMax = 1024 * 1024;

/// Who may, over what, by which description: without these three a route does not start.
struct Route {
  Method method = Method::get;
  std::string path;       ///< `/dags/{dag_id}`
  std::string operation;  ///< its name in the description of the API, which holds the schemas
  std::string resource;   ///< what it is about, for the audit and for rights
  std::optional<Role> role;
  Handler handler;
  std::size_t body_max = kBodyMax;
};

struct Match {
  const Route* route = nullptr;  ///< null: none
  Pairs params;
  std::vector<Method> allowed;  ///< without a route: what the path has; empty: there is no such path
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// invalid: something is missing, or the path has such a route already.
  Status add(Route route);
  /// HEAD is answered by GET's route.
  [[nodiscard]] Match match(Method method, const std::vector<std::string>& segments) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node;
  struct Walk;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Node> root_;
};

}  // namespace baton::http
