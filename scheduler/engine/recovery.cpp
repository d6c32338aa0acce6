#include "scheduler/engine/recovery.h"

#include <algorithm>

#include "scheduler/engine/outputs.h"
#include "scheduler/engine/store.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

/// The last instant at which the run is known to have been alive.
WallUs last_alive(const RunSnapshot& snapshot) {
  WallUs last = std::max(snapshot.run.started_at, snapshot.run.ended_at);
  for (const TaskRow& row : snapshot.instances) {
    last = std::max({last, row.queued_at, row.started_at, row.ended_at});
  }
  return last;
}

/// What a row says the instance was doing.
Wait wait_of(const TaskRow& row, TaskKind kind) {
  switch (row.state) {
    case TaskState::none:
    case TaskState::scheduled: return Wait::upstream;
    case TaskState::deferred: return kind == TaskKind::approval ? Wait::approval : Wait::child;
    case TaskState::queued: return Wait::starting;
    case TaskState::running: return Wait::running;
    case TaskState::up_for_retry: return Wait::backoff;
    case TaskState::up_for_reschedule: return Wait::sensor;
    case TaskState::success:
    case TaskState::failed:
    case TaskState::skipped:
    case TaskState::upstream_failed:
    case TaskState::removed: return Wait::ended;
  }
  return Wait::ended;
}

Error bad_row(const TaskRow& row, const std::string& why) {
  return Error{
      "task instance " + std::to_string(row.instance_no) + " of run " + std::to_string(row.run_no) + ": " + why,
          ErrorKind::storage};
}

Status restore_instance(DagRun& run, const TaskRow& row, Moment now, WallUs alive_at) {
  Instance instance;
  instance.task_no = row.task_no;
  instance.map_index = row.map_index;
  instance.state = row.state == TaskState::scheduled ? TaskState::none : row.state;
  if (BATON_BUG(claim_forgotten_at_recovery)) {
    if (row.state == TaskState::queued) instance.state = TaskState::none;
  }
  instance.reason = row.reason;
  instance.wait = wait_of(row, run.dag->spec(row.task_no).kind);
  instance.losses = static_cast<std::int16_t>(row.losses);
  instance.failures = row.failures;
  instance.try_number = row.try_number;
  instance.epoch = row.epoch;
  instance.since = now.mono;
  const bool is_sensor = run.dag->spec(row.task_no).kind == TaskKind::sensor;
  instance.looks_again =
      is_sensor && row.first_look_at != kNoTime && !is_final(row.state) && row.state != TaskState::up_for_retry;
  run.instances.push_back(instance);
  const InstanceNo i = row.instance_no;
  if (row.map_index >= 0) {
    auto item = row.item_json.empty() ? Result<Value>{Value{}} : from_exact_json(row.item_json);
    if (!item) return bad_row(row, "its item is not JSON");
    run.items[i] = MappedItem{std::move(item).value(), row.map_key};
  }
  bool has_outputs = instance.state == TaskState::success && !row.outputs_json.empty();
  if (BATON_BUG(outputs_lost_at_recovery)) has_outputs = false;
  if (has_outputs) {
    auto outputs = restored_outputs(run.dag->spec(row.task_no), row.outputs_json);
    if (!outputs) return bad_row(row, "its outputs: " + outputs.error().message);
    run.keep_outputs(i, std::move(outputs).value());
  }
  if (row.state == TaskState::upstream_failed && row.reason == Reason::expression) run.unexpanded[i] = row.note;
  if (is_final(instance.state)) return Unit{};
  Activity& activity = run.ensure_activity(i);
  activity.times = WaitTimes::from_json(row.times_json);
  WallUs summed_to = WaitTimes::summed_to(row.times_json);
  if (BATON_BUG(recovery_runs_once)) summed_to = kNoTime;
  const WallUs since = summed_to != kNoTime ? summed_to : run.row.started_at;  // it waits since the run began
  const WallUs until = std::max(alive_at, since);
  activity.times.add(instance.wait, until - since);
  if (row.state == TaskState::running) {  // its process may have lived on: its end says what the rest was
    const DurationUs away = std::max<DurationUs>(0, now.wall - until);
    run.at(i).since = now.mono - away;
    activity.summed_to = now.wall - away;
  } else {
    activity.times.add(Wait::offline, now.wall - until);
    activity.summed_to = now.wall;
  }
  activity.scheduled_at = row.scheduled_at;
  activity.queued_at = row.queued_at;
  activity.started_at = row.started_at;
  activity.ended_at = row.ended_at;
  activity.wake_at = row.wake_at;
  activity.first_look_at = row.first_look_at;
  if (row.first_look_at != kNoTime) activity.first_look = now.mono - std::max<DurationUs>(0, now.wall - row.first_look_at);
  activity.pid = row.pid;
  activity.handle = row.handle;
  if (!row.executor.empty()) {
    activity.worker = std::make_shared<const Worker>(Worker{row.executor, row.worker, row.host});
  }
  activity.note = row.note;
  return Unit{};
}

void restore_progress(DagRun& run) {
  run.tasks.assign(run.dag->tasks.size(), TaskProgress{});
  for (std::size_t i = 0; i < run.instances.size(); ++i) {
    const Instance& instance = run.instances[i];
    TaskProgress& p = run.progress(instance.task_no);
    if (is_live(instance.state) && instance.reason == Reason::replaced) p.expands_anew = true;
    if (i < run.tasks.size()) {
      p.expanded = instance.map_index >= 0;
    } else if (instance.state == TaskState::removed) {
      run.has_collapsed = true;
    } else {
      if (p.count == 1) p.extra_first = static_cast<InstanceNo>(i);
      ++p.count;
    }
  }
}

bool has_same_tasks(const Dag& old, const Dag& latest) {
  const auto is_mapped = [](const Task& task) { return task.spec->mapping->kind != Mapping::Kind::none; };
  return std::ranges::equal(old.tasks, latest.tasks, [&](const Task& a, const Task& b) {
    return a.id == b.id && a.hook == b.hook && is_mapped(a) == is_mapped(b);
  });
}

}  // namespace

Status take_version(DagRun& run, std::shared_ptr<const Dag> latest) {
  if (!has_same_tasks(*run.dag, *latest)) {
    return Error{"tasks have been added, removed or put in another order since this run: the latest version cannot take "
                 "it over; begin a new run",
                 ErrorKind::conflict};
  }
  run.dag = std::move(latest);
  run.row.dag_version = run.dag->version;
  for (Instance& instance : run.instances) {
    instance.looks_again = instance.looks_again && run.dag->spec(instance.task_no).kind == TaskKind::sensor;
  }
  recount(run);
  return Unit{};
}

Result<DagRun> restore_run(const RunSnapshot& snapshot, std::shared_ptr<const Dag> dag, Moment now) {
  DagRun run;
  run.row = snapshot.run;
  run.dag = std::move(dag);
  run.restored_at = now.mono;
  auto params = from_json(snapshot.run.conf_json, kExactJsonLimits);  // they came as JSON, and were checked then
  if (!params) return Error{"the params of run " + snapshot.run.run_id + " are not JSON", ErrorKind::storage};
  run.params = std::move(params).value();
  if (snapshot.instances.size() < run.dag->tasks.size()) {
    return Error{"run " + snapshot.run.run_id + " has fewer task instances than its version has tasks",
                 ErrorKind::storage};
  }
  const WallUs alive_at = std::min(now.wall, std::max(last_alive(snapshot), run.row.queued_at));
  run.instances.reserve(snapshot.instances.size());
  const auto is_open = [](const TaskRow& row) { return !is_final(row.state); };
  run.activities.reserve(static_cast<std::size_t>(std::ranges::count_if(snapshot.instances, is_open)));
  for (std::size_t i = 0; i < snapshot.instances.size(); ++i) {
    const TaskRow& row = snapshot.instances[i];
    const auto expected_task = i < run.dag->tasks.size() ? static_cast<TaskNo>(i) : row.task_no;
    if (row.instance_no != static_cast<InstanceNo>(i) || row.task_no != expected_task || row.task_no < 0 ||
        static_cast<std::size_t>(row.task_no) >= run.dag->tasks.size()) {
      return bad_row(row, "does not fit the DAG's version");
    }
    if (auto restored = restore_instance(run, row, now, alive_at); !restored) return restored.error();
  }
  restore_progress(run);
  for (const InstanceNo i : snapshot.held_events) {
    if (BATON_BUG(held_event_forgotten_at_restart)) continue;
    const bool is_there = i >= 0 && static_cast<std::size_t>(i) < run.instances.size();
    if (is_there && run.at(i).state == TaskState::success && run.at(i).reason != Reason::marked) run.held_events.insert(i);
  }
  for (const OpenLetter& letter : snapshot.open_letters) run.open_letters[letter.instance_no] = letter.epoch;
  if (!is_final(run.row.state)) run.stopping = run.row.reason;
  if (BATON_BUG(stop_forgotten_at_recovery)) run.stopping = Reason::none;
  recount(run);
  return run;
}

}  // namespace baton
