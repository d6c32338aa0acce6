// The second file that includes Beast: an answer's framing is read by the parser that reads requests in the server.
#include "cli/http_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace baton::cli {
namespace {

namespace beast = boost::beast;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::uint64_t kAnswerBytesMax = 64U << 20U;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error nobody(const std::string& where) {
  return {"nobody answers at " + where, ErrorKind::unavailable};
}

/// Through /proc/self/fd: sockaddr_un holds 108 bytes, a path may hold more.
Result<Descriptor> connect_local(const HttpPlace& place) {
  const Descriptor folder(::open(place.socket_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Descriptor line(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/%s", folder.get(), place.socket_name.c_str());
  const bool is_there = folder.ok() && line.ok() &&
                        ::connect(line.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  if (is_there) return line;
  const std::string path = place.socket_folder + "/" + place.socket_name;
  if (errno == EACCES) return Error{path + " belongs to another user", ErrorKind::denied};
  return nobody(path);
}

Result<Descriptor> connect_tcp(const HttpPlace& place) {
  const std::string port = std::to_string(place.port);
  addrinfo want{};
  want.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(place.host.c_str(), port.c_str(), &want, &found) != 0) return nobody(place.host);
  Descriptor line;
  for (const addrinfo* at = found; at != nullptr && !line.ok(); at = at->ai_next) {
    Descriptor tried(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (tried.ok() && ::connect(tried.get(), at->ai_addr, at->ai_addrlen) == 0) line = std::move(tried);
  }
  ::freeaddrinfo(found);
  if (!line.ok()) return nobody(place.host + ":" + port);
  return line;
}

std::string text_of(const HttpPlace& place, const HttpAsk& ask) {
  std::string host = "localhost";
  if (place.socket_folder.empty()) host = place.host + ":" + std::to_string(place.port);
  std::string out = ask.method + " " + ask.target + " HTTP/1.1\r\nHost: " + host +
                    "\r\nAccept: application/json\r\nConnection: close\r\n";
  for (const auto& [name, value] : ask.headers) out += name + ": " + value + "\r\n";
  if (!ask.body.empty()) out += "Content-Type: application/json\r\n";
  if (!ask.body.empty() || ask.method != "GET") out += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
  return out + "\r\n" + ask.body;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// 0: the end of what comes; below: no more within the time, or the line is broken.
ssize_t read_some(int fd, std::string& buffer, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd wait{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return -1;
    return ::recv(fd, buffer.data(), buffer.size(), 0);
  }
}

Result<HttpAnswer> read_answer(int fd, Clock::time_point until) {
  const Error lost{"it was asked, and no answer came: look whether it was done before asking again", ErrorKind::busy};
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kAnswerBytesMax);
  parser.eager(true);
  std::string buffer(kReadBytes, '\0');
  std::string bytes;
  while (!parser.is_done()) {
    const ssize_t got = read_some(fd, buffer, until);
    if (got < 0) return lost;
    boost::system::error_code error;
    if (got == 0) {
      // Of a line that ends before a byte has come the parser would make an answer, and a good one.
      if (parser.got_some()) parser.put_eof(error);
      if (error || !parser.is_done()) return lost;
      break;
    }
    bytes.append(buffer, 0, static_cast<std::size_t>(got));
    std::size_t taken = 0;
    while (!error && !parser.is_done() && taken < bytes.size()) {
      taken += parser.put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
    }
    bytes.erase(0, taken);
    if (error && error != beast::http::error::need_more) {
      return Error{"what answers there is no server of Baton's: " + error.message(), ErrorKind::unavailable};
    }
  }
  return HttpAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace

Result<HttpAnswer> ask_http(const HttpPlace& place, const HttpAsk& ask, DurationUs wait_us) {
  const auto until = Clock::now() + std::chrono::microseconds(wait_us);
  const Result<Descriptor> line = place.socket_folder.empty() ? connect_tcp(place) : connect_local(place);
  if (!line) return line.error();
  if (!send_all(line->get(), text_of(place, ask))) {
    // The server may have refused early, and says why.
    Result<HttpAnswer> refused = read_answer(line->get(), until);
    if (refused) return refused;
  }
  return read_answer(line->get(), until);
}

}  // namespace baton::cli
