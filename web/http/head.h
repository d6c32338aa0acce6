// The head of an HTTP/1.1 request, read strictly (RFC 9112): what two readers could understand in two ways is refused.
// That closes request smuggling: there is exactly one framing of the body, no folded line, no bare line feed, no header
// twice that decides something. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/http/message.h"

namespace baton::http {

struct Head {
  Method method = Method::get;
  std::string target;
  int minor_version = 1;
  std::vector<Header> headers;  ///< names in lower case, values without blanks around them
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::string host;  ///< as it came; empty: none (HTTP/1.0)

  [[nodiscard]] bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
};

/// Why a request is not taken, as status and a sentence for who sent it.
struct Refusal {
  int status = 400;
  std::string detail;
};

inline constexpr std::size_t kHeadersMax = 100;

/// `text` is the whole head with the empty line that ends it.
std::variant<Head, Refusal> read_head(std::string_view text);

/// The offset of the first line feed without a carriage return before it; npos: none.
std::size_t find_bare_line_feed(std::string_view text);

/// Whether `host` (`name`, `name:port`, `[v6]:port`) names one of `allowed`, in any case. Who lets a browser send
/// requests to a name of his own that resolves to this machine (DNS rebinding) is found out here.
bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace baton::http
