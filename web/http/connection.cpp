#include "web/http/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <ctime>
#include <exception>

#include "web/http/encoding.h"
#include "web/http/errors.h"
#include "web/http/target.h"

namespace baton::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// A client that moves at least so much within its time limit is slow, and no attack.
constexpr std::size_t kStep = 64 * 1024;
constexpr std::size_t kDrainMax = 4 * 1024 * 1024;

/// Made once a second.
const std::string& http_date() {
  thread_local std::time_t of = 0;
  thread_local std::string date;
  const std::time_t now = std::time(nullptr);
  if (now == of) return date;
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  date.assign(text.data(), length);
  of = now;
  return date;
}

Connection::Bytes shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::size_t size_of(const std::vector<Connection::Bytes>& parts) {
  std::size_t size = 0;
  for (const Connection::Bytes& part : parts) size += part->size();
  return size;
}

/// What is left of them after their first `done` bytes.
std::vector<asio::const_buffer> rest_of(const std::vector<Connection::Bytes>& parts, std::size_t done) {
  std::vector<asio::const_buffer> rest;
  rest.reserve(parts.size());
  for (const Connection::Bytes& part : parts) {
    const std::size_t skipped = std::min(done, part->size());
    done -= skipped;
    if (skipped < part->size()) rest.emplace_back(part->data() + skipped, part->size() - skipped);
  }
  return rest;
}

std::string allow_of(const std::vector<Method>& allowed) {
  std::string text = "OPTIONS";
  for (const Method method : allowed) {
    text.append(", ").append(to_string(method));
    if (method == Method::get) text += ", HEAD";
  }
  return text;
}

/// The one way from a handler back to its connection.
class Answer : public Reply::Target, public std::enable_shared_from_this<Answer> {
 public:
  Answer(std::shared_ptr<Core> core, std::shared_ptr<Connection> connection, std::shared_ptr<Request> request)
      : core_(std::move(core)), connection_(std::move(connection)), request_(std::move(request)) {}
  ~Answer() override { send(error_response(500, "nobody answered this request", request_.get())); }

  void send(Response response) override {
    if (is_sent_.exchange(true) || core_->context.stopped()) return;
    finish_response(*request_, response);
    asio::post(core_->context, [connection = std::move(connection_), r = std::move(response)]() mutable {
      connection->respond(std::move(r));
    });
  }

  void later(std::function<Response()> make) override {
    core_->pool.push_answer([self = shared_from_this(), make = std::move(make)] {
      try {
        self->send(make());
      } catch (const std::exception& error) {
        self->send(error_response(500, error.what(), self->request_.get()));
      }
    });
  }

 private:
  const std::shared_ptr<Core> core_;
  std::shared_ptr<Connection> connection_;
  const std::shared_ptr<Request> request_;
  std::atomic<bool> is_sent_ = false;
};

/// On a thread for handlers.
void handle(const Authorize& authorize, const std::shared_ptr<Request>& request, const Reply& reply) {
  try {
    if (auto refusal = authorize(*request)) return reply.send(std::move(*refusal));
    request->route->handler(request, reply);
  } catch (const std::exception& error) {
    reply.send(error_response(500, error.what(), request.get()));
  }
}

}  // namespace

/// What any thread may hold of a response that goes on.
class StreamState : public StreamSink {
 public:
  StreamState(std::shared_ptr<Core> core, std::weak_ptr<Connection> connection)
      : core_(std::move(core)), connection_(std::move(connection)) {}

  bool write(std::shared_ptr<const std::string> bytes) override {
    if (!is_open_ || bytes->empty()) return is_open_;
    const std::size_t size = bytes->size();
    if (queued_.fetch_add(size) + size > core_->options.limits.stream_bytes) {  // a slow reader is not waited for
      is_open_ = false;
      to_connection([](Connection& connection) { connection.close(); });
      return false;
    }
    to_connection(
        [bytes = std::move(bytes)](Connection& connection) mutable { connection.stream_write(std::move(bytes)); });
    return true;
  }

  void close() override {
    if (!is_open_.exchange(false)) return;
    to_connection([](Connection& connection) { connection.stream_end(); });
  }

  [[nodiscard]] bool is_open() const override { return is_open_; }

  void closed() { is_open_ = false; }
  void written(std::size_t size) { queued_ -= size; }
  [[nodiscard]] std::size_t queued() const { return queued_; }

 private:
  template <typename F>
  void to_connection(F f) {
    asio::post(core_->context, [weak = connection_, f = std::move(f)]() mutable {
      if (const auto connection = weak.lock()) f(*connection);
    });
  }

  const std::shared_ptr<Core> core_;
  const std::weak_ptr<Connection> connection_;
  std::atomic<bool> is_open_ = true;
  std::atomic<std::size_t> queued_ = 0;
};

Connection::Connection(std::shared_ptr<Core> core, Socket socket, Peer peer, std::string counted_as)
    : core_(std::move(core)),
      socket_(std::move(socket)),
      timer_(core_->context),
      peer_(std::move(peer)),
      counted_as_(std::move(counted_as)),
      parser_(std::make_unique<RequestParser>(core_->options.limits.head_bytes)) {}

Connection::~Connection() = default;

void Connection::start() {
  arm(core_->options.limits.read);
  read();
}

void Connection::finish() {
  keep_alive_ = false;
  if (stage_ == Stage::idle || (stage_ == Stage::head && bytes_.empty())) return close();
  // Also one whose head is still being written: it begins, and ends at once, rather than when the time to stop is over.
  if (stream_) stream_end();
}

void Connection::close() {
  if (stage_ == Stage::closed) return;
  stage_ = Stage::closed;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  if (stream_) {
    stream_->closed();
    stream_.reset();
    --core_->open_streams;
  }
  const auto self = shared_from_this();  // the last owner may be the list
  core_->connections.erase(self);
  --core_->open_connections;
  if (const auto count = core_->by_peer.find(counted_as_); count != core_->by_peer.end() && --count->second == 0) {
    core_->by_peer.erase(count);
  }
  if (core_->is_stopping && core_->connections.empty() && core_->on_idle) core_->on_idle();
}

// ---- time ----

void Connection::arm(std::chrono::milliseconds limit) {
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    // A timer that was set anew in the moment in which it ended is no longer due.
    if (!error && self->timer_.expiry() <= std::chrono::steady_clock::now()) self->on_time();
  });
}

void Connection::on_time() {
  switch (stage_) {
    case Stage::head:
      if (!bytes_.empty()) return refuse(408, "the head did not come in time");
      return close();
    case Stage::body: return refuse(408, "the body did not come in time");
    case Stage::idle:
    case Stage::writing:
    case Stage::draining: return close();
    case Stage::streaming:
      if (is_writing_) close();
      return;
    case Stage::handling:
    case Stage::closed: return;
  }
}

// ---- reading ----

void Connection::read() {
  if (is_reading_ || stage_ == Stage::closed) return;
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->is_reading_ = false;
                            self->on_read(error, count);
                          });
}

void Connection::on_read(const error_code& error, std::size_t count) {
  switch (stage_) {
    case Stage::closed:
    case Stage::handling:
    case Stage::writing: return;  // nothing is read then
    case Stage::streaming:
      // Nobody sends beside a stream: it has an end, or is no client. An end of one direction alone is not told from one
      // who has left, and is not waited for: a stream on which nothing happens would keep its place until the next
      // beat, and a browser that turns pages quickly would use up all that its address has (nginx and Go do the same).
      return close();
    case Stage::draining:
      drained_ += count;
      if (error || drained_ > kDrainMax) return close();
      return read();
    case Stage::idle:
    case Stage::head:
    case Stage::body: break;
  }
  if (error) return close();
  bytes_.append(chunk_.data(), count);
  advance();
}

void Connection::advance() {
  if (stage_ == Stage::idle && !bytes_.empty()) {
    stage_ = Stage::head;
    arm(core_->options.limits.read);
  }
  while (true) {
    switch (parser_->feed(bytes_)) {
      case RequestParser::Progress::needs_more: return wait_for_more();
      case RequestParser::Progress::refused: return refuse(parser_->refusal().status, parser_->refusal().detail);
      case RequestParser::Progress::complete: return dispatch();
      case RequestParser::Progress::head:
        if (!begin_request()) return;
    }
  }
}

void Connection::wait_for_more() {
  if (stage_ == Stage::body && parser_->body().size() - body_mark_ >= kStep) {
    body_mark_ = parser_->body().size();
    arm(core_->options.limits.read);
  }
  if (!owes_continue_) return read();
  owes_continue_ = false;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code ignored;  // so few bytes before any response: they fit, or the connection is of no use
  socket_.native_non_blocking(true, ignored);
  socket_.write_some(asio::buffer(kContinue.data(), kContinue.size()), ignored);
  read();
}

/// The head is known: what it is about, and how long its body may be. False: it has been refused.
bool Connection::begin_request() {
  const Head& head = parser_->head();
  minor_version_ = head.minor_version;
  is_head_ = head.method == Method::head;
  keep_alive_ = keep_alive_ && head.keep_alive && ++served_ < core_->options.limits.requests_per_connection &&
                !core_->is_stopping;
  request_ = std::make_shared<Request>();
  request_->method = head.method;
  request_->target = head.target;
  request_->headers = std::move(parser_->head().headers);
  request_->peer = peer_;
  const auto refused = [&](Response response) {
    if (head.has_body()) keep_alive_ = false;  // it is not worth reading
    ++core_->refused;
    answer_now(std::move(response));
    return false;
  };
  // Over the socket the address is a file; over TCP a page elsewhere may have sent the browser here.
  if (!peer_.uid && !(head.host.empty() && head.minor_version == 0) && !is_allowed_host(head.host, core_->hosts)) {
    keep_alive_ = false;
    return refused(error_response(421, "Host names another server than this one", request_.get()));
  }
  Match match;
  if (head.target == "*") {
    match.allowed = {Method::get, Method::post, Method::put, Method::patch, Method::del};
  } else {
    auto target = read_target(head.target);
    if (const auto* refusal = std::get_if<Refusal>(&target)) {
      return refused(error_response(refusal->status, refusal->detail, request_.get()));
    }
    request_->segments = std::move(std::get<Target>(target).segments);
    request_->query = std::move(std::get<Target>(target).query);
    match = core_->router.match(head.method, request_->segments);
  }
  if (match.route == nullptr && match.allowed.empty()) {
    std::optional<Response> told;
    if (core_->options.not_found) told = core_->options.not_found(*request_);
    return refused(told ? std::move(*told) : error_response(404, "there is nothing at this path", request_.get()));
  }
  if (match.route == nullptr) {
    Response response;
    if (head.method == Method::options) {
      response.status = 204;
    } else {
      response = error_response(405, "this path does not know this method", request_.get());
    }
    response.headers.push_back({"Allow", allow_of(match.allowed)});
    return refused(std::move(response));
  }
  request_->route = match.route;
  request_->params = std::move(match.params);
  owes_continue_ = head.expects_continue && head.has_body() && bytes_.empty();
  parser_->set_body_max(match.route->body_max);
  stage_ = Stage::body;
  body_mark_ = 0;
  arm(core_->options.limits.read);
  return true;
}

void Connection::dispatch() {
  stage_ = Stage::handling;
  timer_.cancel();
  request_->body = std::move(parser_->body());
  auto answer = std::make_shared<Answer>(core_, shared_from_this(), request_);
  const bool is_taken = core_->pool.push(
      [core = core_, request = request_, reply = Reply(answer)] { handle(core->authorize, request, reply); });
  if (!is_taken) return answer->send(error_response(503, "too many requests wait already", request_.get()));
  ++core_->requests;
}

// ---- answering ----

void Connection::refuse(int status, const std::string& detail) {
  keep_alive_ = false;
  ++core_->refused;
  answer_now(error_response(status, detail, nullptr));
}

void Connection::answer_now(Response response) {
  stage_ = Stage::handling;
  respond(std::move(response));
}

void Connection::respond(Response response) {
  if (stage_ != Stage::handling) return;
  if (response.stream && !is_head_) {
    if (core_->open_streams >= core_->options.limits.streams) {
      response = error_response(503, "too many streams are open: poll instead", request_.get());
    } else {
      keep_alive_ = false;
      stream_start_ = std::move(response.stream);
      response.stream = [](const StreamWriter&) {};
      ++core_->open_streams;
      stream_ = std::make_shared<StreamState>(core_, weak_from_this());
    }
  }
  if (core_->is_stopping) keep_alive_ = false;
  std::vector<Bytes> parts = {shared(response_head(response, {keep_alive_, is_head_, minor_version_}, http_date()))};
  const bool has_no_body = is_head_ || response.status == 204 || response.status == 304;
  if (stream_) {
    if (!response.body.empty()) stream_waits_.insert(stream_waits_.begin(), shared(std::move(response.body)));
  } else if (!has_no_body) {
    parts.push_back(shared(std::move(response.body)));
  }
  stage_ = Stage::writing;
  write(std::move(parts));
}

void Connection::write(std::vector<Bytes> parts) {
  out_ = std::move(parts);
  out_size_ = size_of(out_);
  out_at_ = out_mark_ = 0;
  arm(core_->options.limits.write);
  write_more();
}

void Connection::write_more() {
  is_writing_ = true;
  socket_.async_write_some(rest_of(out_, out_at_),
                           [self = shared_from_this()](const error_code& error, std::size_t count) {
                             self->is_writing_ = false;
                             if (self->stage_ == Stage::closed) return;
                             if (error) return self->close();
                             self->out_at_ += count;
                             if (self->out_at_ == self->out_size_) return self->on_written();
                             if (self->out_at_ - self->out_mark_ >= kStep) {
                               self->out_mark_ = self->out_at_;
                               self->arm(self->core_->options.limits.write);
                             }
                             self->write_more();
                           });
}

void Connection::on_written() {
  out_.clear();
  if (stage_ == Stage::writing && stream_) return begin_stream();
  if (stage_ == Stage::streaming) {
    timer_.cancel();
    return stream_flush();
  }
  if (keep_alive_) return next_request();
  drain();
}

void Connection::next_request() {
  parser_ = std::make_unique<RequestParser>(core_->options.limits.head_bytes);
  request_.reset();
  is_head_ = false;
  stage_ = Stage::idle;
  arm(core_->options.limits.idle);
  advance();
}

/// The client may still be sending: a socket that is closed then resets the connection, and the response is lost on the
/// way. So its bytes are read for a while.
void Connection::drain() {
  if (stream_) {
    stream_->closed();
    stream_.reset();
    --core_->open_streams;
  }
  stage_ = Stage::draining;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  arm(core_->options.limits.linger);
  read();
}

// ---- streams ----

void Connection::begin_stream() {
  stage_ = Stage::streaming;
  timer_.cancel();
  read();
  const auto start = std::move(stream_start_);
  start(stream_);
  stream_flush();
}

void Connection::stream_write(Bytes bytes) {
  if (!stream_) return;
  stream_waits_.push_back(std::move(bytes));
  if (stage_ == Stage::streaming && !is_writing_) stream_flush();
}

void Connection::stream_end() {
  if (!stream_) return;
  stream_->closed();
  stream_ends_ = true;
  if (stage_ == Stage::streaming && !is_writing_) stream_flush();
}

/// Writes what waits, then the end of the stream where it has one.
void Connection::stream_flush() {
  const bool is_chunked = minor_version_ == 1;
  const bool is_last = stream_waits_.empty();
  if (is_last && (!stream_ends_ || !is_chunked || stream_is_ended_)) {
    if (stream_ends_) drain();
    return;
  }
  const std::size_t size = size_of(stream_waits_);
  std::vector<Bytes> parts = std::exchange(stream_waits_, {});
  if (is_last) {
    stream_is_ended_ = true;
    parts.push_back(shared("0\r\n\r\n"));
  } else if (is_chunked) {
    std::array<char, 24> length{};
    std::snprintf(length.data(), length.size(), "%zx\r\n", size);
    parts.insert(parts.begin(), shared(length.data()));
    parts.push_back(shared("\r\n"));
  }
  stream_->written(std::min(size, stream_->queued()));
  write(std::move(parts));
}

}  // namespace baton::http
