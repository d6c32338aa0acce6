#include "scheduler/host/host.h"

#include <utility>

#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

Host::Host(HostParts parts, LaunchContext launch, HostSettings settings)
    : parts_(std::move(parts)),
      settings_(std::move(settings)),
      engine_(parts_.loop, parts_.store, parts_.executor, Renderer(std::move(launch)), settings_.engine,
              parts_.observer),
      no_loader_(parts_.loop),
      control_(parts_.loop, engine_, parts_.loader != nullptr ? *parts_.loader : no_loader_, {}, hooks()) {
  for (const PoolSpec& pool : settings_.pools) engine_.set_pool(pool.name, pool.slots);
  engine_.on_finished([this](const DagRun& run) {
    runs_.erase(run.row.run_no);
    if (finished_) finished_(run);
  });
}

Host::~Host() = default;

ControlHooks Host::hooks() {
  return {parts_.check_tasks, [this](const RunRow& run) {
            if (parts_.prepare_run) parts_.prepare_run(run);
            runs_.insert(run.run_no);
          },
          parts_.keys};
}

Status Host::open() {
  const auto unfinished = parts_.store.unfinished_runs();
  if (!unfinished) return unfinished.error();
  // Left first, all of them: an attempt of a run that cannot be read must not be acknowledged either.
  std::vector<RunNo> left = *unfinished;
  if (BATON_BUG(ends_of_other_runs_acknowledged)) left.clear();
  engine_.leave_runs(left);
  if (settings_.policy == HostPolicy::one_run) return Unit{};
  for (const RunNo run_no : *unfinished) adopt_left(run_no);
  return Unit{};
}

void Host::take(const RunRow& run, const Dag& dag) {
  if (parts_.prepare_run) parts_.prepare_run(run);
  control_.know_pools(dag);
  runs_.insert(run.run_no);
}

/// Nobody has asked for it: it goes on whatever a task of it lacks, and that task tells.
void Host::adopt_left(RunNo run_no) {
  auto loaded = read(run_no);
  if (!loaded) {
    if (parts_.observer == nullptr) return;
    parts_.observer->notice("run " + std::to_string(run_no) + " is left as it is: " + loaded.error().message);
    return;
  }
  if (loaded->run.is_finished()) return;
  take(loaded->run.row, *loaded->run.dag);
  engine_.adopt_run(std::move(loaded->run), std::move(loaded->path_us), {}, {});
}

Result<LoadedRun> Host::read(RunNo run_no) {
  const auto snapshot = parts_.store.load_run(run_no);
  if (!snapshot) return snapshot.error();
  auto dag = parts_.read_dag(*snapshot);
  if (!dag) return dag.error();
  auto run = restore_run(*snapshot, *dag, {parts_.loop.wall_now(), parts_.loop.mono_now()});
  if (!run) return run.error();
  return LoadedRun{std::move(run).value(), path_of(**dag)};
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

/// A run that is not made after all is none of ours.
Control::OnAnswer Host::noted(const Request& request, Control::OnAnswer answer) {
  const auto* trigger = std::get_if<TriggerRun>(&request);
  if (trigger == nullptr) return answer;
  return [this, run_no = trigger->creation.run.run_no, answer = std::move(answer)](const Result<Answer>& how) {
    if (!how) runs_.erase(run_no);
    if (answer) answer(how);
  };
}

void Host::start_with(Request request, Actor actor, Control::OnAnswer answer) {
  Control::OnAnswer on_answer = noted(request, std::move(answer));
  const RunNo run_no = run_of(request);
  if (run_no == 0) {
    return control_.decide_at_start(std::move(request), std::move(actor), std::nullopt, std::move(on_answer));
  }
  auto loaded = read(run_no);
  if (!loaded) return on_answer(loaded.error());
  control_.decide_at_start(std::move(request), std::move(actor), std::move(loaded).value(), std::move(on_answer));
}

Status Host::ask(Request request, Actor actor, std::optional<IdempotencyKey> key, Control::OnAnswer answer) {
  Control::OnAnswer on_answer = noted(request, std::move(answer));
  return control_.ask(std::move(request), std::move(actor), std::move(key), std::move(on_answer));
}

void Host::NoLoader::load(RunNo, Moment, OnLoaded done) {
  loop.post([done = std::move(done)] { done(Error{"this process does not run it", ErrorKind::not_found}); });
}

}  // namespace baton
