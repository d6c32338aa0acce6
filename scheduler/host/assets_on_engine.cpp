#include "scheduler/host/assets_on_engine.h"

#include "scheduler/dagfile/params.h"
#include "scheduler/host/new_run.h"
#include "scheduler/service/dag_gate.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

constexpr DurationUs kLoadAgainUs = kMinute;

std::string asset_run_id(WallUs now, std::int64_t last_event_no) {
  return "asset_triggered__" + timetable::format_rfc3339(now, timetable::utc()) + "_" + std::to_string(last_event_no);
}

}  // namespace

ConsumingDag AssetsOnEngine::dag(const std::string& dag_id) {
  const DagRow* row = ticks_.dag(dag_id);
  if (row == nullptr || row->version.empty()) return {};
  return {row->version, gate_of(*row, ticks_.gate()) == DagGate::active};
}

void AssetsOnEngine::make_run(const AssetRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) {
  auto wanted = std::make_shared<Wanted>(Wanted{run, store_.next_run_no(), std::move(rows), std::move(done)});
  for (TakenEventRow& taken : wanted->rows.taken_events) taken.run_no = wanted->run_no;
  load_and_create(wanted);
}

void AssetsOnEngine::load_and_create(std::shared_ptr<Wanted> wanted) {
  const AssetRun& asked = wanted->run;
  shelf_.get(asked.dag_id, asked.version, [this, alive = is_alive_, wanted](const Result<ShelvedDag>& found) {
    if (!*alive) return;
    Result<Value> params = found ? resolve_params_json(*found->dag, "{}") : found.error();
    if (!params) {
      say("asset events wait for DAG \"" + wanted->run.dag_id + "\": " + params.error().message);
      loop_.call_at(loop_.mono_now() + kLoadAgainUs, [this, alive, wanted] {
        if (!*alive) return;
        wanted->run.version = dag(wanted->run.dag_id).version;  // it may have been mended
        load_and_create(wanted);
      });
      return;
    }
    const WallUs now = loop_.wall_now();
    NewRun run;
    run.dag = found->dag;
    run.version = found->version;
    run.params = *params;
    run.run_id = asset_run_id(now, wanted->run.last_event_no);
    run.type = RunType::asset_triggered;
    run.interval_start = run.interval_end = now;
    run.triggered_by = "asset";
    engine_.create_run(creation_of(run, wanted->run_no, now, 0), std::move(*params), {},
                       EngineRequest{{}, std::move(wanted->done), std::move(wanted->rows)});
  });
}

void AssetsOnEngine::find_events(const std::string& asset, std::int64_t after, std::size_t limit, OnEvents done) {
  find_events_(asset, after, limit, [alive = is_alive_, done = std::move(done)](const auto& found) {
    if (*alive) done(found);
  });
}

void AssetsOnEngine::write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) {
  engine_.write({std::move(audit), [done = std::move(done)](const PartVerdict&) { done(); }, std::move(rows)});
}

void AssetsOnEngine::say(const std::string& line) {
  if (say_) say_(line);
}

}  // namespace baton
