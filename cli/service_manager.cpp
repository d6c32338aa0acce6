#include "cli/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace baton {
namespace {

template <typename Number>
Number number_in(const char* name) {
  const char* text = std::getenv(name);
  Number out = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), out);
  return out;
}

}  // namespace

void tell_service_manager(std::string_view lines) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof to.sun_path) return;
  std::copy_n(path, length, to.sun_path);
  if (path[0] == '@') to.sun_path[0] = '\0';  // the abstract name space
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  (void)::sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
  ::close(fd);
}

DurationUs watchdog_interval() {
  const auto meant_for = number_in<long>("WATCHDOG_PID");
  if (meant_for != 0 && meant_for != ::getpid()) return 0;
  return number_in<DurationUs>("WATCHDOG_USEC");
}

}  // namespace baton
