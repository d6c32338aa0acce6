// Asset events: those of tasks are written in the part of the end that they tell of, those of people in a part of their
// own. Each gets the next number when it is put into a batch, and batches are durable in their order: whoever hears of
// an event has heard of all before it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/engine/engine.h"
#include "scheduler/engine/sleep.h"
#include "scheduler/json/json_value.h"

namespace baton {

void Engine::tell_produced(const DagRun& run, InstanceNo i, Part& part) {
  const Instance& instance = run.at(i);
  const Activity* activity = run.activity(i);
  for (const std::string& asset : run.spec_of(i).produces) {
    AssetEventRow event;
    event.event_no = ++last_asset_event_;
    event.asset = asset;
    event.at = loop_.wall_now();
    event.run_no = run.row.run_no;
    event.dag_id = run.row.dag_id;
    event.run_id = run.row.run_id;
    event.task_id = run.dag->task(instance.task_no).id;
    event.map_index = instance.map_index;
    event.try_number = instance.try_number;
    if (activity != nullptr) event.extra_json = activity->outputs_json;
    // It has waited for checks: what its success has left in memory is all that is known of it.
    const auto outputs = run.outputs.find(i);
    if (event.extra_json.empty() && outputs != run.outputs.end()) event.extra_json = to_json(outputs->second);
    next().asset_events.push_back(event);
    part.service.asset_events.push_back(std::move(event));
  }
}

std::int64_t Engine::raise_asset_event(AssetEventRow event, EngineRequest request) {
  event.event_no = ++last_asset_event_;
  next().asset_events.push_back(event);
  request.service.asset_events.push_back(std::move(event));
  write(std::move(request));
  return last_asset_event_;
}

void Engine::restore_asset_times(std::vector<std::pair<std::string, WallUs>> last_events) {
  asset_times_.insert(std::make_move_iterator(last_events.begin()), std::make_move_iterator(last_events.end()));
}

/// A sensor begins to wait for an asset, or goes on after a restart: it is told of what has been, on a later turn of the
/// loop, and of what comes.
void Engine::watch_asset(const LiveRun& live, InstanceNo i) {
  const std::string& asset = live.run.spec_of(i).sensor->asset;
  const RunNo run_no = live.run.row.run_no;
  asset_watchers_[asset].emplace(run_no, i);
  const auto known = asset_times_.find(asset);
  if (known == asset_times_.end()) return;
  loop_.post([this, alive = is_alive_, run_no, i, at = known->second] {
    if (!*alive || dead_) return;
    if (LiveRun* owner = runs_.find(run_no)) handle(*owner, AssetSeen{i, at});
  });
}

/// Who still waits afterwards, for a later one, stays; who does not wait any more goes.
void Engine::see_asset_events(const std::vector<AssetEventRow>& events) {
  for (const AssetEventRow& event : events) {
    WallUs& at = asset_times_.emplace(event.asset, event.at).first->second;
    at = std::max(at, event.at);
    const auto watched = asset_watchers_.find(event.asset);
    if (watched == asset_watchers_.end()) continue;
    const auto watchers = watched->second;
    for (const auto& [run_no, i] : watchers) {
      LiveRun* const live = runs_.find(run_no);
      if (live != nullptr && waits_for_asset(live->run, i)) handle(*live, AssetSeen{i, at});
      const bool waits = runs_.find(run_no) != nullptr && waits_for_asset(runs_.find(run_no)->run, i);
      if (!waits) watched->second.erase({run_no, i});
    }
    if (watched->second.empty()) asset_watchers_.erase(watched);
  }
}

}  // namespace baton
