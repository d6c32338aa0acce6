// Any bytes as the stream between scheduler and worker, fed in pieces: frames come out the same however it is cut, and
// a message that was understood is written and read again as itself.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "worker/protocol/frames.h"
#include "worker/protocol/string_list.h"

namespace baton::wire {
namespace {

/// The worker's rooms know no BATON_CHECK.
void must(bool holds) {
  if (!holds) __builtin_trap();
}

Frame only_frame(FrameReader& reader, std::string_view bytes) {
  reader.feed(bytes);
  const auto frame = reader.next();
  must(frame.has_value());
  return *frame;
}

template <typename Variant, typename Decode>
void check_message(const std::optional<Variant>& message, Decode decode) {
  if (!message) return;
  std::string bytes;
  must(std::visit([&](const auto& m) { return append_frame(bytes, m); }, *message));
  FrameReader reader;
  const auto again = decode(only_frame(reader, bytes));
  must(again.has_value() && *again == *message);
}

void check_strings(const Launch& launch) {
  for (StringList list : {launch.argv, launch.env, launch.masks}) {
    must(list.views().size() == list.count() && list.pointers().size() == list.count() + 1);
  }
}

struct Seen {
  std::vector<std::string> frames;
  bool broken = false;
  bool operator==(const Seen&) const = default;
};

Seen read_all(std::string_view bytes, std::size_t piece) {
  Seen seen;
  FrameReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    while (const auto frame = reader.next()) {
      seen.frames.push_back(std::string(1, static_cast<char>(frame->type)) + std::string(frame->payload));
    }
  }
  seen.broken = reader.broken();
  return seen;
}

}  // namespace
}  // namespace baton::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton::wire;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Seen whole = read_all(bytes, bytes.size() + 1);
  must(read_all(bytes, data[0] % 32U + 1U) == whole);
  for (const std::string& one : whole.frames) {
    const Frame frame{static_cast<std::uint8_t>(one[0]), std::string_view(one).substr(1)};
    const auto to_worker = decode_to_worker(frame);
    check_message(to_worker, decode_to_worker);
    check_message(decode_from_worker(frame), decode_from_worker);
    if (to_worker && std::holds_alternative<Launch>(*to_worker)) check_strings(std::get<Launch>(*to_worker));
  }
  return 0;
}
