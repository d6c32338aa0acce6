// Contexts: servers of other machines by name, for the commands that ask a server. They lie in
// $XDG_CONFIG_HOME/baton/contexts.json (mode 0600); a token is read from its own file whenever it is needed. Main thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "scheduler/model/result.h"

namespace baton::cli {

/// The state folder here, which needs no context.
inline constexpr std::string_view kLocalContext = "local";

struct Context {
  std::string name;
  std::string url;         ///< http://HOST:PORT
  std::string token_file;  ///< absolute; empty: none
};

struct Contexts {
  std::vector<Context> all;
  std::string current;  ///< empty: local
  [[nodiscard]] const Context* find(std::string_view name) const;
};

/// None where there is no such file. storage: it cannot be read, or is not what was written.
Result<Contexts> load_contexts();
/// Whole or not at all.
Status save_contexts(const Contexts& contexts);

/// The one that counts: none with --state, else $BATON_CONTEXT, else the one in use. not_found: there is no such one.
Result<std::optional<Context>> context_of(const Arguments& arguments);

/// Whether a server of another machine is meant, or nobody can say which.
bool is_elsewhere(const Arguments& arguments);

}  // namespace baton::cli
