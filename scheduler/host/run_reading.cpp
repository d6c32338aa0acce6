#include "scheduler/host/run_reading.h"

#include <string>
#include <utility>

#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/host/new_run.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

Error unreadable(const RunRow& row, const std::string& what) {
  return Error{"run " + row.run_id + " has not begun and " + what, ErrorKind::storage};
}

Result<DagRun> fresh_run(const RunRow& row, std::shared_ptr<const Dag> dag, Moment now) {
  auto params = from_json(row.conf_json, kExactJsonLimits);
  if (!params) return unreadable(row, "its params are not JSON");
  auto states = initial_states_of(row, *dag);
  if (!states) return unreadable(row, states.error().message);
  return make_run(row, std::move(dag), std::move(params).value(), now, *states);
}

}  // namespace

Result<DagRun> run_of(const RunSnapshot& snapshot, std::shared_ptr<const Dag> dag, Moment now) {
  if (snapshot.run.begun_at == kNoTime) return fresh_run(snapshot.run, std::move(dag), now);
  return restore_run(snapshot, std::move(dag), now);
}

Result<LoadedRun> read_run(Store& store, const DagReader& read_dag, RunNo run_no, Moment now) {
  auto snapshot = store.load_run(run_no);
  if (!snapshot) return snapshot.error();
  auto dag = read_dag(*snapshot);
  if (!dag) return dag.error();
  auto run = run_of(*snapshot, *dag, now);
  if (!run) return run.error();
  const auto means = store.mean_durations((*dag)->id);
  auto path = path_lengths(**dag, means ? *means : std::unordered_map<std::string, DurationUs>{});
  return LoadedRun{std::move(run).value(), std::move(path)};
}

}  // namespace baton
