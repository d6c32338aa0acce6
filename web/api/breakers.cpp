// Circuit breakers: how they stand, what has happened to them, and a person who trips or resets one.
#include <algorithm>

#include "scheduler/insight/breaker_value.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"
#include "web/api/answers.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

constexpr std::int64_t kEventsShown = 50;

http::Response list_breakers(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  auto all = (*reader)->list_breakers();
  if (!all) return read_error(all.error(), call);
  const std::vector<std::string> states = words(call.request, "state");
  std::erase_if(*all, [&](const BreakerRow& row) {
    return !states.empty() && std::find(states.begin(), states.end(), to_string(row.state)) == states.end();
  });
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(all->size());
  const std::vector<BreakerRow> rows = rows_of_page(*all, page);
  const WallUs now = call.services.now();
  return hashed_response(list_body("breakers", rows, total,
                                   [now](std::string& out, const BreakerRow& row) {
                                     append_json(out, Value(insight::breaker_value(row, now)));
                                   }),
                         call);
}

http::Response shown_breaker(const Call& call, const std::string& name) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto row = (*reader)->breaker(name);
  if (!row) return read_error(row.error(), call);
  const auto events = (*reader)->breaker_events(name, kEventsShown);
  if (!events) return read_error(events.error(), call);
  ValueMap shown = insight::breaker_value(*row, call.services.now());
  shown.emplace_back("history", insight::breaker_history(*events));
  return object_response(to_json(Value(std::move(shown))), row->seq, call);
}

void change_breaker(const Call& call, const http::Reply& reply, BreakerWish::Kind wish) {
  ChangeBreaker ask;
  ask.name = call.request.param("breaker_name");
  ask.wish = wish;
  ask.why = call.text("reason");
  if (const std::string span = call.text("for"); !span.empty()) {
    const auto span_us = timetable::parse_duration(span);
    if (!span_us || *span_us <= 0) {
      return reply.send(http::error_response(422, "\"for\" is no duration: write 30m or 1h30m", &call.request));
    }
    ask.span_us = *span_us;
  }
  const std::string name = ask.name;
  call.services.door->change({std::move(ask), "", 200}, asker_of(call.request), once_of(call.request),
                             [call, reply, name](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               reply.later([call, name] { return shown_breaker(call, name); });
                             });
}

}  // namespace

void add_breakers(Operations& operations) {
  operations.at_once["list_breakers"] = list_breakers;
  operations.at_once["get_breaker"] = [](const Call& call) {
    return shown_breaker(call, call.request.param("breaker_name"));
  };
  operations.later["trip_breaker"] = [](const Call& call, const http::Reply& reply) {
    change_breaker(call, reply, BreakerWish::Kind::trip);
  };
  operations.later["reset_breaker"] = [](const Call& call, const http::Reply& reply) {
    change_breaker(call, reply, BreakerWish::Kind::reset);
  };
  operations.made["breaker"] = shown_breaker;
}

}  // namespace baton::api
