#include "web/http/head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace baton::http {

namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
/// Twice, these could be read in two ways.
constexpr std::array<std::string_view, 9> kOnce = {"host",          "content-length", "transfer-encoding",
                                                   "authorization", "content-type",   "idempotency-key",
                                                   "if-match",      "expect",         "content-encoding"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_token_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kTokenMarks.find(c) != kTokenMarks.npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_value_char(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

bool is_target_char(char c) {
  return c > 0x20 && c < 0x7f && c != '\\' && c != '#';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::optional<Method> method_named(std::string_view name) {
  for (int k = 0; k <= static_cast<int>(Method::options); ++k) {
    if (to_string(static_cast<Method>(k)) == name) return static_cast<Method>(k);
  }
  return std::nullopt;
}

std::optional<Refusal> read_request_line(std::string_view line, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == line.npos ? line.npos : line.find(' ', first + 1);
  if (second == line.npos || line.find(' ', second + 1) != line.npos) {
    return Refusal{400, "the request line is not `METHOD target HTTP/1.1`"};
  }
  const std::string_view method = line.substr(0, first), target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(method)) return Refusal{400, "the method is no token"};
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || version[6] != '.' || !is_digit(version[7])) {
    return Refusal{400, "the request line does not end in HTTP/1.1"};
  }
  if (version[5] != '1' || version[7] > '1') return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_target_char)) {
    return Refusal{400, "the target has characters that must be written with %"};
  }
  const auto known = method_named(method);
  if (!known) return Refusal{501, "the method " + std::string(method.substr(0, 40)) + " is not known"};
  const bool is_star = target == "*" && *known == Method::options;
  if (target.front() != '/' && !is_star) return Refusal{400, "the target is to begin with /"};
  head.method = *known;
  head.target = target;
  head.minor_version = version[7] - '0';
  return std::nullopt;
}

std::optional<Refusal> read_header_line(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t') return Refusal{400, "a header line must not be folded"};
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) return Refusal{400, "a header line is not `Name: value`"};
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_char)) return Refusal{400, "a header has control characters"};
  if (head.headers.size() == kHeadersMax) return Refusal{431, "more than 100 header lines"};
  std::string name = lower(line.substr(0, colon));
  if (std::find(kOnce.begin(), kOnce.end(), name) != kOnce.end()) {
    const bool again =
        std::any_of(head.headers.begin(), head.headers.end(), [&](const Header& h) { return h.name == name; });
    if (again) return Refusal{400, "the header " + name + " is there twice"};
  }
  head.headers.push_back({std::move(name), std::string(value)});
  return std::nullopt;
}

std::optional<Refusal> read_length(std::string_view value, Head& head) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool is_number = error == std::errc{} && end == value.data() + value.size() && is_digit(value.front());
  if (!is_number) return Refusal{400, "Content-Length is no number"};
  head.content_length = length;
  return std::nullopt;
}

void read_connection(std::string_view value, Head& head) {
  const std::string tokens = lower(value);
  for (std::size_t at = 0; at <= tokens.size();) {
    const std::size_t comma = std::min(tokens.find(',', at), tokens.size());
    const std::string_view token = trimmed(std::string_view(tokens).substr(at, comma - at));
    if (token == "close") head.keep_alive = false;
    if (token == "keep-alive" && head.minor_version == 0) head.keep_alive = true;
    at = comma + 1;
  }
}

/// What the headers say about the body and the connection.
std::optional<Refusal> read_meaning(Head& head) {
  head.keep_alive = head.minor_version == 1;
  bool has_host = false;
  for (const Header& header : head.headers) {
    if (header.name == "host") {
      has_host = true;
      head.host = header.value;
    } else if (header.name == "content-length") {
      if (auto refusal = read_length(header.value, head)) return refusal;
    } else if (header.name == "transfer-encoding") {
      if (lower(header.value) != "chunked") return Refusal{501, "Transfer-Encoding can be `chunked` alone"};
      head.is_chunked = true;
    } else if (header.name == "content-encoding" && lower(header.value) != "identity") {
      return Refusal{415, "a body is taken as it is, without a Content-Encoding"};
    } else if (header.name == "expect") {
      if (lower(header.value) != "100-continue") return Refusal{417, "Expect can be `100-continue` alone"};
      head.expects_continue = true;
    } else if (header.name == "connection") {
      read_connection(header.value, head);
    }
  }
  if (head.is_chunked && head.content_length) return Refusal{400, "both Content-Length and Transfer-Encoding"};
  if (head.is_chunked && head.minor_version == 0) return Refusal{400, "HTTP/1.0 knows no Transfer-Encoding"};
  if (!has_host && head.minor_version == 1) return Refusal{400, "the header Host is missing"};
  return std::nullopt;
}

}  // namespace

std::variant<Head, Refusal> read_head(std::string_view text) {
  Head head;
  bool is_first = true;
  while (true) {
    const std::size_t end = text.find("\r\n");
    if (end == text.npos) return Refusal{400, "the head has no end"};
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty() && !is_first) break;
    auto refusal = is_first ? read_request_line(line, head) : read_header_line(line, head);
    if (refusal) return *refusal;
    is_first = false;
  }
  if (!text.empty()) return Refusal{400, "the head goes on after its end"};
  if (auto refusal = read_meaning(head)) return *refusal;
  return head;
}

std::size_t find_bare_line_feed(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return at;
  }
  return text.npos;
}

bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed) {
  std::string_view name = host;
  if (!host.empty() && host.front() == '[') {
    name = host.substr(0, host.find(']') + 1);
  } else {
    name = host.substr(0, host.find(':'));
  }
  const std::string_view port = host.substr(name.size());
  const bool has_port = port.size() > 1 && port.front() == ':' && std::all_of(port.begin() + 1, port.end(), is_digit);
  if (name.empty() || !(port.empty() || has_port)) return false;
  const std::string wanted = lower(name);
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) { return lower(one) == wanted; });
}

}  // namespace baton::http
