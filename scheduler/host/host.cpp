#include "scheduler/host/host.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/critical_path.h"
#include "scheduler/host/dag_breakers.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/timetable/time_text.h"

namespace baton {

Host::Host(HostParts parts, LaunchContext launch, HostSettings settings)
    : parts_(std::move(parts)),
      settings_(std::move(settings)),
      engine_(parts_.loop, parts_.store, parts_.executor, Renderer(std::move(launch)), settings_.engine,
              parts_.observer),
      no_loader_(parts_.loop),
      control_(parts_.loop, engine_, parts_.loader != nullptr ? *parts_.loader : no_loader_, {}, hooks()) {
  engine_.load_with(parts_.loader);
  engine_.on_begins([this](const RunRow& row, const Dag& dag) { begins(row, dag); });
}

Host::~Host() = default;

ControlHooks Host::hooks() {
  return {parts_.check_tasks, parts_.keys, parts_.secrets_of};
}

Status Host::open() {
  const auto unfinished = parts_.store.unfinished_runs();
  if (!unfinished) return unfinished.error();
  if (const auto since = unfinished->empty() ? parts_.store.idle_since() : std::nullopt) engine_.idle_since(*since);
  control_.declare_pools(settings_.pools);
  if (Status breakers = restore_breakers(); !breakers) return breakers;
  // Left first, all of them: an attempt of a run that cannot be read must not be acknowledged either.
  std::vector<RunNo> left = *unfinished;
  if (BATON_BUG(ends_of_other_runs_acknowledged)) left.clear();
  engine_.leave_runs(left);
  if (settings_.policy == HostPolicy::one_run) return Unit{};
  if (Status live = adopt_live(); !live) return live;
  return parts_.loader == nullptr ? Status(Unit{}) : queue_waiting();
}

/// Before any run is adopted: who has a permit keeps it.
Status Host::restore_breakers() {
  const auto rows = parts_.store.breakers();
  if (!rows) return rows.error();
  const auto last_event = parts_.store.last_asset_event();
  if (!last_event) return last_event.error();
  const auto variables = parts_.store.variables();
  if (!variables) return variables.error();
  for (const auto& [name, value] : *variables) engine_.set_variable(name, value);
  engine_.restore_asset_events(*last_event);
  const auto children = parts_.store.owed_children();
  if (!children) return children.error();
  if (settings_.policy == HostPolicy::all_runs) engine_.restore_children(*children);
  auto last_times = parts_.store.last_asset_times();
  if (!last_times) return last_times.error();
  engine_.restore_asset_times(std::move(last_times).value());
  for (const BreakerRow& row : *rows) engine_.restore_breaker(row);
  const auto states = parts_.store.task_states();
  if (!states) return states.error();
  for (const TaskStateRow& row : *states) {
    if (!BATON_BUG(state_forgotten_at_restart)) engine_.restore_state(row);
  }
  for (const BreakerSpec& breaker : settings_.breakers) engine_.declare_breaker(breaker, "");
  return Unit{};
}

/// What many runs have in common is read and compiled once. They are adopted after the scan: it may not be answered with
/// another read.
Status Host::adopt_live() {
  std::map<std::string, std::shared_ptr<const Dag>> dags;  // by DAG and version
  std::map<const Dag*, std::vector<DurationUs>> paths;
  std::deque<DagRun> runs;  // none is copied while it grows
  const Moment now{parts_.loop.wall_now(), parts_.loop.mono_now()};
  const Status all = parts_.store.live_runs([&](RunNo run_no, const Status& read, const RunSnapshot& snapshot) {
    if (!read) return tell_left(run_no, read.error());
    auto& dag = dags[snapshot.run.dag_id + "/" + snapshot.run.dag_version];
    if (dag == nullptr) {
      auto compiled = parts_.read_dag(snapshot);
      if (!compiled) return tell_left(run_no, compiled.error());
      dag = std::move(compiled).value();
    }
    auto run = run_of(snapshot, dag, now);
    if (!run) return tell_left(run_no, run.error());
    runs.push_back(std::move(run).value());
  });
  for (; !runs.empty(); runs.pop_front()) {
    DagRun& run = runs.front();
    const auto [path, is_new] = paths.try_emplace(run.dag.get());
    if (is_new) path->second = path_of(*run.dag);
    adopt_left({std::move(run), path->second});
  }
  return all;
}

/// They are rows until they begin: only these are read here.
Status Host::queue_waiting() {
  return parts_.store.waiting_runs([this](RunNo run_no, const Result<RunRow>& row) {
    if (!row) return tell_left(run_no, row.error());
    engine_.queue_run(*row);
  });
}

void Host::tell_left(RunNo run_no, const Error& why) {
  if (parts_.observer == nullptr) return;
  parts_.observer->notice("run " + std::to_string(run_no) + " is left as it is: " + why.message);
}

void Host::begins(const RunRow& row, const Dag& dag) {
  if (parts_.prepare_run) parts_.prepare_run(row);
  if (begins_told_) begins_told_(row);
  declare_shared(dag, !stands_ || stands_(dag) ? DeclaredBy::file : DeclaredBy::old_version);
  if (settings_.policy == HostPolicy::one_run) tell_closed_doors(dag);
}

void Host::declare_shared(const Dag& dag, DeclaredBy how) {
  control_.know_pools(dag, how);
  declare_breakers(engine_, dag, how);
}

/// Who waits at a terminal for tasks that a breaker keeps back is told so, and not left to guess.
void Host::tell_closed_doors(const Dag& dag) {
  if (parts_.observer == nullptr) return;
  std::set<std::string> names;
  for (const Task& task : dag.tasks) names.insert(task.spec->breakers.begin(), task.spec->breakers.end());
  for (const std::string& name : names) {
    const Breaker* const breaker = engine_.breakers().find(name);
    if (breaker == nullptr || breaker->state() != BreakerState::open) continue;
    const BreakerRow row = breaker->row({parts_.loop.wall_now(), parts_.loop.mono_now()});
    const std::string until = row.until == kNoTime
                                  ? "until it is reset"
                                  : "for " + timetable::format_duration(row.until - parts_.loop.wall_now());
    parts_.observer->notice("breaker " + name + " is open " + until + ": " + row.cause);
  }
}

/// Nobody has asked for it: it goes on whatever a task of it lacks, and that task tells.
void Host::adopt_left(LoadedRun left) {
  if (left.run.is_finished()) return;
  engine_.adopt_run(std::move(left.run), std::move(left.path_us), {}, {});
}

Result<LoadedRun> Host::read(RunNo run_no) {
  return read_run(parts_.store, parts_.read_dag, run_no, {parts_.loop.wall_now(), parts_.loop.mono_now()});
}

std::vector<DurationUs> Host::path_of(const Dag& dag) {
  const auto means = parts_.store.mean_durations(dag.id);
  return path_lengths(dag, means ? *means : std::unordered_map<std::string, DurationUs>{});
}

TriggerRun Host::trigger_of(NewRun request) {
  const std::uint64_t random = request.run_id.empty() ? parts_.loop.random() : 0;
  TriggerRun out;
  out.creation = creation_of(request, parts_.store.next_run_no(), parts_.loop.wall_now(), random);
  out.params = std::move(request.params);
  out.path_us = path_of(*request.dag);
  return out;
}

void Host::start_with(Request request, Actor actor, Control::OnAnswer answer) {
  const RunNo run_no = run_of(request);
  if (run_no == 0) {
    return control_.decide_at_start(std::move(request), std::move(actor), std::nullopt, std::move(answer));
  }
  auto loaded = read(run_no);
  if (!loaded) return answer(loaded.error());
  control_.decide_at_start(std::move(request), std::move(actor), std::move(loaded).value(), std::move(answer));
}

void Host::NoLoader::load(RunNo, Moment, OnLoaded done) {
  loop.post([done = std::move(done)] { done(Error{"this process does not run it", ErrorKind::not_found}); });
}

}  // namespace baton
