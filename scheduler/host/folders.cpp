#include "scheduler/host/folders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace baton {
namespace {

namespace fs = std::filesystem;

bool is_own_folder(const fs::path& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

/// A variable's value; empty where it is not set.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_in_attempt() {
  return !variable("BATON_ATTEMPT").empty();
}

/// 0: there is none that can be read.
std::int64_t parent_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');  // the name may hold anything
  long long parent = 0;
  char state = 0;
  if (name_end == std::string::npos || std::sscanf(text.c_str() + name_end + 1, " %c %lld", &state, &parent) != 2) {
    return 0;
  }
  return parent;
}

}  // namespace

fs::path made_absolute(const fs::path& path) {
  std::error_code ignored;
  fs::path out = fs::absolute(path, ignored).lexically_normal();
  if (!out.has_filename() && out.has_parent_path()) out = out.parent_path();  // without the slash at the end
  return out;
}

fs::path find_state_folder(const fs::path& from) {
  for (fs::path at = made_absolute(from);; at = at.parent_path()) {
    if (is_own_folder(at / ".baton")) return at / ".baton";
    if (at == at.parent_path()) return made_absolute(from) / ".baton";
  }
}

fs::path default_state_folder() {
  const std::string_view given = variable("BATON_STATE");
  // A task with `state:` has the file of its value in this variable: a command in it finds the folder as others do.
  std::error_code ignored;
  const bool is_value = is_in_attempt() && fs::is_regular_file(given, ignored);
  return given.empty() || is_value ? find_state_folder(".") : made_absolute(given);
}

std::string worker_program() {
  const std::string_view given = variable("BATON_WORKER");
  const bool is_mark = is_in_attempt() && given.find('/') == std::string_view::npos;
  if (!given.empty() && !is_mark) return std::string(given);
  std::error_code ignored;
  return (fs::read_symlink("/proc/self/exe", ignored).parent_path() / "baton-worker").string();
}

std::string task_program() {
  std::error_code ignored;
  return (fs::read_symlink("/proc/self/exe", ignored).parent_path() / "baton-task").string();
}

std::optional<fs::path> enclosing_state_folder() {
  const fs::path work = variable("BATON_WORK_DIR");  // <state folder>/work/<run>
  if (!is_in_attempt() || work.parent_path().filename() != "work") return std::nullopt;
  return work.parent_path().parent_path();
}

bool is_ancestor(std::int64_t pid) {
  constexpr int kDepthMax = 4'096;  // processes come and go while this looks: it must end
  std::int64_t at = getpid();
  for (int depth = 0; depth < kDepthMax && at > 1; ++depth) {
    at = parent_of(at);
    if (at == pid) return pid > 0;
  }
  return false;
}

bool is_in_path(const std::string& program) {
  std::string_view rest = variable("PATH");
  if (rest.empty()) rest = "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, colon)) + "/" + program;
    if (access(candidate.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return false;
}

}  // namespace baton
