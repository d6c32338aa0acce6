#include "scheduler/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace baton {
namespace {

Error system_error(const std::string& what) {
  const ErrorKind kind = errno == EACCES || errno == EPERM || errno == EROFS ? ErrorKind::denied : ErrorKind::storage;
  return {what + ": " + std::strerror(errno), kind};
}

struct NetworkFilesystem {
  std::uint32_t magic;
  const char* name;
};
/// statfs(2)'s magic numbers.
constexpr std::array<NetworkFilesystem, 9> kNetworkFilesystems = {{{0x6969, "NFS"},
                                                                   {0xFF534D42, "CIFS"},
                                                                   {0xFE534D42, "SMB"},
                                                                   {0x517B, "SMB"},
                                                                   {0x01021997, "9p"},
                                                                   {0x5346414F, "AFS"},
                                                                   {0x00C36400, "Ceph"},
                                                                   {0x0BD00BD0, "Lustre"},
                                                                   {0x73757245, "Coda"}}};

}  // namespace

Status make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return system_error("cannot make " + path);
  ::close(fd);
  return Unit{};
}

Status make_private_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  if (std::filesystem::is_directory(folder, failed)) return Unit{};
  const auto parent = folder.parent_path();
  if (!parent.empty()) {
    if (Status made = make_private_folder(parent); !made) return made;
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error("cannot make " + folder.string());
  return sync_folder(parent);
}

Status sync_folder(const std::filesystem::path& folder) {
  const std::string name = folder.empty() ? "." : folder.string();
  const int fd = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open " + name);
  const int rc = ::fsync(fd);
  // Some file systems cannot sync a folder and say EINVAL: then there is nothing to be done.
  const bool failed = rc != 0 && errno != EINVAL;
  Error error = failed ? system_error("cannot sync " + name) : Error{};
  ::close(fd);
  if (failed) return error;
  return Unit{};
}

std::int64_t file_bytes(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_size : 0;
}

Status refuse_network_filesystem(const std::filesystem::path& folder) {
  struct statfs facts {};
  if (::statfs(folder.c_str(), &facts) != 0) return system_error("cannot look at " + folder.string());
  for (const auto& [magic, name] : kNetworkFilesystems) {
    if (static_cast<std::uint32_t>(facts.f_type) == magic) {
      return Error{"the state folder " + folder.string() + " lies on " + name +
                       ", where locks and the write-ahead log do not hold; choose a local folder"};
    }
  }
  return Unit{};
}

Status refuse_foreign_owner(const std::string& database) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat facts {};
    const std::string path = database + suffix;
    if (::lstat(path.c_str(), &facts) != 0) continue;
    if (!S_ISREG(facts.st_mode)) return Error{path + " is not a regular file; it is left alone"};
    if (facts.st_uid != ::geteuid()) {
      return Error{path + " belongs to user " + std::to_string(facts.st_uid) +
                       ": work as that user, or choose another state folder",
                   ErrorKind::denied};
    }
  }
  return Unit{};
}

}  // namespace baton
