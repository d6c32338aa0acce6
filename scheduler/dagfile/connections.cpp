#include "scheduler/dagfile/connections.h"

#include <string>

#include "scheduler/dagfile/scalar.h"

namespace baton::dagfile {
namespace {

void read_target(Node node, Connection& out, Reporter& reporter) {
  if (!node.is_scalar()) return;
  out.target = node.text();
  if (out.target.empty()) reporter.error(Rule::invalid_value, node.span(), "the connection leads nowhere");
  if (out.target.find('\0') != std::string::npos) {
    reporter.error(Rule::invalid_value, node.span(), "the connection holds a NUL byte");
  }
  if (out.kind == Connection::Kind::postgresql && out.target.find("password=") != std::string::npos) {
    reporter.error(Rule::invalid_value, node.span(), "a password does not stand in a file",
                   "write `password: {secret: NAME}` beside it");
  }
}

Connection read_connection(Node key, Node node, Reporter& reporter) {
  Connection out;
  out.name = key.text();
  const Node sqlite = node.find("sqlite"), postgresql = node.find("postgresql"), password = node.find("password");
  if (static_cast<bool>(sqlite) == static_cast<bool>(postgresql)) {
    reporter.error(Rule::conflicting_keys, node.span(), "a connection has one of \"sqlite\" and \"postgresql\"");
  }
  if (postgresql) out.kind = Connection::Kind::postgresql;
  if (const Node target = sqlite ? sqlite : postgresql) read_target(target, out, reporter);
  if (password && sqlite) reporter.error(Rule::conflicting_keys, password.span(), "SQLite knows no passwords");
  if (const Node secret = password && password.is_map() ? password.find("secret") : Node(); secret && secret.is_scalar()) {
    out.password_secret = secret.text();
  }
  return out;
}

}  // namespace

std::vector<Connection> read_connections(Node node, Reporter& reporter) {
  std::vector<Connection> out;
  if (!node || !node.is_map()) return out;
  for (const auto& [key, value] : Entries(node)) {
    if (!is_id(key.text())) {
      reporter.error(Rule::invalid_id, key.span(), in_quotes(key.text()) + " is not a name of a connection");
    }
    if (value.is_map()) out.push_back(read_connection(key, value, reporter));
  }
  return out;
}

}  // namespace baton::dagfile
