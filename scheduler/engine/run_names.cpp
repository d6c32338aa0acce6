#include "scheduler/engine/run_names.h"

#include <utility>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/shell_template.h"
#include "scheduler/expr/template.h"

namespace baton {
namespace {

constexpr int kEnvDepthMax = 16;

Value time_or_null(WallUs at) { return at == kNoTime ? Value{} : Value{expr::timestamp_from_us(at)}; }

Value field(std::string_view name, Value value) { return ValueMap{{Value{name}, std::move(value)}}; }

Error as_error(const expr::ExprError& e) { return Error{e.message}; }

}  // namespace

Value RunNames::describe(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  ValueMap map;
  map.emplace_back("index", std::int64_t{instance.map_index});
  const auto item = run.items.find(i);
  map.emplace_back("key", item == run.items.end() ? Value{} : Value{item->second.key});
  map.emplace_back("item", item == run.items.end() ? Value{} : item->second.item);
  map.emplace_back("state", to_string(instance.state));
  if (instance.state == TaskState::success) {
    const auto outputs = run.outputs.find(i);
    map.emplace_back("outputs", outputs == run.outputs.end() ? Value{ValueMap{}} : outputs->second);
  }
  return map;
}

Result<Value> RunNames::task_value(TaskNo t) const {
  const TaskProgress& p = run_.progress(t);
  if (run_.dag->spec(t).mapping->kind == Mapping::Kind::none) return describe(run_, t);
  if (!p.expanded) return Value{ValueList{}};
  DescribedTask& described = run_.described[t];
  const bool is_new = described.list.is_null();
  if (!is_new && described.stale.empty()) return described.list;
  ValueList list = is_new ? ValueList(static_cast<std::size_t>(p.count)) : described.list.as_list();
  if (is_new) {
    for (std::int32_t k = 0; k < p.count; ++k) list[static_cast<std::size_t>(k)] = describe(run_, run_.instance_of(t, k));
  }
  for (const std::int32_t k : std::exchange(described.stale, {})) {
    list[static_cast<std::size_t>(k)] = describe(run_, run_.instance_of(t, k));
  }
  described.list = Value{std::move(list)};
  return described.list;
}

Result<std::optional<Value>> RunNames::env_value(std::string_view name) const {
  if (env_depth_ >= kEnvDepthMax) return Error{"env." + std::string(name) + " refers to itself"};
  for (const auto* entries : {&run_.dag->spec(task_no_).env.get(), &run_.dag->env}) {
    for (const EnvEntry& entry : *entries) {
      if (entry.name != name) continue;
      if (!entry.secret.empty()) return Error{"env." + entry.name + " is a secret and cannot be used in an expression"};
      ++env_depth_;
      auto value = value_of(entry.value, *this);
      --env_depth_;
      if (!value) return value.error();
      return std::optional<Value>{std::move(value).value()};
    }
  }
  return std::optional<Value>{};
}

bool RunNames::names_item(std::string_view name) const {
  if (instance_ < 0) return false;
  const Mapping& mapping = run_.dag->spec(task_no_).mapping;
  const bool is_its = mapping.kind == Mapping::Kind::matrix ? name == "matrix" : name == mapping.as;
  return is_its && run_.items.contains(instance_);
}

Result<std::optional<expr::Resolved>> RunNames::resolve_task(std::span<const std::string_view> path) const {
  if (path.size() < 2) return Error{"name a task: tasks.<id>"};
  const auto t = run_.dag->find(path[1]);
  if (!t) return Error{"there is no task \"" + std::string(path[1]) + "\""};
  const bool mapped = run_.dag->spec(*t).mapping->kind != Mapping::Kind::none;
  if (!mapped && path.size() > 2 && path[2] == "outputs" && run_.at(*t).state != TaskState::success) {
    // As a whole they are empty, so that has(tasks.b.outputs.v) is false; to select from them is an error that says why.
    if (path.size() == 3) return std::optional<expr::Resolved>{expr::Resolved{Value{ValueMap{}}, 3}};
    return Error{"task \"" + std::string(path[1]) + "\" has no outputs: it is " +
                 std::string(to_string(run_.at(*t).state))};
  }
  auto value = task_value(*t);
  if (!value) return value.error();
  return std::optional<expr::Resolved>{expr::Resolved{std::move(value).value(), 2}};
}

Result<std::optional<expr::Resolved>> RunNames::resolve(std::span<const std::string_view> path) const {
  if (path[0] == "tasks") return resolve_task(path);
  if (path[0] == "env" && path.size() > 1) {
    auto value = env_value(path[1]);
    if (!value) return value.error();
    if (!value->has_value()) return Error{"there is no env variable \"" + std::string(path[1]) + "\""};
    return std::optional<expr::Resolved>{expr::Resolved{**value, 2}};
  }
  // One that nobody has put yet is null, and has(state.name) is false: a first run has no watermark.
  if (path[0] == "state" && path.size() > 1 && !names_item("state")) {
    return std::optional<expr::Resolved>{
        expr::Resolved{run_.states == nullptr ? Value{} : run_.states->value_of(path[1]), 2}};
  }
  return expr::Names::resolve(path);
}

Result<std::optional<Value>> RunNames::lookup(std::string_view name) const {
  const RunRow& row = run_.row;
  const auto found = [](Value v) { return std::optional<Value>{std::move(v)}; };
  if (name == "params") return found(run_.params);
  if (name == "logical_date") {
    return found(time_or_null(row.logical_date != kNoTime ? row.logical_date : row.interval_start));
  }
  if (name == "interval") {
    return found(ValueMap{{"start", time_or_null(row.interval_start)}, {"end", time_or_null(row.interval_end)}});
  }
  if (name == "state" && !names_item(name)) return found(run_.states == nullptr ? Value{ValueMap{}} : run_.states->visible());
  if (name == "run") return found(ValueMap{{"id", row.run_id}, {"type", to_string(row.type)}});
  if (name == "dag") return found(field("id", run_.dag->id));
  if (name == "task") {
    const std::int64_t tries = instance_ < 0 ? 0 : run_.at(instance_).try_number;
    return found(ValueMap{{"id", run_.dag->task(task_no_).id}, {"try_number", tries}});
  }
  if (name == "env") {
    ValueMap map;
    for (const auto* entries : {&run_.dag->spec(task_no_).env.get(), &run_.dag->env}) {
      for (const EnvEntry& entry : *entries) {
        if (!entry.secret.empty() || Value{map}.find(entry.name) != nullptr) continue;
        auto value = env_value(entry.name);
        if (!value) return value.error();
        map.emplace_back(entry.name, **value);
      }
    }
    return found(std::move(map));
  }
  if (names_item(name)) return found(run_.items.at(instance_).item);
  return std::optional<Value>{};
}

Result<std::optional<Value>> RunNames::call(std::string_view function, std::span<const Value> args) const {
  if (function != "var") return expr::Names::call(function, args);
  const std::string& name = args[0].as_string();
  if (run_.variables != nullptr) {
    const auto found = run_.variables->find(name);
    if (found != run_.variables->end()) return std::optional<Value>{Value{found->second}};
  }
  if (args.size() > 1) return std::optional<Value>{args[1]};
  return Error{"there is no variable \"" + name + "\": set it, or give a default as the second argument, var(\"" + name +
               "\", \"…\")"};
}

Result<Value> value_of(const Text& text, const expr::Names& names) {
  if (!text.compiled) return Value{text.source};
  auto value = expr::render(*text.compiled, text.source, names);
  if (!value) return as_error(value.error());
  return std::move(value).value();
}

Result<std::string> text_of(const Text& text, const expr::Names& names) {
  if (!text.compiled) return text.source;
  auto value = value_of(text, names);
  if (!value) return value.error();
  return expr::to_text(*value);
}

Result<std::string> text_of(const Script& script, const expr::Names& names) {
  if (!script.compiled) return script.source;
  auto text = expr::render(*script.compiled, script.source, names);
  if (!text) return as_error(text.error());
  return std::move(text).value();
}

}  // namespace baton
