#include "scheduler/host/run_makers.h"

#include <utility>

namespace baton {

RunMakers::RunMakers(RunMakersParts parts)
    : parts_(std::move(parts)),
      config_(parts_.config),
      shelf_(parts_.loop, parts_.versions, parts_.loader, parts_.shelved_max),
      tick_host_(parts_.loop, parts_.store, parts_.host.engine(), shelf_, parts_.config, parts_.say),
      ticks_(parts_.loop, tick_host_),
      asset_host_(parts_.loop, parts_.store, parts_.host.engine(), ticks_, shelf_, parts_.find_events, parts_.say),
      asset_runs_(parts_.loop, asset_host_) {}

RunMakers::~RunMakers() {
  Engine& engine = parts_.host.engine();
  engine.on_comes(nullptr);
  engine.on_struck(nullptr);
  engine.on_waiting_ended(nullptr);
  engine.on_asset_events(nullptr);
  engine.on_asset_quarantines(nullptr);
  parts_.host.on_begins(nullptr);
  parts_.host.on_which_stands(nullptr);
  tick_host_.tell_shared(nullptr);
  tick_host_.tell_assets(nullptr);
  stop();
}

/// The ticks count the runs that have not ended, for what their schedules may begin.
Status RunMakers::watch_runs() {
  Engine& engine = parts_.host.engine();
  for (const RunNo run_no : parts_.host.runs()) {
    if (const DagRun* run = engine.run(run_no)) ticks_.run_opened(run->row);
  }
  const auto opened = [this](const RunRow& row) {
    ticks_.run_opened(row);
    asset_runs_.run_opened(row);
  };
  const Status waiting = parts_.store.waiting_runs([&opened](RunNo, const Result<RunRow>& row) {
    if (row) opened(*row);
  });
  engine.on_comes(opened);
  engine.on_struck([this](const RunRow& row) {
    ticks_.run_dropped(row);
    asset_runs_.run_gone(row);
  });
  parts_.host.on_begins([this](const RunRow& row) { asset_runs_.run_begins(row); });
  engine.on_asset_events([this](const std::vector<AssetEventRow>& events) { asset_runs_.events(events); });
  engine.on_asset_quarantines([this](const std::vector<AssetQuarantineRow>& rows) { asset_runs_.quarantined(rows); });
  tick_host_.tell_shared([this](const Dag& dag) { parts_.host.declare_shared(dag); });
  parts_.host.on_which_stands([this](const Dag& dag) {
    const DagRow* const row = ticks_.dag(dag.id);
    return row != nullptr && row->version == dag.version;
  });
  tick_host_.tell_assets([this](const Dag& dag) { asset_runs_.put_dag(dag); });
  engine.on_waiting_ended([this](const RunRow& row) {
    ticks_.run_ended(row, 0);
    asset_runs_.run_gone(row);
    if (waiting_ended_) waiting_ended_(row);
  });
  return waiting;
}

void RunMakers::start(const ServiceSnapshot& found) {
  ticks_.start(found);
  asset_runs_.start(found);  // before any file: what is there goes on, what comes begins
  asset_runs_.declare(config_.assets_json);
}

void RunMakers::run_ended(const DagRun& run) { ticks_.run_ended(run.row, run.dag->max_consecutive_failed_runs); }

void RunMakers::set_config(const Config& old, const Config& fresh) {
  if (old.assets_json != fresh.assets_json) asset_runs_.declare(fresh.assets_json);
  tick_host_.set_config(fresh);
  config_ = fresh;
}

bool RunMakers::forget_dag(const std::string& dag_id) {
  if (!ticks_.forget_dag(dag_id)) return false;
  asset_runs_.forget_dag(dag_id);
  return true;
}

void RunMakers::stop() {
  asset_runs_.stop();
  ticks_.stop();
}

}  // namespace baton
