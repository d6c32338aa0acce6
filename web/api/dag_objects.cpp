#include "web/api/dag_objects.h"

#include <algorithm>

#include "scheduler/json/json_value.h"
#include "web/api/fields.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

constexpr std::string_view kBundleName = "dags-folder";
constexpr std::string_view kDefaultPoolName = "default_pool";
/// Until then the field `retry_exponential_backoff` was a boolean.
constexpr int kBackoffIsNumberSince = 2;

/// 90 s as `PT90S`: ISO 8601, which every client reads.
void duration_text_field(JsonObject& out, std::string_view name, DurationUs duration) {
  if (duration <= 0) return null_field(out, name);
  out.text(name, "PT" + std::to_string(duration / kSecond) + "S");
}

/// As Airflow serializes a timedelta of a task.
void time_delta_field(JsonObject& out, std::string_view name, DurationUs duration, bool is_set) {
  if (!is_set) return null_field(out, name);
  JsonObject delta(out.member(name));
  delta.text("__type", "TimeDelta");
  delta.number("days", duration / kDay);
  delta.number("seconds", duration % kDay / kSecond);
  delta.number("microseconds", duration % kSecond);
}

void append_tag(std::string& out, const std::string& tag, const std::string& dag_id) {
  JsonObject one(out);
  one.text("name", tag);
  one.text("dag_id", dag_id);
  one.text("dag_display_name", dag_id);
}

std::string summary_of(const timetable::ScheduleSpec& spec) {
  std::string text;
  for (const timetable::ScheduleEntry& entry : spec.entries) {
    if (!text.empty()) text += ", ";
    text += entry.cron.empty() ? "every " + std::to_string(entry.every_us / kSecond) + "s" : entry.cron;
  }
  return text;
}

/// The next tick: what the row knows of it, and its interval from the timetable.
void next_run_fields(JsonObject& one, const DagView& row, const KnownDag& known) {
  std::optional<timetable::Tick> next;
  if (known.ticks != nullptr && row.next_tick != kNoTime) next = known.ticks->next_tick(row.next_tick - 1);
  time_field(one, "next_dagrun_logical_date", next ? next->logical_date : kNoTime);
  time_field(one, "next_dagrun_data_interval_start", next ? next->data_interval.start : kNoTime);
  time_field(one, "next_dagrun_data_interval_end", next ? next->data_interval.end : kNoTime);
  time_field(one, "next_dagrun_run_after", row.next_tick);
}

void limit_fields(JsonObject& one, const KnownDag& known) {
  const Dag* dag = known.dag.get();
  one.number("max_active_tasks", dag != nullptr ? dag->max_active_tasks : 0);
  if (dag != nullptr && dag->max_active_runs > 0) {
    one.number("max_active_runs", dag->max_active_runs);
  } else {
    null_field(one, "max_active_runs");
  }
  one.number("max_consecutive_failed_dag_runs", dag != nullptr ? dag->max_consecutive_failed_runs : 0);
  bool_field(one, "has_task_concurrency_limits", known.limits_tasks);
}

/// What a list and the details have in common.
void dag_fields(JsonObject& one, const DagView& row, const KnownDag& known) {
  const Dag* dag = known.dag.get();
  const bool has_ticks = known.ticks != nullptr && known.ticks->has_ticks();
  const std::string summary = has_ticks ? summary_of(*dag->schedule) : std::string();
  one.text("dag_id", row.dag_id);
  one.text("dag_display_name", row.dag_id);
  bool_field(one, "is_paused", row.paused_since != kNoTime);
  bool_field(one, "is_stale", row.stale_since != kNoTime);
  bool_field(one, "is_draining", row.draining_since != kNoTime);
  time_field(one, "last_parsed_time", row.file_read_at);
  null_field(one, "last_parse_duration");
  null_field(one, "last_expired");
  one.text("bundle_name", kBundleName);
  text_field(one, "bundle_version", row.latest_version);
  one.number("version_number", row.latest_number);
  text_field(one, "relative_fileloc", row.file);
  one.text("fileloc", row.file);
  one.text("file_token", row.file);
  text_field(one, "description", dag != nullptr ? std::string_view(dag->description) : std::string_view());
  text_field(one, "timetable_summary", summary);
  text_field(one, "timetable_description", summary);
  bool_field(one, "timetable_partitioned", false);
  bool_field(one, "timetable_periodic", has_ticks);
  append_json_array(one.member("tags"), row.tags,
                    [&](std::string& o, const std::string& tag) { append_tag(o, tag, row.dag_id); });
  limit_fields(one, known);
  bool_field(one, "has_import_errors", row.has_import_error);
  next_run_fields(one, row, known);
  null_field(one, "allowed_run_types");
  std::vector<std::string> owners;
  if (dag != nullptr && !dag->owner.empty()) owners.push_back(dag->owner);
  append_json_array(one.member("owners"), owners,
                    [](std::string& o, const std::string& owner) { append_json_string(o, owner); });
  bool_field(one, "is_backfillable", has_ticks);
}

void params_field(JsonObject& one, const Dag* dag) {
  JsonObject params(one.member("params"));
  for (std::size_t k = 0; dag != nullptr && k < dag->params.size(); ++k) {
    const ParamSpec& param = dag->params[k];
    JsonObject shown(params.member(param.name));
    shown.member("value") += param.default_value ? to_json(*param.default_value) : "null";
    text_field(shown, "description", param.description);
    shown.member("schema") += param.schema_json.empty() ? "{}" : param.schema_json;
  }
}

/// What a bar in a list of DAGs shows of a run.
void append_recent_run(std::string& out, const RunView& run) {
  JsonObject one(out);
  one.text("dag_run_id", run.row.run_id);
  one.text("state", to_string(run.row.state));
  one.text("run_type", to_string(run.row.type));
  time_field(one, "run_after", run.row.run_after == kNoTime ? run.row.queued_at : run.row.run_after);
  time_field(one, "start_date", run.row.started_at);
  time_field(one, "end_date", run.row.ended_at);
}

/// As Airflow writes conditions on assets.
void append_expression(std::string& out, const timetable::AssetCondition& condition) {
  using Kind = timetable::AssetCondition::Kind;
  JsonObject one(out);
  if (condition.kind == Kind::asset) {
    JsonObject asset(one.member("asset"));
    asset.text("name", condition.asset);
    asset.text("uri", condition.asset);
    asset.text("group", "asset");
    return;
  }
  append_json_array(one.member(condition.kind == Kind::all ? "all" : "any"), condition.children,
                    [](std::string& to, const timetable::AssetCondition& child) { append_expression(to, child); });
}

}  // namespace

void append_dag(std::string& out, const DagView& dag, const KnownDag& known, bool with_runs) {
  JsonObject one(out);
  dag_fields(one, dag, known);
  if (with_runs) append_json_array(one.member("recent_runs"), dag.last_runs, append_recent_run);
}

void append_dag_details(std::string& out, const DagView& row, const KnownDag& known,
                        const std::vector<VersionView>& versions) {
  const Dag* dag = known.dag.get();
  const timetable::ScheduleSpec* schedule = dag != nullptr ? dag->schedule.get() : nullptr;
  JsonObject one(out);
  dag_fields(one, row, known);
  bool_field(one, "catchup", schedule != nullptr && schedule->catchup != timetable::Catchup::none);
  duration_text_field(one, "dag_run_timeout", dag != nullptr ? dag->timeout_us : 0);
  if (schedule != nullptr && schedule->assets) {
    append_expression(one.member("asset_expression"), *schedule->assets);
  } else {
    null_field(one, "asset_expression");
  }
  text_field(one, "doc_md", dag != nullptr ? std::string_view(dag->doc) : std::string_view());
  time_field(one, "start_date", schedule != nullptr ? schedule->start : kNoTime);
  time_field(one, "end_date", schedule != nullptr ? schedule->end : kNoTime);
  null_field(one, "is_paused_upon_creation");
  params_field(one, dag);
  bool_field(one, "render_template_as_native_obj", false);
  null_field(one, "template_search_path");
  text_field(one, "timezone", dag != nullptr ? std::string_view(dag->timezone) : std::string_view());
  time_field(one, "last_parsed", row.file_read_at);
  one.member("default_args") += "{}";
  bool_field(one, "rerun_with_latest_version", false);
  one.member("owner_links") += "{}";
  bool_field(one, "is_favorite", row.is_favorite);
  one.number("active_runs_count", row.runs_by_state[static_cast<std::size_t>(RunState::running)]);
  one.number("concurrency", dag != nullptr ? dag->max_active_tasks : 0);
  if (versions.empty()) {
    null_field(one, "latest_dag_version");
  } else {
    append_version(one.member("latest_dag_version"), standing(versions));
  }
}

void append_task(std::string& out, const Dag& dag, TaskNo t, int airflow_minor) {
  const Task& task = dag.task(t);
  const TaskSpec& spec = *task.spec;
  const bool is_exponential = spec.retries->max > 0 && spec.retries->backoff == RetryPolicy::Backoff::exponential;
  JsonObject one(out);
  one.text("task_id", task.id);
  one.text("task_display_name", task.id);
  text_field(one, "owner", dag.owner);
  null_field(one, "start_date");
  null_field(one, "end_date");
  one.text("trigger_rule", to_string(spec.trigger_rule));
  bool_field(one, "depends_on_past", spec.depends_on_past);
  bool_field(one, "wait_for_downstream", false);
  one.number("retries", spec.retries->max);
  one.text("queue", "default");
  one.text("pool", spec.pools.empty() ? kDefaultPoolName : std::string_view(spec.pools->front().name));
  one.number("pool_slots", spec.pools.empty() ? 1 : spec.pools->front().slots);
  time_delta_field(one, "execution_timeout", spec.timeout_us, spec.timeout_us > 0);
  time_delta_field(one, "retry_delay", spec.retries->delay_us, true);
  if (airflow_minor < kBackoffIsNumberSince) {
    bool_field(one, "retry_exponential_backoff", is_exponential);
  } else {
    one.number("retry_exponential_backoff", is_exponential ? 2 : 0);
  }
  one.number("priority_weight", spec.priority);
  one.text("weight_rule", "absolute");
  one.text("ui_color", "#fff");
  one.text("ui_fgcolor", "#000");
  one.member("template_fields") += "[]";
  std::vector<TaskNo> downstream;
  if (task.hook == Hook::none) {
    const auto edges = dag.downstream.of(t);
    downstream.assign(edges.begin(), edges.end());
  }
  append_json_array(one.member("downstream_task_ids"), downstream,
                    [&](std::string& o, TaskNo next) { append_json_string(o, dag.task(next).id); });
  text_field(one, "doc_md", spec.doc.empty() ? *spec.description : *spec.doc);
  one.text("operator_name", to_string(spec.kind));
  one.member("params") += "{}";
  {
    JsonObject reference(one.member("class_ref"));
    reference.text("module_path", "baton");
    reference.text("class_name", to_string(spec.kind));
  }
  bool_field(one, "is_mapped", spec.mapping->kind != Mapping::Kind::none);
  one.member("extra_links") += "[]";
}

}  // namespace baton::api
