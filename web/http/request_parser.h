// RequestParser: bytes of a connection become one request: first the head, which is read strictly (head.h), then its
// body. Two readers look at every head, ours and Boost.Beast's; where they do not agree on the framing nobody guesses.
// The body never grows beyond what the caller allows, however it is framed. One thread; one object for each request.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "web/http/head.h"

namespace baton::http {

class RequestParser {
 public:
  enum class Progress : std::uint8_t {
    needs_more,  ///< feed again when there are more bytes
    head,        ///< the head is known; set_body_max, then feed again
    complete,    ///< head and body
    refused,     ///< see refusal(); the connection cannot go on
  };

  explicit RequestParser(std::size_t head_max);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes from the front of `bytes` what belongs to this request and leaves the rest.
  Progress feed(std::string& bytes);
  /// Before a body is read. A body that says it is longer is refused before it comes.
  void set_body_max(std::size_t bytes) { body_max_ = bytes; }

  [[nodiscard]] Head& head() { return head_; }
  [[nodiscard]] std::string& body() { return body_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  class Framing;
  Progress feed_head(std::string& bytes);
  Progress feed_body(std::string& bytes);
  Progress refuse(Refusal refusal);

  const std::size_t head_max_;
  std::size_t body_max_ = 0;
  Progress stands_ = Progress::needs_more;
  std::string head_text_;
  std::unique_ptr<Framing> framing_;
  Head head_;
  std::string body_;
  Refusal refusal_;
};

}  // namespace baton::http
