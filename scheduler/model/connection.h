// A database that tasks of the kind sql may ask, declared in baton.yaml or in the DAG: what baton.yaml says goes before,
// so that one DAG asks another database on another machine. Immutable; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"

namespace baton {

struct Connection {
  enum class Kind : std::uint8_t { sqlite, postgresql };
  std::string name;
  Kind kind = Kind::sqlite;
  std::string target;           ///< a path, or a connection string of libpq
  std::string password_secret;  ///< the name of a secret; empty: there is none
  friend bool operator==(const Connection&, const Connection&) = default;
};

/// The one of this name; nullptr: there is none.
inline const Connection* find_connection(const std::vector<Connection>& connections, std::string_view name) {
  for (const Connection& connection : connections) {
    if (connection.name == name) return &connection;
  }
  return nullptr;
}

/// Asked at each launch: what baton.yaml says now, with an absolute path. not_found: nothing.
using ConnectionSource = std::function<Result<Connection>(const std::string& name)>;

}  // namespace baton
