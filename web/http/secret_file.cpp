#include "web/http/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "scheduler/digest/digest.h"

namespace baton::http {

namespace {

constexpr std::size_t kSecretBytes = 32;

Error file_error(const std::string& path) {
  return {path + ": " + std::strerror(errno), ErrorKind::storage};
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

/// Written beside and linked into place: nobody ever reads half of it, and whoever was first keeps it.
Status make(const std::string& path, const std::string& line) {
  const std::string beside = path + "." + random_hex(8);
  {
    const Descriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file.fd < 0) return file_error(beside);
    if (::write(file.fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(file.fd) != 0) {
      const Error error = file_error(beside);
      ::unlink(beside.c_str());
      return error;
    }
  }
  const bool is_there = ::link(beside.c_str(), path.c_str()) == 0 || errno == EEXIST;
  const Error error = file_error(path);
  ::unlink(beside.c_str());
  if (!is_there) return error;
  return Unit{};
}

Result<std::string> read(int fd, const std::string& path) {
  struct stat what {};
  if (::fstat(fd, &what) != 0) return file_error(path);
  if (!S_ISREG(what.st_mode) || (what.st_mode & 077U) != 0) {
    return Error{path + " can be read by others: its mode must be 0600", ErrorKind::denied};
  }
  std::array<char, 256> text{};
  const ssize_t count = ::read(fd, text.data(), text.size());
  if (count < 0) return file_error(path);
  std::string line(text.data(), static_cast<std::size_t>(count));
  line.erase(std::min(line.find('\n'), line.size()));
  if (line.size() < kSecretBytes)
    return Error{path + " holds no secret: delete it and a new one is made", ErrorKind::storage};
  return line;
}

}  // namespace

Result<std::string> read_or_make_secret(const std::string& path, const std::string& prefix) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (file.fd >= 0) return read(file.fd, path);
    if (errno != ENOENT) return file_error(path);
    if (auto made = make(path, prefix + random_hex(kSecretBytes) + "\n"); !made) return made.error();
  }
  return Error{path + " comes and goes", ErrorKind::storage};
}

}  // namespace baton::http
