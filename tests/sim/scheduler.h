// Scheduler: one simulated scheduler process: the real Host (scheduler/host) on simulated loop, store and link. It recovers
// what the disk holds, and dies in an instant.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "scheduler/engine/run_loader.h"
#include "scheduler/host/host.h"
#include "scheduler/host/jobs_on_engine.h"
#include "scheduler/host/run_makers.h"
#include "scheduler/service/tick_holds.h"
#include "scheduler/store/state_folder.h"
#include "tests/sim/job_watch.h"
#include "tests/sim/sim_backfills.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_store.h"

namespace baton::sim {

/// What a person asked for while no scheduler could do it: a retry is a start of its own.
struct RetryWish {
  RunNo run_no = 0;
  std::optional<TaskNo> from;  ///< none: what failed and what follows
  std::shared_ptr<const Dag> latest;  ///< the DAG file as it is now; null: as it was
};

/// What a scheduler was started for.
struct Errand {
  HostPolicy policy = HostPolicy::all_runs;
  RunNo run_no = 0;  ///< one_run: the run that it resumes; 0: a retry that was wished for, or else a new run
};

struct SchedulerSettings {
  std::int32_t slots = 2;
  std::int32_t ahead_max = 0;
  LoaderThread* loader = nullptr;  ///< has nothing to do: every DAG is on the shelf. Null: there are no schedules
};

/// The row of a version, as far as a store needs it.
std::shared_ptr<const VersionRow> version_row_of(const Dag& dag);

/// Reads what has waited as rows, as a thread does: a while later.
class SimLoader final : public RunLoader {
 public:
  using Read = std::function<Result<LoadedRun>(RunNo, Moment)>;
  SimLoader(Ground& ground, Disk& disk, ProcessId process, Read read)
      : ground_(ground), disk_(disk), process_(process), read_(std::move(read)) {}
  void load(RunNo run_no, Moment now, OnLoaded done) override;
  void load_row(RunNo run_no, OnRow done) override;

 private:
  Ground& ground_;
  Disk& disk_;
  ProcessId process_;
  Read read_;
};

/// Makes the runs that tasks start, of the DAGs of the day.
class SimChildren final : public ChildMaker {
 public:
  SimChildren(Ground& ground, SimStore& store, ProcessId process, const Workload& workload)
      : ground_(ground), store_(store), process_(process), workload_(workload) {}
  void make_child(const ChildAsk& ask, OnMade done) override;

 private:
  Ground& ground_;
  SimStore& store_;
  ProcessId process_;
  const Workload& workload_;
};

class Scheduler {
 public:
  /// `folder`: it holds the lock of the state, as long as it lives.
  Scheduler(Ground& ground, Disk& disk, SimWorker& worker, const Workload& workload, SchedulerSettings settings,
            Errand errand, StateFolder folder);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Recovers what is its own by its errand, clears what is to be retried, and begins.
  void start(const std::vector<RetryWish>& wishes);
  /// `done` hears whether the run is made or was there already, if this scheduler lives to tell.
  RunNo create(NewRun request, std::function<void(RunNo, const Result<Answer>&)> done);
  /// The same under a key: `done` hears what was made, now or by the request that came first.
  void create(NewRun request, IdempotencyKey key, Control::OnAnswer done);
  /// What a person wants of a run; `done` as for create().
  void ask(Request request, Control::OnAnswer done);

  /// Whether somebody may ask it for a new run: who works on one run does not take another.
  [[nodiscard]] bool takes_runs() const { return errand_.policy == HostPolicy::all_runs || !has_run_; }
  /// It was started for one run, and that has ended: it goes.
  [[nodiscard]] bool is_done() { return !takes_runs() && asked_ == 0 && runs().empty() && engine().is_idle(); }
  [[nodiscard]] bool is_alone() const { return errand_.policy == HostPolicy::one_run; }

  /// What makes runs by itself; null: this one does what it is asked for.
  [[nodiscard]] RunMakers* makers() { return makers_.get(); }
  /// Those over dead letters; null as makers().
  [[nodiscard]] BulkJobs* jobs() { return jobs_.get(); }
  /// It makes no run by itself any more, and goes on with no job.
  void stop_makers();
  /// Null where there are no makers.
  [[nodiscard]] SimBackfills* backfills() { return backfills_.get(); }
  /// The file of a DAG holds this now, or (null) is gone.
  void read_file(const std::string& dag_id, std::shared_ptr<const Dag> dag);
  void hold(const HoldDag& request, Holds::OnHeld done);
  void hold(const HoldServer& request, Holds::OnHeld done);
  /// What the files of its life have held, by DAG; null: gone.
  [[nodiscard]] const std::map<std::string, std::shared_ptr<const Dag>>& files() const { return files_; }
  [[nodiscard]] bool is_frozen() const { return makers_ && makers_->ticks().gate().frozen.holds(); }

  [[nodiscard]] Engine& engine() { return host_->engine(); }
  [[nodiscard]] SimStore& store() { return store_; }
  [[nodiscard]] SimLink& link() { return link_; }
  [[nodiscard]] ProcessId process() const { return process_; }
  /// Runs that the engine was given and has not finished.
  [[nodiscard]] std::vector<RunNo> runs() const { return host_->runs(); }
  /// Runs that it took over with another version of their DAG.
  [[nodiscard]] const std::map<RunNo, std::shared_ptr<const Dag>>& reversions() const { return reversions_; }
  [[nodiscard]] bool is_fatal() const { return fatal_; }
  [[nodiscard]] bool claims_held() const { return claims_held_; }
  void hold_claims();
  void resume_claims();

 private:
  [[nodiscard]] HostParts parts();
  [[nodiscard]] Result<std::shared_ptr<const Dag>> dag_of(const RunSnapshot& snapshot) const;
  void finished(const DagRun& run);
  void resume(RunNo run_no);
  void retry(const RetryWish& wish);
  void start_with(Request request, const std::string& what);
  void make_makers(LoaderThread& loader);
  void start_makers();
  [[nodiscard]] Control::OnAnswer while_it_leads(Control::OnAnswer done);
  template <typename Asks>
  void hold_and_look(const Asks& request, Holds::OnHeld done);

  StateFolder folder_;
  Ground& ground_;
  Disk& disk_;
  const Workload& workload_;
  ProcessId process_;
  ProcessLoop loop_;
  SimStore store_;
  SimLink link_;
  std::unique_ptr<SimLoader> loader_;
  SimKeyFinder keys_;
  SimChildren children_;
  Errand errand_;
  bool has_run_ = false;  ///< it was given one
  std::size_t asked_ = 0;  ///< and has not been answered
  std::unique_ptr<Host> host_;
  std::unique_ptr<RunMakers> makers_;
  std::unique_ptr<SimBackfills> backfills_;
  std::optional<TickHolds> holds_;
  std::unique_ptr<JobsOnEngine> job_host_;
  std::unique_ptr<JobWatch> job_watch_;
  std::unique_ptr<BulkJobs> jobs_;
  std::map<std::string, std::shared_ptr<const Dag>> files_;
  std::map<RunNo, std::shared_ptr<const Dag>> reversions_;
  bool fatal_ = false;
  bool claims_held_ = false;
};

}  // namespace baton::sim
