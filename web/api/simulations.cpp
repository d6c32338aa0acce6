// What this server would do from one date to another: asked with slots, pools and DAGs that may differ from what is.
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/simulate_door.h"

namespace baton::api {
namespace {

/// Under way for a while with a whole processor: a second one meanwhile would take it from tasks.
constexpr char kOneAtATime[] = "simulate";

std::int32_t slots_member(const Value& body, std::string_view name) {
  const Value* found = body.find(name);
  return found != nullptr && found->type() == ValueType::integer ? static_cast<std::int32_t>(found->as_int()) : 0;
}

/// The description has checked the form of each member.
SimulationWish simulation_of(const Call& call) {
  SimulationWish wish;
  wish.from = call.time("from");
  wish.to = call.time("to");
  wish.slots = slots_member(call.body, "slots");
  wish.is_new = call.flag("is_new", false);
  const std::string detail = call.text("detail");
  wish.lists_runs = detail != "totals";
  wish.lists_tasks = detail == "tasks";
  if (const Value* pools = call.body.find("pools"); pools != nullptr && pools->type() == ValueType::map) {
    for (const auto& [name, slots] : pools->as_map()) {
      wish.pools.emplace_back(name.as_string(), static_cast<std::int32_t>(slots.as_int()));
    }
  }
  if (const Value* ids = call.body.find("dag_ids"); ids != nullptr && ids->type() == ValueType::list) {
    for (const Value& id : ids->as_list()) wish.dag_ids.push_back(id.as_string());
  }
  return wish;
}

http::Response not_done(ErrorKind kind, const std::string& message, const Call& call) {
  return http::error_response(Error{message, kind}, &call.request);
}

/// Of all DAGs that the body names, or of the one of the path.
http::Response simulate_dags(const Call& call) {
  if (call.services.simulate == nullptr) {
    return not_done(ErrorKind::unavailable, "this process has no DAGs to simulate: ask a server", call);
  }
  SimulationWish wish = simulation_of(call);
  if (const std::string dag_id = call.request.param("dag_id"); !dag_id.empty()) wish.dag_ids = {dag_id};
  if (wish.to <= wish.from) return not_done(ErrorKind::invalid, "\"to\" is to be later than \"from\"", call);
  if (wish.to - wish.from > kSimulatedSpanMax) {
    return not_done(ErrorKind::invalid, "31 days at most are simulated at once: ask for each month by itself", call);
  }
  auto lock = call.services.locks->take(kOneAtATime);
  if (lock == nullptr) {
    return not_done(ErrorKind::busy, "another simulation is under way: ask again in a few seconds", call);
  }
  call.held->keep(kOneAtATime, std::move(lock));
  const auto document = call.services.simulate->simulate(wish);
  if (!document) return http::error_response(document.error(), &call.request);
  return json_response(to_json(*document));
}

/// What `baton validate` finds in a file of that text. Nothing is written, and no file is read.
http::Response validate(const Call& call) {
  if (!call.services.validate) {
    return not_done(ErrorKind::unavailable, "this process has no settings to check against: ask a server", call);
  }
  const std::string file = call.text("file");
  return json_response(to_json(call.services.validate(call.text("source"), file.empty() ? "dag.yaml" : file)));
}

}  // namespace

void add_simulations(Operations& operations) {
  operations.at_once["simulate"] = operations.at_once["simulate_dag"] = simulate_dags;
  operations.at_once["validate_dags"] = validate;
}

}  // namespace baton::api
