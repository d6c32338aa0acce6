// `alert ls|test`: what others have been told, and whether one of them can be reached. A server is asked.
#include <string>

#include "cli/handlers_alerts.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/text/table.h"
#include "web/http/target.h"

namespace baton::cli {

int alert_ls_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const auto limit = number_of(call.args(), "limit", 20, 1);
  if (!limit) return call.fail(limit.error());
  std::string target = "/api/v2/alerts?limit=" + std::to_string(*limit);
  for (const std::string& event : call.args().values("event")) target += "&event=" + http::percent_encoded(event);
  const Result<Value> found = server->get(target);
  if (!found) return call.fail(found.error());
  if (call.format() != Format::table) {
    call.print_document(*found, "alerts");
    return kOk;
  }
  text::Table table({{"WHEN"}, {"EVENT"}, {"OF", false, true, 16}, {"TO"}, {"STATE"}, {"TRIES", true}, {"ERROR", false, true}});
  const Value* alerts = found->find("alerts");
  for (const Value& one : alerts != nullptr && alerts->type() == ValueType::list ? alerts->as_list() : ValueList{}) {
    table.add({time_member(one, "created_at"), text_member(one, "event"), text_member(one, "object"),
               text_member(one, "target"), text_member(one, "state"), std::to_string(number_member(one, "tries")),
               text_member(one, "error")});
  }
  if (table.empty()) {
    call.note("nobody has been told of anything: a DAG or baton.yaml says who is, with `alerts:`");
  } else {
    Invocation::print(table.render(call.out_style(), call.out_width()));
  }
  return kOk;
}

int alert_test_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const std::string to = call.args().at(0);
  const Result<Value> told = server->post("/api/v2/alerts:test", {{"to", to}});
  if (!told) return call.fail(told.error());
  const std::string error = text_member(*told, "error");
  if (call.format() != Format::table) call.print_document(*told);
  if (!error.empty()) return call.fail(Error{to + " was not reached: " + error, ErrorKind::unavailable});
  if (call.format() == Format::table) Invocation::print(to + " has taken a test message\n");
  return kOk;
}

}  // namespace baton::cli
