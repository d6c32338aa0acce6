// Host: one scheduler, put together over the seams alone: it makes the Engine for a Loop, a Store and an Executor, and
// knows how runs come into it: created, adopted after a restart, cleared for a retry, left to somebody else. What
// people start (scheduler/host/local) and what is simulated (tests/sim) is this. Owns the engine. Loop thread only.
//
// Order: make it, open(), then create() or resume() or retry(); only then may the executor talk to executor_events().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/engine.h"
#include "scheduler/host/new_run.h"

namespace baton {

/// Which of the unfinished runs of a store are this scheduler's.
enum class HostPolicy : std::uint8_t {
  one_run,   ///< `baton run`: the one that it is asked for; what becomes of the attempts of others is kept for them
  all_runs,  ///< a service: every one of them, adopted by open()
};

/// What a Host stands on. All of it outlives the Host.
struct HostParts {
  Loop& loop;
  Store& store;
  Executor& executor;
  RunObserver* observer = nullptr;  ///< null: nobody watches
  /// The DAG that a stored run goes on with. Blocks like the reads of Store: before the loop takes events.
  std::function<Result<std::shared_ptr<const Dag>>(const RunSnapshot&)> read_dag;
  /// Asked of a run that is to go on, before anything is changed: an Error refuses it. May be empty.
  std::function<Status(const DagRun&)> check_run;
  /// Called before a run is given to the engine: the moment to make its folders. May be empty.
  std::function<void(const RunRow&)> prepare_run;
};

struct HostSettings {
  HostPolicy policy = HostPolicy::one_run;
  EngineSettings engine;
  std::vector<PoolSpec> pools;  ///< those of the installation; a DAG's own are added with its runs
};

struct RetryRequest {
  RunNo run_no = 0;
  std::optional<std::string> from_task;   ///< T and what follows; none: what failed and what follows
  std::shared_ptr<const Dag> latest;      ///< go on with this version; null: the run's own
  std::shared_ptr<const VersionRow> latest_version;
};

/// What resume() and retry() made of their run.
struct Adoption {
  RunState state = RunState::running;
  bool did_nothing = false;               ///< it has ended, hooks and all, and there is nothing to do again
  std::size_t cleared = 0;                ///< instances that will run again
};

class Host {
 public:
  Host(HostParts parts, LaunchContext launch, HostSettings settings);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// An outcome of a commit is unknown or another leader has come: the engine takes no more events. Told once.
  void on_fatal(std::function<void(const Fatal&)> f) { engine_.on_fatal(std::move(f)); }
  /// A run and its hooks have ended, and that is durable. The engine forgets the run after this call.
  void on_finished(std::function<void(const DagRun&)> f) { finished_ = std::move(f); }

  /// Takes over what earlier schedulers left, by the policy. One run that cannot be read is told to the observer and
  /// stays as it is: it keeps nobody else from being adopted. An Error only where the store cannot say which there are.
  Status open();

  /// Makes a run durable and begins it; returns its number at once. `done` hears, on the loop, whether it is made or
  /// was there already.
  RunNo create(NewRun request, std::function<void(const PartVerdict&)> done);
  /// Goes on with a run of an earlier scheduler. not_found: there is no such run; storage: it cannot be read; or what
  /// HostParts::check_run says of it.
  Result<Adoption> resume(RunNo run_no);
  /// As resume(), after clearing what is to run again; live attempts of it are stopped and run anew. not_found
  /// also for a task that is not there; conflict where `latest` does not fit the rows of the run, or a hook of it
  /// has not ended.
  Result<Adoption> retry(const RetryRequest& request);
  /// TERM and grace, due teardowns still run; with `kill` at once. False: no such live run.
  bool stop(RunNo run_no, bool kill) { return engine_.stop_run(run_no, Reason::stopped, kill); }

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] ExecutorEvents& executor_events() { return engine_; }
  /// Runs that the engine was given and has not finished.
  [[nodiscard]] const std::set<RunNo>& runs() const { return runs_; }

 private:
  struct Restored;
  Result<Restored> restore(RunNo run_no, const RetryRequest* retry);
  Result<Adoption> go_on(RunNo run_no, const RetryRequest* retry);
  void adopt(Restored restored);
  [[nodiscard]] std::vector<DurationUs> path_of(const Dag& dag);
  [[nodiscard]] Moment now() const { return {parts_.loop.wall_now(), parts_.loop.mono_now()}; }

  HostParts parts_;
  HostSettings settings_;
  Engine engine_;
  std::function<void(const DagRun&)> finished_;
  std::set<RunNo> runs_;
};

}  // namespace baton
