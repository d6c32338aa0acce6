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

/// After `Last-Event-ID`, or from now on. A number that is ahead of the store is of another past, before a restore: who
/// brings it along begins anew, or would wait for events that have other numbers now.
http::Response events(const Call& call) {
  const auto topics = topics_of(call.request);
  if (!topics) return http::error_response(topics.error(), &call.request);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto info = (*reader)->info();
  if (!info) return read_error(info.error(), call);
  std::int64_t seq = info->seq;
  bool is_ahead = false;
  const std::string last(call.request.header("last-event-id"));
  if (!last.empty()) {
    if (last.find_first_not_of("0123456789") != std::string::npos) {
      return http::error_response(400, "Last-Event-ID is none of an event's numbers", &call.request);
    }
    const std::int64_t wanted = std::strtoll(last.c_str(), nullptr, 10);  // what is too large stays so
    is_ahead = wanted > seq;
    if (!is_ahead) seq = wanted;
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.body = "retry: 1000\n: events after " + std::to_string(seq) + "\n\n";
  if (is_ahead) response.body += reset_text(seq);
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
