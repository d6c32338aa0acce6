#include "web/api/objects.h"

#include <algorithm>
#include <array>

#include "web/api/fields.h"

namespace baton::api {

namespace {

constexpr std::array<std::string_view, 8> kTriggeredBy = {"cli",  "operator",  "rest_api", "ui",
                                                          "test", "timetable", "asset",    "backfill"};
constexpr std::string_view kBundle = "dags-folder";
constexpr std::string_view kDefaultPool = "default_pool";

void triggered_by_field(JsonObject& out, const std::string& by) {
  if (by == "trigger_dag") return text_field(out, "triggered_by", "operator");  // as Airflow calls it
  const bool is_known = std::find(kTriggeredBy.begin(), kTriggeredBy.end(), by) != kTriggeredBy.end();
  text_field(out, "triggered_by", is_known ? std::string_view(by) : std::string_view());
}

/// A person's note, else the engine's.
const std::string& note_of(const std::string& by_person, const std::string& by_engine) {
  return by_person.empty() ? by_engine : by_person;
}

void state_field(JsonObject& out, TaskState state) {
  text_field(out, "state", state == TaskState::none ? std::string_view() : to_string(state));
}

void reason_field(JsonObject& out, Reason reason) {
  text_field(out, "state_reason", reason == Reason::none ? std::string_view() : to_string(reason));
}

void number_or_null(JsonObject& out, std::string_view name, std::int64_t number, bool is_known) {
  if (is_known) return out.number(name, number);
  null_field(out, name);
}

/// The states of its task instances, those that any has.
void counts_field(JsonObject& out, const StateCounts& counts) {
  JsonObject own(out.member("task_instance_counts"));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) > 0) own.number(to_string(static_cast<TaskState>(i)), counts.at(i));
  }
}

/// What an instance and its tries have in common.
void task_fields(JsonObject& out, const InstanceView& instance) {
  out.text("task_id", instance.task_id);
  out.text("task_display_name", instance.task_id);
  out.text("dag_id", instance.dag_id);
  out.text("dag_display_name", instance.dag_id);
  out.text("dag_run_id", instance.run_id);
  out.number("map_index", instance.row.map_index);
  out.number("max_tries", instance.max_tries - 1);
  out.text("pool", instance.pool.empty() ? kDefaultPool : std::string_view(instance.pool));
  out.number("pool_slots", instance.pool_slots);
  out.number("priority_weight", instance.priority);
  out.text("operator", to_string(instance.kind));
  out.text("operator_name", to_string(instance.kind));
  out.text("queue", "default");
  out.text("executor_config", "{}");
  null_field(out, "unixname");
  null_field(out, "dag_version");
}

}  // namespace

void append_version(std::string& out, const VersionView& version) {
  JsonObject one(out);
  one.text("id", version.uuid);
  one.number("version_number", version.number);
  one.text("dag_id", version.dag_id);
  one.text("dag_display_name", version.dag_id);
  one.text("bundle_name", kBundle);
  one.text("bundle_version", version.version);
  null_field(one, "bundle_url");
  text_field(one, "git_commit", version.commit);
  time_field(one, "created_at", version.created_at);
}

void append_run(std::string& out, const RunView& run, const std::vector<VersionView>& versions, QueueWait wait) {
  const RunRow& row = run.row;
  JsonObject one(out);
  one.text("dag_run_id", row.run_id);
  one.text("dag_id", row.dag_id);
  one.text("dag_display_name", row.dag_id);
  time_field(one, "logical_date", row.logical_date);
  time_field(one, "queued_at", row.queued_at);
  time_field(one, "start_date", row.started_at);
  time_field(one, "end_date", row.ended_at);
  duration_field(one, "duration", row.started_at, row.ended_at);
  time_field(one, "data_interval_start", row.interval_start);
  time_field(one, "data_interval_end", row.interval_end);
  time_field(one, "run_after", row.run_after == kNoTime ? row.queued_at : row.run_after);
  null_field(one, "last_scheduling_decision");
  one.text("run_type", to_string(row.type));
  one.text("state", to_string(row.state));
  text_field(one, "state_reason", row.reason == Reason::none ? std::string_view() : run_reason_name(row.reason));
  if (row.state == RunState::queued && wait != QueueWait::none) one.text("wait", to_string(wait));
  triggered_by_field(one, row.triggered_by);
  null_field(one, "triggering_user_name");
  one.member("conf") += row.conf_json.empty() ? "{}" : row.conf_json;
  text_field(one, "note", note_of(row.user_note, row.note));
  std::vector<VersionView> own;
  std::copy_if(versions.begin(), versions.end(), std::back_inserter(own),
               [&](const VersionView& version) { return version.version == row.dag_version; });
  append_json_array(one.member("dag_versions"), own, append_version);
  text_field(one, "bundle_version", row.dag_version);
  null_field(one, "partition_key");
  null_field(one, "partition_date");
  labels_field(one, run.labels);
  counts_field(one, row.counts);
  time_field(one, "paused_at", row.paused.since);
  text_field(one, "paused_by", row.paused.by);
  text_field(one, "damage", run.damage);
}

void append_instance(std::string& out, const InstanceView& instance) {
  const TaskRow& row = instance.row;
  JsonObject one(out);
  one.text("id", instance.uuid);
  task_fields(one, instance);
  time_field(one, "logical_date", instance.logical_date);
  time_field(one, "run_after", instance.run_after);
  time_field(one, "start_date", row.started_at);
  time_field(one, "end_date", row.ended_at);
  duration_field(one, "duration", row.started_at, row.ended_at);
  state_field(one, row.state);
  reason_field(one, row.reason);
  text_field(one, "wait", row.wait ? to_string(*row.wait) : std::string_view());
  one.number("try_number", row.try_number);
  text_field(one, "hostname", instance.host);
  time_field(one, "queued_when", row.queued_at);
  time_field(one, "scheduled_when", row.scheduled_at);
  if (row.pid > 0) {
    one.number("pid", row.pid);
  } else {
    null_field(one, "pid");
  }
  text_field(one, "executor", row.executor);
  text_field(one, "note", note_of(instance.user_note, row.note));
  text_field(one, "rendered_map_index", row.map_key);
  one.member("rendered_fields") += "{}";
  null_field(one, "trigger");
  null_field(one, "triggerer_job");
  text_field(one, "damage", instance.damage);
}

void append_try(std::string& out, const TryView& view, const InstanceView& instance) {
  const TryRow& row = view.row;
  JsonObject one(out);
  task_fields(one, instance);
  time_field(one, "start_date", row.started_at);
  time_field(one, "end_date", row.ended_at);
  duration_field(one, "duration", row.started_at, row.ended_at);
  state_field(one, row.state);
  reason_field(one, row.reason);
  one.number("try_number", row.try_number);
  text_field(one, "hostname", row.host);
  time_field(one, "queued_when", row.queued_at);
  null_field(one, "scheduled_when");
  if (row.pid > 0) {
    one.number("pid", row.pid);
  } else {
    null_field(one, "pid");
  }
  text_field(one, "executor", row.executor);
  number_or_null(one, "exit_code", row.exit_code, row.exit_code >= 0);
  number_or_null(one, "signal", row.signal, row.signal > 0);
  duration_field(one, "user_seconds", 0, row.user_us);
  duration_field(one, "system_seconds", 0, row.sys_us);
  one.number("peak_memory_bytes", row.max_rss_bytes);
  one.member("launched") += row.rendered_json.empty() ? "null" : row.rendered_json;
  text_field(one, "note", row.note);
  text_field(one, "damage", view.damage);
}

}  // namespace baton::api
