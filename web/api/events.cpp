// GET /api/v2/events: what changes, as server-sent events.
#include <cstdlib>

#include "web/api/answers.h"

namespace baton::api {

namespace {

/// After `Last-Event-ID`, or from now on.
http::Response events(const Call& call) {
  std::int64_t seq = 0;
  const std::string last(call.request.header("last-event-id"));
  if (last.empty()) {
    auto reader = call.services.readers->take();
    if (!reader) return read_error(reader.error(), call);
    const auto info = (*reader)->info();
    if (!info) return read_error(info.error(), call);
    seq = info->seq;
  } else {
    char* end = nullptr;
    seq = std::strtoll(last.c_str(), &end, 10);
    if (*end != '\0' || seq < 0) {
      return http::error_response(400, "Last-Event-ID is none of an event's numbers", &call.request);
    }
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.body = "retry: 1000\n: events after " + std::to_string(seq) + "\n\n";
  response.stream = [hub = call.services.events, seq](http::StreamWriter writer) {
    hub->subscribe(std::move(writer), seq);
  };
  return response;
}

}  // namespace

void add_events(Operations& operations) {
  operations.at_once["get_events"] = events;
}

}  // namespace baton::api
