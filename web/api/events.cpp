// GET /api/v2/events: what changes, as server-sent events.
#include <algorithm>
#include <cstdlib>

#include "web/api/answers.h"

namespace baton::api {

namespace {

/// `topics=run,dag` and `topics=run&topics=dag` are the same; without any all are meant.
Result<Topics> topics_of(const http::Request& request) {
  Topics topics = 0;
  for (const auto& [name, value] : request.query) {
    for (std::size_t begin = 0; name == "topics" && begin <= value.size();) {
      const std::size_t end = std::min(value.find(',', begin), value.size());
      const auto topic = topic_of(std::string_view(value).substr(begin, end - begin));
      if (!topic) return Error{"there is no topic \"" + value.substr(begin, end - begin) + "\"", ErrorKind::invalid};
      topics |= *topic;
      begin = end + 1;
    }
  }
  return topics == 0 ? kAllTopics : topics;
}

/// After `Last-Event-ID`, or from now on.
http::Response events(const Call& call) {
  const auto topics = topics_of(call.request);
  if (!topics) return http::error_response(topics.error(), &call.request);
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
  response.stream = [hub = call.services.events, seq, topics = *topics](http::StreamWriter writer) {
    hub->subscribe(std::move(writer), seq, topics);
  };
  return response;
}

}  // namespace

void add_events(Operations& operations) {
  operations.at_once["get_events"] = events;
}

}  // namespace baton::api
