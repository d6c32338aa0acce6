// `dag pause|resume|drain` and `server freeze|thaw|status`: what of a server is held. All of them ask the server that
// holds the state folder; what they change is durable when they come back.
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/text/document_text.h"

namespace baton::cli {
namespace {

bool is_true(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
}

std::string words_of_dag(const Value& dag) {
  if (is_true(dag, "is_paused")) return "paused: its ticks make no runs, and runs that wait do not begin";
  if (is_true(dag, "is_draining")) return "draining: what waits and runs is finished, nothing new is taken; then it is paused";
  return "active";
}

/// Sends the wish, and says how the DAG is then.
int patch_dag(const Invocation& call, ValueMap wish) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  if (call.args().has("why")) wish.emplace_back("why", call.args().value("why"));
  const std::string id = call.args().at(0);
  const Result<Value> dag = server->patch(dag_target(id), wish);
  if (!dag) return call.fail(dag.error());
  if (call.format() != Format::table) {
    call.print_document(*dag);
  } else {
    Invocation::print(id + " is " + words_of_dag(*dag) + "\n");
  }
  return kOk;
}

/// `frozen` of an answer: since when, by whom, why.
std::string words_of_frozen(const Value& state) {
  const Value* frozen = state.find("frozen");
  if (frozen == nullptr || frozen->type() != ValueType::map) return "no";
  return "since " + time_member(*frozen, "since") + " by " + text_member(*frozen, "actor") + ": " +
         text_member(*frozen, "reason");
}

int show_server(const Invocation& call, const Result<Value>& state) {
  if (!state) return call.fail(state.error());
  if (call.format() != Format::table) {
    call.print_document(*state);
    return kOk;
  }
  const std::string why = text_member(*state, "why_not_ready");
  Invocation::print("version  " + text_member(*state, "version") + "\nready    " + (why.empty() ? "yes" : "no: " + why) +
                    "\nfrozen   " + words_of_frozen(*state) + "\n");
  return kOk;
}

}  // namespace

int dag_pause_command(const Invocation& call) {
  return patch_dag(call, {{"is_paused", true}});
}

int dag_resume_command(const Invocation& call) {
  return patch_dag(call, {{"is_paused", false}});
}

int dag_drain_command(const Invocation& call) {
  return patch_dag(call, {{"draining", true}});
}

int server_freeze_command(const Invocation& call) {
  if (call.args().value("why").empty()) {
    return call.fail({"say why with --why TEXT: everybody who finds the server frozen reads it"});
  }
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  return show_server(call, server->post("/api/v2/server/freeze", {{"reason", call.args().value("why")}}));
}

int server_thaw_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  return show_server(call, server->post("/api/v2/server/thaw", {}));
}

int server_status_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  return show_server(call, server->get("/api/v2/server"));
}

}  // namespace baton::cli
