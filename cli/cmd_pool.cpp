// `pool ls|set|rm`: the pools of a server, over all DAGs. They are asked of it, and changed there, while tasks wait.
#include <string>
#include <utility>

#include "cli/handlers_server.h"
#include "cli/server_client.h"
#include "cli/text/table.h"
#include "scheduler/model/number.h"
#include "scheduler/model/rate.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

std::string pool_target(const std::string& name) {
  return "/api/v2/pools/" + http::percent_encoded(name);
}

void show_pools(const Invocation& call, const ValueList& pools) {
  text::Table table({{"POOL"}, {"SLOTS"}, {"USED"}, {"WAITING"}, {"RATE"}, {"NEXT START"}, {"WHAT", false, true}});
  for (const Value& one : pools) {
    const std::int64_t slots = number_member(one, "slots");
    const std::string rate = text_member(one, "rate"), next = time_member(one, "next_start_at");
    const bool waits = number_member(one, "waiting_for_rate") > 0;
    table.add({text_member(one, "name"), slots < 0 ? "no limit" : std::to_string(slots),
               std::to_string(number_member(one, "occupied_slots")),
               std::to_string(number_member(one, "scheduled_slots")), rate.empty() ? "-" : rate,
               waits && !next.empty() ? next : "-", text_member(one, "description")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

int show_pool(const Invocation& call, const Result<Value>& shown) {
  if (!shown) return call.fail(shown.error());
  if (call.format() != Format::table) {
    call.print_document(*shown);
  } else {
    show_pools(call, {*shown});
  }
  return kOk;
}

/// What the flags say of it.
Result<ValueMap> changes_of(const Invocation& call) {
  ValueMap body;
  if (call.args().has("slots")) {
    const auto slots = read_integer(call.args().value("slots"));
    if (!slots || *slots < -1) return Error{"--slots is no number of slots: write 4, or -1 for no limit", ErrorKind::invalid};
    body.emplace_back("slots", *slots);
  }
  if (call.args().has("rate")) {
    const std::string rate = call.args().value("rate");
    if (!rate.empty() && !parse_rate(rate)) {
      return Error{"--rate is no rate: write 10/s, 100/m or 5/h", ErrorKind::invalid};
    }
    body.emplace_back("rate", rate);
  }
  if (call.args().has("description")) body.emplace_back("description", call.args().value("description"));
  if (body.empty()) return Error{"say what to change: --slots, --rate or --description", ErrorKind::invalid};
  return body;
}

}  // namespace

int pool_ls_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<Value> all = server->get("/api/v2/pools?limit=100");
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(*all, "pools");
    return kOk;
  }
  const Value* pools = all->find("pools");
  if (pools != nullptr && pools->type() == ValueType::list) show_pools(call, pools->as_list());
  return kOk;
}

/// One that nobody has declared is made.
int pool_set_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  Result<ValueMap> body = changes_of(call);
  if (!body) return call.fail(body.error());
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  Result<Value> changed = server->patch(pool_target(name), *body);
  const bool is_new = !changed && changed.error().kind == ErrorKind::not_found;
  if (is_new && !call.args().has("slots")) {
    return call.fail(Error{changed.error().message + ": to make it, say how many --slots it has", ErrorKind::not_found});
  }
  if (is_new) {
    body->emplace_back("name", name);
    changed = server->post("/api/v2/pools", *body);
  }
  return show_pool(call, changed);
}

int pool_rm_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<Value> gone = server->drop(pool_target(call.args().at(0)));
  if (!gone) return call.fail(gone.error());
  call.note("what was set of pool " + call.args().at(0) + " is taken back");
  return kOk;
}

}  // namespace baton::cli
