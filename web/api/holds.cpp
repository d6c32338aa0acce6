// What is held: a DAG that drains, the whole server; and a run that is killed. What is held stays so over a restart.
#include "web/api/holds.h"

#include <algorithm>

#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"

namespace baton::api {

namespace {

http::Response server_response(const Call& call, const ServerHold& hold) {
  const Health health = call.services.health();
  std::string body;
  {
    JsonObject out(body);
    out.text("version", call.services.version);
    bool_field(out, "is_ready", health.is_ready);
    text_field(out, "why_not_ready", health.why);
    if (hold.since == kNoTime) {
      null_field(out, "frozen");
    } else {
      JsonObject frozen(out.member("frozen"));
      time_field(frozen, "since", hold.since);
      frozen.text("actor", hold.actor);
      frozen.text("reason", hold.reason);
    }
  }
  return json_response(std::move(body));
}

void server(const Call& call, const http::Reply& reply) {
  call.services.door->server_hold([call, reply](ServerHold hold) { reply.send(server_response(call, hold)); });
}

/// Both answer with how it is then.
void hold_server(const Call& call, const http::Reply& reply, bool freeze) {
  call.services.door->hold_server(freeze, call.text("reason"), asker_of(call.request), [call, reply](Status done) {
    if (!done) return reply.send(http::error_response(done.error(), &call.request));
    server(call, reply);
  });
}

void kill(const Call& call, const http::Reply& reply) {
  Result<RunNo> run_no = RunNo{0};
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    run_no = run_of_path(**reader, call.request);
  }
  if (!run_no) return reply.send(read_error(run_no.error(), call));
  call.services.door->kill_run(*run_no, call.text("why"), asker_of(call.request), [call, reply](Result<RunNo> done) {
    reply.later([call, done = std::move(done)]() -> http::Response {
      if (!done) return http::error_response(done.error(), &call.request);
      auto reader = call.services.readers->take();
      if (!reader) return read_error(reader.error(), call);
      return run_response(**reader, *done, 200, call);
    });
  });
}

/// none: the body asks for nothing, or for two things at once.
std::optional<DagHold::Wish> wish_of(const Value* paused, const Value* draining) {
  if ((paused == nullptr) == (draining == nullptr)) return std::nullopt;
  if (paused != nullptr) return paused->as_bool() ? DagHold::Wish::pause : DagHold::Wish::resume;
  return draining->as_bool() ? DagHold::Wish::drain : DagHold::Wish::end_drain;
}

}  // namespace

std::optional<DagHold> hold_of(const Call& call) {
  const std::vector<std::string> mask = words(call.request, "update_mask");
  const auto meant = [&](std::string_view name) -> const Value* {
    const bool is_meant = mask.empty() || std::find(mask.begin(), mask.end(), name) != mask.end();
    return is_meant ? call.body.find(name) : nullptr;
  };
  const auto wish = wish_of(meant("is_paused"), meant("draining"));
  if (!wish) return std::nullopt;
  return DagHold{call.request.param("dag_id"), *wish, meant("why") != nullptr ? call.text("why") : std::string()};
}

void add_holds(Operations& operations) {
  operations.later["get_server"] = server;
  operations.later["freeze_server"] = [](const Call& call, const http::Reply& reply) {
    hold_server(call, reply, true);
  };
  operations.later["thaw_server"] = [](const Call& call, const http::Reply& reply) { hold_server(call, reply, false); };
  operations.later["kill_dag_run"] = kill;
}

}  // namespace baton::api
