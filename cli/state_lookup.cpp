#include "cli/state_lookup.h"

#include "scheduler/host/folders.h"

#include "cli/permissions.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

bool is_above(const fs::path& above, const fs::path& folder) {
  const fs::path relative = folder.lexically_relative(above);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

fs::path state_folder_of(const Arguments& arguments) {
  return arguments.has("state") ? made_absolute(arguments.value("state")) : default_state_folder();
}

Result<fs::path> config_file_of(const Arguments& arguments, const fs::path& dag_file, const fs::path& state_folder) {
  std::error_code ignored;
  if (arguments.has("config")) {
    const fs::path given = made_absolute(arguments.value("config"));
    if (Status may = may_read(given); !may) return may.error();
    if (!fs::is_regular_file(given, ignored)) {
      return Error{"there is no file " + given.string() + " (--config)", ErrorKind::not_found};
    }
    return given;
  }
  const fs::path top = state_folder.parent_path();
  fs::path at = made_absolute(dag_file).parent_path();
  const bool climbs = is_above(top, at);
  while (true) {
    const fs::path candidate = at / "baton.yaml";
    if (Status may = may_read(candidate); !may) return may.error();
    if (fs::is_regular_file(candidate, ignored)) return candidate;
    if (!climbs || at == top || at == at.parent_path()) return fs::path();
    at = at.parent_path();
  }
}

}  // namespace baton::cli
