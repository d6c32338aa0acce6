#include "scheduler/control/put_output.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "scheduler/control/control.h"
#include "scheduler/engine/clear.h"
#include "scheduler/engine/outputs.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr std::size_t kOutputShownMax = 1'000;      ///< bytes of a value that the audit keeps
constexpr std::size_t kOutputsMax = 1 << 20;
constexpr std::size_t kSecretBytesMin = 8;    ///< as of what tasks write: shorter ones stand in anything
constexpr std::string_view kFileName = "$BATON_OUTPUT is not JSON: ";

std::string instance_name(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  const std::string& id = run.dag->task(instance.task_no).id;
  return "task \"" + id + (instance.map_index < 0 ? std::string() : "[" + std::to_string(instance.map_index) + "]") + "\"";
}

Status may_be_written(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  const std::string name = instance_name(run, i);
  switch (run.spec_of(i).kind) {
    case TaskKind::approval:
      return Error{name + " puts out what a person has answered: nobody else writes that", ErrorKind::conflict};
    case TaskKind::checks:
      return Error{name + " puts out what its checks have come to: that is not written by hand", ErrorKind::conflict};
    default: break;
  }
  if (instance.state == TaskState::success) return Unit{};
  const std::string state = instance.state == TaskState::none ? "has not begun" : "is " + std::string(to_string(instance.state));
  const std::string way = is_final(instance.state) || instance.state == TaskState::none
                              ? "mark it success first, or let it run"
                              : "wait for its end, or stop it and mark it success";
  return Error{name + " " + state + ", and only what has succeeded has outputs: " + way, ErrorKind::conflict};
}

/// What follows would be made of both values, the old one and the new, without anybody being able to tell which.
Status nothing_follows_now(const DagRun& run, InstanceNo i) {
  Selection selection;
  selection.rule = Selection::Rule::listed;
  selection.instances = {i};
  selection.setups = false;
  for (const InstanceNo follows : select(run, selection)) {
    const TaskState state = run.at(follows).state;
    if (follows == i || state == TaskState::none || is_final(state)) continue;
    return Error{instance_name(run, follows) + " follows and is " + std::string(to_string(state)) +
                     ": wait for its end or stop it, then write the output and clear what follows",
                 ErrorKind::conflict};
  }
  return Unit{};
}

bool value_holds(const Value& value, std::string_view secret) {
  switch (value.type()) {
    case ValueType::string: return value.as_string().find(secret) != std::string::npos;
    case ValueType::list:
      return std::ranges::any_of(value.as_list(), [&](const Value& one) { return value_holds(one, secret); });
    case ValueType::map:
      return std::ranges::any_of(value.as_map(), [&](const auto& one) {
        return value_holds(one.first, secret) || value_holds(one.second, secret);
      });
    case ValueType::null:
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::floating:
    case ValueType::timestamp:
    case ValueType::duration: return false;
  }
  return false;
}

bool holds_secret(const PutOutputs& put, const std::vector<std::string>& secrets) {
  return std::ranges::any_of(secrets, [&](const std::string& secret) {
    return secret.size() >= kSecretBytesMin && (put.json.find(secret) != std::string::npos || value_holds(put.value, secret));
  });
}

/// The audit says what was put, not all of a large one.
std::string output_in_audit(const std::string& json) {
  return json.size() <= kOutputShownMax ? json : to_json(Value(std::to_string(json.size()) + " bytes"));
}

Error in_words_of_values(const Error& error) {
  std::string message = error.message;
  if (message.starts_with(kFileName)) message = "the value is not JSON: " + message.substr(kFileName.size());
  return {std::move(message), ErrorKind::invalid};
}

/// The outputs as they would be, as plain values: check_outputs() gives them their types.
Result<ValueMap> changed_outputs(const PutOutput& request, const DagRun& run, InstanceNo i, PutOutputs& out) {
  const auto kept = run.outputs.find(i);
  ValueMap map = kept == run.outputs.end() ? ValueMap{} : kept->second.as_map();
  const auto at = std::ranges::find(map, Value(request.name), &std::pair<Value, Value>::first);
  if (at != map.end()) out.before_json = to_json(at->second);
  const std::string name = instance_name(run, i);
  if (request.wish == PutOutput::Wish::create && at != map.end()) {
    return Error{name + " has put out \"" + request.name + "\" already: PATCH changes it", ErrorKind::conflict};
  }
  if (request.wish != PutOutput::Wish::create && at == map.end()) {
    return Error{name + " has put out no \"" + request.name + "\"", ErrorKind::not_found};
  }
  if (request.wish == PutOutput::Wish::remove) {
    const auto& declared = run.spec_of(i).outputs;
    if (std::ranges::find(declared, request.name, &OutputSpec::name) != declared.end()) {
      return Error{name + " declares the output \"" + request.name + "\": it can be changed, not taken away",
                   ErrorKind::invalid};
    }
    map.erase(at);
    return map;
  }
  auto value = from_json(request.json);
  if (!value) return Error{"the value is not JSON: " + value.error().message, ErrorKind::invalid};
  out.after_json = to_json(*value);
  if (at != map.end()) at->second = std::move(*value);
  if (at == map.end()) map.emplace_back(Value(request.name), std::move(*value));
  return map;
}

}  // namespace

Result<PutOutputs> outputs_of(const PutOutput& request, const DagRun& run, bool is_with_us, const CoreSettings& settings,
                              const SecretsOf& secrets) {
  if (request.name.empty() || request.name.size() > kOutputNameMax) {
    return Error{"the name of an output has 1 to " + std::to_string(kOutputNameMax) + " bytes", ErrorKind::invalid};
  }
  if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  const auto named = instances_of(run, {request.task});
  if (!named) return named.error();
  if (named->size() != 1) {
    return Error{"task \"" + request.task.task_id + "\" has " + std::to_string(named->size()) +
                     " instances: say which by map_index",
                 ErrorKind::invalid};
  }
  PutOutputs out;
  out.instance = named->front();
  if (Status may = may_be_written(run, out.instance); !may) return may.error();
  auto map = changed_outputs(request, run, out.instance, out);
  if (!map) return map.error();
  if (Status still = nothing_follows_now(run, out.instance); !still) return still.error();
  if (map->empty()) {
    out.value = Value(ValueMap{});
    return out;
  }
  const std::string json = to_json(Value(std::move(*map)));
  if (json.size() > kOutputsMax) {
    return Error{"the outputs of " + instance_name(run, out.instance) + " would take " + std::to_string(json.size()) +
                     " bytes; the limit is 1 MiB",
                 ErrorKind::invalid};
  }
  auto checked = check_outputs(run.spec_of(out.instance), json);
  if (!checked) return in_words_of_values(checked.error());
  out.value = std::move(checked->value);
  out.json = std::move(checked->json);
  const auto kept = run.outputs.find(out.instance);
  const std::int64_t before = kept == run.outputs.end() ? 0 : memory_of(kept->second);
  if (run.outputs_bytes - before + memory_of(out.value) > settings.outputs_max_bytes) {
    return Error{"the outputs of this run would take more than " + std::to_string(settings.outputs_max_bytes >> 20) +
                     " MiB of memory",
                 ErrorKind::invalid};
  }
  if (secrets && holds_secret(out, secrets(*run.dag, run.at(out.instance).task_no))) {
    return Error{"the value holds a secret that " + instance_name(run, out.instance) + " is given: nothing of it is kept",
                 ErrorKind::invalid};
  }
  return out;
}

AuditRow audit_of(const PutOutput& request, const PutOutputs& put, const Actor& actor, const DagRun& run, WallUs at) {
  const char* action = request.wish == PutOutput::Wish::remove ? "remove_output" : "set_output";
  AuditRow row = audit_row(actor, action, run.row, request.why, at);
  row.task_id = request.task.task_id;
  row.map_index = run.at(put.instance).map_index;
  const auto told = [&](const std::string& json) {
    return to_json(Value(ValueMap{{Value(request.name), *from_json(output_in_audit(json))}}));
  };
  if (!put.before_json.empty()) row.before_json = told(put.before_json);
  if (!put.after_json.empty()) row.after_json = told(put.after_json);
  return row;
}

void Control::change(const PutOutput& request, Asked& asked, const DagRun& run) {
  auto put = outputs_of(request, run, true, engine_.core(), hooks_.secrets_of);
  if (!put) return answer(asked, put.error());
  Answer how{.run_no = request.run_no, .state = run.row.state, .instances = describe(run, {put->instance})};
  AuditRow audit = audit_of(request, *put, asked.actor, run, loop_.wall_now());
  OutputRow row{request.run_no, put->instance, std::move(put->json)};
  engine_.put_outputs(std::move(row), std::move(put->value), written(std::move(audit), std::move(how), asked));
}

/// Whoever clears it later loads it anew. One that waits to begin once more may be loaded already, by who begins it.
void Control::change_loaded(const PutOutput& request, Asked& asked, LoadedRun& loaded, bool) {
  const DagRun& run = loaded.run;
  if (!run.is_finished() && !never_began(run) && engine_.queue().may_change(request.run_no)) {
    return answer(asked, Error{"run \"" + run.row.run_id + "\" waits to begin again: write the output before the clear, "
                               "or when it runs", ErrorKind::conflict});
  }
  auto put = outputs_of(request, run, false, engine_.core(), hooks_.secrets_of);
  if (!put) return answer(asked, put.error());
  Answer how{.run_no = request.run_no, .state = run.row.state, .instances = describe(run, {put->instance})};
  AuditRow audit = audit_of(request, *put, asked.actor, run, loop_.wall_now());
  ServiceRows rows;
  rows.outputs.push_back({request.run_no, put->instance, std::move(put->json)});
  engine_.write(written(std::move(audit), std::move(how), asked, std::move(rows)));
}

}  // namespace baton
