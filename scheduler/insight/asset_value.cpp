#include "scheduler/insight/asset_value.h"

#include <string>

#include "scheduler/insight/words.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/freshness_deadline.h"

namespace baton::insight {
namespace {

constexpr char kAssetGroup[] = "asset";  // Airflow groups assets; here all are of one

Value text_or_nothing(const std::string& text) { return text.empty() ? Value() : Value(text); }

/// What Airflow tells of those who have to do with an asset.
ValueList references(const AssetView& asset, AssetRole role) {
  ValueList out;
  for (const AssetLinkView& link : asset.links) {
    if (link.role != role) continue;
    ValueMap one = {{"dag_id", link.dag_id}};
    if (role != AssetRole::schedule) one.emplace_back("task_id", link.task_id);
    one.emplace_back("created_at", json_time(asset.created_at));
    one.emplace_back("updated_at", json_time(asset.updated_at));
    out.emplace_back(std::move(one));
  }
  return out;
}

Value last_event_of(const AssetView& asset) {
  if (asset.last_event_no == 0) return {};
  return Value(ValueMap{{"id", asset.last_event_no}, {"timestamp", json_time(asset.last_event_at)}});
}

WallUs fresh_until(const AssetView& asset) {
  const bool has_event = asset.last_event_at != kNoTime;
  const WallUs since = has_event ? asset.last_event_at : asset.created_at;
  return timetable::freshness_deadline(asset.row.fresh, since, has_event).late;
}

}  // namespace

Freshness freshness_of(const AssetView& asset, WallUs now) {
  const WallUs late = fresh_until(asset);
  if (late == kNoTime) return Freshness::untold;
  return now <= late ? Freshness::fresh : Freshness::late;
}

std::string_view to_string(Freshness freshness) {
  switch (freshness) {
    case Freshness::untold: return "untold";
    case Freshness::fresh: return "fresh";
    case Freshness::late: return "late";
  }
  return "untold";
}

ValueMap asset_value(const AssetView& asset, WallUs now) {
  return {
      {"id", asset.asset_no},
      {"name", asset.row.name},
      {"uri", asset.row.uri.empty() ? asset.row.name : asset.row.uri},
      {"group", kAssetGroup},
      {"extra", ValueMap{}},
      {"description", text_or_nothing(asset.row.description)},
      {"created_at", json_time(asset.created_at)},
      {"updated_at", json_time(asset.updated_at)},
      {"scheduled_dags", references(asset, AssetRole::schedule)},
      {"producing_tasks", references(asset, AssetRole::producer)},
      {"consuming_tasks", references(asset, AssetRole::consumer)},
      {"aliases", ValueList{}},
      {"watchers", ValueList{}},
      {"last_asset_event", last_event_of(asset)},
      {"events", asset.events},
      {"freshness", std::string(to_string(freshness_of(asset, now)))},
      {"fresh_until", json_time(fresh_until(asset))},
      {"quarantined_since", json_time(asset.quarantined.since)},
      {"quarantined_by", text_or_nothing(asset.quarantined.by)},
      {"quarantine_reason", text_or_nothing(asset.quarantine_why)},
  };
}

ValueMap taken_by_value(const TakenBy& run) {
  const WallUs started = run.started_at == kNoTime ? run.queued_at : run.started_at;  // Airflow's clients want one
  return {
      {"run_id", run.run_id},
      {"dag_id", run.dag_id},
      {"logical_date", json_time(run.logical_date)},
      {"start_date", json_time(started)},
      {"end_date", json_time(run.ended_at)},
      {"state", std::string(baton::to_string(run.state))},
      {"data_interval_start", json_time(run.interval_start)},
      {"data_interval_end", json_time(run.interval_end)},
      {"partition_key", Value()},
      {"triggering", true},
  };
}

ValueMap asset_event_value(const AssetEventView& event) {
  const AssetEventRow& row = event.row;
  Value extra = ValueMap{};
  if (!row.extra_json.empty()) {
    if (auto read = from_json(row.extra_json, kExactJsonLimits)) extra = std::move(*read);
  }
  ValueList runs;
  for (const TakenBy& run : event.taken_by) runs.emplace_back(taken_by_value(run));
  return {
      {"id", row.event_no},
      {"asset_id", event.asset_no},
      {"uri", event.uri.empty() ? row.asset : event.uri},
      {"name", row.asset},
      {"group", kAssetGroup},
      {"extra", std::move(extra)},
      {"source_task_id", text_or_nothing(row.task_id)},
      {"source_dag_id", text_or_nothing(row.dag_id)},
      {"source_run_id", text_or_nothing(row.run_id)},
      {"source_map_index", std::int64_t{row.map_index}},
      {"created_dagruns", std::move(runs)},
      {"timestamp", json_time(row.at)},
      {"partition_key", Value()},
      {"actor", text_or_nothing(row.actor)},
  };
}

}  // namespace baton::insight
