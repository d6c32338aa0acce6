// Asset events: those of tasks are written in the part of the end that they tell of, those of people in a part of their
// own. Each gets the next number when it is put into a batch, and batches are durable in their order: whoever hears of
// an event has heard of all before it.
#include <utility>

#include "scheduler/engine/engine.h"
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

}  // namespace baton
