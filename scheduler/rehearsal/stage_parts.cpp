#include "scheduler/rehearsal/stage_parts.h"

#include <utility>

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
  context.default_shell = {"bash", "-euo", "pipefail"};
  context.task_program = "baton-task";
  // Nothing that is played reads the secrets of this machine, nor reaches what it is connected to.
  context.secret = [](const std::string& name) { return Result<std::string>{"secret-" + name}; };
  context.connection = [](const std::string& name) {
    Connection one;
    one.name = name;
    one.target = "/baton-test/" + name + ".db";
    return Result<Connection>{std::move(one)};
  };
  return context;
}

std::string sample_output(const TaskSpec& spec, WallUs now) {
  ValueMap map;
  for (const OutputSpec& declared : *spec.outputs) map.emplace_back(Value{declared.name}, sample_of(declared.type, now));
  return map.empty() ? std::string() : to_json(Value{std::move(map)});
}

}  // namespace baton::rehearsal
