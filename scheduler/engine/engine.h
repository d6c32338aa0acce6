// Engine: the shell around the pure core. It takes events, lets the core decide, gathers what must be written into one
// batch at a time, and carries out what follows only when that batch is durable (docs/ARCHITECTURE.md). It owns the live
// runs. Its parts are LiveRuns (what is in memory and changed), CommitPipeline (what is being written), AttemptLedger
// (what an executor holds), Admission and LookAhead (who may start), and RunQueue (which runs may begin). Loop thread
// only; it never blocks, but for a commit where nothing runs (Store::commit_now).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/admission.h"
#include "scheduler/engine/attempt_ledger.h"
#include "scheduler/engine/breakers.h"
#include "scheduler/engine/child_maker.h"
#include "scheduler/engine/commit_pipeline.h"
#include "scheduler/engine/decide.h"
#include "scheduler/engine/executor.h"
#include "scheduler/engine/late_closings.h"
#include "scheduler/engine/live_runs.h"
#include "scheduler/engine/look_ahead.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/observer.h"
#include "scheduler/engine/render.h"
#include "scheduler/engine/run_loader.h"
#include "scheduler/engine/run_queue.h"
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

  /// `is_by_person`: see Admission::set_pool().
  void set_pool(const PoolSpec& pool, bool is_by_person = false);
  /// Nothing has started since `at`; kNoTime: ever. Rates of pools that are set from here on have filled since then.
  /// Without it they begin used up: whoever was here before may just have started something.
  void idle_since(WallUs at);
  /// It is gone: tasks that want it fail aloud.
  void drop_pool(const std::string& name);
  void set_pool(const std::string& name, std::int32_t slots) { set_pool(PoolSpec{name, slots}); }
  /// What `var("name")` gives from now on; none: there is no such variable any more.
  void set_variable(const std::string& name, std::optional<std::string> value);
  /// What a DAG keeps under a name is taken away, with the next version: the row, for the part of the request that wants
  /// it so. None: it keeps nothing there.
  [[nodiscard]] std::optional<TaskStateRow> forget_state(const std::string& dag_id, const std::string& name);
  /// The outputs of an instance of a live run, which has succeeded, become others. `row`: what is written of it.
  void put_outputs(OutputRow row, Value value, EngineRequest request);
  /// A circuit breaker as an earlier scheduler left it; before runs are adopted.
  void restore_breaker(const BreakerRow& row);
  /// What a DAG, or baton.yaml (`by` empty), says of a breaker. Before what names it begins.
  void declare_breaker(const BreakerSpec& spec, const std::string& by, DeclaredBy how = DeclaredBy::file);
  /// A person trips or resets one. An Error: nobody has declared it, and `request.done` is not called.
  Status change_breaker(const std::string& name, const BreakerWish& wish, EngineRequest request);
  [[nodiscard]] const Breakers& breakers() const { return breakers_; }
  /// A value across runs as an earlier scheduler has left it; before runs are adopted.
  void restore_state(const TaskStateRow& row) { states_.restore(row); }
  /// A person puts a value, or takes it away (`row.json` empty). Tasks that run meanwhile with this state will not put
  /// theirs over it. The version is given here.
  void change_state(TaskStateRow row, Value value, EngineRequest request);
  [[nodiscard]] const TaskStates& states_of(const std::string& dag_id) { return *states_.of(dag_id); }
  /// The number of the last asset event that was ever committed; before anything raises one.
  void restore_asset_events(std::int64_t last_event_no) { last_asset_event_ = last_event_no; }
  /// When the last event of each asset was, as earlier schedulers left it; before runs are adopted.
  void restore_asset_times(std::vector<std::pair<std::string, WallUs>> last_events);
  /// The number of the last asset event, be it durable or not: what comes from now on has a higher one.
  [[nodiscard]] std::int64_t last_asset_event() const { return last_asset_event_; }
  /// Somebody says that something has happened to an asset. Its number is given here and returned.
  std::int64_t raise_asset_event(AssetEventRow event, EngineRequest request);
  /// Called with asset events that have become durable, in the order of their numbers.
  void on_asset_events(std::function<void(const std::vector<AssetEventRow>&)> f) { asset_events_ = std::move(f); }
  /// Called, before the events of the same batch, with what checks hold back or let go on, once that is durable; before
  /// or behind the answers to what was asked for in that batch, as their rows lie.
  void on_asset_quarantines(std::function<void(const std::vector<AssetQuarantineRow>&)> f) {
    asset_quarantines_ = std::move(f);
  }
  /// Runs that somebody will go on with later: what their attempts came to stays with the executor, unacknowledged.
  void leave_runs(const std::vector<RunNo>& runs) { left_.insert(runs.begin(), runs.end()); }
  /// Called once when an outcome of a commit is unknown or the fence has moved.
  void on_fatal(std::function<void(const Fatal&)> f) { fatal_ = std::move(f); }
  /// Called when a run and its hooks have ended and that is durable. The run is forgotten after it.
  void on_finished(std::function<void(const DagRun&)> f) { finished_ = std::move(f); }

  /// Called when a run has come to be the engine's, whether it begins or waits; not of those that it has already.
  void on_comes(std::function<void(const RunRow&)> f) { comes_ = std::move(f); }
  /// Called when one that has come was not made after all: its part was struck. It is gone, or as it was before.
  void on_struck(std::function<void(const RunRow&)> f) { struck_ = std::move(f); }
  /// Called when a run has ended that never began, and that is durable.
  void on_waiting_ended(std::function<void(const RunRow&)> f) { waiting_ended_ = std::move(f); }
  /// Called before a run begins or goes on, with its row and its DAG.
  void on_begins(std::function<void(const RunRow&, const Dag&)> f) { begins_ = std::move(f); }
  /// Sees each part of a batch just before it is written, and may add rows of the service that tell of the others: they
  /// become durable together.
  void on_writes(std::function<void(Part&)> f) { writes_ = std::move(f); }
  /// Who brings the runs that have waited as rows; outlives the engine. Without one, what waits is kept in memory, and
  /// runs of earlier processes cannot be queued.
  void load_with(RunLoader* loader) { loader_ = loader; }

  /// Who makes the runs that tasks start. Where runs are loaded, tasks wait until there is one; elsewhere they fail,
  /// `unsupported`. Null: it goes.
  void make_children_with(ChildMaker* maker);
  /// Runs that tasks have started and wait for, or that are to be stopped, as an earlier scheduler left them; before
  /// runs are adopted.
  void restore_children(const std::vector<ChildRow>& rows);

  /// Makes a run durable. It begins at once where it may (run_queue.h): then its row, its instances and what it claims
  /// are one part; otherwise its row alone is written, and it begins later by itself. `done` tells once its part of the
  /// commit is durable, or that it was struck: a run of this id or date exists, and this one is gone. `path_us` as
  /// path_lengths() gives it.
  void create_run(RunCreation creation, Value params, std::vector<DurationUs> path_us, EngineRequest request);
  void create_run(RunCreation creation, Value params, std::vector<DurationUs> path_us,
                  std::function<void(const PartVerdict&)> done) {
    create_run(std::move(creation), std::move(params), std::move(path_us), EngineRequest{{}, std::move(done)});
  }
  /// A run that an earlier process has left waiting: it begins when it may. Its row is all that is known of it.
  void queue_run(const RunRow& row);
  /// Takes over a run that recovery restored, perhaps with instances cleared in `cleared`. Before worker_ready().
  /// `version` where the run goes on with another version than it had: that of run.dag.
  void adopt_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, EngineRequest request,
                 std::shared_ptr<const VersionRow> version = nullptr);

  /// Takes a run that had ended, or waits, and of which `cleared` has made something to do again. At any time; no
  /// instance of it may be live. It is queued again, and obeys the limit of its DAG: where it may not begin at once, what
  /// was cleared is written and the run is not in memory until it does.
  void take_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, EngineRequest request,
                std::shared_ptr<const VersionRow> version = nullptr);
  /// Takes a run that had ended without having begun: there is nothing to clear, it waits once more.
  void requeue(LoadedRun ended, EngineRequest request, std::shared_ptr<const VersionRow> version = nullptr);
  /// Has the run take an event that somebody asked for. False: no such live run, or the engine has died; `request.done`
  /// is not called then.
  bool change_run(RunNo run_no, const Event& event, EngineRequest request);
  /// Runs of this DAG are gone, and that is durable: another run is now the one of the date before.
  void past_changed(const std::string& dag_id);
  /// Writes what is about no run, in a part of its own. Batches keep the order of the calls.
  void write(EngineRequest request);

  /// Ends a run: TERM and grace, teardowns still run; with `kill`: at once. One that waits ends without having begun.
  /// False: no such run lives or waits, or it waits and is not durable yet.
  bool stop_run(RunNo run_no, Reason reason, bool kill);
  /// Has `loader` bring a run that is not in memory. What people let go of its letters meanwhile is no more in it.
  void read_run(RunLoader& loader, RunNo run_no, RunLoader::OnLoaded done);
  /// Ends a run that waits; one that has begun, or begins before it is loaded, goes on. False: as stop_run().
  bool withdraw_run(RunNo run_no, Reason reason);
  /// As stop_run(), for a run that waits and has been loaded. False: it does not wait (any more), or is not durable yet;
  /// nothing has changed then, and `request.done` is not called.
  bool stop_waiting(LoadedRun loaded, const StopRequested& how, EngineRequest request);
  /// A run that waits and has no instances (begun_at is kNoTime) ends as `state`. False: as stop_waiting().
  bool end_waiting(const RunRow& waiting, RunState state, Reason reason, EngineRequest request);
  /// The same as failed, also of one that has run before, where nothing but its row can be read: the observer is told
  /// `why`.
  bool end_unreadable(const RunRow& waiting, Reason reason, const std::string& why, EngineRequest request);

  /// What a DAG says of its runs now, whatever its earlier versions said.
  void set_run_limits(const std::string& dag_id, RunLimits limits);
  void set_backfill_limit(const std::string& dag_id, std::int32_t runs);
  /// A paused DAG: its runs wait, backfills go on; what has begun goes on.
  void hold_dag(const std::string& dag_id, bool is_held);
  /// Nothing more of a live run is claimed until it goes on; what runs, or has been handed to a worker, goes on. A
  /// pause counts from now on; that it is over, from when that is durable, unless it is paused anew until then. A run
  /// that is stopped or ends is paused no more.
  void pause_run(RunHoldRow row, EngineRequest request);
  /// No run begins and nothing is claimed; what runs goes on.
  void freeze(bool is_frozen);
  /// Who waits to begin, and why.
  [[nodiscard]] const RunQueue& queue() const { return queue_; }

  /// Claims nothing more until resume_claims() (a stopped `baton run`, a server that shuts down).
  void hold_claims() { claims_held_ = true; }
  void resume_claims();

  [[nodiscard]] const DagRun* run(RunNo run_no) const;
  /// What is held now, for metrics and checks.
  [[nodiscard]] const Admission& admission() const { return admission_; }
  [[nodiscard]] const CoreSettings& core() const { return settings_.core; }
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

  // engine_queue.cpp: runs that come, wait and begin.
  LiveRun& take_in(DagRun run, std::vector<DurationUs> path_us);
  void begin_created(RunCreation creation, Value params, std::vector<DurationUs> path_us, EngineRequest request);
  void keep_waiting(RunCreation creation, Value params, std::vector<DurationUs> path_us, EngineRequest request);
  void wait_again(LiveRun& live, StepOutcome& cleared, EngineRequest request,
                  std::shared_ptr<const VersionRow> version);
  void leave_queue(RunNo run_no);
  void note_comes(const RunRow& row);
  void note_struck(const RunRow& row);
  void begin_waiting();
  void load_waiting(RunNo run_no);
  void waiting_loaded(RunNo run_no, std::uint64_t ticket, Result<LoadedRun> loaded);
  [[nodiscard]] bool is_loading(RunNo run_no, std::uint64_t ticket) const;
  void end_unloadable(RunNo run_no, Reason reason, const std::string& why, std::function<bool()> is_wanted);
  void write_end(const RunRow& waiting, const RunRow& ended, EngineRequest request);
  static void end_wait(DagRun& run, Moment now);
  /// `to_end`: it begins only to be stopped, and what waited in it ends.
  void begin_loaded(LoadedRun loaded, EngineRequest request, std::shared_ptr<const VersionRow> version = nullptr,
                    const StopRequested* to_end = nullptr);
  void watch_queue();
  void set_limits(const std::string& dag_id, RunLimits limits, RunNo said_by);
  void let_go_on(RunNo run_no);
  bool stop_unloaded(RunNo run_no, const StopRequested& how, bool if_begun);

  // engine.cpp: runs, events, turns.
  void handle(LiveRun& live, const Event& event);
  void begin_again(LiveRun& live, StepOutcome& cleared, EngineRequest request,
                   std::shared_ptr<const VersionRow> version);
  void revert(LiveRun& live, std::shared_ptr<const VersionRow> version);
  void open_part(LiveRun& live, EngineRequest request, bool creates);
  std::vector<LiveRun*> let_letters_go(EngineRequest& request);
  void follow_states(std::size_t part, std::vector<TaskStateRow>& rows);
  static void fill_part(Part& part, EngineRequest& request);
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
  void end_pause(DagRun& run, Part& part);
  void carry_out(LiveRun& live, Command& command);
  void offer(LiveRun& live, InstanceNo i);
  void find_cached(LiveRun& live, InstanceNo i, const std::string& key);
  void set_timer(LiveRun& live, InstanceNo i, WallUs wake_at);
  void timer_fired(RunNo run_no, InstanceNo i, WallUs wake_at);
  void release(Pending& pending);
  void tell_quarantines_and_answers(Pending& pending);
  void launch_durable(LaunchSpec spec);
  void tell(const Pending& pending);
  void forget_finished(const std::vector<RunNo>& runs);

  // engine_past.cpp: tasks that wait for the run of the date before.
  void wait_for_past(DagRun& run);
  void find_past(const LiveRun& live);
  /// Whose tasks wait look once more, but for one: a run of the DAG has ended, or come to stand still.
  void look_at_past_again(const std::string& dag_id, RunNo but = 0);
  void doubt_past(const RunRow& changed);
  void look_at_changed_pasts(const std::set<std::string>& dags);
  void note_standing(LiveRun& live);
  [[nodiscard]] std::uint64_t past_number(const std::string& dag_id) const;
  [[nodiscard]] std::vector<LiveRun*> runs_with_past(const std::string& dag_id);

  // engine_attempts.cpp: from admission to the executor, and what it reports.
  void admit();
  bool launch(const Candidate& candidate);
  void watch_limits();
  Epoch next_epoch(const DagRun& run, InstanceNo i);
  void release_prepared(AttemptKey key, bool is_stopped);
  void withdraw_prepared(AttemptKey key);
  void learn_run_time(const AttemptEnd& end);
  void take_lost(const std::vector<AttemptKey>& lost);
  void take_live(AttemptKey key, WorkerNo worker);

  // engine_breakers.cpp: what attempts say of what they depend on, and what follows for those that wait.
  void breakers_begin(const DagRun& run, InstanceNo i);
  void breakers_recover(const DagRun& run, InstanceNo i);
  void breakers_end(const DagRun& run, InstanceNo i, const AttemptEnd& end);
  void breakers_withdraw(const DagRun& run, InstanceNo i);
  void breakers_moved();
  void take_breaker_rows(Pending& pending);

  // engine_children.cpp: runs that tasks start.
  void begin_child(const Pending::ChildWish& wish);
  void child_made(const Pending::ChildWish& wish, Result<ChildRun> made);
  void create_child(LiveRun& parent, const Pending::ChildWish& wish, ChildRun made);
  void await_child(RunNo child_no);
  void tell_made(const ChildRow& row);
  void stop_child(const Pending::ChildWish& wish);
  void child_ended(const RunRow& row);
  void refuse_child(const Pending::ChildWish& wish, Reason reason, const std::string& why);
  void reconcile_children();
  [[nodiscard]] bool is_wanted(const Pending::ChildWish& wish) const;
  [[nodiscard]] LiveRun* waiting_parent(const Pending::ChildWish& wish);
  [[nodiscard]] bool is_deadlock(const DagRun& parent, const std::string& dag_id) const;
  using Waits = std::map<RunNo, std::vector<const ChildRow*>>;  ///< by parent: what it waits for
  [[nodiscard]] Waits stuck_waits(RunNo own) const;
  [[nodiscard]] bool are_stuck(const std::vector<RunNo>& holders, const Waits& stuck) const;
  [[nodiscard]] bool is_stuck(const ChildRow& child, const Waits& stuck) const;
  [[nodiscard]] RunNo next_in_circle(const ChildRow& child) const;
  [[nodiscard]] std::optional<std::string> circle_of_places(const DagRun& parent, const std::string& dag_id) const;
  void end_circles();

  // engine_assets.cpp: what tasks produce.
  void tell_produced(const DagRun& run, InstanceNo i, Part& part);
  void watch_asset(const LiveRun& live, InstanceNo i);
  void see_asset_events(const std::vector<AssetEventRow>& events);

  Loop& loop_;
  Store& store_;
  Executor& executor_;
  Renderer renderer_;
  EngineSettings settings_;
  RunObserver* observer_;
  Admission admission_;
  Breakers breakers_;
  StateBook states_;
  LookAhead look_ahead_;
  AttemptLedger attempts_;
  Variables variables_;
  LiveRuns runs_;
  CommitPipeline commits_;
  RunQueue queue_;
  RunLoader* loader_ = nullptr;
  LateClosings late_closings_;
  std::map<RunNo, LoadedRun> kept_;            ///< wait for their turn only, and are in memory already
  std::map<RunNo, std::uint64_t> beginning_;   ///< are being loaded to begin; which load it is
  std::uint64_t last_ticket_ = 0;
  std::function<void(const Fatal&)> fatal_;
  std::function<void(const RunRow&)> comes_, struck_, waiting_ended_;
  std::function<void(const RunRow&, const Dag&)> begins_;
  std::function<void(const DagRun&)> finished_;
  std::function<void(Part&)> writes_;
  std::function<void(const std::vector<AssetEventRow>&)> asset_events_;
  std::function<void(const std::vector<AssetQuarantineRow>&)> asset_quarantines_;
  std::int64_t last_asset_event_ = 0;
  ChildMaker* child_maker_ = nullptr;
  std::vector<Pending::ChildWish> postponed_;  ///< until there is a maker
  std::map<RunNo, ChildRow> children_;         ///< by child: of whom somebody is to be told, or that are to be stopped
  std::map<std::string, WallUs> asset_times_;  ///< when the last event of each was that is durable
  std::map<std::string, std::set<std::pair<RunNo, InstanceNo>>> asset_watchers_;  ///< sensors that wait, or have waited

  struct Pasts {
    std::set<RunNo> runs;          ///< in memory, or they have been; with a task that looks back
    std::uint64_t number = 0;      ///< another one after each change; an answer is of the number it was asked at
  };
  std::map<std::string, Pasts> pasts_;         ///< by DAG
  std::uint64_t last_past_ = 0;                ///< never given twice: an answer may outlive the runs of a DAG
  std::multiset<std::string> doubts_;          ///< DAGs with changed runs in batches that are not durable yet
  std::set<RunNo> left_;                       ///< not ours now; see leave_runs()
  std::vector<DurationRow> lazy_durations_;
  StepOutcome step_;                           ///< scratch of handle()
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< guards what a loader answers
  Loop::TimerId lazy_timer_ = 0;               ///< 0: none is set
  Loop::TimerId queue_timer_ = 0;              ///< 0: none is set
  Loop::TimerId breaker_timer_ = 0;            ///< 0: none is set
  Loop::TimerId limit_timer_ = 0;              ///< 0: none is set
  std::optional<MonoUs> limits_due_;           ///< what it waits for
  MonoUs begun_at_;                            ///< rates were used up then
  std::optional<MonoUs> breakers_due_;         ///< what it waits for
  WallUs queue_due_ = kNoTime;                 ///< what it waits for
  std::vector<RunNo> stopped_;                 ///< since admission last dropped who is no longer wanted
  std::int32_t begun_ = 0;                     ///< runs that begin with the batch that gathers
  std::int32_t loading_ = 0;                   ///< runs that are being loaded, to begin or to be stopped
  bool turn_scheduled_ = false;
  bool circles_due_ = false;                   ///< those who wait for runs may have come to wait for themselves
  bool claims_held_ = false;
  bool workers_heard_ = false;                 ///< one was ready: runs can no longer be adopted with their attempts
  bool dead_ = false;
};

}  // namespace baton
