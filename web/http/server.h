// Server: HTTP/1.1 on a TCP address of loopback and on a Unix socket, at once. It knows routes and who may, and nothing
// of what the routes are about.
//
//   http-io     one thread: sockets, limits, time, streams. It never runs a handler and never waits.
//   http-N      handlers, each with one request at a time; the queue before them is bounded (503 beyond).
//
// Whatever a client does costs a bounded amount: the head (16 KiB), the body (per route), the time for each of them,
// the connections in all and for each address, the requests of one connection, the bytes that wait for a slow reader.
// Whoever owns it calls start() and stop() from one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "web/http/message.h"
#include "web/http/router.h"

namespace baton::http {

struct Limits {
  std::size_t head_bytes = 16 * 1024;
  std::size_t connections = 2'000;
  std::size_t connections_per_address = 64;  ///< and per uid over the socket, the owner's own aside
  std::size_t requests_per_connection = 1'000;
  std::size_t streams = 100;                ///< 503 beyond
  std::size_t stream_bytes = 1024 * 1024;   ///< that wait for one reader; beyond, it is cut
  std::size_t queue = 256;                  ///< requests that wait for a handler
  std::chrono::milliseconds read{5'000};    ///< for a head, and for each 64 KiB of a body
  std::chrono::milliseconds write{5'000};   ///< for each 64 KiB of a response
  std::chrono::milliseconds idle{60'000};   ///< between two requests
  std::chrono::milliseconds linger{2'000};  ///< for the client to read a refusal
  std::chrono::milliseconds stop{5'000};    ///< for what is in flight when the server ends
};

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< loopback; empty: no TCP
  std::uint16_t port = 0;             ///< 0: a free one
  std::string socket_path;            ///< may be longer than a socket's address holds; empty: none
  int listening = -1;                 ///< a Unix socket that listens already, whose file is somebody else's; -1: none
  std::vector<std::string> hosts;     ///< that Host may name, beside those of loopback
  std::size_t handlers = 4;
  Limits limits;
  /// What is answered where there is nothing (404), by the thread of the sockets; empty, or none: a problem as text.
  std::function<std::optional<Response>(const Request& request)> not_found;
};

/// Counters for metrics, as of now.
struct ServerCounts {
  std::uint64_t requests = 0;     ///< that reached a handler
  std::uint64_t refused = 0;      ///< by the server itself: limits, time, form
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t streams = 0;      ///< open now
};

/// Says who asks (`request.principal`) and whether they may; a response is a refusal. Runs before the handler, on its
/// thread.
using Authorize = std::function<std::optional<Response>(Request& request)>;

class Server {
 public:
  Server(ServerOptions options, Router router, Authorize authorize);
  ~Server();  ///< stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and serves. invalid: the address is none of loopback; conflict: it is taken; unavailable: anything else.
  Status start();
  /// Takes nothing new, lets what is in flight finish (`Limits::stop`), ends streams. Idempotent.
  void stop();

  /// `http://127.0.0.1:PORT`, once it has started; empty without TCP.
  [[nodiscard]] std::string address() const;
  [[nodiscard]] ServerCounts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton::http
