// Values that a DAG keeps from run to run: what there is, and a person who puts one or takes it away.
#include <utility>

#include "scheduler/control/change_state.h"
#include "scheduler/insight/state_value.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"

namespace baton::api {
namespace {

http::Response list_states(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string dag_id = call.request.param("dag_id");
  if (Status known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  const auto rows = (*reader)->list_task_states(dag_id);
  if (!rows) return read_error(rows.error(), call);
  return hashed_response(to_json(insight::state_list(*rows)), call);
}

http::Response one_state(const Call& call, const std::string& dag_id, const std::string& name) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  if (Status known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  const auto row = (*reader)->task_state(dag_id, name);
  if (!row) return read_error(row.error(), call);
  return object_response(to_json(Value(insight::state_value(*row))), row->seq, call);
}

http::Response get_state(const Call& call) {
  return one_state(call, call.request.param("dag_id"), call.request.param("state_name"));
}

/// `DAG/NAME`: no id of a DAG holds a slash.
http::Response made_state(const Call& call, const std::string& object) {
  const std::size_t slash = object.rfind('/');
  if (slash == std::string::npos) return no_content();
  return one_state(call, object.substr(0, slash), object.substr(slash + 1));
}

void change_state(const Call& call, const http::Reply& reply, bool removes) {
  ChangeState ask;
  ask.dag_id = call.request.param("dag_id");
  ask.name = call.request.param("state_name");
  ask.why = call.text("reason");
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    if (Status known = check_dag(**reader, ask.dag_id); !known) return reply.send(read_error(known.error(), call));
    if (removes) {
      const auto row = (*reader)->task_state(ask.dag_id, ask.name);
      if (!row) return reply.send(read_error(row.error(), call));
    }
  }
  const Value* const value = call.body.find("value");
  if (!removes) ask.json = to_json(value == nullptr ? Value{} : *value);
  if (const auto checked = check(ask); !checked) {
    return reply.send(http::error_response(checked.error(), &call.request));
  }
  call.services.door->change({std::move(ask), "", removes ? 204 : 200}, asker_of(call.request), once_of(call.request),
                             [call, reply, removes](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               if (removes) return reply.send(no_content());
                               reply.later([call] { return get_state(call); });
                             });
}

}  // namespace

void add_states(Operations& operations) {
  operations.at_once["list_dag_states"] = list_states;
  operations.at_once["get_dag_state"] = get_state;
  operations.later["set_dag_state"] = [](const Call& call, const http::Reply& reply) {
    change_state(call, reply, false);
  };
  operations.later["delete_dag_state"] = [](const Call& call, const http::Reply& reply) {
    change_state(call, reply, true);
  };
  operations.made["task_state"] = made_state;
}

}  // namespace baton::api
