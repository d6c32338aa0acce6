#include "cli/remote_rows.h"

#include <functional>
#include <limits>

#include "cli/server_client.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::cli {
namespace {

bool is_true(const Value& object, const char* key) {
  const Value* const found = object.find(key);
  return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
}

WallUs at_of(const Value& object, std::string_view name) {
  const std::string text = text_member(object, name);
  if (text.empty()) return kNoTime;
  const Result<WallUs> at = timetable::parse_time(text, timetable::utc());
  return at ? *at : kNoTime;
}

std::int32_t small_member(const Value& object, std::string_view name, std::int32_t otherwise = 0) {
  const Value* found = object.find(name);
  const bool is_number = found != nullptr && found->type() == ValueType::integer;
  return is_number ? static_cast<std::int32_t>(found->as_int()) : otherwise;
}

DurationUs span_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  if (found == nullptr) return 0;
  if (found->type() == ValueType::integer) return found->as_int() * kSecond;
  return found->type() == ValueType::floating ? static_cast<DurationUs>(found->as_double() * kSecond) : 0;
}

/// Two objects that say the same have the same.
std::int64_t seq_of(const Value& object) {
  const std::size_t hash = std::hash<std::string>{}(to_json(object));
  return static_cast<std::int64_t>(hash & std::numeric_limits<std::int64_t>::max());
}

/// A run has a name of its own for what of a task is upstream_failed.
Reason run_reason_from(const std::string& name) {
  if (name == run_reason_name(Reason::upstream_failed)) return Reason::upstream_failed;
  return reason_from(name).value_or(Reason::none);
}

TaskState task_state_of(const Value& object) {
  return task_state_from(text_member(object, "state")).value_or(TaskState::none);
}

/// Milliseconds and finer by reason, as `times` of a try has them in seconds.
std::string times_of_object(const Value& object) {
  const Value* times = object.find("times");
  if (times == nullptr || times->type() != ValueType::map || times->as_map().empty()) return {};
  ValueMap out;
  for (const auto& [name, span] : times->as_map()) out.emplace_back(name, span_member(*times, name.as_string()));
  return to_json(Value(std::move(out)));
}

}  // namespace

RunView run_of(const Value& object) {
  RunView out;
  RunRow& row = out.row;
  row.dag_id = text_member(object, "dag_id");
  row.run_id = text_member(object, "dag_run_id");
  row.dag_version = text_member(object, "bundle_version");
  row.type = run_type_from(text_member(object, "run_type")).value_or(RunType::manual);
  row.state = run_state_from(text_member(object, "state")).value_or(RunState::queued);
  row.reason = run_reason_from(text_member(object, "state_reason"));
  row.note = text_member(object, "note");
  row.triggered_by = text_member(object, "triggered_by");
  if (const Value* conf = object.find("conf"); conf != nullptr && conf->type() == ValueType::map) {
    row.conf_json = to_json(*conf);
  }
  row.logical_date = at_of(object, "logical_date");
  row.interval_start = at_of(object, "data_interval_start");
  row.interval_end = at_of(object, "data_interval_end");
  row.run_after = at_of(object, "run_after");
  row.queued_at = at_of(object, "queued_at");
  row.started_at = at_of(object, "start_date");
  row.ended_at = at_of(object, "end_date");
  row.begun_at = row.state == RunState::queued ? kNoTime : row.started_at;
  row.paused = {at_of(object, "paused_at"), text_member(object, "paused_by")};
  row.seq = seq_of(object);
  const ValueList& versions = list_member(object, "dag_versions");
  if (!versions.empty()) out.version_number = small_member(versions.back(), "version_number");
  if (const Value* labels = object.find("labels"); labels != nullptr && labels->type() == ValueType::map) {
    for (const auto& entry : labels->as_map()) {
      out.labels.emplace_back(entry.first.as_string(), text_member(*labels, entry.first.as_string()));
    }
  }
  const Value* counts = object.find("task_instance_counts");
  if (counts != nullptr && counts->type() == ValueType::map) {
    for (const auto& entry : counts->as_map()) {
      const auto state = task_state_from(entry.first.as_string());
      const auto count = static_cast<std::int32_t>(number_member(*counts, entry.first.as_string()));
      row.counts.at(static_cast<std::size_t>(state.value_or(TaskState::none))) = count;
    }
  }
  out.damage = text_member(object, "damage");
  return out;
}

InstanceView instance_of(const Value& object) {
  InstanceView out;
  TaskRow& row = out.row;
  out.uuid = text_member(object, "id");
  out.dag_id = text_member(object, "dag_id");
  out.run_id = text_member(object, "dag_run_id");
  out.task_id = text_member(object, "task_id");
  out.pool = text_member(object, "pool");
  out.pool_slots = small_member(object, "pool_slots", 1);
  out.priority = small_member(object, "priority_weight");
  out.max_tries = small_member(object, "max_tries") + 1;
  out.kind = task_kind_from(text_member(object, "operator")).value_or(TaskKind::noop);
  out.host = text_member(object, "hostname");
  out.logical_date = at_of(object, "logical_date");
  out.run_after = at_of(object, "run_after");
  out.damage = text_member(object, "damage");
  row.map_index = small_member(object, "map_index", kUnmapped);
  out.is_mapped = row.map_index != kUnmapped;
  row.map_key = text_member(object, "rendered_map_index");
  row.state = task_state_of(object);
  row.reason = reason_from(text_member(object, "state_reason")).value_or(Reason::none);
  if (const std::string wait = text_member(object, "wait"); !wait.empty()) row.wait = wait_from(wait);
  row.try_number = small_member(object, "try_number");
  row.pid = small_member(object, "pid");
  row.executor = text_member(object, "executor");
  row.note = text_member(object, "note");
  row.scheduled_at = at_of(object, "scheduled_when");
  row.queued_at = at_of(object, "queued_when");
  row.started_at = at_of(object, "start_date");
  row.ended_at = at_of(object, "end_date");
  row.seq = seq_of(object);
  return out;
}

TryView try_of(const Value& object) {
  TryView out;
  TryRow& row = out.row;
  row.try_number = small_member(object, "try_number");
  row.state = task_state_of(object);
  row.reason = reason_from(text_member(object, "state_reason")).value_or(Reason::none);
  row.exit_code = small_member(object, "exit_code", -1);
  row.signal = small_member(object, "signal");
  row.queued_at = at_of(object, "queued_when");
  row.started_at = at_of(object, "start_date");
  row.ended_at = at_of(object, "end_date");
  row.pid = small_member(object, "pid");
  row.host = text_member(object, "hostname");
  row.executor = text_member(object, "executor");
  row.user_us = span_member(object, "user_seconds");
  row.sys_us = span_member(object, "system_seconds");
  row.max_rss_bytes = number_member(object, "peak_memory_bytes");
  row.log_bytes = number_member(object, "log_bytes");
  row.times_json = times_of_object(object);
  row.note = text_member(object, "note");
  out.damage = text_member(object, "damage");
  return out;
}

DagView dag_of(const Value& object) {
  DagView out;
  out.dag_id = text_member(object, "dag_id");
  out.latest_version = text_member(object, "bundle_version");
  out.latest_number = small_member(object, "version_number");
  out.file = text_member(object, "fileloc");
  const auto since = [&](const char* key) { return is_true(object, key) ? WallUs{0} : kNoTime; };  // nobody says since when
  out.paused_since = since("is_paused");
  out.draining_since = since("is_draining");
  out.stale_since = since("is_stale");
  out.has_import_error = is_true(object, "has_import_errors");
  out.next_tick = at_of(object, "next_dagrun_run_after");
  for (const Value& one : list_member(object, "recent_runs")) {
    RunView run = run_of(one);
    run.row.dag_id = out.dag_id;
    run.row.queued_at = run.row.run_after;
    out.last_runs.push_back(std::move(run));
  }
  return out;
}

ImportErrorView import_error_of(const Value& object) {
  ImportErrorView out;
  out.file_no = number_member(object, "import_error_id");
  out.path = text_member(object, "filename");
  out.findings_json = text_member(object, "stack_trace");
  out.failed_since = at_of(object, "timestamp");
  return out;
}

VersionView version_view_of(const Value& object) {
  VersionView out;
  out.dag_id = text_member(object, "dag_id");
  out.version = text_member(object, "bundle_version");
  out.number = small_member(object, "version_number");
  out.created_at = at_of(object, "created_at");
  out.uuid = text_member(object, "id");
  out.commit = text_member(object, "git_commit");
  return out;
}

}  // namespace baton::cli
