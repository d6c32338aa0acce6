#include "web/http/ended_sessions.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "scheduler/digest/digest.h"

namespace baton::http {

namespace {

Error file_error(const std::string& path) {
  return {path + ": " + std::strerror(errno), ErrorKind::storage};
}

std::string line_of(const std::string& hash, std::int64_t expires_s) {
  return hash + ' ' + std::to_string(expires_s) + '\n';
}

/// To the disk before anybody is told. `flags`: O_APPEND, or O_TRUNC.
Status write_file(const std::string& path, int flags, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (fd < 0) return file_error(path);
  const bool is_written =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const Error error = file_error(path);
  ::close(fd);
  if (!is_written) return error;
  return Unit{};
}

}  // namespace

Status EndedSessions::load(std::int64_t now_s) {
  const std::lock_guard lock(mutex_);
  if (path_.empty()) return Unit{};
  if (::access(path_.c_str(), F_OK) != 0) return errno == ENOENT ? Status{Unit{}} : Status{file_error(path_)};
  std::ifstream in(path_);
  if (!in) return file_error(path_);  // who was logged out must not come in because the list cannot be read
  bool is_as_kept = true;
  for (std::string line; std::getline(in, line);) {
    // A crash has cut the last line: what is written behind it would be read as a part of it.
    if (in.eof()) is_as_kept = false;
    std::istringstream words(line);
    std::string hash;
    std::int64_t expires_s = 0;
    if (words >> hash >> expires_s && expires_s > now_s) {
      ended_[hash] = expires_s;
    } else {
      is_as_kept = false;
    }
  }
  return is_as_kept ? Status{Unit{}} : write_all();
}

/// Beside it and over it: a crash leaves one of the two.
Status EndedSessions::write_all() const {
  std::string text;
  for (const auto& [hash, expires_s] : ended_) text += line_of(hash, expires_s);
  const std::string beside = path_ + ".new";
  if (Status written = write_file(beside, O_TRUNC, text); !written) return written;
  if (::rename(beside.c_str(), path_.c_str()) != 0) return file_error(path_);
  return Unit{};
}

Status EndedSessions::end(std::string_view session, std::int64_t expires_s) {
  const std::lock_guard lock(mutex_);
  const std::string hash = sha256_hex(session);
  if (!ended_.emplace(hash, expires_s).second || path_.empty()) return Unit{};
  return write_file(path_, O_APPEND, line_of(hash, expires_s));
}

bool EndedSessions::has(std::string_view session) const {
  const std::lock_guard lock(mutex_);
  return !ended_.empty() && ended_.contains(sha256_hex(session));
}

}  // namespace baton::http
