// Secrets of this machine: BATON_SECRET_<NAME> of the environment, then a file (docs/dag-language.md), then the vault of
// the state folder. Immutable once loaded; find() reads the environment and the vault. Values are never stored, never logged, and stand in no error.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "scheduler/host/local/vault.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

class Secrets {
 public:
  /// `file` empty: the environment alone. The file must belong to this user with mode 0600 or less.
  static Result<Secrets> load(const std::string& file);

  /// The lines of a secrets file: `NAME=value`, `export NAME='value'`, `NAME="value"` with the escapes \n \r \t \\ \" \$
  /// \`; blank lines and those that begin with # count for nothing, and a line may end with CR LF. Blanks around an
  /// unquoted value are no part of it. What could mean two things, and a name that stands twice, is an Error with the
  /// file and its line, which never quotes a value.
  Status read(std::string_view text);

  /// What is in neither of the two is looked for there; none: nowhere else.
  void look_in(std::shared_ptr<const Vault> vault) { vault_ = std::move(vault); }

  /// invalid; it says where the secret would be looked for.
  [[nodiscard]] Result<std::string> find(const std::string& name) const;

 private:
  std::map<std::string, std::string> from_file_;
  std::string file_;
  std::shared_ptr<const Vault> vault_;
};

/// `known` by the names that DAGs call them under `profile`.
std::function<Result<std::string>(const std::string& name)> secret_source(Secrets known, const Profile& profile);

}  // namespace baton
