#include "cli/views.h"

#include <algorithm>

#include "cli/text/clock_text.h"
#include "cli/text/document_text.h"
#include "cli/text/reason_text.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {
namespace {

using text::json_time;

Value text_or_null(std::string_view text) { return text.empty() ? Value() : Value(text); }

Value json_or(const std::string& json, Value otherwise) {
  if (json.empty()) return otherwise;
  Result<Value> value = from_json(json);
  return value ? std::move(*value) : otherwise;
}

Value seconds_between(WallUs begin, WallUs end) {
  if (begin == kNoTime || end == kNoTime) return {};
  return static_cast<double>(std::max<std::int64_t>(0, end - begin)) / kSecond;
}

Value reason_or_null(Reason reason) { return reason == Reason::none ? Value() : Value(to_string(reason)); }

Value state_or_null(TaskState state) { return state == TaskState::none ? Value() : Value(to_string(state)); }

Value version_object(const RunView& run) {
  return text::Object()
      .set("version_number", std::int64_t{run.version_number})
      .set("dag_id", run.row.dag_id)
      .set("version", run.row.dag_version)
      .set("dag_display_name", run.row.dag_id)
      .take();
}

Value counts_object(const StateCounts& counts) {
  text::Object out;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) != 0) out.set(to_string(static_cast<TaskState>(i)), std::int64_t{counts.at(i)});
  }
  return out.take();
}

}  // namespace

namespace {

Value labels_object(const Labels& labels) {
  ValueMap out;
  for (const auto& [name, value] : labels) out.emplace_back(Value(name), value);
  return out;
}

}  // namespace

Value run_object(const RunView& run, bool with_counts) {
  const RunRow& row = run.row;
  text::Object out;
  out.set("dag_run_id", row.run_id)
      .set("dag_id", row.dag_id)
      .set("dag_display_name", row.dag_id)
      .set("state", to_string(row.state))
      .set("state_reason", row.reason == Reason::none ? Value() : Value(run_reason_name(row.reason)))
      .set("run_type", to_string(row.type))
      .set("logical_date", json_time(row.logical_date))
      .set("data_interval_start", json_time(row.interval_start))
      .set("data_interval_end", json_time(row.interval_end))
      .set("run_after", json_time(row.run_after))
      .set("queued_at", json_time(row.queued_at))
      .set("start_date", json_time(row.started_at))
      .set("end_date", json_time(row.ended_at))
      .set("duration", seconds_between(row.started_at, row.ended_at))
      .set("last_scheduling_decision", Value())
      .set("triggered_by", text_or_null(row.triggered_by))
      .set("triggering_user_name", Value())
      .set("conf", json_or(row.conf_json, ValueMap{}))
      .set("note", text_or_null(row.note))
      .set("dag_versions", ValueList{version_object(run)})
      .set("bundle_version", Value())
      .set("labels", labels_object(run.labels))
      .set("damage", text_or_null(run.damage))
      .set("run_no", row.run_no);
  if (with_counts) out.set("task_instance_counts", counts_object(row.counts));
  return out.take();
}

Value instance_object(const InstanceView& instance, const RunView& run) {
  const TaskRow& row = instance.row;
  text::Object out;
  out.set("id", instance.uuid)
      .set("task_id", instance.task_id)
      .set("task_display_name", instance.task_id)
      .set("dag_id", instance.dag_id)
      .set("dag_display_name", instance.dag_id)
      .set("dag_run_id", instance.run_id)
      .set("map_index", std::int64_t{row.map_index})
      .set("rendered_map_index", text_or_null(row.map_key))
      .set("state", state_or_null(row.state))
      .set("state_reason", reason_or_null(row.reason))
      .set("try_number", std::int64_t{row.try_number})
      .set("max_tries", std::int64_t{instance.max_tries})
      .set("logical_date", json_time(run.row.logical_date))
      .set("run_after", json_time(run.row.run_after))
      .set("scheduled_when", json_time(row.scheduled_at))
      .set("queued_when", json_time(row.queued_at))
      .set("start_date", json_time(row.started_at))
      .set("end_date", json_time(row.ended_at))
      .set("duration", seconds_between(row.started_at, row.ended_at))
      .set("hostname", text_or_null(instance.host))
      .set("unixname", Value())
      .set("pid", row.pid == 0 ? Value() : Value(std::int64_t{row.pid}))
      .set("pool", instance.pool.empty() ? Value("default_pool") : Value(instance.pool))
      .set("pool_slots", std::int64_t{instance.pool_slots})
      .set("queue", Value())
      .set("priority_weight", std::int64_t{instance.priority})
      .set("operator", to_string(instance.kind))
      .set("operator_name", to_string(instance.kind))
      .set("executor", row.executor.empty() ? Value("local") : Value(row.executor))
      .set("executor_config", Value("{}"))
      .set("note", text_or_null(row.note))
      .set("trigger", Value())
      .set("triggerer_job", Value())
      .set("dag_version", version_object(run))
      .set("outputs", json_or(row.outputs_json, Value()))
      .set("wake_at", json_time(row.wake_at))
      .set("damage", text_or_null(instance.damage));
  return out.take();
}

Value try_object(const TryView& view) {
  const TryRow& row = view.row;
  text::Object times;
  for (const auto& [wait, us] : times_of(row.times_json)) times.set(to_string(wait), static_cast<double>(us) / kSecond);
  text::Object out;
  out.set("id", view.uuid)
      .set("try_number", std::int64_t{row.try_number})
      .set("state", state_or_null(row.state))
      .set("state_reason", reason_or_null(row.reason))
      .set("exit_code", row.exit_code < 0 ? Value() : Value(std::int64_t{row.exit_code}))
      .set("signal", row.signal == 0 ? Value() : Value(std::int64_t{row.signal}))
      .set("queued_when", json_time(row.queued_at))
      .set("start_date", json_time(row.started_at))
      .set("end_date", json_time(row.ended_at))
      .set("duration", seconds_between(row.started_at, row.ended_at))
      .set("hostname", text_or_null(row.host))
      .set("pid", row.pid == 0 ? Value() : Value(std::int64_t{row.pid}))
      .set("user_seconds", static_cast<double>(row.user_us) / kSecond)
      .set("system_seconds", static_cast<double>(row.sys_us) / kSecond)
      .set("max_rss_bytes", row.max_rss_bytes)
      .set("log_bytes", row.log_bytes)
      .set("times", times.take())
      .set("note", text_or_null(row.note));
  return out.take();
}

std::string instance_name(const InstanceView& instance) {
  return text::instance_name(instance.task_id, instance.row.map_index, instance.row.map_key);
}

}  // namespace baton::cli
