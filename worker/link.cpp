#include "worker/link.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace baton::worker {
namespace {

constexpr std::size_t kReceiveChunkBytes = 64U << 10;

}  // namespace

Link::Link(Fd socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

bool Link::receive() {
  static thread_local char chunk[kReceiveChunkBytes];
  const ssize_t got = ::read(socket_.get(), chunk, sizeof(chunk));
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  reader_.feed({chunk, static_cast<std::size_t>(got)});
  return true;
}

bool Link::flush() {
  std::size_t sent = 0;
  bool alive = true;
  while (sent < unsent_.size()) {
    const ssize_t put = ::send(socket_.get(), unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      alive = errno == EAGAIN;
      break;
    }
    sent += static_cast<std::size_t>(put);
  }
  unsent_.erase(0, sent);
  return alive && unsent_.size() <= kUnsentBytesMax;
}

Fd listen_at(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const Fd dir(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return {};
  // sockaddr_un ends at 108 bytes; a folder by its descriptor has always a short name.
  const std::string through = "/proc/self/fd/" + std::to_string(dir.get()) + '/' + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (through.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(address.sun_path, through.c_str(), through.size());
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlinkat(dir.get(), name.c_str(), 0);
  const mode_t mask = ::umask(0177);
  const bool bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::umask(mask);
  if (!bound || ::listen(listener.get(), 8) != 0) return {};
  return listener;
}

Fd accept_peer(int listener) {
  Fd peer(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!peer) return {};
  ucred who{};
  socklen_t size = sizeof(who);
  if (::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
  if (who.uid != ::geteuid() && who.uid != 0) return {};
  return peer;
}

}  // namespace baton::worker
