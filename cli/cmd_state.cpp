// `state ls|get|set|rm`: the values that a DAG keeps from run to run. They are read from the state folder, or asked of
// the server of the context in use. Who changes one asks the server that holds the folder; where nobody does, it is
// changed here.
#include <unistd.h>

#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "cli/contexts.h"
#include "cli/folder_change.h"
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/text/table.h"
#include "scheduler/control/change_state.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/insight/state_value.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/did_you_mean.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::size_t kValueShown = 60;

std::string states_target(const std::string& dag_id, const std::string& name = {}) {
  const std::string all = dag_target(dag_id) + "/state";
  return name.empty() ? all : all + "/" + http::percent_encoded(name);
}

Status check_dag_here(Reader& reader, const std::string& dag_id) {
  const auto versions = reader.list_versions(dag_id);
  if (!versions && versions.error().kind != ErrorKind::not_found) return versions.error();
  if (versions && !versions->empty()) return Unit{};
  return Error{"there is no DAG \"" + dag_id + "\" in this state folder", ErrorKind::not_found};
}

Result<Value> all_states_here(Reader& reader, const std::string& dag_id) {
  if (Status known = check_dag_here(reader, dag_id); !known) return known.error();
  const auto rows = reader.list_task_states(dag_id);
  if (!rows) return rows.error();
  return insight::state_list(*rows);
}

Result<Value> one_state_here(Reader& reader, const std::string& dag_id, const std::string& name) {
  if (Status known = check_dag_here(reader, dag_id); !known) return known.error();
  const auto row = reader.task_state(dag_id, name);
  if (row) return Value(insight::state_value(*row));
  if (row.error().kind != ErrorKind::not_found) return row.error();
  std::vector<std::string> names;
  if (const auto all = reader.list_task_states(dag_id)) {
    for (const TaskStateRow& one : *all) names.push_back(one.name);
  }
  return Error{row.error().message + did_you_mean_suffix(name, names), ErrorKind::not_found};
}

/// What `read` makes of the folder, or `target` answers.
template <typename Read>
Result<Value> state_document(const Invocation& call, const std::string& target, Read read) {
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(call.args());
    if (!server) return server.error();
    return server->get(target);
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  return read(*state->reader);
}

std::string who_put(const Value& state) {
  const std::string person = text_member(state, "updated_by");
  if (!person.empty()) return person;
  return text_member(state, "task_id") + " of " + text_member(state, "run_id");
}

std::string value_words(const Value& state) {
  const Value* const value = state.find("value");
  std::string text = value == nullptr ? "null" : to_json(*value);
  return text.size() <= kValueShown ? text : text.substr(0, kValueShown) + "…";
}

void show_states(const Invocation& call, const ValueList& states) {
  text::Table table({{"STATE"}, {"VALUE"}, {"VERSION"}, {"SINCE"}, {"BY", false, true}});
  for (const Value& one : states) {
    table.add({text_member(one, "name"), value_words(one), std::to_string(number_member(one, "version")),
               time_member(one, "updated_at"), who_put(one)});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

Result<ChangeState> state_request(const Invocation& call, bool removes) {
  ChangeState request;
  request.dag_id = call.args().at(0);
  request.name = call.args().at(1);
  request.why = call.args().value("why");
  if (!removes) {
    request.json = call.args().at(2);
    if (request.json == "-") request.json.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (request.json.find_first_not_of(" \t\r\n") == std::string::npos) {
      return Error{"the value is empty; `baton state rm` takes one away", ErrorKind::invalid};
    }
  }
  if (const auto checked = check(request); !checked) {
    return Error{checked.error().message + (removes ? "" : "; a text is written '\"text\"'"), ErrorKind::invalid};
  }
  return request;
}

/// The value and the audit of its change, in one transaction.
Status write_state(SqliteStore& store, AsioLoop& loop, const ChangeState& request) {
  const auto rows = store.task_states();
  if (!rows) return rows.error();
  StateBook book;
  for (const TaskStateRow& row : *rows) book.restore(row);
  TaskStates& states = *book.of(request.dag_id);
  auto checked = check(request);
  if (!checked) return checked.error();
  const Actor actor = actor_of(getuid(), "cli");
  Part part;
  part.audit.push_back(audit_of(request, *checked, states.find(request.name), actor, loop.wall_now()));
  TaskStateRow row = row_of(request, *checked, actor, loop.wall_now());
  states.put(row, std::move(checked->value));
  part.service.task_states.push_back(std::move(row));
  CommitOutcome outcome = CommitOutcome::unknown;
  store.commit(std::move(part), [&](const CommitDone& done) {
    outcome = done.outcome;
    loop.stop();
  });
  loop.run();
  if (outcome != CommitOutcome::durable) return Error{"the state could not be written", ErrorKind::storage};
  return Unit{};
}

Result<Value> change_state_here(const Invocation& call, const ChangeState& request) {
  Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  if (Status known = check_dag_here(*state->reader, request.dag_id); !known) return known.error();
  const bool removes = request.json.empty();
  if (removes) {
    if (const auto there = one_state_here(*state->reader, request.dag_id, request.name); !there) return there.error();
  }
  const Status written = change_folder(*state, "state", [&](SqliteStore& store, AsioLoop& loop) {
    return write_state(store, loop, request);
  });
  if (!written) return written.error();
  return removes ? Result<Value>(Value{}) : one_state_here(*state->reader, request.dag_id, request.name);
}

Result<Value> change_state_at(const ServerClient& server, const ChangeState& request) {
  const std::string target = states_target(request.dag_id, request.name);
  if (request.json.empty()) return server.drop(target);
  ValueMap body = {{"value", *from_json(request.json, kExactJsonLimits)}};
  if (!request.why.empty()) body.emplace_back("reason", request.why);
  return server.put(target, body);
}

int change_state(const Invocation& call, bool removes) {
  const Result<ChangeState> request = state_request(call, removes);
  if (!request) return call.fail(request.error());
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  const Result<Value> state = server ? change_state_at(*server, *request) : change_state_here(call, *request);
  if (!state) return call.fail(state.error());
  if (removes) {
    call.note("state " + request->name + " of " + request->dag_id + " is taken away");
  } else if (call.format() != Format::table) {
    call.print_document(*state, "");
  } else {
    show_states(call, {*state});
  }
  return kOk;
}

}  // namespace

int state_ls_command(const Invocation& call) {
  const std::string dag_id = call.args().at(0);
  const Result<Value> all =
      state_document(call, states_target(dag_id), [&](Reader& reader) { return all_states_here(reader, dag_id); });
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(*all, "states");
  } else if (list_member(*all, "states").empty()) {
    call.note("this DAG keeps nothing from run to run: a task does with `state:`");
  } else {
    show_states(call, list_member(*all, "states"));
  }
  return kOk;
}

int state_get_command(const Invocation& call) {
  const std::string dag_id = call.args().at(0);
  const std::string name = call.args().at(1);
  const Result<Value> state = state_document(call, states_target(dag_id, name), [&](Reader& reader) {
    return one_state_here(reader, dag_id, name);
  });
  if (!state) return call.fail(state.error());
  if (call.format() != Format::table) {
    call.print_document(*state, "");
    return kOk;
  }
  const Value* const value = state->find("value");
  Invocation::print((value == nullptr ? "null" : to_json(*value)) + "\n");
  return kOk;
}

int state_set_command(const Invocation& call) { return change_state(call, false); }
int state_rm_command(const Invocation& call) { return change_state(call, true); }

}  // namespace baton::cli
