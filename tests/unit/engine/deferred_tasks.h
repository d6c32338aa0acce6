// Tasks that wait for others, for tests. Values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "scheduler/json/json_value.h"
#include "scheduler/model/task_spec.h"
#include "tests/support/dag_builder.h"

namespace baton::test {

/// Its expressions stand one level down, as those of a prompt do.
inline TaskSpec deferred_task(TaskKind kind, const std::string& json) {
  TaskSpec spec;
  spec.kind = kind;
  TaskBody& body = spec.body.edit();
  body.json = json;
  const auto parsed = from_json(json);
  for (const auto& [key, value] : parsed->as_map()) {
    if (value.type() != ValueType::string || value.as_string().find("${{") == std::string::npos) continue;
    body.texts.push_back({"/" + key.as_string(), expression(value.as_string())});
  }
  return spec;
}

/// `body` as the language has it, in JSON.
inline TaskSpec approval_task(const std::string& body) {
  TaskSpec spec = deferred_task(TaskKind::approval, body);
  using Type = OutputSpec::Type;
  spec.outputs.edit() = {{"chosen", Type::list}, {"option", Type::string}, {"params", Type::map},
                         {"by", Type::string},   {"at", Type::timestamp},  {"note", Type::string}};
  return spec;
}

inline TaskSpec trigger_task(const std::string& body) {
  TaskSpec spec = deferred_task(TaskKind::trigger_dag, body);
  using Type = OutputSpec::Type;
  spec.outputs.edit() = {{"dag", Type::string}, {"run_id", Type::string}, {"state", Type::string}};
  return spec;
}

/// `w` runs, then `t` starts a run of another DAG and waits for it.
inline std::shared_ptr<const Dag> starter_of(const std::string& id, const std::string& other,
                                             std::int32_t max_active_runs) {
  DagBuilder builder(id);
  builder.task("w").task("t", {"w"}, trigger_task("{\"dag\": \"" + other + "\", \"wait\": true}"));
  builder.dag().max_active_runs = max_active_runs;
  return builder.build();
}

}  // namespace baton::test
