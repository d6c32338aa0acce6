// What is done to a response before it is sent: conditional requests (304), gzip, the head as bytes. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "web/http/message.h"

namespace baton::http {

inline constexpr std::size_t kGzipFrom = 1024;

/// gzip (RFC 1952) at level 1: nine tenths of the gain for a fraction of the time.
std::string gzipped(std::string_view bytes);

/// Whether the header Accept-Encoding takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

/// Whether If-None-Match (or If-Match) names this entity tag, in its plain or its gzip form. `*` names every one.
bool names_etag(std::string_view header, std::string_view etag);

/// 304 where the client has it already; gzip where it pays and the client takes it. Leaves streams alone.
void finish_response(const Request& request, Response& response);

struct Framing {
  bool keep_alive = true;
  bool is_head = false;  ///< answers HEAD: the length of the body is told, the body is not sent
  int minor_version = 1;
};

/// Status line and headers with the empty line. Control characters in values of headers become blanks: nothing that a
/// handler passes on can begin a line of its own.
std::string response_head(const Response& response, const Framing& framing, std::string_view date);

}  // namespace baton::http
