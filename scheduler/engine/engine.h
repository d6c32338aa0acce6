// Engine: the shell around the pure core. It takes events, lets the core decide, gathers what must be written into one
// batch at a time, and carries out what follows only when that batch is durable (docs/ARCHITECTURE.md). It owns the live
// runs. Its parts are LiveRuns (what is in memory and changed), CommitPipeline (what is being written), AttemptLedger
// (what an executor holds), Admission and LookAhead (who may start). Loop thread only; it never blocks, but for a commit where nothing runs (Store::commit_now).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/admission.h"
#include "scheduler/engine/attempt_ledger.h"
#include "scheduler/engine/commit_pipeline.h"
#include "scheduler/engine/decide.h"
#include "scheduler/engine/executor.h"
#include "scheduler/engine/live_runs.h"
#include "scheduler/engine/look_ahead.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/observer.h"
#include "scheduler/engine/render.h"
#include "scheduler/engine/store.h"

namespace baton {

struct EngineSettings {
  CoreSettings core;
  std::int32_t ahead_max = 0;      ///< claims that may wait at workers for a slot, when tasks are short
  DurationUs lazy_write_us = 250 * kMillisecond;  ///< when `running`, counts and mean durations are written at the latest
  DurationUs full_retry_us = 500 * kMillisecond;  ///< how often a full disk is tried again
};

/// Why the engine takes no more events (exit 70).
struct Fatal {
  std::string message;
};

/// What goes with a change that somebody asked for.
struct EngineRequest {
  std::vector<AuditRow> audit;  ///< written in the part of the change: both or neither
  /// Called once that is durable, or when the creation of the run that it is about was struck. Not when the engine dies
  /// before. May be empty.
  std::function<void(const PartVerdict&)> done;
  ServiceRows service{};        ///< written in the same part: of the tick that makes the run, of the DAG that is paused
  std::vector<IdempotencyRow> idempotency = {};  ///< written with it; a key that is there strikes the part
};

class Engine final : public ExecutorEvents, private CommitEvents {
 public:
  Engine(Loop& loop, Store& store, Executor& executor, Renderer renderer, EngineSettings settings,
         RunObserver* observer);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void set_pool(const std::string& name, std::int32_t slots) { admission_.set_pool(name, slots); }
  /// Runs that somebody will go on with later: what their attempts came to stays with the executor, unacknowledged.
  void leave_runs(const std::vector<RunNo>& runs) { left_.insert(runs.begin(), runs.end()); }
  /// Called once when an outcome of a commit is unknown or the fence has moved.
  void on_fatal(std::function<void(const Fatal&)> f) { fatal_ = std::move(f); }
  /// Called when a run and its hooks have ended and that is durable. The run is forgotten after it.
  void on_finished(std::function<void(const DagRun&)> f) { finished_ = std::move(f); }

  /// Makes a run durable and begins it. `done` tells once its part of the commit is durable, or that it was struck: a run
  /// of this id or date exists, and this one is gone. `path_us` as path_lengths() gives it.
  void create_run(RunCreation creation, Value params, std::vector<DurationUs> path_us, EngineRequest request);
  void create_run(RunCreation creation, Value params, std::vector<DurationUs> path_us,
                  std::function<void(const PartVerdict&)> done) {
    create_run(std::move(creation), std::move(params), std::move(path_us), EngineRequest{{}, std::move(done)});
  }
  /// Takes over a run that recovery restored, perhaps with instances cleared in `cleared`. Before worker_ready().
  /// `version` where the run goes on with another version than it had: that of run.dag.
  void adopt_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, EngineRequest request,
                 std::shared_ptr<const VersionRow> version = nullptr);

  /// Takes a run that had ended and of which `cleared` has made something to do again. At any time; no instance of it
  /// may be live.
  void take_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, EngineRequest request,
                std::shared_ptr<const VersionRow> version = nullptr);
  /// Has the run take an event that somebody asked for. False: no such live run, or the engine has died; `request.done`
  /// is not called then.
  bool change_run(RunNo run_no, const Event& event, EngineRequest request);
  /// Writes what is about no run, in a part of its own. Batches keep the order of the calls.
  void write(EngineRequest request);

  /// Ends a run: TERM and grace, teardowns still run; with `kill`: at once. False: no such live run.
  bool stop_run(RunNo run_no, Reason reason, bool kill);
  /// Claims nothing more until resume_claims() (a stopped `baton run`, a server that shuts down).
  void hold_claims() { claims_held_ = true; }
  void resume_claims();

  [[nodiscard]] const DagRun* run(RunNo run_no) const;
  /// What is held now, for metrics and checks.
  [[nodiscard]] const Admission& admission() const { return admission_; }
  [[nodiscard]] const WorkerSlots& workers() const { return attempts_.workers(); }
  /// Whether nothing is to be written or carried out any more (what is for display alone aside).
  [[nodiscard]] bool is_idle() const;

  void attempt_accepted(AttemptKey key, const WorkerRef& worker, const std::string& handle) override;
  void attempt_started(AttemptKey key, const WorkerRef& worker, std::int32_t pid, WallUs at) override;
  void attempt_ended(const AttemptEnd& end) override;
  void worker_capacity(const WorkerRef& worker, std::int32_t slots, const std::vector<std::string>& labels,
                       const std::string& why) override;
  void worker_ready(const WorkerRef& worker, const std::vector<AttemptKey>& live) override;
  void worker_gone(const WorkerRef& worker, const std::string& why) override;
  void executor_settled(const std::string& executor) override;

 private:
  [[nodiscard]] Moment now() const { return {loop_.wall_now(), loop_.mono_now()}; }
  [[nodiscard]] Pending& next() { return commits_.next(); }

  // engine.cpp: runs, events, turns.
  void handle(LiveRun& live, const Event& event);
  void begin_again(LiveRun& live, StepOutcome& cleared, EngineRequest request,
                   std::shared_ptr<const VersionRow> version);
  void open_part(LiveRun& live, EngineRequest request, bool creates);
  void watch_timeout(LiveRun& live);
  void schedule_turn();
  void turn();
  void do_more();
  void write_lazy();
  void take_lazy_durations();
  void commit();
  void batch_durable(Pending& done) override;
  void creation_struck(RunNo run_no, const PartVerdict& verdict, Pending& done, Pending& gathers) override;
  void disk_is_full() override;
  void commits_ended(std::string why) override;

  // engine_effects.cpp: what a step leaves behind, and what follows once it is durable.
  void collect(LiveRun& live, StepOutcome& step);
  void carry_out(LiveRun& live, Command& command);
  void find_cached(LiveRun& live, InstanceNo i, const std::string& key);
  void set_timer(LiveRun& live, InstanceNo i, WallUs wake_at);
  void timer_fired(RunNo run_no, InstanceNo i, WallUs wake_at);
  void release(Pending& pending);
  void launch_durable(LaunchSpec spec);
  void tell(const Pending& pending);
  void forget_finished(const std::vector<RunNo>& runs);

  // engine_attempts.cpp: from admission to the executor, and what it reports.
  void admit();
  bool launch(const Candidate& candidate);
  Epoch next_epoch(const DagRun& run, InstanceNo i);
  void release_prepared(AttemptKey key);
  void withdraw_prepared(AttemptKey key);
  void learn_run_time(const AttemptEnd& end);
  void take_lost(const std::vector<AttemptKey>& lost);
  void take_live(AttemptKey key, WorkerNo worker);

  Loop& loop_;
  Store& store_;
  Executor& executor_;
  Renderer renderer_;
  EngineSettings settings_;
  RunObserver* observer_;
  Admission admission_;
  LookAhead look_ahead_;
  AttemptLedger attempts_;
  LiveRuns runs_;
  CommitPipeline commits_;
  std::function<void(const Fatal&)> fatal_;
  std::function<void(const DagRun&)> finished_;

  std::set<RunNo> left_;                       ///< not ours now; see leave_runs()
  std::vector<DurationRow> lazy_durations_;
  StepOutcome step_;                           ///< scratch of handle()
  Loop::TimerId lazy_timer_ = 0;               ///< 0: none is set
  bool turn_scheduled_ = false;
  bool claims_held_ = false;
  bool workers_heard_ = false;                 ///< one was ready: runs can no longer be adopted with their attempts
  bool stop_began_ = false;                    ///< since admission last dropped who is no longer wanted
  bool dead_ = false;
};

}  // namespace baton
