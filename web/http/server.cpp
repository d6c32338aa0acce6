#include "web/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <type_traits>

#include "web/http/connection.h"
#include "web/http/core.h"
#include "web/http/errors.h"
#include "web/http/listener.h"

namespace baton::http {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

namespace {

/// After an accept that failed (no descriptors are left) the next try waits, so that nothing spins.
constexpr std::chrono::milliseconds kAcceptPause{50};

Peer peer_of(const Tcp::socket& socket) {
  error_code ignored;
  return {socket.remote_endpoint(ignored).address().to_string(), std::nullopt};
}

Peer peer_of(Local::socket& socket) {
  ucred who{};
  socklen_t length = sizeof who;
  const bool is_known = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &who, &length) == 0;
  return {"", is_known ? who.uid : static_cast<uid_t>(-1)};
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router, Authorize authorize)
      : core_(std::make_shared<Core>(std::move(options), std::move(router), std::move(authorize))),
        tcp_(core_->context),
        local_(core_->context),
        pause_(core_->context),
        deadline_(core_->context),
        work_(asio::make_work_guard(core_->context)) {
    core_->hosts = {"localhost", "127.0.0.1", "[::1]"};
    const ServerOptions& o = core_->options;
    core_->hosts.insert(core_->hosts.end(), o.hosts.begin(), o.hosts.end());
    if (!o.address.empty())
      core_->hosts.push_back(o.address.find(':') == o.address.npos ? o.address : "[" + o.address + "]");
  }

  Status start() {
    const ServerOptions& options = core_->options;
    if (!options.address.empty()) {
      auto bound = listen_tcp(options.address, options.port);
      if (!bound) return bound.error();
      port_ = bound->port;
      const bool is_v6 = options.address.find(':') != options.address.npos;
      tcp_.assign(is_v6 ? Tcp::v6() : Tcp::v4(), bound->fd);
    }
    if (!options.socket_path.empty()) {
      auto bound = listen_unix(options.socket_path);
      if (!bound) return bound.error();
      local_.assign(Local(), bound->fd);
    } else if (options.listening >= 0) {
      local_.assign(Local(), options.listening);
    }
    if (tcp_.is_open()) accept(tcp_);
    if (local_.is_open()) accept(local_);
    core_->pool.start(options.handlers);
    io_ = std::thread([this] {
      block_signals();
      pthread_setname_np(pthread_self(), "http-io");
      core_->context.run();
    });
    return Unit{};
  }

  void stop() {
    if (!io_.joinable()) return;
    asio::post(core_->context, [this] { begin_to_stop(); });
    io_.join();
    core_->pool.stop();
    core_->context.restart();  // what was posted meanwhile holds connections
    core_->context.poll();
    core_->context.stop();
    if (!core_->options.socket_path.empty()) ::unlink(core_->options.socket_path.c_str());
  }

  [[nodiscard]] std::string address() const {
    if (port_ == 0) return {};
    const std::string& host = core_->options.address;
    return "http://" + (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + std::to_string(port_);
  }

  [[nodiscard]] ServerCounts counts() const {
    return {core_->requests, core_->refused, core_->open_connections, core_->open_streams};
  }

 private:
  template <typename Acceptor>
  void accept(Acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](const error_code& error, auto socket) {
      if (error == asio::error::operation_aborted || core_->is_stopping) return;
      if (error) {
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this, &acceptor](const error_code& cancelled) {
          if (!cancelled) accept(acceptor);
        });
        return;
      }
      admit(std::move(socket));
      accept(acceptor);
    });
  }

  template <typename Socket>
  void admit(Socket socket) {
    error_code ignored;
    if constexpr (std::is_same_v<Socket, Tcp::socket>) socket.set_option(Tcp::no_delay(true), ignored);
    const Limits& limits = core_->options.limits;
    Peer peer = peer_of(socket);
    std::string counted_as = peer.uid ? "uid " + std::to_string(*peer.uid) : peer.address;
    const bool is_own = peer.uid && *peer.uid == ::getuid();
    const bool is_full = core_->connections.size() >= limits.connections ||
                         (!is_own && core_->by_peer[counted_as] >= limits.connections_per_address);
    if (is_full) return turn_away(socket);
    ++core_->by_peer[counted_as];
    ++core_->open_connections;
    const auto connection = std::make_shared<Connection>(core_, Connection::Socket(std::move(socket)), std::move(peer),
                                                         std::move(counted_as));
    core_->connections.insert(connection);
    connection->start();
  }

  /// 503 as far as it fits in the socket at once: who is one too many gets no time.
  template <typename Socket>
  void turn_away(Socket& socket) {
    ++core_->refused;
    const Response response = error_response(503, "too many connections are open", nullptr);
    const std::string text =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
        "Connection: close\r\nContent-Length: " +
        std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(Socket::shutdown_both, ignored);
    socket.close(ignored);
  }

  void begin_to_stop() {
    core_->is_stopping = true;
    error_code ignored;
    tcp_.close(ignored);
    local_.close(ignored);
    pause_.cancel();
    core_->on_idle = [this] {
      deadline_.cancel();
      work_.reset();
    };
    const auto connections = core_->connections;  // finish() takes itself out of the list
    for (const auto& connection : connections) connection->finish();
    if (core_->connections.empty()) return core_->on_idle();
    deadline_.expires_after(core_->options.limits.stop);
    deadline_.async_wait([this](const error_code& cancelled) {
      if (cancelled) return;
      const auto late = core_->connections;
      for (const auto& connection : late) connection->close();
    });
  }

  const std::shared_ptr<Core> core_;
  Tcp::acceptor tcp_;
  Local::acceptor local_;
  asio::steady_timer pause_, deadline_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread io_;
  std::uint16_t port_ = 0;
};

Server::Server(ServerOptions options, Router router, Authorize authorize)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router), std::move(authorize))) {}
Server::~Server() {
  stop();
}
Status Server::start() {
  return impl_->start();
}
void Server::stop() {
  impl_->stop();
}
std::string Server::address() const {
  return impl_->address();
}
ServerCounts Server::counts() const {
  return impl_->counts();
}

}  // namespace baton::http
