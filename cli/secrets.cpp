#include "cli/secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "scheduler/dagfile/canonical.h"

namespace baton {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

Result<std::string> read_private_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return Error{"cannot read the secrets file " + path + ": " + std::strerror(errno)};
  struct stat info {};
  std::string text;
  std::string refusal;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    refusal = path + " is not a regular file";
  } else if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
    refusal = "the secrets file " + path + " can be read by others; type: chmod 600 " + path;
  } else if (static_cast<std::size_t>(info.st_size) > kFileBytesMax) {
    refusal = "the secrets file " + path + " is larger than 1 MiB";
  } else {
    text.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t n = read(fd, text.data(), text.size());
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  }
  close(fd);
  if (!refusal.empty()) return Error{refusal};
  return text;
}

}  // namespace

Result<Secrets> Secrets::load(const std::string& file) {
  Secrets secrets;
  if (file.empty()) return secrets;
  secrets.file_ = file;
  auto text = read_private_file(file);
  if (!text) return text.error();
  int number = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{file + ":" + std::to_string(number) + ": a line must be NAME=value"};
    }
    secrets.from_file_[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return secrets;
}

Result<std::string> Secrets::find(const std::string& name) const {
  const std::string variable = secret_variable(name);
  if (const char* value = std::getenv(variable.c_str())) return std::string(value);
  const auto at = from_file_.find(name);
  if (at != from_file_.end()) return at->second;
  return Error{"secret \"" + name + "\" is not set: give it as " + variable +
               (file_.empty() ? " or in a file with --secrets" : " or in " + file_)};
}

}  // namespace baton
