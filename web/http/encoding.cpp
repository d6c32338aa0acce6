#include "web/http/encoding.h"

#include <zlib.h>

#include <array>

#include "scheduler/model/check.h"
#include "web/http/errors.h"

namespace baton::http {

namespace {

constexpr int kGzipWindow = 15 + 16;  // of zlib: 16 more asks for a gzip header
constexpr std::string_view kGzipSuffix = "-gz";

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  out += "\r\n";
}

bool has_header(const Response& response, std::string_view name) {
  for (const Header& header : response.headers) {
    if (header.name == name) return true;
  }
  return false;
}

}  // namespace

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  BATON_CHECK(deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  BATON_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view one = trimmed(accept_encoding.substr(0, end));
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(one.find(';'), one.size());
    if (trimmed(one.substr(0, semicolon)) != "gzip") continue;
    const std::string_view weight = one.substr(semicolon);
    return weight.find_first_of("123456789") != weight.npos || weight.empty();
  }
  return false;
}

bool names_etag(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    std::string_view one = trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    if (one == "*") return true;
    if (one.substr(0, 2) == "W/") one.remove_prefix(2);
    if (one.size() < 2 || one.front() != '"' || one.back() != '"') continue;
    one = one.substr(1, one.size() - 2);
    if (one == etag) return true;
    if (one.size() == etag.size() + kGzipSuffix.size() && one.substr(0, etag.size()) == etag &&
        one.substr(etag.size()) == kGzipSuffix) {
      return true;
    }
  }
  return false;
}

void finish_response(const Request& request, Response& response) {
  if (response.stream) return;
  const bool is_reading = request.method == Method::get || request.method == Method::head;
  if (is_reading && response.status == 200 && !response.etag.empty() &&
      names_etag(request.header("if-none-match"), response.etag)) {
    response.status = 304;
    response.body.clear();
    return;
  }
  if (response.body.size() < kGzipFrom || has_header(response, "Content-Encoding")) return;
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (!accepts_gzip(request.header("accept-encoding"))) return;
  response.body = gzipped(response.body);
  response.headers.push_back({"Content-Encoding", "gzip"});
  if (!response.etag.empty()) response.etag += kGzipSuffix;  // another representation has another strong tag
}

std::string response_head(const Response& response, const Framing& framing, std::string_view date) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(reason_of(response.status)).append("\r\n");
  append_header(out, "Date", date);
  const bool has_no_body = response.status == 204 || response.status == 304;
  if (response.stream && framing.minor_version == 1) {
    append_header(out, "Transfer-Encoding", "chunked");
  } else if (!response.stream && !has_no_body) {
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  }
  if (!has_no_body && !response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  if (!response.etag.empty()) append_header(out, "ETag", '"' + response.etag + '"');
  for (const Header& header : response.headers) append_header(out, header.name, header.value);
  if (!has_header(response, "Cache-Control")) {
    append_header(out, "Cache-Control", response.etag.empty() ? "no-store" : "private, no-cache");
  }
  if (!has_header(response, "Content-Security-Policy")) {
    append_header(out, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
  append_header(out, "X-Content-Type-Options", "nosniff");
  append_header(out, "Connection", framing.keep_alive ? "keep-alive" : "close");
  return out + "\r\n";
}

}  // namespace baton::http
