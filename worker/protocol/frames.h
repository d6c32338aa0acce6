// Frames on a stream: u32 length (LE, of what follows), u8 type, payload. Encoders append to a buffer, so that many
// messages leave in one write; FrameReader takes bytes as they come. Total: garbage is an error, never a crash.
// No threads, no I/O; both ends of the link use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/protocol/messages.h"

namespace baton::wire {

/// The largest frame, its length field included. A longer one ends the link. An Inventory is cut into several.
inline constexpr std::size_t kFrameBytesMax = 8U << 20;

// append_frame: adds one message to `out`. False (and `out` as before) if it would exceed kFrameBytesMax.
[[nodiscard]] bool append_frame(std::string& out, const Hello& message);
[[nodiscard]] bool append_frame(std::string& out, const Launch& message);
[[nodiscard]] bool append_frame(std::string& out, const Release& message);
[[nodiscard]] bool append_frame(std::string& out, const Stop& message);
[[nodiscard]] bool append_frame(std::string& out, const Ack& message);
[[nodiscard]] bool append_frame(std::string& out, const Shutdown& message);
[[nodiscard]] bool append_frame(std::string& out, const Ping& message);
[[nodiscard]] bool append_frame(std::string& out, const WorkerHello& message);
[[nodiscard]] bool append_frame(std::string& out, const Inventory& message);
[[nodiscard]] bool append_frame(std::string& out, const Started& message);
[[nodiscard]] bool append_frame(std::string& out, const Ended& message);
[[nodiscard]] bool append_frame(std::string& out, const Pong& message);

/// One frame as found in the stream; `payload` points into the reader and is valid until feed() is called.
struct Frame {
  std::uint8_t type = 0;
  std::string_view payload;
};

/// Decodes a frame; nothing if the type is unknown here or the payload is not exactly one such message.
[[nodiscard]] std::optional<ToWorker> decode_to_worker(const Frame& frame);
[[nodiscard]] std::optional<FromWorker> decode_from_worker(const Frame& frame);

/// The bytes of an Ended without a frame around them, for the worker's journal; it may have been written at the time of
/// an earlier `protocol`.
void encode_ended(std::string& out, const Ended& ended);
[[nodiscard]] std::optional<Ended> decode_ended(std::string_view bytes, std::uint32_t protocol = kProtocolMax);

/// Cuts a stream into frames. Holds at most one frame plus what was fed last.
class FrameReader {
 public:
  /// Adds bytes of the stream; ends the validity of frames taken before.
  void feed(std::string_view bytes);

  /// The next whole frame, or nothing yet. After broken() there are no more.
  [[nodiscard]] std::optional<Frame> next();

  /// A length was 0 or beyond kFrameBytesMax: the stream cannot be trusted any more.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::string buffer_;
  std::size_t taken_ = 0;  // Bytes before this are done with.
  bool broken_ = false;
};

}  // namespace baton::wire
