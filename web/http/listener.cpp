#include "web/http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace baton::http {

namespace {

Error failed(const std::string& what) {
  const int code = errno;
  return {what + ": " + std::strerror(code), code == EADDRINUSE ? ErrorKind::conflict : ErrorKind::unavailable};
}

Error failed(const std::string& what, int fd) {
  Error error = failed(what);
  ::close(fd);
  return error;
}

struct TcpAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

TcpAddress tcp_address(const std::string& address, std::uint16_t port) {
  TcpAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.length = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.length = sizeof(sockaddr_in6);
  }
  return out;
}

}  // namespace

bool is_loopback(const std::string& address) {
  const TcpAddress parsed = tcp_address(address, 0);
  if (parsed.length == sizeof(sockaddr_in)) {
    return ntohl(reinterpret_cast<const sockaddr_in*>(&parsed.storage)->sin_addr.s_addr) >> 24U == 127;
  }
  if (parsed.length == 0) return false;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&parsed.storage);
  return std::memcmp(&v6->sin6_addr, &in6addr_loopback, sizeof(in6_addr)) == 0;
}

Result<Bound> listen_tcp(const std::string& address, std::uint16_t port) {
  if (!is_loopback(address)) return Error{"\"" + address + "\" is no address of this machine alone: 127.0.0.1 or ::1"};
  TcpAddress to = tcp_address(address, port);
  const std::string what = "cannot listen at " + address + " port " + std::to_string(port);
  const int fd = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(what);
  const int on = 1;  // a server that was restarted need not wait for old connections to be forgotten
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.length) != 0) return failed(what, fd);
  if (::listen(fd, SOMAXCONN) != 0) return failed(what, fd);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&to.storage), &to.length);
  const bool is_v4 = to.storage.ss_family == AF_INET;
  const std::uint16_t got = is_v4 ? reinterpret_cast<const sockaddr_in*>(&to.storage)->sin_port
                                  : reinterpret_cast<const sockaddr_in6*>(&to.storage)->sin6_port;
  return Bound{fd, ntohs(got)};
}

Result<Bound> listen_unix(const std::string& path) {
  const std::string what = "cannot listen at " + path;
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == path.npos ? path : path.substr(slash + 1);
  const int folder_fd = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return failed(what);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const int length = std::snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/%s", folder_fd, name.c_str());
  if (length < 0 || static_cast<std::size_t>(length) >= sizeof to.sun_path) {
    ::close(folder_fd);
    return Error{what + ": the name of the file is too long"};
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(what, folder_fd);
  ::unlinkat(folder_fd, name.c_str(), 0);
  const bool is_bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
                        ::fchmodat(folder_fd, name.c_str(), 0600, 0) == 0 && ::listen(fd, SOMAXCONN) == 0;
  const int code = errno;
  ::close(folder_fd);
  errno = code;
  if (!is_bound) return failed(what, fd);
  return Bound{fd, 0};
}

}  // namespace baton::http
