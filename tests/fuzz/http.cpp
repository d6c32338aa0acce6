// Any bytes as what a connection brings: however they are cut, the same requests are read; a head that is taken has one
// framing; a target that is taken has no segment that climbs.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scheduler/model/check.h"
#include "web/http/request_parser.h"
#include "web/http/target.h"

namespace baton::http {
namespace {

constexpr std::size_t kHeadMax = 4096, kBody = 1000;

struct Seen {
  std::vector<std::string> requests;
  int refused = 0;
  bool operator==(const Seen&) const = default;
};

void check_target(const std::string& text) {
  const auto target = read_target(text);
  const auto* read = std::get_if<Target>(&target);
  if (read == nullptr) return;
  for (const std::string& segment : read->segments) {
    BATON_CHECK(segment != "." && segment != ".." && segment.find('\0') == segment.npos);
    const auto again = read_target("/" + percent_encoded(segment));
    BATON_CHECK(std::get<Target>(again).segments ==
                (segment.empty() ? std::vector<std::string>{} : std::vector{segment}));
  }
}

Seen read_all(std::string_view bytes, std::size_t piece) {
  Seen seen;
  std::string buffer;
  auto parser = std::make_unique<RequestParser>(kHeadMax);
  for (std::size_t at = 0; at < bytes.size() && seen.refused == 0; at += piece) {
    buffer += bytes.substr(at, piece);
    while (true) {
      const auto progress = parser->feed(buffer);
      if (progress == RequestParser::Progress::needs_more) break;
      if (progress == RequestParser::Progress::head) {
        const Head& head = parser->head();
        BATON_CHECK(!(head.is_chunked && head.content_length));
        parser->set_body_max(kBody);
        check_target(head.target);
        continue;
      }
      if (progress == RequestParser::Progress::refused) {
        seen.refused = 1;
        break;
      }
      BATON_CHECK(parser->body().size() <= kBody);
      seen.requests.push_back(parser->head().target + "\n" + parser->body());
      parser = std::make_unique<RequestParser>(kHeadMax);
    }
  }
  return seen;
}

}  // namespace
}  // namespace baton::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton::http;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Seen whole = read_all(bytes, bytes.size() + 1);
  BATON_CHECK(read_all(bytes, data[0] % 64U + 1U).requests == whole.requests);
  return 0;
}
