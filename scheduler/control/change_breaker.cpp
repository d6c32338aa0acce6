#include "scheduler/control/change_breaker.h"

#include <utility>

#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton {

Status check(const ChangeBreaker& request) {
  const bool trips = request.wish == BreakerWish::Kind::trip;
  if (trips && request.why.empty()) {
    return Error{"say why: everybody whose tasks wait reads it", ErrorKind::invalid};
  }
  if (request.span_us < 0) return Error{"a breaker cannot be open for less than nothing", ErrorKind::invalid};
  return Unit{};
}

BreakerWish wish_of(const ChangeBreaker& request, const Actor& actor) {
  const std::string why = request.why.empty() ? "reset by a person" : request.why;
  return {request.wish, request.span_us, why, actor.name};
}

AuditRow audit_of(const ChangeBreaker& request, const Actor& actor, WallUs at) {
  const bool trips = request.wish == BreakerWish::Kind::trip;
  AuditRow row = audit_row(actor, trips ? "trip_breaker" : "reset_breaker", RunRow{}, request.why, at);
  ValueMap extra = {{"breaker", request.name}};
  if (trips && request.span_us > 0) extra.emplace_back("for", timetable::format_duration_exact(request.span_us));
  if (const auto known = from_json(row.extra_json)) {
    for (const auto& member : known->as_map()) extra.push_back(member);
  }
  row.extra_json = to_json(Value(std::move(extra)));
  return row;
}

}  // namespace baton
