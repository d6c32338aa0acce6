// The sockets that the server listens on. Bound before any thread begins; each call gives a descriptor that is the
// caller's.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/model/result.h"

namespace baton::http {

struct Bound {
  int fd = -1;
  std::uint16_t port = 0;  ///< of TCP: the one that it got
};

/// `address` is 127.x.x.x or ::1. Never shared with another server (no SO_REUSEPORT). invalid: no address of loopback;
/// conflict: taken.
Result<Bound> listen_tcp(const std::string& address, std::uint16_t port);

/// A socket file of mode 0600 in place of what is there. The address of a socket ends at 108 bytes, so the path goes by
/// its folder's descriptor.
Result<Bound> listen_unix(const std::string& path);

/// Whether an address is of this machine alone.
bool is_loopback(const std::string& address);

}  // namespace baton::http
