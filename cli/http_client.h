// One request over HTTP and its answer, for commands that ask a server. Blocks; any thread, each call on one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton::cli {

/// Where a server answers: a socket in a folder, else a port.
struct HttpPlace {
  std::string socket_folder, socket_name;  ///< the path may be longer than a socket's address holds
  std::string host;
  std::uint16_t port = 0;
};

struct HttpAsk {
  std::string method, target;  ///< the target as it goes over the line: encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;            ///< JSON; empty: none
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// Sends `ask` once and reads the whole answer. `unavailable`: nobody listens there, so that nothing was asked; `busy`:
/// it was asked, and no answer came within `wait_us` or the line broke, so that nobody knows whether it was carried out.
/// No redirect is followed; what is longer than 64 MiB is an error.
Result<HttpAnswer> ask_http(const HttpPlace& place, const HttpAsk& ask, DurationUs wait_us);

}  // namespace baton::cli
