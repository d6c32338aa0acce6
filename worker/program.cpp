#include "worker/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "worker/posix.h"

namespace baton::worker {
namespace {

constexpr std::size_t kCachedMax = 256;
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

std::string_view path_of(const wire::StringList& env) {
  // The last one counts, as the last assignment does everywhere else.
  const std::string_view bytes = env.bytes();
  std::string_view path = kDefaultPath;
  for (std::size_t at = 0; at < bytes.size(); at = bytes.find('\0', at) + 1) {
    if (bytes.substr(at, 5) == "PATH=") path = bytes.substr(at + 5, bytes.find('\0', at) - at - 5);
  }
  return path;
}

bool executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

}  // namespace

std::string find_program(std::string_view name, const wire::StringList& env) {
  if (name.find('/') != std::string_view::npos) return std::string(name);
  std::string_view rest = path_of(env);
  while (true) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string candidate(rest.substr(0, end));
    // An empty or relative entry would mean the task's folder, which is no place to find programs by surprise.
    if (candidate.starts_with('/')) {
      candidate += '/';
      candidate += name;
      if (executable(candidate)) return candidate;
    }
    if (end == rest.size()) return {};
    rest.remove_prefix(end + 1);
  }
}

std::string ProgramCache::find(std::string_view name, const wire::StringList& env) {
  if (name.find('/') != std::string_view::npos) return std::string(name);
  std::string key(name);
  key.append(1, '\0').append(path_of(env));
  const auto known = found_.find(key);
  if (known != found_.end() && ::access(known->second.c_str(), X_OK) == 0) return known->second;
  std::string program = find_program(name, env);
  if (found_.size() >= kCachedMax) found_.clear();
  if (!program.empty()) found_.insert_or_assign(std::move(key), program);
  return program;
}

std::string spawn_failure_text(SpawnStep step, int error, const wire::Launch& launch) {
  const auto views = launch.argv.views();
  const std::string program = quoted(views.empty() ? std::string_view() : views.front());
  switch (step) {
    case SpawnStep::kClone:
      return "no process could be started: " + error_text(error) +
             (error == EAGAIN ? " (a limit on processes is reached: ulimit -u, or pids of the cgroup)" : "");
    case SpawnStep::kCgroup:
      return "the process could not be put into its cgroup: " + error_text(error);
    case SpawnStep::kStdio:
      return "standard input and output could not be set up: " + error_text(error);
    case SpawnStep::kFolder:
      return "working folder " + quoted(launch.cwd) + ": " + error_text(error);
    case SpawnStep::kExec:
      break;
  }
  if (error == ENOEXEC) return "program " + program + " is no executable format; does its #! line lack?";
  if (error == E2BIG) return "arguments and environment of " + program + " are too long for the system (E2BIG)";
  if (error == ENOENT && program.find('/') != std::string::npos) {
    return "program " + program + " does not exist, or the interpreter in its #! line does not";
  }
  return "program " + program + ": " + error_text(error);
}

}  // namespace baton::worker
