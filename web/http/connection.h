// Connection: one client, from its first byte to its last. Requests are answered one after the other in the order in
// which they came, also when they were sent at once. Io thread only.
//
//   head ─▶ body ─▶ handling ─▶ writing ─▶ idle ─▶ head …
//     └──────┴── refused ──────▶ writing ─▶ draining ─▶ closed        writing ─▶ streaming ─▶ closed
#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "web/http/core.h"
#include "web/http/request_parser.h"

namespace baton::http {

class StreamState;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Bytes = std::shared_ptr<const std::string>;

  Connection(std::shared_ptr<Core> core, Socket socket, Peer peer, std::string counted_as);
  ~Connection();

  void start();
  /// What is in flight is answered, then the connection ends; at once when there is nothing.
  void finish();
  void close();

  /// The response to the request that is being handled.
  void respond(Response response);
  void stream_write(Bytes bytes);
  void stream_end();
  [[nodiscard]] Core& core() { return *core_; }

 private:
  enum class Stage : std::uint8_t { idle, head, body, handling, writing, streaming, draining, closed };

  void read();
  void on_read(const boost::system::error_code& error, std::size_t count);
  void advance();
  void wait_for_more();
  bool begin_request();
  void dispatch();
  void refuse(int status, const std::string& detail);
  void answer_now(Response response);
  void write(std::vector<Bytes> parts);
  void write_more();
  void on_written();
  void next_request();
  void begin_stream();
  void stream_flush();
  void drain();
  void arm(std::chrono::milliseconds limit);
  void on_time();

  std::shared_ptr<Core> core_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  const Peer peer_;
  const std::string counted_as_;
  Stage stage_ = Stage::head;
  std::array<char, 16 * 1024> chunk_;
  std::string bytes_;  ///< read and not yet taken
  std::unique_ptr<RequestParser> parser_;
  std::shared_ptr<Request> request_;
  bool keep_alive_ = true, is_head_ = false, is_reading_ = false, is_writing_ = false;
  bool owes_continue_ = false;  ///< the client waits for `100 Continue`
  int minor_version_ = 1;
  std::size_t served_ = 0, body_mark_ = 0, drained_ = 0;
  std::vector<Bytes> out_;  ///< being written, one after the other
  std::size_t out_size_ = 0, out_at_ = 0, out_mark_ = 0;
  std::function<void(StreamWriter)> stream_start_;
  std::shared_ptr<StreamState> stream_;
  std::vector<Bytes> stream_waits_;  ///< for `out_` to be written
  bool stream_ends_ = false, stream_is_ended_ = false;
};

}  // namespace baton::http
