#include "scheduler/host/request_check.h"

#include <map>

#include "scheduler/engine/render.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

/// A noop starts no process, so nothing of it stands in an environment: a run of such tasks takes params of any size.
bool gives_params_to_a_process(const Dag& dag, const std::vector<bool>& wanted) {
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    if (wanted[t] && dag.tasks[t].spec->kind != TaskKind::noop) return true;
  }
  return false;
}

/// The connection that a task of the kind sql names; empty: it is of another kind.
std::string connection_of(const TaskSpec& spec) {
  if (spec.kind != TaskKind::sql) return {};
  const auto body = from_json(spec.body->json, kExactJsonLimits);
  const Value* const name = body ? body->find("connection") : nullptr;
  return name != nullptr && name->type() == ValueType::string ? name->as_string() : std::string();
}

}  // namespace

std::vector<std::string> secrets_of(const Dag& dag, TaskNo t, const SecretSource& secret,
                                    const ConnectionSource& connection) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (name.empty()) return;
    if (auto value = secret(name)) out.push_back(std::move(*value));
  };
  const TaskSpec& spec = dag.spec(t);
  for (const EnvEntry& entry : dag.env) add(entry.secret);
  for (const EnvEntry& entry : spec.env) add(entry.secret);
  for (const TaskBody* body : {&*spec.body, &spec.sensor->http}) {
    for (const auto& [place, name] : body->secrets) add(name);
  }
  const std::string asked = connection ? connection_of(spec) : std::string();
  if (asked.empty()) return out;
  const auto first = connection(asked);
  const Connection* const found = first ? &*first : find_connection(dag.connections, asked);
  if (found != nullptr) add(found->password_secret);
  return out;
}

/// What is not known is told once, with the task that wants it first.
Status check_secrets(const Dag& dag, const std::vector<bool>& wanted, const SecretSource& secret,
                     const ConnectionSource& connection) {
  std::map<std::string, std::string> missing;  // by name, so that the order does not hang on the tasks'
  const auto look_for = [&](const std::string& name, const Task& task) {
    if (name.empty() || missing.contains(name)) return;
    const auto found = secret(name);
    if (!found) missing[name] = found.error().message + ", for task \"" + task.id + "\"";
  };
  const auto look = [&](const EnvEntry& entry, const Task& task) { look_for(entry.secret, task); };
  const auto look_below = [&](const TaskBody& body, const Task& task) {
    for (const auto& [place, name] : body.secrets) look_for(name, task);
  };
  const auto look_for_connection = [&](const Task& task) {
    const std::string name = connection ? connection_of(*task.spec) : std::string();
    if (name.empty()) return;
    const auto first = connection(name);
    const Connection* const found = first ? &*first : find_connection(dag.connections, name);
    if (found == nullptr) {
      missing["connection " + name] = first.error().message + ", for task \"" + task.id + "\"";
    } else {
      look_for(found->password_secret, task);
    }
  };
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    const Task& task = dag.tasks[t];
    if (!wanted[t]) continue;
    for (const EnvEntry& entry : task.spec->env) look(entry, task);
    look_below(task.spec->body, task);
    look_below(task.spec->sensor->http, task);
    look_for_connection(task);
    if (task.spec->kind == TaskKind::noop) continue;  // it starts no process
    for (const EnvEntry& entry : dag.env) look(entry, task);
  }
  if (missing.empty()) return Unit{};
  std::string message;
  for (const auto& [name, what] : missing) message += (message.empty() ? "" : "\n") + what;
  return Error{message};
}

Status check_request(const Dag& dag, const std::vector<bool>& selected, const Value& params,
                     const SecretSource& secret, const ConnectionSource& connection) {
  const std::vector<bool> wanted = selected.empty() ? std::vector<bool>(dag.tasks.size(), true) : selected;
  const std::size_t bytes = to_json(params).size();
  if (bytes > kParamsBytesMax && gives_params_to_a_process(dag, wanted)) {
    return Error{"the params of this run are " + std::to_string(bytes) + " bytes as JSON, and a task can be given " +
                 std::to_string(kParamsBytesMax) + " of them; give large data as a file"};
  }
  return check_secrets(dag, wanted, secret, connection);
}

}  // namespace baton
