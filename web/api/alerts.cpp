// Alerts: what others have been told, how far that has come with each of them, and a test whether one can be reached.
#include "scheduler/json/json_value.h"
#include "web/api/alert_door.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

std::string_view state_of(const DeliveryView& one) {
  if (one.row.delivered_at != kNoTime) return "delivered";
  if (one.row.due_at == kNoTime) return "given_up";
  return one.row.tries == 0 ? "waiting" : "failing";
}

void append_delivery(std::string& out, const DeliveryView& one) {
  JsonObject shown(out);
  shown.number("id", one.row.outbox_no);
  shown.text("event", one.event);
  shown.text("object", one.object);
  shown.text("target", one.row.target);
  shown.text("state", state_of(one));
  shown.number("tries", one.row.tries);
  text_field(shown, "error", one.row.error);
  time_field(shown, "created_at", one.created_at);
  time_field(shown, "due_at", one.row.due_at);
  time_field(shown, "delivered_at", one.row.delivered_at);
  shown.member("payload") += one.payload_json;
}

http::Response list_alerts(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.name.parts = words(call.request, "event");
  query.descending = true;
  query.page = page_of(call.request);
  const auto page = (*reader)->list_deliveries(query);
  if (!page) return read_error(page.error(), call);
  return page_response("alerts", *page, append_delivery, call);
}

void test_alert(const Call& call, const http::Reply& reply) {
  if (call.services.alerts == nullptr) {
    const Error none{"nobody is told of anything without a server that works on runs", ErrorKind::unavailable};
    return reply.send(http::error_response(none, &call.request));
  }
  const std::string target = call.text("to");
  call.services.alerts->test(target, [reply, target](Status done) {
    ValueMap shown = {{"to", target}, {"delivered", done.ok()}};
    shown.emplace_back("error", done ? Value() : Value(done.error().message));
    reply.send(json_response(to_json(Value(std::move(shown)))));
  });
}

}  // namespace

void add_alerts(Operations& operations) {
  operations.at_once["list_alerts"] = list_alerts;
  operations.later["test_alert"] = test_alert;
}

}  // namespace baton::api
