#include "scheduler/rehearsal/stage_parts.h"

#include <algorithm>
#include <utility>

#include "scheduler/engine/checks.h"
#include "scheduler/expr/convert.h"
#include "scheduler/json/json_value.h"

namespace baton::rehearsal {
namespace {

Value sample_of(OutputSpec::Type type, WallUs now) {
  switch (type) {
    case OutputSpec::Type::integer: return Value{std::int64_t{0}};
    case OutputSpec::Type::number: return Value{0.0};
    case OutputSpec::Type::boolean: return Value{false};
    case OutputSpec::Type::list: return Value{ValueList{}};
    case OutputSpec::Type::map: return Value{ValueMap{}};
    case OutputSpec::Type::timestamp: return Value{expr::timestamp_from_us(now)};
    case OutputSpec::Type::duration: return Value{Duration{}};
    case OutputSpec::Type::any: return Value{};
    case OutputSpec::Type::string: break;
  }
  return Value{std::string()};
}

}  // namespace

LaunchContext stage_context() {
  LaunchContext context;
  context.state_folder = "/baton-test";
  context.store_id = "test";
  context.worker_program = "baton-worker";
  context.task_program = "baton-task";
  context.default_shell = {"bash", "-euo", "pipefail"};
  context.secret = [](const std::string& name) { return Result<std::string>{"secret-" + name}; };
  context.connection = [](const std::string& name) {
    Connection one;
    one.name = name;
    one.target = "/baton-test/" + name + ".db";
    return Result<Connection>{std::move(one)};
  };
  return context;
}

std::string checks_output(const TaskSpec& spec, const std::vector<std::pair<std::string, std::string>>& given) {
  ValueList list;
  for (const CheckSpec& check : checks_of(spec)) {
    if (!check.needs_attempt()) continue;
    const auto named = std::ranges::find(given, check.name, &std::pair<std::string, std::string>::first);
    const std::string how = named == given.end() ? "passed" : named->second;
    const bool has_file = check.reads_dbt || check.reads_great_expectations;
    const std::string good = check.reads_dbt
                                 ? R"({"results": [{"unique_id": "all", "status": "pass"}]})"
                                 : R"({"results": [{"success": true, "expectation_config": {"type": "all"}}]})";
    list.emplace_back(ValueMap{{"exit", std::int64_t{how == "failed" ? 1 : 0}},
                               {"signal", std::int64_t{0}},
                               {"problem", how == "error" ? "the test says so" : ""},
                               {"result", ""},
                               {"file", has_file ? good : ""}});
  }
  return to_json(Value{ValueMap{{"checks", std::move(list)}}});
}

std::string sample_output(const TaskSpec& spec, WallUs now) {
  if (spec.kind == TaskKind::checks) return checks_output(spec, {});
  ValueMap map;
  for (const OutputSpec& declared : *spec.outputs) map.emplace_back(Value{declared.name}, sample_of(declared.type, now));
  return map.empty() ? std::string() : to_json(Value{std::move(map)});
}

}  // namespace baton::rehearsal
