// Host: one scheduler, put together over the seams alone: it makes the Engine for a Loop, a Store and an Executor, and
// the door through which all changes come (scheduler/control). It adopts what earlier schedulers left, or leaves it to
// somebody else. What people start (scheduler/host/local) and what is simulated (tests/sim) is this. Owns both. Loop
// thread only, but for ask().
//
// Order: make it, open(), then start_with() what it was started for; only then may the executor talk to
// executor_events(), and from then on ask().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/control/control.h"
#include "scheduler/engine/engine.h"
#include "scheduler/host/new_run.h"
#include "scheduler/host/run_reading.h"

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
  DagReader read_dag;
  /// Asked for a stored run that is to go on, as ControlHooks::check_tasks. May be empty.
  std::function<Status(const Dag&, const std::vector<bool>& wanted)> check_tasks;
  /// Called before a run begins or goes on. May be empty.
  std::function<void(const RunRow&)> prepare_run;
  /// Brings runs that are not in memory: those that have waited as rows, and for ask(). Null: this process works on no
  /// other runs than it has, and what waits in it is kept in memory. Outlives the Host.
  RunLoader* loader = nullptr;
  /// Knows the keys of earlier requests. Null: requests with keys are refused.
  KeyFinder* keys = nullptr;
  /// As ControlHooks::secrets_of. May be empty.
  SecretsOf secrets_of = nullptr;
};

struct HostSettings {
  HostPolicy policy = HostPolicy::one_run;
  EngineSettings engine;
  std::vector<PoolSpec> pools;        ///< those of the installation; a DAG's own are added with its runs
  std::vector<BreakerSpec> breakers;  ///< likewise; they go before what DAGs say
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
  void on_finished(std::function<void(const DagRun&)> f) { engine_.on_finished(std::move(f)); }

  /// A run begins or goes on, before it does.
  void on_begins(std::function<void(const RunRow&)> f) { begins_told_ = std::move(f); }
  /// `f`: whether a version is what the file of its DAG says now. Unset: each is.
  void on_which_stands(std::function<bool(const Dag&)> f) { stands_ = std::move(f); }

  /// Takes over what earlier schedulers left, by the policy: live runs with all their rows, those that wait to begin as
  /// rows alone. One run that cannot be read is told to the observer and stays as it is: it keeps nobody else from being
  /// adopted. An Error only where the store cannot say which there are.
  Status open();

  /// What this process was started for, a run that exists or TriggerRun: decided before it returns; `answer` is called
  /// within where it is refused or there is nothing to do, else on the loop when it is durable. Reads the run, and blocks
  /// for it. Errors as of Control, and storage: the run cannot be read.
  void start_with(Request request, Actor actor, Control::OnAnswer answer);
  /// Any thread: what a person or program wants, as Control::ask(). busy: too much at once.
  [[nodiscard]] Status ask(Request request, Actor actor, Control::OnAnswer answer) {
    return ask(std::move(request), std::move(actor), std::nullopt, std::move(answer));
  }
  [[nodiscard]] Status ask(Request request, Actor actor, std::optional<IdempotencyKey> key, Control::OnAnswer answer) {
    return control_.ask(std::move(request), std::move(actor), std::move(key), std::move(answer));
  }
  /// `request` as a run with a number of its own. Blocks for the mean durations of its tasks: before the loop takes
  /// events, or where the store answers at once.
  [[nodiscard]] TriggerRun trigger_of(NewRun request);

  /// As Control::retire().
  void retire(std::vector<RunDeletionRow> runs, AuditRow audit, Control::OnRetired done, ServiceRows more = {}) {
    control_.retire(std::move(runs), std::move(audit), std::move(done), std::move(more));
  }

  /// Slots of a pool that a person has set, also in an earlier life of the server.
  void set_pool(const std::string& name, std::int64_t slots, const std::string& rate = {}) {
    control_.set_pool(name, slots, rate);
  }

  [[nodiscard]] bool is_pool_of_files(const std::string& name) const { return control_.is_pool_of_files(name); }
  /// As Control::declare_pools().
  void declare_pools(const std::vector<PoolSpec>& pools) { control_.declare_pools(pools); }
  /// Pools and circuit breakers of a DAG, from now on as its file says.
  void declare_shared(const Dag& dag) { declare_shared(dag, DeclaredBy::file); }
  /// The same as it was last read: what a file has said since goes before it.
  void know_shared(const Dag& dag) { declare_shared(dag, DeclaredBy::old_version); }

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] ExecutorEvents& executor_events() { return engine_; }
  /// Runs that the engine was given and has not finished, whether they wait or have begun; by number.
  [[nodiscard]] std::vector<RunNo> runs() const { return engine_.queue().runs(); }

 private:
  /// A process that works on the runs it has, and on no other.
  struct NoLoader final : RunLoader {
    explicit NoLoader(Loop& on) : loop(on) {}
    void load(RunNo run_no, Moment now, OnLoaded done) override;
    Loop& loop;
  };

  Result<LoadedRun> read(RunNo run_no);
  Status restore_breakers();
  Status adopt_live();
  Status queue_waiting();
  void adopt_left(LoadedRun left);
  void begins(const RunRow& row, const Dag& dag);
  void declare_shared(const Dag& dag, DeclaredBy how);
  void tell_closed_doors(const Dag& dag);
  void tell_left(RunNo run_no, const Error& why);
  [[nodiscard]] ControlHooks hooks();
  [[nodiscard]] std::vector<DurationUs> path_of(const Dag& dag);

  HostParts parts_;
  HostSettings settings_;
  std::function<void(const RunRow&)> begins_told_;
  std::function<bool(const Dag&)> stands_;
  Engine engine_;
  NoLoader no_loader_;
  Control control_;
};

}  // namespace baton
