#include "scheduler/executor/local/worker_peer.h"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/write.hpp>
#include <cerrno>
#include <utility>

namespace baton {

namespace asio = boost::asio;

WorkerPeer::WorkerPeer(AsioLoop& loop, PeerListener& listener, WorkerRef worker, int no,
                       WorkerConnection connection)
    : loop_(loop),
      listener_(listener),
      worker_(std::move(worker)),
      no_(no),
      pid_(connection.pid),
      socket_(loop.context(), asio::local::stream_protocol(), connection.socket),
      heard_at_(loop.mono_now()) {
  socket_.non_blocking(true);
}

void WorkerPeer::listen() { read(); }

void WorkerPeer::read() {
  socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const boost::system::error_code& error,
                                                                             std::size_t size) {
    if (!self->socket_.is_open()) return;
    if (error) return self->listener_.broke(*self, "it ended");
    self->heard_at_ = self->loop_.mono_now();
    self->silent_us = 0;
    self->frames_.feed({self->buffer_.data(), size});
    while (const auto frame = self->frames_.next()) {
      auto message = wire::decode_from_worker(*frame);
      if (!message) continue;  // a newer worker may say what this scheduler does not know
      self->listener_.heard(*self, std::move(*message));
      if (!self->socket_.is_open()) return;
    }
    if (self->frames_.broken()) return self->listener_.broke(*self, "it sent what is no message");
    self->read();
  });
}

void WorkerPeer::flush() {
  if (out_.empty() || !writing_.empty() || !socket_.is_open()) return;
  writing_.swap(out_);
  // Most of the time the socket takes all of it at once.
  boost::system::error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(writing_), error);
  if (!error && sent == writing_.size()) {
    writing_.clear();
    return;
  }
  if (error && error != asio::error::would_block) return;  // the reader hears of it
  writing_.erase(0, error ? 0 : sent);
  asio::async_write(socket_, asio::buffer(writing_),
                    [self = shared_from_this()](const boost::system::error_code& failed, std::size_t) {
                      self->writing_.clear();
                      if (!failed) self->flush();
                    });
}

void WorkerPeer::say_last() {
  if (!socket_.is_open()) return;
  constexpr DurationUs kPatienceUs = kSecond;  // One that is frozen reads nothing, and one may read slowly.
  const MonoUs until = loop_.mono_now() + kPatienceUs;
  const int fd = socket_.native_handle();
  while (writing_.empty() && !out_.empty()) {  // What is on its way already may not be cut short by this.
    const ssize_t sent = ::send(fd, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) break;
    const DurationUs left = until - loop_.mono_now();
    pollfd wait{fd, POLLOUT, 0};
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left / kMillisecond) + 1) == 0) break;
  }
  boost::system::error_code ignored;
  socket_.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
}

void WorkerPeer::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace baton
