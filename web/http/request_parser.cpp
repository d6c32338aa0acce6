// One of the two files that include Beast (the other is the command line's client): it costs the compiler seconds.
#include "web/http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace baton::http {

namespace beast = boost::beast;
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Between two chunks there may stand their sizes and nothing else.
constexpr std::size_t kBetweenChunksMax = 256;

}  // namespace

/// Beast's parser without a message of its own: the body goes where ours is.
class RequestParser::Framing : public beast::http::basic_parser<true> {
 public:
  explicit Framing(std::string& body) : body_(body) {}

 private:
  using View = beast::string_view;
  void on_request_impl(beast::http::verb, View, View, int, error_code&) override {}
  void on_response_impl(int, View, int, error_code&) override {}
  /// What follows the last chunk (trailers) is not merged into the head, so nothing may stand there.
  void on_field_impl(beast::http::field, View, View, error_code& error) override {
    if (has_head_) error = beast::http::error::bad_field;
  }
  void on_header_impl(error_code&) override { has_head_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View bytes, error_code&) override { return append(bytes); }
  void on_chunk_header_impl(std::uint64_t, View extension, error_code& error) override {
    if (!extension.empty()) error = beast::http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code&) override { return append(bytes); }
  void on_finish_impl(error_code&) override {}

  std::size_t append(View bytes) {
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  std::string& body_;
  bool has_head_ = false;
};

RequestParser::RequestParser(std::size_t head_max) : head_max_(head_max) {}
RequestParser::~RequestParser() = default;

RequestParser::Progress RequestParser::refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  return stands_ = Progress::refused;
}

RequestParser::Progress RequestParser::feed(std::string& bytes) {
  if (stands_ == Progress::refused || stands_ == Progress::complete) return stands_;
  return stands_ == Progress::needs_more && head_text_.empty() ? feed_head(bytes) : feed_body(bytes);
}

RequestParser::Progress RequestParser::feed_head(std::string& bytes) {
  // An empty line before the request is what old clients send after a body (RFC 9112, 2.2).
  if (bytes.size() >= 2 && bytes.compare(0, 2, "\r\n") == 0) bytes.erase(0, 2);
  const std::size_t end = bytes.find("\r\n\r\n");
  const std::string_view seen = std::string_view(bytes).substr(0, end);
  if (find_bare_line_feed(seen) != seen.npos) return refuse({400, "a line ends without a carriage return"});
  if (std::min(end, bytes.size()) > head_max_) {
    const bool is_target = seen.find("\r\n") > head_max_;
    return refuse(is_target ? Refusal{414, "the target is longer than the head may be"}
                            : Refusal{431, "the head is longer than " + std::to_string(head_max_) + " bytes"});
  }
  if (end == bytes.npos) return Progress::needs_more;
  head_text_ = bytes.substr(0, end + 4);
  bytes.erase(0, end + 4);
  auto read = read_head(head_text_);
  if (auto* refusal = std::get_if<Refusal>(&read)) return refuse(std::move(*refusal));
  head_ = std::move(std::get<Head>(read));
  return stands_ = Progress::head;
}

RequestParser::Progress RequestParser::feed_body(std::string& bytes) {
  error_code error;
  if (!framing_) {
    if (head_.content_length.value_or(0) > body_max_) {
      return refuse({413, "the body is longer than " + std::to_string(body_max_) + " bytes"});
    }
    framing_ = std::make_unique<Framing>(body_);
    framing_->header_limit(static_cast<std::uint32_t>(head_max_ + 4096));
    framing_->body_limit(body_max_);
    framing_->put(asio::const_buffer(head_text_.data(), head_text_.size()), error);
    const bool is_chunked = framing_->is_header_done() && framing_->chunked();
    if (error || !framing_->is_header_done() || is_chunked != head_.is_chunked) {
      return refuse({400, "the head cannot be understood: " + error.message()});
    }
    framing_->eager(true);
  }
  std::size_t taken = 0;
  while (!error && !framing_->is_done() && taken < bytes.size()) {
    taken += framing_->put(asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
  }
  bytes.erase(0, taken);
  if (error == beast::http::error::body_limit) {
    return refuse({413, "the body is longer than " + std::to_string(body_max_) + " bytes"});
  }
  if (error && error != beast::http::error::need_more)
    return refuse({400, "the body cannot be read: " + error.message()});
  if (framing_->is_done()) return stands_ = Progress::complete;
  if (bytes.size() > kBetweenChunksMax) return refuse({400, "the body cannot be read: a chunk has no size"});
  return stands_ = Progress::needs_more;
}

}  // namespace baton::http
