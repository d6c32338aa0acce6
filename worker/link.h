// Link: one stream to a scheduler, without blocking: frames come in, messages go out, many in one write. Bounded in
// both directions. Owned by the agent; main thread.
#pragma once

#include <optional>
#include <string>

#include "worker/posix.h"
#include "worker/protocol/frames.h"

namespace baton::worker {

/// Beyond this much unsent the peer is not reading: the link is given up, and everything is reported on the next one.
inline constexpr std::size_t kUnsentBytesMax = 32U << 20;

class Link {
 public:
  /// Takes a connected stream socket (or pipe-like descriptor).
  explicit Link(Fd socket);

  [[nodiscard]] int fd() const { return socket_.get(); }
  /// Reads what is there, up to some limit a call. False: the peer is gone or the stream broken.
  [[nodiscard]] bool receive();
  [[nodiscard]] std::optional<wire::Frame> next() { return reader_.next(); }
  [[nodiscard]] bool broken() const { return reader_.broken(); }

  template <typename Message>
  [[nodiscard]] bool send(const Message& message) {
    return wire::append_frame(unsent_, message);
  }
  /// Writes what the socket takes. False: the peer is gone, or does not read.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }

 private:
  Fd socket_;
  wire::FrameReader reader_;
  std::string unsent_;
};

/// A socket listening at `path` (any length), after removing one that nobody can be listening on any more, since the
/// caller holds the state folder's lock. Not open, with errno, if that fails.
[[nodiscard]] Fd listen_at(const std::string& path);

/// The next connection, or none. Only our own user and root may connect.
[[nodiscard]] Fd accept_peer(int listener);

}  // namespace baton::worker
