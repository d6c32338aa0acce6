// Secrets for `run`: BATON_SECRET_<NAME> of the environment, then a file (docs/ARCHITECTURE.md). Read at launch; never
// stored, never logged.
#pragma once

#include <map>
#include <string>

#include "scheduler/model/result.h"

namespace baton {

class Secrets {
 public:
  /// `file` empty: the environment alone. The file must belong to this user with mode 0600 or less; lines NAME=value,
  /// blank lines and those that begin with # aside.
  static Result<Secrets> load(const std::string& file);

  /// An Error (code 2) that says where the secret would be looked for.
  [[nodiscard]] Result<std::string> find(const std::string& name) const;

 private:
  std::map<std::string, std::string> from_file_;
  std::string file_;
};

}  // namespace baton
