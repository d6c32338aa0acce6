#include "web/http/message.h"

#include <array>

namespace baton::http {

namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
constexpr std::array<std::string_view, 5> kRoles = {"anyone", "viewer", "operator", "editor", "admin"};

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view to_string(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

std::string_view to_string(Role role) {
  return kRoles[static_cast<std::size_t>(role)];
}

std::optional<Role> role_named(std::string_view name) {
  for (std::size_t k = 0; k < kRoles.size(); ++k) {
    if (kRoles[k] == name) return static_cast<Role>(k);
  }
  return std::nullopt;
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& one : headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [word, value] : query) {
    if (word == name) return value;
  }
  return std::nullopt;
}

const std::string& Request::param(std::string_view name) const {
  static const std::string none;
  for (const auto& [word, value] : params) {
    if (word == name) return value;
  }
  return none;
}

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

Handler at_once(std::function<Response(const Request&)> f) {
  return [f = std::move(f)](const std::shared_ptr<const Request>& request, const Reply& reply) {
    reply.send(f(*request));
  };
}

}  // namespace baton::http
