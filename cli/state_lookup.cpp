#include "cli/state_lookup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/permissions.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

bool is_own_folder(const fs::path& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

fs::path made_absolute(const fs::path& path) {
  std::error_code ignored;
  fs::path out = fs::absolute(path, ignored).lexically_normal();
  if (!out.has_filename() && out.has_parent_path()) out = out.parent_path();  // without the slash at the end
  return out;
}

bool is_above(const fs::path& above, const fs::path& folder) {
  const fs::path relative = folder.lexically_relative(above);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

fs::path find_state_folder(const fs::path& from) {
  for (fs::path at = made_absolute(from);; at = at.parent_path()) {
    if (is_own_folder(at / ".baton")) return at / ".baton";
    if (at == at.parent_path()) return made_absolute(from) / ".baton";
  }
}

fs::path state_folder_of(const Arguments& arguments) {
  if (arguments.has("state")) return made_absolute(arguments.value("state"));
  const char* variable = std::getenv("BATON_STATE");
  if (variable != nullptr && *variable != '\0') return made_absolute(variable);
  return find_state_folder(".");
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
