#include <unordered_map>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/canonical_write.h"
#include "scheduler/digest/digest.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton {
namespace {

using dagfile::append_json_int;
using dagfile::append_json_string;
using dagfile::append_json_value;
using dagfile::JsonObject;

/// A text that is not set stays out. Whether it holds expressions is seen from the text itself.
void write_text(JsonObject& object, std::string_view name, const Text& text) {
  if (text.is_set()) append_json_string(object.member(name), text.source);
}

template <typename List, typename Write>
void write_list(JsonObject& object, std::string_view name, const List& list, Write write) {
  if (list.empty()) return;
  std::string& out = object.member(name);
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    write(out, item);
  }
  out += ']';
}

void write_failure_class(std::string& out, const FailureClass& c) {
  using Kind = FailureClass::Kind;
  switch (c.kind) {
    case Kind::any:
      out += "\"any\"";
      return;
    case Kind::exit:
      append_json_int(out, c.exit_code);
      return;
    case Kind::signal:
      out += "\"signal\"";
      return;
    case Kind::timeout:
      out += "\"timeout\"";
      return;
    case Kind::lost:
      out += "\"lost\"";
      return;
  }
}

void write_retries(JsonObject& parent, const RetryPolicy& retries) {
  const RetryPolicy unset;
  const bool is_default = retries.max == 0 && retries.delay_us == unset.delay_us && retries.backoff == unset.backoff &&
                          retries.max_delay_us == unset.max_delay_us && retries.jitter == unset.jitter &&
                          retries.on == unset.on && retries.never_on.empty();
  if (is_default) return;
  JsonObject object(parent.member("retries"));
  object.number("max", retries.max);
  object.number("delay", retries.delay_us, -1);
  object.number("backoff", static_cast<int>(retries.backoff), -1);
  object.number("max_delay", retries.max_delay_us, -1);
  object.number("jitter", static_cast<int>(retries.jitter), -1);
  write_list(object, "on", retries.on, write_failure_class);
  write_list(object, "never_on", retries.never_on, write_failure_class);
}

void write_env(std::string& out, const EnvEntry& entry) {
  JsonObject object(out);
  object.text("name", entry.name);
  object.text("secret", entry.secret);
  write_text(object, "value", entry.value);
}

void write_mapping(JsonObject& parent, const Mapping& mapping) {
  if (mapping.kind == Mapping::Kind::none) return;
  JsonObject object(parent.member("mapping"));
  object.number("kind", static_cast<int>(mapping.kind));
  object.text("as", mapping.as);
  write_text(object, "items", mapping.items);
  if (mapping.literal_items) append_json_value(object.member("literal"), *mapping.literal_items);
  write_text(object, "key", mapping.key);
  write_list(object, "axes", mapping.axes, [](std::string& out, const Mapping::Axis& axis) {
    JsonObject one(out);
    one.text("name", axis.name);
    write_text(one, "items", axis.items);
    if (axis.literal_items) append_json_value(one.member("literal"), *axis.literal_items);
  });
  write_list(object, "include", mapping.include, append_json_value);
  write_list(object, "exclude", mapping.exclude, append_json_value);
  object.number("max_parallel", mapping.max_parallel);
}

void write_sensor(JsonObject& parent, const Sensor& sensor) {
  JsonObject object(parent.member("sensor"));
  object.number("kind", static_cast<int>(sensor.kind));
  write_text(object, "file", sensor.file);
  write_text(object, "time", sensor.time);
  object.text("run", sensor.run.source);
  object.number("every", sensor.every_us);
}

void write_resources(JsonObject& parent, const TaskSpec& spec) {
  write_list(parent, "pools", spec.pools, [](std::string& out, const PoolUse& pool) {
    JsonObject one(out);
    one.text("name", pool.name);
    one.number("slots", pool.slots, 1);
  });
  parent.texts("breakers", spec.breakers);
  write_list(parent, "worker", spec.worker_labels, [](std::string& out, const auto& label) {
    out += '[';
    append_json_string(out, label.first);
    out += ',';
    append_json_string(out, label.second);
    out += ']';
  });
  if (spec.executor != "local") parent.text("executor", spec.executor);
  parent.text("executor_options", spec.executor_options_json);
  parent.number("cpus", spec.resources.cpus_milli);
  parent.number("memory", spec.resources.memory_bytes);
  parent.number("gpus", spec.resources.gpus);
}

void write_spec(std::string& out, const TaskSpec& spec) {
  const TaskSpec unset;
  JsonObject object(out);
  object.number("kind", static_cast<int>(spec.kind), -1);
  object.number("rule", static_cast<int>(spec.trigger_rule));
  object.flag("setup", spec.setup);
  object.flag("teardown", spec.teardown);
  object.texts("teardown_of", spec.teardown_of);
  object.flag("teardown_fails_run", spec.teardown_fails_run);
  object.flag("allow_failure", spec.allow_failure);
  object.flag("depends_on_past", spec.depends_on_past);
  object.flag("dead_letter", spec.dead_letter, true);
  object.text("script", spec.script.source);
  write_list(object, "argv", spec.argv, [](std::string& to, const Text& text) { append_json_string(to, text.source); });
  if (spec.kind == TaskKind::sensor) write_sensor(object, spec.sensor);
  object.text("body", spec.body_json);
  write_text(object, "if", spec.condition);
  object.flag("if_per_instance", spec.condition_per_instance);
  write_mapping(object, spec.mapping);
  write_list(object, "env", spec.env, write_env);
  write_text(object, "cwd", spec.cwd);
  object.texts("shell", spec.shell);
  write_text(object, "stdin", spec.stdin_text);
  write_retries(object, spec.retries);
  object.number("timeout", spec.timeout_us);
  object.number("grace", spec.grace_us, unset.grace_us);
  object.number("heartbeat", spec.heartbeat_us);
  object.number("log_limit", spec.log_limit_bytes, unset.log_limit_bytes);
  object.number("priority", spec.priority);
  write_resources(object, spec);
  write_list(object, "outputs", spec.outputs, [](std::string& to, const OutputSpec& output) {
    to += '[';
    append_json_string(to, output.name);
    to += ',';
    append_json_int(to, static_cast<int>(output.type));
    to += ']';
  });
  object.texts("consumes", spec.consumes);
  object.texts("produces", spec.produces);
  if (spec.cache) {
    JsonObject cache(object.member("cache"));
    write_text(cache, "key", spec.cache->key);
    cache.number("ttl", spec.cache->ttl_us);
  }
  object.text("group", spec.group);
  object.text("description", spec.description);
  object.text("doc", spec.doc);
}

void write_condition(std::string& out, const timetable::AssetCondition& condition) {
  if (condition.kind == timetable::AssetCondition::Kind::asset) return append_json_string(out, condition.asset);
  JsonObject object(out);
  const bool is_all = condition.kind == timetable::AssetCondition::Kind::all;
  std::string& list = object.member(is_all ? "all" : "any");
  list += '[';
  for (std::size_t i = 0; i < condition.children.size(); ++i) {
    if (i > 0) list += ',';
    write_condition(list, condition.children[i]);
  }
  list += ']';
}

void write_schedule(JsonObject& parent, const timetable::ScheduleSpec& spec) {
  JsonObject object(parent.member("schedule"));
  write_list(object, "entries", spec.entries, [](std::string& out, const timetable::ScheduleEntry& entry) {
    JsonObject one(out);
    one.text("cron", entry.cron);
    one.number("every", entry.every_us);
    one.text("timezone", entry.timezone);
  });
  object.text("timezone", spec.timezone);
  object.number("start", spec.start, kNoTime);
  object.number("end", spec.end, kNoTime);
  object.number("catchup", static_cast<int>(spec.catchup));
  object.number("catchup_max", spec.catchup_max);
  object.number("overlap", static_cast<int>(spec.overlap));
  object.number("jitter", spec.jitter_us);
  object.texts("only", spec.calendar.only);
  object.texts("exclude", spec.calendar.exclude);
  if (spec.assets) write_condition(object.member("assets"), *spec.assets);
  object.flag("merge", spec.assets_merge);
}

void write_top(JsonObject& object, const Dag& dag) {
  object.number("language", kLanguageVersion);
  object.text("dag", dag.id);
  object.text("description", dag.description);
  object.text("doc", dag.doc);
  object.text("owner", dag.owner);
  object.texts("tags", dag.tags);
  if (dag.schedule) write_schedule(object, *dag.schedule);
  object.text("timezone", dag.timezone);
  write_list(object, "params", dag.params, [](std::string& out, const ParamSpec& param) {
    JsonObject one(out);
    one.text("name", param.name);
    one.text("schema", param.schema_json);
  });
  write_list(object, "env", dag.env, write_env);
  object.number("max_active_runs", dag.max_active_runs);
  object.number("max_active_tasks", dag.max_active_tasks);
  object.number("max_consecutive_failed_runs", dag.max_consecutive_failed_runs);
  object.flag("fail_fast", dag.fail_fast);
  object.number("timeout", dag.timeout_us);
  object.number("sla", dag.sla_us);
  write_list(object, "groups", dag.groups, [](std::string& out, const GroupSpec& group) {
    JsonObject one(out);
    one.text("id", group.id);
    one.text("tooltip", group.tooltip);
  });
  object.text("breakers", dag.breakers_json);
  object.text("assets", dag.assets_json);
  object.text("calendars", dag.calendars_json);
  object.text("alerts", dag.alerts_json);
}

/// Specs once each, by content: two tasks that say the same share one also when the loader did not see it.
void write_tasks(JsonObject& object, const Dag& dag) {
  std::unordered_map<const TaskSpec*, std::size_t> by_address;
  std::unordered_map<std::string, std::size_t> by_content;
  std::string& out = object.member("specs");
  out += '[';
  std::vector<std::size_t> spec_of;
  spec_of.reserve(dag.tasks.size());
  for (const Task& task : dag.tasks) {
    const auto known = by_address.find(task.spec.get());
    if (known != by_address.end()) {
      spec_of.push_back(known->second);
      continue;
    }
    std::string content;
    write_spec(content, *task.spec);
    const auto [at, is_new] = by_content.emplace(std::move(content), by_content.size());
    if (is_new) {
      if (at->second > 0) out += ',';
      out += at->first;
    }
    by_address.emplace(task.spec.get(), at->second);
    spec_of.push_back(at->second);
  }
  out += ']';
  object.member("tasks") += '[';
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    if (t > 0) out += ',';
    out += '[';
    append_json_string(out, dag.tasks[t].id);
    out += ',';
    append_json_int(out, static_cast<std::int64_t>(spec_of[t]));
    out += ',';
    append_json_int(out, static_cast<int>(dag.tasks[t].hook));
    for (const TaskNo u : dag.upstream.of(static_cast<TaskNo>(t))) {
      out += ',';
      append_json_int(out, u);
    }
    out += ']';
  }
  out += ']';
}

std::string write_dag(const Dag& dag, bool with_slots) {
  std::string out;
  out.reserve(256 + dag.tasks.size() * 24 + dag.upstream.targets.size() * 7);
  {
    JsonObject object(out);
    write_top(object, dag);
    write_tasks(object, dag);
  }
  out.pop_back();  // the closing brace: pools come last, so that the version can be had from a stored form's text
  dagfile::append_pools(out, dag, with_slots);
  out += '}';
  return out;
}

}  // namespace

void dagfile::append_pools(std::string& out, const Dag& dag, bool with_slots) {
  if (dag.pools.empty()) return;
  out += ",\"pools\":[";
  for (std::size_t i = 0; i < dag.pools.size(); ++i) {
    if (i > 0) out += ',';
    JsonObject one(out);
    one.text("name", dag.pools[i].name);
    if (with_slots) one.number("slots", dag.pools[i].slots, -1);
  }
  out += ']';
}

std::string canonical_json(const Dag& dag) {
  return write_dag(dag, true);
}

std::string version_of(const Dag& dag) {
  return sha256_hex(write_dag(dag, false));
}

std::string secret_variable(std::string_view secret) {
  std::string name = "BATON_SECRET_";
  for (const char c : secret) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_lower ? static_cast<char>(c - 'a' + 'A') : is_kept ? c : '_';
  }
  return name;
}

}  // namespace baton
