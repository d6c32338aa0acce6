// What the canonical form holds, described once: writing and hashing walk it with FieldWriter (canonical_write.cpp),
// reading with FieldReader (canonical_read.cpp). A new key of the language that a run depends on is one line here.
//
//   always(name, member)         is written whatever it is
//   given(name, member)          is left out where it says nothing: empty, 0, false, the first of an enum
//   given(name, member, unset)   is left out where it is `unset`
//   condition(name, text)        one expression with or without ${{ }}
//
// The order is that of the form, and so part of every version. Included by those two files alone.
#pragma once

#include <type_traits>

#include "scheduler/model/dag.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::dagfile {

/// T as a visitor sees it: const for the writer.
template <typename Fields, typename T>
using Seen = typename Fields::template Seen<T>;

template <typename F>
void describe(F& f, Seen<F, RetryPolicy>& retries) {
  f.given("max", retries.max);
  f.given("computed_max", retries.computed_max);
  f.always("delay", retries.delay_us);
  f.always("backoff", retries.backoff);
  f.always("max_delay", retries.max_delay_us);
  f.always("jitter", retries.jitter);
  f.given("on", retries.on);
  f.given("never_on", retries.never_on);
}

template <typename F>
void describe(F& f, Seen<F, EnvEntry>& entry) {
  f.always("name", entry.name);
  f.given("secret", entry.secret);
  f.given("value", entry.value);
}

template <typename F>
void describe(F& f, Seen<F, Mapping::Axis>& axis) {
  f.always("name", axis.name);
  f.given("items", axis.items);
  f.given("literal", axis.literal_items);
}

template <typename F>
void describe(F& f, Seen<F, Mapping>& mapping) {
  f.always("kind", mapping.kind);
  f.given("as", mapping.as);
  f.given("items", mapping.items);
  f.given("literal", mapping.literal_items);
  f.given("key", mapping.key);
  f.given("axes", mapping.axes);
  f.given("include", mapping.include);
  f.given("exclude", mapping.exclude);
  f.given("max_parallel", mapping.max_parallel);
  f.given("computed_max_parallel", mapping.computed_max_parallel);
}

template <typename F>
void describe(F& f, Seen<F, Sensor>& sensor) {
  f.always("kind", sensor.kind);
  f.given("file", sensor.file);
  f.given("time", sensor.time);
  f.given("run", sensor.run);
  f.given("http", sensor.http);
  f.given("asset", sensor.asset);
  f.given("since", sensor.since);
  f.always("every", sensor.every_us);
}

template <typename F>
void describe(F& f, Seen<F, PoolUse>& pool) {
  f.always("name", pool.name);
  f.given("slots", pool.slots, 1);
}

template <typename F>
void describe(F& f, Seen<F, Cache>& cache) {
  f.given("key", cache.key);
  f.given("ttl", cache.ttl_us);
  f.given("key_only", cache.key_only);
}

template <typename F>
void describe(F& f, Seen<F, Sla>& sla) {
  f.given("within", sla.within_us);
  f.given("from", sla.from);
  f.given("by", sla.by_s, -1);
}

template <typename F>
void describe(F& f, Seen<F, StateUse>& state) {
  f.always("name", state.name);
  f.given("backfills_write", state.backfills_write);
}

/// What a task does and when.
template <typename F>
void describe_action(F& f, Seen<F, TaskSpec>& spec) {
  f.always("kind", spec.kind);
  f.given("rule", spec.trigger_rule);
  f.given("setup", spec.setup);
  f.given("teardown", spec.teardown);
  f.given("teardown_of", spec.teardown_of);
  f.given("teardown_fails_run", spec.teardown_fails_run);
  f.given("allow_failure", spec.allow_failure);
  f.given("depends_on_past", spec.depends_on_past);
  f.given("dead_letter", spec.dead_letter, true);
  f.given("script", spec.script);
  f.given("argv", spec.argv);
  f.given("sensor", spec.sensor);
  f.given("body", spec.body);
  f.condition("if", spec.condition);
  f.given("if_per_instance", spec.condition_per_instance);
  f.given("mapping", spec.mapping);
}

/// What surrounds it.
template <typename F>
void describe_surroundings(F& f, Seen<F, TaskSpec>& spec) {
  static const TaskSpec unset;
  f.given("env", spec.env);
  f.given("cwd", spec.cwd);
  f.given("shell", spec.shell);
  f.given("stdin", spec.stdin_text);
  f.given("retries", spec.retries);
  f.given("timeout", spec.timeout_us);
  f.given("computed_timeout", spec.computed_timeout);
  Expected expected = *spec.expected;
  f.given("expect", expected.try_us);
  f.given("grace", spec.grace_us, unset.grace_us);
  f.given("heartbeat", spec.heartbeat_us);
  f.given("log_limit", spec.log_limit_bytes, unset.log_limit_bytes);
  f.given("priority", spec.priority);
  f.given("pools", spec.pools);
  f.given("breakers", spec.breakers);
  f.given("worker", spec.worker_labels);
  f.given("executor", spec.executor);
  f.given("executor_options", spec.executor_options_json);
  Resources resources = spec.resources;
  f.given("cpus", resources.cpus_milli);
  f.given("memory", resources.memory_bytes);
  f.given("gpus", resources.gpus);
  if constexpr (!std::is_const_v<Seen<F, TaskSpec>>) {
    if (!(resources == Resources{})) spec.resources = resources;
  }
  f.given("outputs", spec.outputs);
  f.given("consumes", spec.consumes);
  f.given("produces", spec.produces);
  f.given("cache", spec.cache);
  f.given("state", spec.state);
  f.given("sla", expected.sla);
  if constexpr (!std::is_const_v<Seen<F, TaskSpec>>) {
    if (!(expected == Expected{})) spec.expected = expected;
  }
  f.given("group", spec.group);
  f.given("description", spec.description);
  f.given("doc", spec.doc);
}

template <typename F>
void describe(F& f, Seen<F, TaskSpec>& spec) {
  describe_action(f, spec);
  describe_surroundings(f, spec);
}

template <typename F>
void describe(F& f, Seen<F, timetable::ScheduleEntry>& entry) {
  f.given("cron", entry.cron);
  f.given("every", entry.every_us);
  f.given("timezone", entry.timezone);
}

template <typename F>
void describe(F& f, Seen<F, timetable::ScheduleSpec>& schedule) {
  f.given("entries", schedule.entries);
  f.given("timezone", schedule.timezone);
  f.given("start", schedule.start, kNoTime);
  f.given("end", schedule.end, kNoTime);
  f.given("catchup", schedule.catchup);
  f.given("catchup_max", schedule.catchup_max);
  f.given("overlap", schedule.overlap);
  f.given("jitter", schedule.jitter_us);
  f.given("only", schedule.calendar.only);
  f.given("exclude", schedule.calendar.exclude);
  f.given("assets", schedule.assets);
  f.given("merge", schedule.assets_merge);
}

template <typename F>
void describe(F& f, Seen<F, ParamSpec>& param) {
  f.always("name", param.name);
  f.always("schema", param.schema_json);
}

template <typename F>
void describe(F& f, Seen<F, Connection>& connection) {
  f.always("name", connection.name);
  f.given("kind", connection.kind);
  f.always("target", connection.target);
  f.given("password", connection.password_secret);
}

template <typename F>
void describe(F& f, Seen<F, GroupSpec>& group) {
  f.always("id", group.id);
  f.given("tooltip", group.tooltip);
}

/// All of a Dag but its tasks and its pools, which come after (canonical_write.cpp).
template <typename F>
void describe(F& f, Seen<F, Dag>& dag) {
  f.always("dag", dag.id);
  f.given("description", dag.description);
  f.given("doc", dag.doc);
  f.given("owner", dag.owner);
  f.given("tags", dag.tags);
  f.given("labels", dag.labels);
  f.given("schedule", dag.schedule);
  f.given("timezone", dag.timezone);
  f.given("params", dag.params);
  f.given("env", dag.env);
  f.given("max_active_runs", dag.max_active_runs);
  f.given("max_active_tasks", dag.max_active_tasks);
  f.given("weight", dag.weight, 1);
  f.given("max_consecutive_failed_runs", dag.max_consecutive_failed_runs);
  f.given("fail_fast", dag.fail_fast);
  f.given("timeout", dag.timeout_us);
  f.given("sla", dag.sla.within_us);  // alone, the form of before
  f.given("sla_from", dag.sla.from);
  f.given("sla_by", dag.sla.by_s, -1);
  f.given("connections", dag.connections);
  f.given("groups", dag.groups);
  f.given("breakers", dag.breakers_json);
  f.given("assets", dag.assets_json);
  f.given("calendars", dag.calendars_json);
  f.given("alerts", dag.alerts_json);
}

}  // namespace baton::dagfile
