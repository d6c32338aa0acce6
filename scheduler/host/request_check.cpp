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

}  // namespace

/// Each secret that is not known is told once, with the task that wants it first.
Status check_secrets(const Dag& dag, const std::vector<bool>& wanted, const SecretSource& secret) {
  std::map<std::string, std::string> missing;  // by secret, so that the order does not hang on the tasks'
  const auto look = [&](const EnvEntry& entry, const Task& task) {
    if (entry.secret.empty() || missing.contains(entry.secret)) return;
    const auto found = secret(entry.secret);
    if (!found) missing[entry.secret] = found.error().message + ", for task \"" + task.id + "\"";
  };
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    const Task& task = dag.tasks[t];
    if (!wanted[t]) continue;
    for (const EnvEntry& entry : task.spec->env) look(entry, task);
    if (task.spec->kind == TaskKind::noop) continue;  // it starts no process
    for (const EnvEntry& entry : dag.env) look(entry, task);
  }
  if (missing.empty()) return Unit{};
  std::string message;
  for (const auto& [name, what] : missing) message += (message.empty() ? "" : "\n") + what;
  return Error{message};
}

Status check_request(const Dag& dag, const std::vector<bool>& selected, const Value& params,
                     const SecretSource& secret) {
  const std::vector<bool> wanted = selected.empty() ? std::vector<bool>(dag.tasks.size(), true) : selected;
  const std::size_t bytes = to_json(params).size();
  if (bytes > kParamsBytesMax && gives_params_to_a_process(dag, wanted)) {
    return Error{"the params of this run are " + std::to_string(bytes) + " bytes as JSON, and a task can be given " +
                 std::to_string(kParamsBytesMax) + " of them; give large data as a file"};
  }
  return check_secrets(dag, wanted, secret);
}

}  // namespace baton
