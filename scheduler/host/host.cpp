#include "scheduler/host/host.h"

#include <algorithm>
#include <utility>

#include "scheduler/engine/clear.h"
#include "scheduler/engine/critical_path.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

/// A run keeps its task instances by number: another version fits when it has the same tasks in the same order.
Status same_tasks(const Dag& old, const Dag& latest) {
  bool same = old.tasks.size() == latest.tasks.size();
  for (std::size_t t = 0; same && t < old.tasks.size(); ++t) {
    const bool mapped = old.tasks[t].spec->mapping.kind != Mapping::Kind::none;
    same = old.tasks[t].id == latest.tasks[t].id && old.tasks[t].hook == latest.tasks[t].hook &&
           mapped == (latest.tasks[t].spec->mapping.kind != Mapping::Kind::none);
  }
  if (same) return Unit{};
  return Error{"tasks have been added, removed or put in another order since this run: the latest version cannot take "
               "it over; begin a new run",
               ErrorKind::conflict};
}

/// What a retry clears. Live attempts of it are stopped first.
Result<std::vector<InstanceNo>> selected_by(const RetryRequest& request, const DagRun& run) {
  std::vector<InstanceNo> selected;
  if (request.from_task) {
    const auto t = run.dag->find(*request.from_task);
    if (!t) {
      return Error{"there is no task \"" + *request.from_task + "\" in " + run.dag->id, ErrorKind::not_found};
    }
    selected = select_from(run, *t);
  } else {
    selected = select_failed(run);
  }
  return selected;
}

/// A hook of an earlier outcome that still runs would end in the middle of the new try of its run.
bool has_live_hook(const DagRun& run) {
  return std::ranges::any_of(run.instances, [&](const Instance& instance) {
    return is_live(instance.state) && run.dag->task(instance.task_no).hook != Hook::none;
  });
}

AuditRow audit_of_retry(const DagRun& run, WallUs now) {
  AuditRow row;
  row.at = now;
  row.actor = "cli";
  row.action = "retry";
  row.dag_id = run.row.dag_id;
  row.run_id = run.row.run_id;
  return row;
}

}  // namespace

/// A run on its way from the rows to the engine.
struct Host::Restored {
  DagRun run;
  std::shared_ptr<const VersionRow> version;  ///< null: it stays on its own
  StepOutcome cleared;
  std::vector<AuditRow> audit;
  std::size_t cleared_count = 0;
};

Host::Host(HostParts parts, LaunchContext launch, HostSettings settings)
    : parts_(std::move(parts)),
      settings_(std::move(settings)),
      engine_(parts_.loop, parts_.store, parts_.executor, Renderer(std::move(launch)), settings_.engine,
              parts_.observer) {
  for (const PoolSpec& pool : settings_.pools) engine_.set_pool(pool.name, pool.slots);
  engine_.on_finished([this](const DagRun& run) {
    runs_.erase(run.row.run_no);
    if (finished_) finished_(run);
  });
}

Host::~Host() = default;

Status Host::open() {
  const auto unfinished = parts_.store.unfinished_runs();
  if (!unfinished) return unfinished.error();
  // Left first, all of them: an attempt of a run that cannot be read must not be acknowledged either.
  std::vector<RunNo> left = *unfinished;
  if (BATON_BUG(ends_of_other_runs_acknowledged)) left.clear();
  engine_.leave_runs(left);
  if (settings_.policy == HostPolicy::one_run) return Unit{};
  for (const RunNo run_no : *unfinished) {
    const auto adopted = go_on(run_no, nullptr);
    if (!adopted && parts_.observer != nullptr) {
      parts_.observer->notice("run " + std::to_string(run_no) + " is left as it is: " + adopted.error().message);
    }
  }
  return Unit{};
}

std::vector<DurationUs> Host::path_of(const Dag& dag) {
  const auto means = parts_.store.mean_durations(dag.id);
  return path_lengths(dag, means ? *means : std::unordered_map<std::string, DurationUs>{});
}

RunNo Host::create(NewRun request, std::function<void(const PartVerdict&)> done) {
  const RunNo run_no = parts_.store.next_run_no();
  const std::uint64_t random = request.run_id.empty() ? parts_.loop.random() : 0;
  RunCreation creation = creation_of(request, run_no, parts_.loop.wall_now(), random);
  if (parts_.prepare_run) parts_.prepare_run(creation.run);
  for (const PoolSpec& pool : request.dag->pools) engine_.set_pool(pool.name, pool.slots);
  runs_.insert(run_no);
  engine_.create_run(std::move(creation), std::move(request.params), path_of(*request.dag),
                     [this, run_no, done = std::move(done)](const PartVerdict& verdict) {
                       if (!verdict.is_done()) runs_.erase(run_no);
                       done(verdict);
                     });
  return run_no;
}

Result<Adoption> Host::resume(RunNo run_no) {
  return go_on(run_no, nullptr);
}

Result<Adoption> Host::retry(const RetryRequest& request) {
  return go_on(request.run_no, &request);
}

Result<Host::Restored> Host::restore(RunNo run_no, const RetryRequest* retry) {
  auto snapshot = parts_.store.load_run(run_no);
  if (!snapshot) return snapshot.error();
  auto dag = parts_.read_dag(*snapshot);
  if (!dag) return dag.error();
  Restored out;
  if (retry != nullptr && retry->latest != nullptr && retry->latest->version != (*dag)->version) {
    if (auto fits = same_tasks(**dag, *retry->latest); !fits) return fits.error();
    dag = retry->latest;
    out.version = retry->latest_version;
    snapshot->run.dag_version = retry->latest->version;
  }
  const Moment at = now();
  auto run = restore_run(*snapshot, *dag, at);
  if (!run) return run.error();
  out.run = std::move(run).value();
  if (retry == nullptr) return out;
  if (has_live_hook(out.run)) {
    return Error{"a hook of run " + out.run.row.run_id + " has not ended: resume the run first, then retry it",
                 ErrorKind::conflict};
  }
  auto selected = selected_by(*retry, out.run);
  if (!selected) return selected.error();
  out.cleared_count = selected->size();
  // An interrupted run that has nothing to clear goes on; a finished one is left alone.
  if (selected->empty() && out.run.is_finished()) return out;
  clear_instances(out.run, *selected, at, out.cleared);
  out.audit.push_back(audit_of_retry(out.run, at.wall));
  return out;
}

Result<Adoption> Host::go_on(RunNo run_no, const RetryRequest* retry) {
  auto restored = restore(run_no, retry);
  if (!restored) return restored.error();
  Adoption adoption{.state = restored->run.row.state, .cleared = restored->cleared_count};
  adoption.did_nothing = restored->run.is_finished();
  if (adoption.did_nothing) return adoption;
  if (parts_.check_run) {
    if (auto checked = parts_.check_run(restored->run); !checked) return checked.error();
  }
  adopt(std::move(restored).value());
  return adoption;
}

void Host::adopt(Restored restored) {
  const std::shared_ptr<const Dag> dag = restored.run.dag;
  if (parts_.prepare_run) parts_.prepare_run(restored.run.row);
  for (const PoolSpec& pool : dag->pools) engine_.set_pool(pool.name, pool.slots);
  runs_.insert(restored.run.row.run_no);
  engine_.adopt_run(std::move(restored.run), path_of(*dag), std::move(restored.cleared), std::move(restored.audit),
                    std::move(restored.version));
}

}  // namespace baton
