#include "cli/permissions.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace baton::cli {
namespace {

bool is_closed(int code) { return code == EACCES || code == EPERM; }

}  // namespace

Status may_read(const std::filesystem::path& path) {
  struct stat info {};
  const bool is_seen = ::stat(path.c_str(), &info) == 0;
  if (!is_seen && !is_closed(errno)) return Unit{};
  const int wanted = is_seen && S_ISDIR(info.st_mode) ? R_OK | X_OK : R_OK;
  if (is_seen && (::access(path.c_str(), wanted) == 0 || !is_closed(errno))) return Unit{};
  const bool is_others = is_seen && info.st_uid != ::geteuid();
  return Error{"permission denied: " + path.string() + " cannot be read" +
                   (is_others ? "; it belongs to user " + std::to_string(info.st_uid) : ""),
               ErrorKind::denied};
}

}  // namespace baton::cli
